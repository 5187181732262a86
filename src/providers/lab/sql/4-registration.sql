-- How a VM comes into its placeholder's place: for a test, or for good.

-- Why a VM can't be registered as asked; code null: it can.
CREATE OR REPLACE FUNCTION lab.check_registration(p_site text, r jsonb, ph lab.placeholder, p_now timestamptz) RETURNS lab.outcome
LANGUAGE plpgsql AS $$
DECLARE
  s record;
  permanent boolean := coalesce((r -> 'permanent')::boolean, false);
  in_place text;
  missing text;
BEGIN
  IF ph.removed_at IS NOT NULL THEN
    RETURN lab.refused('REFUSED', format('VM %s stands in the place of placeholder %s.', ph.consumed_by, ph.name));
  END IF;
  IF ph.source_vm_id <> r ->> 'sourceVmId' THEN
    RETURN lab.refused('REFUSED', format('Placeholder %s stands for VM %s, not %s.', ph.name, ph.source_vm_id, r ->> 'sourceVmId'));
  END IF;
  IF NOT permanent AND ph.run_id IS NOT NULL AND (ph.released_at IS NULL OR ph.released_at > p_now) THEN
    RETURN lab.refused('REFUSED', format('Placeholder %s is in use by run %s.', ph.name, ph.run_id));
  END IF;
  SELECT id, discarded_at, made_at, promoted INTO s FROM lab.snapshot WHERE id = r ->> 'snapshotId' AND site_id = p_site FOR SHARE;
  IF NOT FOUND OR s.discarded_at IS NOT NULL OR s.made_at > p_now THEN
    RETURN lab.refused('NOT_FOUND', format('There is no snapshot %s here.', r ->> 'snapshotId'));
  END IF;
  IF s.promoted <> permanent THEN
    RETURN lab.refused('REFUSED', format('%s %s.', s.id, CASE WHEN permanent THEN 'is a snapshot of a test' ELSE 'is no snapshot of a test' END));
  END IF;
  IF NOT EXISTS (SELECT FROM lab.snapshot_vm WHERE snapshot_id = s.id AND vm_id = ph.source_vm_id) THEN
    RETURN lab.refused('REFUSED', format('Snapshot %s does not hold VM %s.', s.id, ph.source_vm_id));
  END IF;
  -- Names are unique: if the test VM in its place has this one, no other has it.
  SELECT name INTO in_place FROM lab.vm WHERE id = ph.vm_id AND (removed_at IS NULL OR removed_at > p_now);
  IF NOT (permanent AND lower(in_place) IS NOT DISTINCT FROM lower(r ->> 'name')) AND EXISTS (SELECT FROM lab.name_taken(p_site, r ->> 'name', ph.id, p_now)) THEN
    RETURN lab.refused('REFUSED', format('A VM named %s exists here already.', r ->> 'name'));
  END IF;
  SELECT nic ->> 'networkId' INTO missing FROM jsonb_array_elements(r -> 'nics') nic
  WHERE NOT EXISTS (SELECT FROM lab.network n WHERE n.id = nic ->> 'networkId' AND n.site_id = p_site
    AND n.made_at <= p_now AND n.removed_at IS NULL) LIMIT 1;
  IF FOUND THEN RETURN lab.refused('NOT_FOUND', format('There is no network %s here.', missing)); END IF;
  RETURN lab.check_place(p_site, r);
END $$;

-- Where the VM's disks are, if it stays: on the datastore that the group names for them, else where they were before it was demoted.
CREATE OR REPLACE FUNCTION lab.target_datastore(p_group text, p_source text) RETURNS TABLE (name text) LANGUAGE sql STABLE AS $$
  SELECT e ->> 'target' FROM lab.replica_group g, jsonb_array_elements(g.storage_groups) e, jsonb_array_elements_text(e -> 'sources') source
  WHERE g.id = p_group AND lower(source) = lower(p_source) LIMIT 1
$$;

-- Its adapters: its source's addresses until they are customised, and the hardware addresses that it had here before.
CREATE OR REPLACE FUNCTION lab.registered_nics(p_nics jsonb, source lab.vm, former lab.vm) RETURNS TABLE (nics jsonb) LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_agg(jsonb_build_object('nicIndex', nic -> 'nicIndex', 'networkId', nic -> 'networkId',
    'macAddress', (SELECT f -> 'macAddress' FROM jsonb_array_elements(former.nics) f WHERE f -> 'nicIndex' = nic -> 'nicIndex' LIMIT 1),
    'ipAddresses', coalesce((SELECT n -> 'ipAddresses' FROM jsonb_array_elements(source.nics) n WHERE n -> 'nicIndex' = nic -> 'nicIndex' LIMIT 1), '[]'))), '[]')
  FROM jsonb_array_elements(p_nics) nic
$$;

CREATE OR REPLACE FUNCTION lab.register_vm(p_site text, r jsonb, p_targets text[], p_run text, p_now timestamptz) RETURNS lab.outcome
LANGUAGE plpgsql AS $$
DECLARE
  ph lab.placeholder;
  source lab.vm;
  former lab.vm;
  s record;
  refusal lab.outcome;
  permanent boolean := coalesce((r -> 'permanent')::boolean, false);
  done timestamptz := p_now + lab.duration(p_site, 'registerVm', p_targets);
  vm text := 'vm-' || gen_random_uuid();
BEGIN
  SELECT * INTO ph FROM lab.placeholder
  WHERE id = r ->> 'placeholderId' AND site_id = p_site AND made_at <= p_now AND (removed_at IS NULL OR consumed_by IS NOT NULL) FOR UPDATE;
  IF NOT FOUND THEN RETURN lab.refused('NOT_FOUND', format('There is no placeholder %s here.', r ->> 'placeholderId')); END IF;
  refusal := lab.check_registration(p_site, r, ph, p_now);
  IF refusal.code IS NOT NULL THEN RETURN refusal; END IF;
  SELECT * INTO source FROM lab.vm WHERE id = ph.source_vm_id;
  SELECT * INTO former FROM lab.vm WHERE id = ph.former_vm_id;
  SELECT id, group_id INTO s FROM lab.snapshot WHERE id = r ->> 'snapshotId';
  IF permanent THEN
    UPDATE lab.vm SET name = format('%s-test-%s', name, substr(id, 4, 8))
    WHERE id = ph.vm_id AND lower(name) = lower(r ->> 'name') AND (removed_at IS NULL OR removed_at > p_now);
    UPDATE lab.placeholder SET consumed_by = vm, removed_at = done WHERE id = ph.id;
  ELSE
    UPDATE lab.placeholder SET run_id = p_run, released_at = NULL WHERE id = ph.id;
  END IF;
  INSERT INTO lab.vm (id, site_id, name, run_id, source_vm_id, snapshot_id, folder_id, resource_pool_id, nics, services, disk_bytes, made_at,
    change_bytes_per_second, guest_os, cpu_count, memory_mb, cluster, host, datastore_id, content)
  VALUES (vm, p_site, r ->> 'name', CASE WHEN NOT permanent THEN p_run END, source.id, s.id, r ->> 'folderId', r ->> 'resourcePoolId',
    (SELECT nics FROM lab.registered_nics(r -> 'nics', source, former)), source.services, source.disk_bytes, done, source.change_bytes_per_second, source.guest_os,
    source.cpu_count, source.memory_mb,
    coalesce((SELECT cluster FROM lab.resource_pool WHERE site_id = p_site AND id = r ->> 'resourcePoolId'), former.cluster), former.host,
    coalesce((SELECT name FROM lab.target_datastore(s.group_id, source.datastore_id)), former.datastore_id), (SELECT content FROM lab.snapshot_vm WHERE snapshot_id = s.id AND vm_id = source.id));
  IF NOT permanent THEN UPDATE lab.placeholder SET vm_id = vm WHERE id = ph.id; END IF;
  RETURN lab.taken_on(jsonb_build_object('vmId', vm), done);
END $$;
