-- Whether sites and what replicates between them are well, and what becomes of a site that is lost.

-- What replicates between two sites; CONNECTED, unless a fault says otherwise (the newest one).
CREATE OR REPLACE FUNCTION lab.components(p_site text, p_peer text) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_agg(jsonb_build_object('kind', c.kind, 'name', c.name, 'state', coalesce(
    (SELECT f.code FROM lab.fault f WHERE f.action = 'COMPONENT' AND f.target = c.name AND (f.site_id IS NULL OR f.site_id = p_site)
      ORDER BY f.id DESC LIMIT 1), 'CONNECTED')) ORDER BY c.kind, lower(c.name)), '[]')
  FROM lab.component c WHERE (c.site_id, c.peer_id) IN ((p_site, p_peer), (p_peer, p_site))
$$;

-- A site that is cut off reaches no other one, and is reached by none.
CREATE OR REPLACE FUNCTION lab.heartbeat(p_site text, p_peer text, p_gate boolean) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  fault lab.fault;
BEGIN
  IF p_gate THEN fault := lab.gate(p_site, 'heartbeat', ARRAY[p_peer]); END IF;
  RETURN coalesce(lab.turned_away(p_site, fault), lab.answered(fault, jsonb_build_object(
    'peerReachable', (lab.check_source_site(p_site, p_peer)).code IS NULL, 'components', lab.components(p_site, p_peer))));
END $$;

-- Its VMs stop at once; one that was being powered on never comes up.
CREATE OR REPLACE FUNCTION lab.lose_site(p_site text, p_action text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  now_ timestamptz := lab.now();
  fault bigint;
BEGIN
  UPDATE lab.vm SET lost = off_at IS NULL, off_at = greatest(now_, on_at)
  WHERE site_id = p_site AND removed_at IS NULL AND on_at IS NOT NULL AND (off_at IS NULL OR off_at > now_);
  INSERT INTO lab.fault (action, site_id, code) VALUES (p_action, p_site, 'LOST') RETURNING id INTO fault;
  RETURN fault;
END $$;

-- VMs that were on start by themselves; those that were on their way to be off, or were shut down, don't.
CREATE OR REPLACE FUNCTION lab.return_site(p_fault bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  now_ timestamptz := lab.now();
  site text;
BEGIN
  DELETE FROM lab.fault WHERE id = p_fault AND code = 'LOST' RETURNING site_id INTO site;
  UPDATE lab.vm v SET content = lab.content_at(v, now_), on_at = now_, off_at = NULL, lost = false,
    booted_at = now_ + lab.duration(site, 'boot', ARRAY[v.name, v.id])
  WHERE v.site_id = site AND v.lost AND v.removed_at IS NULL;
END $$;
