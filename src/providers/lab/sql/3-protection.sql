-- Effects that begin and end protection: replication of groups. Each checks first and then writes, as those on storage do.

CREATE OR REPLACE FUNCTION lab.link_cut(p_one text, p_other text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM lab.fault WHERE action = 'CUT_LINK' AND (site_id, target) IN ((p_one, p_other), (p_other, p_one)))
$$;

-- A source site that this one can't reach; code null: it can.
CREATE OR REPLACE FUNCTION lab.check_source_site(p_site text, p_source text) RETURNS lab.outcome LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN NOT EXISTS (SELECT FROM lab.site WHERE id = p_source) THEN lab.refused('NOT_FOUND', format('There is no site %s.', p_source))
    WHEN lab.link_cut(p_site, p_source) OR EXISTS (SELECT FROM lab.fault WHERE action IN ('REFUSE_ALL', 'SILENCE_ALL') AND site_id = p_source)
      THEN lab.refused('SITE_UNREACHABLE', format('The source site %s can''t be reached.', p_source), 'TRANSIENT')
  END
$$;

-- Whether these VMs can become members of the group: they are at the source site, and no other group has them. Locks them.
CREATE OR REPLACE FUNCTION lab.check_members(p_site text, p_source text, p_vms jsonb, p_group text, p_now timestamptz) RETURNS lab.outcome
LANGUAGE plpgsql AS $$
DECLARE
  unreachable lab.outcome := lab.check_source_site(p_site, p_source);
  missing text;
  taken record;
BEGIN
  IF unreachable.code IS NOT NULL THEN RETURN unreachable; END IF;
  PERFORM FROM lab.vm WHERE id IN (SELECT jsonb_array_elements_text(p_vms)) ORDER BY id FOR UPDATE;
  SELECT vm INTO missing FROM jsonb_array_elements_text(p_vms) vm WHERE NOT EXISTS (SELECT FROM lab.vm v
    WHERE v.id = vm AND v.site_id = p_source AND v.run_id IS NULL AND (v.removed_at IS NULL OR v.removed_at > p_now)) LIMIT 1;
  IF FOUND THEN RETURN lab.refused('NOT_FOUND', format('There is no VM %s at the site %s.', missing, p_source)); END IF;
  SELECT v.name AS vm, g.name AS "group" INTO taken FROM lab.group_vm m JOIN lab.vm v ON v.id = m.vm_id JOIN lab.replica_group g ON g.id = m.group_id
  WHERE p_vms ? m.vm_id AND m.group_id <> p_group LIMIT 1;
  IF FOUND THEN RETURN lab.refused('REFUSED', format('VM %s is replicated by the group %s.', taken.vm, taken."group")); END IF;
  RETURN NULL;
END $$;

-- A datastore that is not where it should be; null: all of them are there.
CREATE OR REPLACE FUNCTION lab.missing_datastore(p_source text, p_target text, p_storage jsonb) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT format('%s at the site %s', wanted.name, wanted.site) FROM (
    SELECT p_source AS site, s AS name FROM jsonb_array_elements(p_storage) e, jsonb_array_elements_text(e -> 'sources') s
    UNION ALL SELECT p_target, e ->> 'target' FROM jsonb_array_elements(p_storage) e) wanted
  WHERE NOT EXISTS (SELECT FROM lab.datastore d WHERE d.site_id = wanted.site AND lower(d.id) = lower(wanted.name)) LIMIT 1
$$;

-- p_kind: protectGroup, or reverseGroup, which begins as that does.
CREATE OR REPLACE FUNCTION lab.protect_group(p_site text, p_kind text, r jsonb, p_targets text[], p_now timestamptz) RETURNS lab.outcome
LANGUAGE plpgsql AS $$
DECLARE
  g lab.replica_group;
  refusal lab.outcome;
  missing text;
  same boolean;
  done timestamptz := p_now + lab.duration(p_site, p_kind, p_targets);
BEGIN
  SELECT * INTO g FROM lab.replica_group WHERE id = r ->> 'groupId' FOR UPDATE;
  IF g.site_id <> p_site THEN RETURN lab.refused('REFUSED', format('Group %s is replicated to another site.', g.name)); END IF;
  IF g.removed_at > p_now THEN RETURN lab.refused('BUSY', format('Group %s is being removed.', g.name), 'TRANSIENT'); END IF;
  IF g.promoted_to IS NOT NULL THEN RETURN lab.refused('REFUSED', format('Group %s is replicated no more.', g.name)); END IF;
  refusal := lab.check_members(p_site, r ->> 'sourceSiteId', r -> 'sourceVmIds', r ->> 'groupId', p_now);
  IF refusal.code IS NOT NULL THEN RETURN refusal; END IF;
  missing := lab.missing_datastore(r ->> 'sourceSiteId', p_site, r -> 'storageGroups');
  IF missing IS NOT NULL THEN RETURN lab.refused('NOT_FOUND', format('There is no datastore %s.', missing)); END IF;
  IF g.id IS NOT NULL AND g.removed_at IS NULL THEN
    same := (SELECT coalesce(jsonb_agg(vm_id), '[]') FROM lab.group_vm WHERE group_id = g.id) @> (r -> 'sourceVmIds')
      AND NOT EXISTS (SELECT FROM lab.group_vm WHERE group_id = g.id AND NOT r -> 'sourceVmIds' ? vm_id);
    IF NOT same THEN RETURN lab.refused('REFUSED', format('Group %s replicates other VMs already.', g.name)); END IF;
    RETURN lab.taken_on('{}', greatest(p_now, g.made_at), false);
  END IF;
  INSERT INTO lab.replica_group (id, site_id, name, storage_groups, made_at)
  VALUES (r ->> 'groupId', p_site, r ->> 'name', r -> 'storageGroups', done)
  ON CONFLICT (id) DO UPDATE SET name = excluded.name, storage_groups = excluded.storage_groups, made_at = excluded.made_at, removed_at = NULL;
  INSERT INTO lab.group_vm (group_id, vm_id, added_at) SELECT r ->> 'groupId', jsonb_array_elements_text(r -> 'sourceVmIds'), p_now;
  RETURN lab.taken_on('{}', done);
END $$;

-- The group, locked, if it is replicated to this site.
CREATE OR REPLACE FUNCTION lab.group_here(p_site text, p_group text, p_now timestamptz) RETURNS lab.replica_group LANGUAGE sql AS $$
  SELECT * FROM lab.replica_group WHERE id = p_group AND site_id = p_site AND made_at <= p_now AND removed_at IS NULL FOR UPDATE
$$;

CREATE OR REPLACE FUNCTION lab.change_storage(p_site text, r jsonb, p_targets text[], p_now timestamptz) RETURNS lab.outcome
LANGUAGE plpgsql AS $$
DECLARE
  g lab.replica_group := lab.group_here(p_site, r ->> 'groupId', p_now);
  unreachable lab.outcome := lab.check_source_site(p_site, r ->> 'sourceSiteId');
  missing text := lab.missing_datastore(r ->> 'sourceSiteId', p_site, r -> 'storageGroups');
BEGIN
  IF g.id IS NULL THEN RETURN lab.refused('NOT_FOUND', format('There is no group %s here.', r ->> 'groupId')); END IF;
  IF g.promoted_to IS NOT NULL THEN RETURN lab.refused('REFUSED', format('Group %s is replicated no more.', g.name)); END IF;
  IF unreachable.code IS NOT NULL THEN RETURN unreachable; END IF;
  IF missing IS NOT NULL THEN RETURN lab.refused('NOT_FOUND', format('There is no datastore %s.', missing)); END IF;
  IF g.storage_groups = r -> 'storageGroups' THEN RETURN lab.taken_on('{}', p_now, false); END IF;
  UPDATE lab.replica_group SET storage_groups = r -> 'storageGroups' WHERE id = g.id;
  RETURN lab.taken_on('{}', p_now + lab.duration(p_site, 'changeStorage', p_targets));
END $$;

CREATE OR REPLACE FUNCTION lab.add_to_group(p_site text, r jsonb, p_targets text[], p_now timestamptz) RETURNS lab.outcome
LANGUAGE plpgsql AS $$
DECLARE
  g lab.replica_group := lab.group_here(p_site, r ->> 'groupId', p_now);
  refusal lab.outcome;
  added integer;
BEGIN
  IF g.id IS NULL THEN RETURN lab.refused('NOT_FOUND', format('There is no group %s here.', r ->> 'groupId')); END IF;
  IF g.promoted_to IS NOT NULL THEN RETURN lab.refused('REFUSED', format('Group %s is replicated no more.', g.name)); END IF;
  refusal := lab.check_members(p_site, r ->> 'sourceSiteId', r -> 'sourceVmIds', g.id, p_now);
  IF refusal.code IS NOT NULL THEN RETURN refusal; END IF;
  INSERT INTO lab.group_vm (group_id, vm_id, added_at) SELECT g.id, jsonb_array_elements_text(r -> 'sourceVmIds'), p_now ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS added = ROW_COUNT;
  IF added = 0 THEN RETURN lab.taken_on('{}', p_now, false); END IF;
  RETURN lab.taken_on('{}', p_now + lab.duration(p_site, 'addToGroup', p_targets));
END $$;

CREATE OR REPLACE FUNCTION lab.remove_from_group(p_site text, r jsonb, p_targets text[], p_now timestamptz) RETURNS lab.outcome
LANGUAGE plpgsql AS $$
DECLARE
  g lab.replica_group := lab.group_here(p_site, r ->> 'groupId', p_now);
  removed integer;
BEGIN
  IF g.id IS NULL THEN RETURN lab.refused('NOT_FOUND', format('There is no group %s here.', r ->> 'groupId')); END IF;
  DELETE FROM lab.group_vm WHERE group_id = g.id AND r -> 'sourceVmIds' ? vm_id;
  GET DIAGNOSTICS removed = ROW_COUNT;
  IF removed = 0 THEN RETURN lab.taken_on('{}', p_now, false); END IF;
  RETURN lab.taken_on('{}', p_now + lab.duration(p_site, 'removeFromGroup', p_targets));
END $$;

CREATE OR REPLACE FUNCTION lab.unprotect_group(p_site text, r jsonb, p_targets text[], p_now timestamptz) RETURNS lab.outcome
LANGUAGE plpgsql AS $$
DECLARE
  g lab.replica_group;
  used_by text;
BEGIN
  SELECT * INTO g FROM lab.replica_group WHERE id = r ->> 'groupId' AND site_id = p_site FOR UPDATE;
  IF NOT FOUND OR g.removed_at IS NOT NULL THEN RETURN lab.taken_on('{}', coalesce(g.removed_at, p_now), false); END IF;
  SELECT name INTO used_by FROM lab.snapshot WHERE group_id = g.id AND NOT promoted AND (discarded_at IS NULL OR discarded_at > p_now) LIMIT 1;
  IF FOUND THEN RETURN lab.refused('REFUSED', format('Snapshot %s of group %s is in use.', used_by, g.name)); END IF;
  g.removed_at := greatest(p_now, g.made_at) + lab.duration(p_site, 'unprotectGroup', p_targets);
  DELETE FROM lab.snapshot WHERE group_id = g.id AND NOT promoted;
  DELETE FROM lab.point WHERE group_id = g.id;
  DELETE FROM lab.group_vm WHERE group_id = g.id;
  UPDATE lab.replica_group SET removed_at = g.removed_at WHERE id = g.id;
  RETURN lab.taken_on('{}', g.removed_at);
END $$;
