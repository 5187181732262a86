-- Effects on storage and networks. Each checks first and then writes; what is already so is a success that changes nothing.

CREATE OR REPLACE FUNCTION lab.synchronise(p_site text, r jsonb, p_targets text[], p_now timestamptz) RETURNS lab.outcome
LANGUAGE plpgsql AS $$
DECLARE
  g lab.replica_group;
  source text;
  unreachable lab.outcome;
  held jsonb;
  bytes bigint;
  done timestamptz := p_now + lab.duration(p_site, 'synchronise', p_targets);
  point text := 'point-' || gen_random_uuid();
BEGIN
  SELECT * INTO g FROM lab.replica_group
  WHERE id = r ->> 'groupId' AND site_id = p_site AND made_at <= p_now AND removed_at IS NULL FOR SHARE;
  IF NOT FOUND THEN RETURN lab.refused('NOT_FOUND', format('There is no group %s here.', r ->> 'groupId')); END IF;
  IF g.promoted_to IS NOT NULL THEN RETURN lab.refused('REFUSED', format('Group %s is replicated no more.', g.name)); END IF;
  FOR source IN SELECT DISTINCT v.site_id FROM lab.group_vm m JOIN lab.vm v ON v.id = m.vm_id WHERE m.group_id = g.id LOOP
    unreachable := lab.check_source_site(p_site, source);
    IF unreachable.code IS NOT NULL THEN RETURN unreachable; END IF;
  END LOOP;
  -- One moment for all members.
  SELECT coalesce(jsonb_object_agg(m.vm_id, m.content), '{}'), coalesce(sum(m.bytes), 0) INTO held, bytes FROM lab.members_now(g, p_now) m;
  INSERT INTO lab.point (id, group_id, taken_at, complete_at, size_bytes, contents) VALUES (point, g.id, p_now, done, bytes, held);
  RETURN lab.taken_on(jsonb_build_object('pointId', point, 'takenAt', lab.iso(p_now), 'sizeBytes', bytes), done);
END $$;

CREATE OR REPLACE FUNCTION lab.create_snapshot(p_site text, r jsonb, p_targets text[], p_run text, p_now timestamptz) RETURNS lab.outcome
LANGUAGE plpgsql AS $$
DECLARE
  p lab.point;
  done timestamptz := p_now + lab.duration(p_site, 'createSnapshot', p_targets);
  snapshot text := 'snapshot-' || gen_random_uuid();
BEGIN
  SELECT p2.* INTO p FROM lab.point p2 JOIN lab.replica_group g ON g.id = p2.group_id
  WHERE p2.id = r ->> 'pointId' AND g.id = r ->> 'groupId' AND g.site_id = p_site;
  IF NOT FOUND THEN
    RETURN lab.refused('NOT_FOUND', format('Group %s has no recovery point %s here.', r ->> 'groupId', r ->> 'pointId'));
  END IF;
  IF p.complete_at > p_now THEN RETURN lab.refused('REFUSED', format('Recovery point %s is not complete.', p.id)); END IF;
  INSERT INTO lab.snapshot (id, site_id, group_id, point_id, name, run_id, made_at, contents)
  VALUES (snapshot, p_site, p.group_id, p.id, r ->> 'name', p_run, done, p.contents);
  RETURN lab.taken_on(jsonb_build_object('snapshotId', snapshot), done);
END $$;

CREATE OR REPLACE FUNCTION lab.discard_snapshot(p_site text, r jsonb, p_targets text[], p_now timestamptz) RETURNS lab.outcome
LANGUAGE plpgsql AS $$
DECLARE
  s lab.snapshot;
  used_by text;
BEGIN
  SELECT * INTO s FROM lab.snapshot WHERE id = r ->> 'snapshotId' AND site_id = p_site FOR UPDATE;
  IF NOT FOUND THEN RETURN lab.refused('NOT_FOUND', format('There is no snapshot %s here.', r ->> 'snapshotId')); END IF;
  IF s.promoted THEN RETURN lab.refused('REFUSED', format('Storage %s is the site''s own.', s.id)); END IF;
  IF s.discarded_at IS NOT NULL THEN RETURN lab.taken_on('{}', s.discarded_at, false); END IF;
  SELECT name INTO used_by FROM lab.vm WHERE snapshot_id = s.id AND (removed_at IS NULL OR removed_at > p_now) LIMIT 1;
  IF FOUND THEN RETURN lab.refused('REFUSED', format('VM %s still uses snapshot %s.', used_by, s.id)); END IF;
  s.discarded_at := greatest(p_now, s.made_at) + lab.duration(p_site, 'discardSnapshot', p_targets);
  UPDATE lab.snapshot SET discarded_at = s.discarded_at WHERE id = s.id;
  RETURN lab.taken_on('{}', s.discarded_at);
END $$;

CREATE OR REPLACE FUNCTION lab.create_network(p_site text, r jsonb, p_targets text[], p_run text, p_now timestamptz) RETURNS lab.outcome
LANGUAGE plpgsql AS $$
DECLARE
  done timestamptz := p_now + lab.duration(p_site, 'createIsolatedNetwork', p_targets);
  network text := 'network-' || gen_random_uuid();
BEGIN
  INSERT INTO lab.network VALUES (network, p_site, r ->> 'name', p_run, done, NULL);
  RETURN lab.taken_on(jsonb_build_object('networkId', network), done);
END $$;

CREATE OR REPLACE FUNCTION lab.remove_network(p_site text, r jsonb, p_targets text[], p_now timestamptz) RETURNS lab.outcome
LANGUAGE plpgsql AS $$
DECLARE
  n lab.network;
  used_by text;
BEGIN
  SELECT * INTO n FROM lab.network WHERE id = r ->> 'networkId' AND site_id = p_site FOR UPDATE;
  IF NOT FOUND THEN RETURN lab.refused('NOT_FOUND', format('There is no network %s here.', r ->> 'networkId')); END IF;
  IF n.run_id IS NULL THEN RETURN lab.refused('REFUSED', format('Network %s was not made by a run.', n.name)); END IF;
  IF n.removed_at IS NOT NULL THEN RETURN lab.taken_on('{}', n.removed_at, false); END IF;
  SELECT name INTO used_by FROM lab.vm
  WHERE site_id = p_site AND (removed_at IS NULL OR removed_at > p_now)
    AND nics @> jsonb_build_array(jsonb_build_object('networkId', n.id)) LIMIT 1;
  IF FOUND THEN RETURN lab.refused('REFUSED', format('VM %s is still connected to network %s.', used_by, n.name)); END IF;
  n.removed_at := greatest(p_now, n.made_at) + lab.duration(p_site, 'removeNetwork', p_targets);
  UPDATE lab.network SET removed_at = n.removed_at WHERE id = n.id;
  RETURN lab.taken_on('{}', n.removed_at);
END $$;
