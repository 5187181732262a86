-- Effects on VMs.

-- A row, if a VM or a placeholder other than p_own has this name.
CREATE OR REPLACE FUNCTION lab.name_taken(p_site text, p_name text, p_own text, p_now timestamptz) RETURNS TABLE (taken boolean) LANGUAGE sql STABLE AS $$
  SELECT true WHERE EXISTS (SELECT FROM lab.vm WHERE site_id = p_site AND lower(name) = lower(p_name) AND removed_at IS NULL)
    OR EXISTS (SELECT FROM lab.vm WHERE site_id = p_site AND lower(name) = lower(p_name) AND removed_at > p_now)
    OR EXISTS (SELECT FROM lab.placeholder WHERE site_id = p_site AND lower(name) = lower(p_name) AND id IS DISTINCT FROM p_own
      AND (removed_at IS NULL OR removed_at > p_now))
$$;

-- The folder and the resource pool that a request names; code null: they are here.
CREATE OR REPLACE FUNCTION lab.check_place(p_site text, r jsonb) RETURNS lab.outcome LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN r ->> 'folderId' IS NOT NULL AND NOT EXISTS (SELECT FROM lab.folder WHERE id = r ->> 'folderId' AND site_id = p_site)
      THEN lab.refused('NOT_FOUND', format('There is no folder %s here.', r ->> 'folderId'))
    WHEN r ->> 'resourcePoolId' IS NOT NULL
      AND NOT EXISTS (SELECT FROM lab.resource_pool WHERE id = r ->> 'resourcePoolId' AND site_id = p_site)
      THEN lab.refused('NOT_FOUND', format('There is no resource pool %s here.', r ->> 'resourcePoolId'))
  END
$$;

-- Ends a test VM: what only a run's own things undergo.
CREATE OR REPLACE FUNCTION lab.remove_vm(p_site text, v lab.vm, p_targets text[], p_now timestamptz) RETURNS lab.outcome
LANGUAGE plpgsql AS $$
DECLARE
  done timestamptz := p_now + lab.duration(p_site, 'removeVm', p_targets);
BEGIN
  IF v.run_id IS NULL THEN RETURN lab.refused('REFUSED', format('VM %s was not made by a run.', v.name)); END IF;
  IF v.on_at IS NOT NULL AND (v.off_at IS NULL OR v.off_at > p_now) THEN
    RETURN lab.refused('REFUSED', format('VM %s is on.', v.name));
  END IF;
  UPDATE lab.vm SET removed_at = done WHERE id = v.id;
  RETURN lab.taken_on('{}', done);
END $$;

-- Name of the group whose replica this VM's disks are; no row: there is none. OFFSET: the VM is looked up, and its group then.
CREATE OR REPLACE FUNCTION lab.replica_with(p_vm text) RETURNS SETOF text LANGUAGE sql STABLE AS $$
  SELECT g.name FROM (SELECT group_id FROM lab.group_vm WHERE former_vm_id = p_vm OFFSET 0) m JOIN lab.replica_group g ON g.id = m.group_id
  WHERE g.promoted_to IS NULL LIMIT 1
$$;

CREATE OR REPLACE FUNCTION lab.power_on(p_site text, v lab.vm, p_targets text[], p_now timestamptz) RETURNS lab.outcome
LANGUAGE plpgsql AS $$
DECLARE
  replica text;
  done timestamptz := p_now + lab.duration(p_site, 'powerOn', p_targets);
BEGIN
  IF v.on_at IS NOT NULL AND v.off_at IS NULL THEN RETURN lab.taken_on('{}', v.on_at, false); END IF;
  IF v.off_at > p_now THEN RETURN lab.refused('BUSY', format('VM %s is being powered off.', v.name), 'TRANSIENT'); END IF;
  IF lab.is_read_only(v, p_now) THEN RETURN lab.refused('REFUSED', format('The storage of VM %s is read-only.', v.name)); END IF;
  replica := (SELECT lab.replica_with(v.id));
  IF replica IS NOT NULL THEN RETURN lab.refused('REFUSED', format('The disks of VM %s are the replica of group %s.', v.name, replica)); END IF;
  UPDATE lab.vm SET content = lab.content_at(v, p_now), on_at = done, booted_at = done + lab.duration(p_site, 'boot', p_targets), off_at = NULL WHERE id = v.id;
  RETURN lab.taken_on('{}', done);
END $$;

CREATE OR REPLACE FUNCTION lab.power_off(p_site text, v lab.vm, p_targets text[], p_now timestamptz) RETURNS lab.outcome
LANGUAGE plpgsql AS $$
BEGIN
  IF v.on_at IS NULL THEN RETURN lab.taken_on('{}', p_now, false); END IF;
  IF v.off_at IS NOT NULL THEN RETURN lab.taken_on('{}', v.off_at, false); END IF;
  -- One that is still being powered on goes on first.
  v.off_at := greatest(p_now, v.on_at) + lab.duration(p_site, 'powerOff', p_targets);
  UPDATE lab.vm SET off_at = v.off_at WHERE id = v.id;
  RETURN lab.taken_on('{}', v.off_at);
END $$;
