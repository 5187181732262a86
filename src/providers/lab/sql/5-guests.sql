-- Effects inside a guest, and which effect a kind is.

-- An address that a DHCP server of the lab gives: the same VM always gets the same.
CREATE OR REPLACE FUNCTION lab.dhcp_address(p_vm text, p_nic text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT format('10.254.%s.%s', floor(lab.chance(concat_ws('/', 'dhcp', p_vm, p_nic)) * 254) + 1,
    floor(lab.chance(concat_ws('/', 'host', p_vm, p_nic)) * 253) + 2)
$$;

-- When the guest last reported: every second from its boot on, until a fault takes its heartbeat. Null: not since power-on.
CREATE OR REPLACE FUNCTION lab.heartbeat_at(v lab.vm, p_now timestamptz) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE
  latest timestamptz := p_now;
BEGIN
  IF NOT lab.is_on(v, p_now) THEN RETURN NULL; END IF;
  SELECT least(p_now, min(f.since)) INTO latest FROM lab.fault f
  WHERE f.action = 'NO_HEARTBEAT' AND (f.site_id IS NULL OR f.site_id = v.site_id) AND f.target IN (v.id, v.name);
  IF latest < v.booted_at THEN RETURN NULL; END IF;
  RETURN date_bin('1 second', latest, v.booted_at);
END $$;

CREATE OR REPLACE FUNCTION lab.customise_ip(p_site text, v lab.vm, r jsonb, p_targets text[], p_now timestamptz) RETURNS lab.outcome
LANGUAGE plpgsql AS $$
DECLARE
  way text;
  missing text;
  done timestamptz := p_now + lab.duration(p_site, 'customiseIp', p_targets);
BEGIN
  SELECT capabilities ->> 'ipCustomisation' INTO way FROM lab.site WHERE id = p_site;
  IF way = 'NONE' THEN RETURN lab.refused('UNSUPPORTED', 'This site can''t customise addresses.'); END IF;
  IF way = 'BEFORE_POWER_ON' AND v.on_at IS NOT NULL AND (v.off_at IS NULL OR v.off_at > p_now) THEN
    RETURN lab.refused('REFUSED', format('VM %s is on; addresses are customised before power-on here.', v.name));
  END IF;
  IF way = 'AFTER_POWER_ON' AND lab.heartbeat_at(v, p_now) IS NULL THEN
    RETURN lab.refused('BUSY', format('The guest of VM %s does not answer yet.', v.name), 'TRANSIENT');
  END IF;
  SELECT nic ->> 'nicIndex' INTO missing FROM jsonb_array_elements(r -> 'nics') nic
  WHERE NOT v.nics @> jsonb_build_array(jsonb_build_object('nicIndex', nic -> 'nicIndex')) LIMIT 1;
  IF FOUND THEN RETURN lab.refused('REFUSED', format('VM %s has no network adapter %s.', v.name, missing)); END IF;
  UPDATE lab.vm SET host_name = r ->> 'hostName', nics_before = v.nics, nics_from = done, nics = (
    SELECT coalesce(jsonb_agg(CASE WHEN wanted IS NULL THEN nic ELSE nic || jsonb_build_object('ipAddresses', wanted) END), '[]')
    FROM jsonb_array_elements(v.nics) nic, LATERAL (
      SELECT jsonb_agg(coalesce(w ->> 'ip', lab.dhcp_address(v.name, nic ->> 'nicIndex')) ORDER BY position) AS wanted
      FROM jsonb_array_elements(r -> 'nics') WITH ORDINALITY AS given (w, position) WHERE w -> 'nicIndex' = nic -> 'nicIndex') x)
  WHERE id = v.id;
  RETURN lab.taken_on('{}', done);
END $$;

-- A lab guest has three programs, `exit CODE`, `sleep SECONDS` (longer than the time-out: exit code 124) and `echo WORDS`; any other
-- ends well and prints its own command line.
CREATE OR REPLACE FUNCTION lab.run_in_guest(p_site text, v lab.vm, r jsonb, p_targets text[], p_now timestamptz) RETURNS lab.outcome
LANGUAGE plpgsql AS $$
DECLARE
  program text := regexp_replace(r ->> 'command', '^.*/', '');
  words text[] := ARRAY(SELECT jsonb_array_elements_text(r -> 'arguments'));
  seconds double precision := 0;
  exit_code integer := 0;
  output text := '';
  speed double precision := (SELECT s.speed FROM lab.settings s);
BEGIN
  IF NOT (SELECT (capabilities -> 'guestCommands')::boolean FROM lab.site WHERE id = p_site) THEN
    RETURN lab.refused('UNSUPPORTED', 'This site can''t run programs in guests.');
  END IF;
  IF lab.heartbeat_at(v, p_now) IS NULL THEN
    RETURN lab.refused('BUSY', format('The guest of VM %s does not answer yet.', v.name), 'TRANSIENT');
  END IF;
  IF program = 'exit' THEN
    exit_code := coalesce(substring(words[1] FROM '^\d{1,3}$')::integer, 0);
  ELSIF program = 'sleep' THEN
    seconds := coalesce(substring(words[1] FROM '^\d{1,6}$')::integer, 0);
    IF seconds > (r ->> 'timeoutSeconds')::integer THEN
      seconds := (r ->> 'timeoutSeconds')::integer;
      exit_code := 124;
    END IF;
  ELSIF program = 'echo' THEN
    output := array_to_string(words, ' ') || E'\n';
  ELSE
    output := array_to_string((r ->> 'command') || words, ' ') || E'\n';
  END IF;
  RETURN lab.taken_on(jsonb_build_object('exitCode', exit_code, 'output', output), p_now
    + lab.duration(p_site, 'runInGuest', p_targets) + coalesce(seconds / nullif(speed, 0), 0) * interval '1 second');
END $$;

-- An effect on one VM, locked.
CREATE OR REPLACE FUNCTION lab.change_vm(p_site text, p_kind text, r jsonb, p_targets text[], p_now timestamptz) RETURNS lab.outcome
LANGUAGE plpgsql AS $$
DECLARE
  v lab.vm;
BEGIN
  SELECT * INTO v FROM lab.vm WHERE id = r ->> 'vmId' AND site_id = p_site AND made_at <= p_now FOR UPDATE;
  IF NOT FOUND THEN RETURN lab.refused('NOT_FOUND', format('There is no VM %s here.', r ->> 'vmId')); END IF;
  IF p_kind = 'demoteVm' THEN RETURN lab.demote_vm(p_site, v, r, p_targets, p_now); END IF;
  IF v.removed_at IS NOT NULL THEN
    IF p_kind = 'removeVm' OR p_kind = 'powerOff' THEN RETURN lab.taken_on('{}', v.removed_at, false); END IF;
    RETURN lab.refused('NOT_FOUND', format('VM %s has been removed.', v.name));
  END IF;
  RETURN CASE p_kind
    WHEN 'customiseIp' THEN lab.customise_ip(p_site, v, r, p_targets, p_now)
    WHEN 'powerOn' THEN lab.power_on(p_site, v, p_targets, p_now)
    WHEN 'powerOff' THEN lab.power_off(p_site, v, p_targets, p_now)
    WHEN 'shutDownVm' THEN lab.shut_down_vm(p_site, v, r, p_targets, p_now)
    WHEN 'removeVm' THEN lab.remove_vm(p_site, v, p_targets, p_now)
    WHEN 'runInGuest' THEN lab.run_in_guest(p_site, v, r, p_targets, p_now)
    ELSE lab.refused('UNSUPPORTED', format('This site does not know the effect %s.', p_kind))
  END;
END $$;
