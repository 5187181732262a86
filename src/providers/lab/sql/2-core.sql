-- What every call needs: durations, faults, epochs, answers. STABLE: a function that is said to be IMMUTABLE, but makes text or JSON, is called for each row
-- instead of being planned with the statement.

CREATE OR REPLACE FUNCTION lab.refused(p_code text, p_message text, p_failure text DEFAULT 'PERMANENT') RETURNS lab.outcome
LANGUAGE sql IMMUTABLE AS $$ SELECT ROW(p_failure, p_code, p_message, NULL, NULL, false)::lab.outcome $$;

CREATE OR REPLACE FUNCTION lab.taken_on(p_result jsonb, p_completes_at timestamptz, p_changes boolean DEFAULT true) RETURNS lab.outcome
LANGUAGE sql IMMUTABLE AS $$ SELECT ROW(NULL, NULL, NULL, p_result, p_completes_at, p_changes)::lab.outcome $$;

CREATE OR REPLACE FUNCTION lab.iso(p_time timestamptz) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT to_char(p_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') $$;

CREATE OR REPLACE FUNCTION lab.is_on(p_vm lab.vm, p_now timestamptz) RETURNS boolean LANGUAGE sql IMMUTABLE AS
$$ SELECT coalesce(p_vm.on_at <= p_now AND (p_vm.off_at IS NULL OR p_vm.off_at > p_now), false) $$;

CREATE OR REPLACE FUNCTION lab.ip_addresses(p_nics jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(array_agg(ip ORDER BY (nic ->> 'nicIndex')::integer), '{}')
  FROM jsonb_array_elements(p_nics) nic, jsonb_array_elements_text(nic -> 'ipAddresses') ip
$$;

-- A number from 0 to below 1 that the words alone decide.
CREATE OR REPLACE FUNCTION lab.chance(p_words text) RETURNS double precision LANGUAGE sql STABLE AS
$$ SELECT ('x' || substr(encode(sha256(convert_to(p_words, 'UTF8')), 'hex'), 1, 8))::bit(32)::bigint / 4294967296.0 $$;

-- How long it takes when no fault decides it.
CREATE OR REPLACE FUNCTION lab.lasting(s lab.settings, l lab.latency, p_name text) RETURNS interval LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN s.speed > 0 THEN (l.min_ms + (l.max_ms - l.min_ms) * lab.chance(concat_ws('/', s.seed, l.kind, p_name))) / s.speed ELSE 0 END * interval '1 millisecond'
$$;

-- How long it takes. The first target is the name, which is the same in every run: so are the durations.
CREATE OR REPLACE FUNCTION lab.duration(p_site text, p_kind text, p_targets text[]) RETURNS interval LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT coalesce((
      SELECT f.milliseconds * interval '1 millisecond' FROM lab.fault f
      WHERE f.action = 'LATENCY' AND (f.site_id IS NULL OR f.site_id = p_site) AND (f.kind IS NULL OR f.kind = p_kind)
        AND (f.target IS NULL OR f.target = ANY (p_targets))
      ORDER BY f.id DESC LIMIT 1),
    (SELECT lab.lasting(s, l, p_targets[1]) FROM lab.latency l WHERE l.kind = p_kind), interval '0')
    FROM lab.settings s);
END $$;

-- The fault that hits this call, if any: it counts the call. Null: the call goes on.
CREATE OR REPLACE FUNCTION lab.gate(p_site text, p_kind text, p_targets text[]) RETURNS lab.fault LANGUAGE plpgsql AS $$
DECLARE
  f lab.fault;
BEGIN
  FOR f IN
    SELECT * FROM lab.fault
    WHERE action IN ('FAIL', 'HANG', 'HOLD_BEFORE', 'HOLD_AFTER', 'REFUSE_ALL', 'SILENCE_ALL')
      AND (site_id IS NULL OR site_id = p_site) AND (kind IS NULL OR kind = p_kind)
      AND (target IS NULL OR target = ANY (p_targets)) AND (remaining IS NULL OR remaining > 0) AND NOT released
    ORDER BY action IN ('REFUSE_ALL', 'SILENCE_ALL') DESC, id
    FOR UPDATE
  LOOP
    IF f.skip > 0 THEN
      UPDATE lab.fault SET skip = skip - 1 WHERE id = f.id;
    ELSE
      UPDATE lab.fault SET remaining = remaining - 1, arrived = arrived + 1 WHERE id = f.id;
      RETURN f;
    END IF;
  END LOOP;
  RETURN NULL;
END $$;

-- What a call that a fault hit gets to hear; null where the fault lets it pass.
CREATE OR REPLACE FUNCTION lab.hit(f lab.fault) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE f.action
    WHEN 'FAIL' THEN jsonb_build_object('kind', 'REFUSED', 'failure', f.failure, 'code', f.code, 'message', f.message)
    WHEN 'REFUSE_ALL' THEN jsonb_build_object('kind', 'REFUSED', 'failure', 'TRANSIENT', 'code', 'SITE_UNREACHABLE',
      'message', format('The site %s can''t be reached.', f.site_id))
    WHEN 'HANG' THEN jsonb_build_object('kind', 'HANG')
    WHEN 'SILENCE_ALL' THEN jsonb_build_object('kind', 'HANG')
    WHEN 'HOLD_BEFORE' THEN jsonb_build_object('kind', 'HELD', 'faultId', f.id::text)
  END
$$;

CREATE OR REPLACE FUNCTION lab.answered(f lab.fault, p_answer jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object('kind', 'ANSWER', 'answer', p_answer, 'heldBy', CASE WHEN f.action = 'HOLD_AFTER' THEN f.id::text END)
$$;

CREATE OR REPLACE FUNCTION lab.refusal(p_code text, p_message text, p_failure text DEFAULT 'PERMANENT') RETURNS jsonb
LANGUAGE sql STABLE AS
$$ SELECT jsonb_build_object('kind', 'REFUSED', 'failure', p_failure, 'code', p_code, 'message', p_message) $$;

-- Remembers the epoch for the run; answers a refusal if a higher one has spoken. A caller that changes something holds the row
-- until its transaction ends, so that a higher epoch waits for it and then sees what it did; callers of one epoch don't wait.
CREATE OR REPLACE FUNCTION lab.fence(p_site text, p_run text, p_epoch bigint, p_changes boolean) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  known bigint;
BEGIN
  IF NOT EXISTS (SELECT FROM lab.site WHERE id = p_site) THEN
    RETURN lab.refusal('NOT_FOUND', format('There is no site %s.', p_site));
  END IF;
  SELECT epoch INTO known FROM lab.run_epoch WHERE site_id = p_site AND run_id = p_run;
  IF known IS NULL OR known < p_epoch THEN
    INSERT INTO lab.run_epoch AS r (site_id, run_id, epoch) VALUES (p_site, p_run, p_epoch)
    ON CONFLICT (site_id, run_id) DO UPDATE SET epoch = excluded.epoch WHERE r.epoch < excluded.epoch;
  END IF;
  IF p_changes THEN
    SELECT epoch INTO known FROM lab.run_epoch WHERE site_id = p_site AND run_id = p_run FOR SHARE;
  ELSE
    SELECT epoch INTO known FROM lab.run_epoch WHERE site_id = p_site AND run_id = p_run;
  END IF;
  IF known > p_epoch THEN
    RETURN lab.refusal('STALE_EPOCH', format('Epoch %s of run %s is over: %s has spoken.', p_epoch, p_run, known));
  END IF;
  RETURN NULL;
END $$;

-- How far an operation is.
CREATE OR REPLACE FUNCTION lab.state_of(o lab.operation, p_now timestamptz) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN o.completes_at > p_now THEN jsonb_build_object('state', 'RUNNING', 'progressPercent',
      least(99, greatest(0, floor(100 * extract(epoch FROM p_now - o.ordered_at) / extract(epoch FROM o.completes_at - o.ordered_at)))),
      'remainingMs', ceil(1000 * extract(epoch FROM o.completes_at - p_now)))
    WHEN o.failure IS NOT NULL THEN jsonb_build_object('state', 'FAILED', 'failure', o.failure, 'code', o.code, 'message', o.message)
    ELSE jsonb_build_object('state', 'SUCCEEDED', 'result', o.result)
  END
$$;
