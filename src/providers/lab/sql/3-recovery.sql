-- Effects of a real recovery on storage, and what keeps recovery points few.

-- The replica's end as a replica: storage of this site, with a point's content.
CREATE OR REPLACE FUNCTION lab.promote(p_site text, r jsonb, p_targets text[], p_run text, p_now timestamptz) RETURNS lab.outcome
LANGUAGE plpgsql AS $$
DECLARE
  g lab.replica_group := lab.group_here(p_site, r ->> 'groupId', p_now);
  p lab.point;
  s lab.snapshot;
  used_by text;
  done timestamptz := p_now + lab.duration(p_site, 'promote', p_targets);
  storage text := 'storage-' || gen_random_uuid();
BEGIN
  IF g.id IS NULL THEN RETURN lab.refused('NOT_FOUND', format('There is no group %s here.', r ->> 'groupId')); END IF;
  SELECT * INTO s FROM lab.snapshot WHERE id = g.promoted_to;
  IF s.point_id = r ->> 'pointId' THEN
    RETURN lab.taken_on(jsonb_build_object('snapshotId', s.id), greatest(p_now, s.made_at), false);
  END IF;
  SELECT name INTO used_by FROM lab.vm WHERE snapshot_id = s.id AND (removed_at IS NULL OR removed_at > p_now) LIMIT 1;
  IF FOUND THEN RETURN lab.refused('REFUSED', format('VM %s is on the storage that group %s has become.', used_by, g.name)); END IF;
  SELECT * INTO p FROM lab.point WHERE id = r ->> 'pointId' AND group_id = g.id;
  IF NOT FOUND THEN RETURN lab.refused('NOT_FOUND', format('Group %s has no recovery point %s here.', g.name, r ->> 'pointId')); END IF;
  IF p.complete_at > p_now THEN RETURN lab.refused('REFUSED', format('Recovery point %s is not complete.', p.id)); END IF;
  UPDATE lab.snapshot SET discarded_at = p_now WHERE id = s.id;
  INSERT INTO lab.snapshot (id, site_id, group_id, point_id, name, run_id, made_at, promoted, contents)
  VALUES (storage, p_site, g.id, p.id, g.name, p_run, done, true, p.contents);
  UPDATE lab.replica_group SET promoted_to = storage WHERE id = g.id;
  RETURN lab.taken_on(jsonb_build_object('snapshotId', storage), done);
END $$;

CREATE OR REPLACE FUNCTION lab.is_read_only(v lab.vm, p_now timestamptz) RETURNS boolean LANGUAGE sql IMMUTABLE AS
$$ SELECT v.read_only OR coalesce(v.storage_changes_at > p_now, false) $$;

-- VMs that are gone have no disks here; one that never was is an error.
CREATE OR REPLACE FUNCTION lab.set_storage_read_only(p_site text, r jsonb, p_targets text[], p_now timestamptz) RETURNS lab.outcome
LANGUAGE plpgsql AS $$
DECLARE
  wanted boolean := (r -> 'readOnly')::boolean;
  found_ text;
  last_ timestamptz;
  done timestamptz := p_now + lab.duration(p_site, 'setStorageReadOnly', p_targets);
BEGIN
  PERFORM FROM lab.vm WHERE id IN (SELECT jsonb_array_elements_text(r -> 'sourceVmIds')) ORDER BY id FOR UPDATE;
  SELECT vm INTO found_ FROM jsonb_array_elements_text(r -> 'sourceVmIds') vm
  WHERE NOT EXISTS (SELECT FROM lab.vm v WHERE v.id = vm AND v.site_id = p_site) LIMIT 1;
  IF FOUND THEN RETURN lab.refused('NOT_FOUND', format('There is no VM %s here.', found_)); END IF;
  SELECT v.name INTO found_ FROM lab.vm v WHERE r -> 'sourceVmIds' ? v.id AND v.removed_at IS NULL
    AND v.on_at IS NOT NULL AND (v.off_at IS NULL OR v.off_at > p_now) LIMIT 1;
  IF wanted AND FOUND THEN RETURN lab.refused('REFUSED', format('VM %s is on.', found_)); END IF;
  SELECT max(storage_changes_at) INTO last_ FROM lab.vm v WHERE r -> 'sourceVmIds' ? v.id;
  UPDATE lab.vm v SET read_only = wanted, storage_changes_at = done
  WHERE r -> 'sourceVmIds' ? v.id AND v.removed_at IS NULL AND v.read_only <> wanted;
  IF NOT FOUND THEN RETURN lab.taken_on('{}', greatest(p_now, last_), false); END IF;
  RETURN lab.taken_on('{}', done);
END $$;

CREATE OR REPLACE FUNCTION lab.discard_point(p_site text, r jsonb, p_targets text[], p_now timestamptz) RETURNS lab.outcome
LANGUAGE plpgsql AS $$
DECLARE
  g lab.replica_group;
  p lab.point;
  used_by text;
BEGIN
  SELECT * INTO g FROM lab.replica_group WHERE id = r ->> 'groupId' AND site_id = p_site FOR UPDATE;
  IF NOT FOUND THEN RETURN lab.refused('NOT_FOUND', format('There is no group %s here.', r ->> 'groupId')); END IF;
  SELECT * INTO p FROM lab.point WHERE id = r ->> 'pointId' AND group_id = g.id;
  IF NOT FOUND THEN RETURN lab.taken_on('{}', p_now, false); END IF;
  IF p.complete_at > p_now THEN RETURN lab.refused('REFUSED', format('Recovery point %s is being written.', p.id)); END IF;
  IF NOT EXISTS (SELECT FROM lab.point WHERE group_id = g.id AND complete_at <= p_now AND (taken_at, id) > (p.taken_at, p.id)) THEN
    RETURN lab.refused('REFUSED', format('Recovery point %s is the newest of group %s.', p.id, g.name));
  END IF;
  SELECT name INTO used_by FROM lab.snapshot WHERE point_id = p.id AND (discarded_at IS NULL OR discarded_at > p_now) LIMIT 1;
  IF FOUND THEN RETURN lab.refused('REFUSED', format('Snapshot %s of recovery point %s is in use.', used_by, p.id)); END IF;
  DELETE FROM lab.point WHERE id = p.id;
  RETURN lab.taken_on('{}', p_now + lab.duration(p_site, 'discardPoint', p_targets));
END $$;
