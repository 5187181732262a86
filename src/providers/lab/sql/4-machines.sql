-- Effects on VMs.

-- Whether a VM or a placeholder other than p_own has this name.
CREATE OR REPLACE FUNCTION lab.name_taken(p_site text, p_name text, p_own text, p_now timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM lab.vm WHERE site_id = p_site AND lower(name) = lower(p_name) AND (removed_at IS NULL OR removed_at > p_now))
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

-- Why a VM can't be registered as asked; code null: it can.
CREATE OR REPLACE FUNCTION lab.check_registration(p_site text, r jsonb, ph lab.placeholder, p_now timestamptz) RETURNS lab.outcome
LANGUAGE plpgsql AS $$
DECLARE
  s lab.snapshot;
  missing text;
BEGIN
  IF ph.source_vm_id <> r ->> 'sourceVmId' THEN
    RETURN lab.refused('REFUSED', format('Placeholder %s stands for VM %s, not %s.', ph.name, ph.source_vm_id, r ->> 'sourceVmId'));
  END IF;
  IF ph.run_id IS NOT NULL AND (ph.released_at IS NULL OR ph.released_at > p_now) THEN
    RETURN lab.refused('REFUSED', format('Placeholder %s is in use by run %s.', ph.name, ph.run_id));
  END IF;
  SELECT * INTO s FROM lab.snapshot WHERE id = r ->> 'snapshotId' AND site_id = p_site FOR SHARE;
  IF NOT FOUND OR s.discarded_at IS NOT NULL OR s.made_at > p_now THEN
    RETURN lab.refused('NOT_FOUND', format('There is no snapshot %s here.', r ->> 'snapshotId'));
  END IF;
  IF NOT EXISTS (SELECT FROM lab.group_vm WHERE group_id = s.group_id AND vm_id = ph.source_vm_id) THEN
    RETURN lab.refused('REFUSED', format('Snapshot %s does not hold VM %s.', s.id, ph.source_vm_id));
  END IF;
  IF lab.name_taken(p_site, r ->> 'name', ph.id, p_now) THEN
    RETURN lab.refused('REFUSED', format('A VM named %s exists here already.', r ->> 'name'));
  END IF;
  SELECT nic ->> 'networkId' INTO missing FROM jsonb_array_elements(r -> 'nics') nic
  WHERE NOT EXISTS (SELECT FROM lab.network n WHERE n.id = nic ->> 'networkId' AND n.site_id = p_site
    AND n.made_at <= p_now AND n.removed_at IS NULL) LIMIT 1;
  IF FOUND THEN RETURN lab.refused('NOT_FOUND', format('There is no network %s here.', missing)); END IF;
  RETURN lab.check_place(p_site, r);
END $$;

CREATE OR REPLACE FUNCTION lab.register_vm(p_site text, r jsonb, p_targets text[], p_run text, p_now timestamptz) RETURNS lab.outcome
LANGUAGE plpgsql AS $$
DECLARE
  ph lab.placeholder;
  source lab.vm;
  refusal lab.outcome;
  done timestamptz := p_now + lab.duration(p_site, 'registerVm', p_targets);
  vm text := 'vm-' || gen_random_uuid();
BEGIN
  SELECT * INTO ph FROM lab.placeholder
  WHERE id = r ->> 'placeholderId' AND site_id = p_site AND made_at <= p_now AND removed_at IS NULL FOR UPDATE;
  IF NOT FOUND THEN RETURN lab.refused('NOT_FOUND', format('There is no placeholder %s here.', r ->> 'placeholderId')); END IF;
  refusal := lab.check_registration(p_site, r, ph, p_now);
  IF refusal.code IS NOT NULL THEN RETURN refusal; END IF;
  SELECT * INTO source FROM lab.vm WHERE id = ph.source_vm_id;
  -- The copy has its source's addresses until they are customised.
  INSERT INTO lab.vm (id, site_id, name, run_id, source_vm_id, snapshot_id, folder_id, resource_pool_id, nics, services, disk_bytes, made_at)
  SELECT vm, p_site, r ->> 'name', p_run, source.id, r ->> 'snapshotId', r ->> 'folderId', r ->> 'resourcePoolId',
    (SELECT coalesce(jsonb_agg(jsonb_build_object('nicIndex', nic -> 'nicIndex', 'networkId', nic -> 'networkId', 'ipAddresses',
      coalesce((SELECT n -> 'ipAddresses' FROM jsonb_array_elements(source.nics) n WHERE n -> 'nicIndex' = nic -> 'nicIndex' LIMIT 1), '[]'))), '[]')
      FROM jsonb_array_elements(r -> 'nics') nic),
    source.services, source.disk_bytes, done;
  UPDATE lab.placeholder SET vm_id = vm, run_id = p_run, released_at = NULL WHERE id = ph.id;
  RETURN lab.taken_on(jsonb_build_object('vmId', vm), done);
END $$;

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

CREATE OR REPLACE FUNCTION lab.power_on(p_site text, v lab.vm, p_targets text[], p_now timestamptz) RETURNS lab.outcome
LANGUAGE plpgsql AS $$
DECLARE
  done timestamptz := p_now + lab.duration(p_site, 'powerOn', p_targets);
BEGIN
  IF v.on_at IS NOT NULL AND v.off_at IS NULL THEN RETURN lab.taken_on('{}', v.on_at, false); END IF;
  IF v.off_at > p_now THEN RETURN lab.refused('BUSY', format('VM %s is being powered off.', v.name), 'TRANSIENT'); END IF;
  UPDATE lab.vm SET on_at = done, booted_at = done + lab.duration(p_site, 'boot', p_targets), off_at = NULL WHERE id = v.id;
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
