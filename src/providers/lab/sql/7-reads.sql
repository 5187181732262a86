-- What a provider asks without changing anything.

-- Faults and unknown sites, for a read: what it gets to hear instead of an answer, or null.
CREATE OR REPLACE FUNCTION lab.turned_away(p_site text, f lab.fault) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(lab.hit(f), CASE WHEN NOT EXISTS (SELECT FROM lab.site WHERE id = p_site)
    THEN lab.refusal('NOT_FOUND', format('There is no site %s.', p_site)) END)
$$;

CREATE OR REPLACE FUNCTION lab.capabilities(p_site text, p_gate boolean) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  fault lab.fault;
BEGIN
  IF p_gate THEN fault := lab.gate(p_site, 'capabilities', '{}'); END IF;
  RETURN coalesce(lab.turned_away(p_site, fault), lab.answered(fault, (SELECT s.capabilities FROM lab.site s WHERE s.id = p_site)));
END $$;

CREATE OR REPLACE FUNCTION lab.vm_status(p_site text, p_vms text[], p_gate boolean) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  fault lab.fault;
  now_ timestamptz := lab.now();
  -- One of thousands that start is looked at closely only where a heartbeat may be lost.
  plain boolean := NOT EXISTS (SELECT FROM lab.fault WHERE action = 'NO_HEARTBEAT');
BEGIN
  IF p_gate THEN
    fault := lab.gate(p_site, 'vmStatus', p_vms || CASE WHEN EXISTS (SELECT FROM lab.fault)
      THEN ARRAY(SELECT name FROM lab.vm WHERE id = ANY (p_vms)) END);
  END IF;
  RETURN coalesce(lab.turned_away(p_site, fault), lab.answered(fault, (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
      'vmId', s.id,
      'powerState', CASE WHEN s.is_on THEN 'POWERED_ON' ELSE 'POWERED_OFF' END,
      'heartbeatAt', CASE WHEN s.beat IS NOT NULL THEN lab.iso(s.beat) END,
      'ipAddresses', CASE WHEN s.beat IS NULL THEN '[]' ELSE to_jsonb(lab.ip_addresses(s.nics)) END)), '[]')
    FROM (
      SELECT v.id, lab.is_on(v, now_) AS is_on, CASE WHEN v.nics_from > now_ THEN v.nics_before ELSE v.nics END AS nics,
        CASE WHEN NOT plain THEN lab.heartbeat_at(v, now_) WHEN lab.is_on(v, now_) AND v.booted_at <= now_ THEN date_bin('1 second', now_, v.booted_at) END AS beat
      -- OFFSET: each is looked up by its id; joined, all VMs of the site would be read for a few. SELECT p_vms: a list that the planner sees is planned
      -- for anew each time.
      FROM (SELECT DISTINCT id FROM unnest((SELECT p_vms)) id) asked CROSS JOIN LATERAL (SELECT * FROM lab.vm v WHERE v.id = asked.id OFFSET 0) v
      WHERE v.site_id = p_site AND v.made_at <= now_ AND (v.removed_at IS NULL OR v.removed_at > now_)) s)));
END $$;

-- What is being made or being removed is there too.
CREATE OR REPLACE FUNCTION lab.artefacts(p_site text, p_run text, p_gate boolean) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  fault lab.fault;
  now_ timestamptz := lab.now();
BEGIN
  IF p_gate THEN fault := lab.gate(p_site, 'artefacts', ARRAY[p_run]); END IF;
  RETURN coalesce(lab.turned_away(p_site, fault), lab.answered(fault, (
    SELECT coalesce(jsonb_agg(jsonb_build_object('kind', a.kind, 'id', a.id, 'name', a.name) ORDER BY a.kind, a.name, a.id), '[]')
    FROM (
      SELECT 'VM' AS kind, id, name, site_id, run_id, removed_at AS gone_at FROM lab.vm
      UNION ALL SELECT 'SNAPSHOT', id, name, site_id, run_id, discarded_at FROM lab.snapshot WHERE NOT promoted
      UNION ALL SELECT 'NETWORK', id, name, site_id, run_id, removed_at FROM lab.network
      UNION ALL SELECT 'PLACEHOLDER', id, name, site_id, made_by, removed_at FROM lab.placeholder
      -- By the VMs that the run has put in their places: no index has their runs.
      UNION ALL SELECT 'PLACEHOLDER_IN_USE', id, name, site_id, run_id, released_at FROM lab.placeholder
        WHERE source_vm_id = ANY (ARRAY(SELECT DISTINCT source_vm_id FROM lab.vm WHERE run_id = p_run))
    ) a
    WHERE a.run_id = p_run AND a.site_id = p_site AND (a.gone_at IS NULL OR a.gone_at > now_))));
END $$;

CREATE OR REPLACE FUNCTION lab.recovery_points(p_site text, p_group text, p_gate boolean) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  fault lab.fault;
  now_ timestamptz := lab.now();
BEGIN
  IF p_gate THEN
    fault := lab.gate(p_site, 'recoveryPoints', ARRAY(SELECT name FROM lab.replica_group WHERE id = p_group) || p_group);
  END IF;
  IF lab.turned_away(p_site, fault) IS NOT NULL THEN RETURN lab.turned_away(p_site, fault); END IF;
  IF NOT EXISTS (SELECT FROM lab.replica_group WHERE id = p_group AND site_id = p_site AND removed_at IS NULL) THEN
    RETURN lab.refusal('NOT_FOUND', format('There is no group %s here.', p_group));
  END IF;
  RETURN lab.answered(fault, (
    SELECT coalesce(jsonb_agg(jsonb_build_object('pointId', p.id, 'takenAt', lab.iso(p.taken_at), 'complete', p.complete_at <= now_,
      'sizeBytes', p.size_bytes) ORDER BY p.taken_at DESC, p.id), '[]')
    FROM lab.point p WHERE p.group_id = p_group AND p.taken_at <= now_));
END $$;

-- Ports that guests of VMs that were recovered serve now, for a test or for good.
CREATE OR REPLACE FUNCTION lab.open_services() RETURNS TABLE (name text, ip text, port integer, banner text) LANGUAGE sql AS $$
  SELECT v.name, ip, (s ->> 'port')::integer, s ->> 'banner'
  FROM (SELECT lab.now() AS at) clock, lab.vm v, jsonb_array_elements(v.services) s,
    unnest(lab.ip_addresses(CASE WHEN v.nics_from > clock.at THEN v.nics_before ELSE v.nics END)) ip
  WHERE v.source_vm_id IS NOT NULL AND v.services <> '[]' AND lab.is_on(v, clock.at) AND v.booted_at <= clock.at
$$;
