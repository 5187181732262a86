-- What a site has, but for what runs have made there.

-- All VMs in one statement, adapters too (networks by name): a function per row would be most of the time.
CREATE OR REPLACE FUNCTION lab.vms_told(p_site text, p_now timestamptz) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_agg(jsonb_build_object('vmId', v.id, 'name', v.name,
    'powerState', CASE WHEN lab.is_on(v, p_now) THEN 'POWERED_ON' ELSE 'POWERED_OFF' END, 'guestOs', v.guest_os, 'cpuCount', v.cpu_count,
    'memoryMb', v.memory_mb, 'diskBytes', v.disk_bytes, 'cluster', v.cluster, 'host', v.host, 'datastore', v.datastore_id,
    'folder', v.folder_id, 'resourcePool', v.resource_pool_id, 'nics', (
      SELECT coalesce(jsonb_agg(jsonb_build_object('nicIndex', nic -> 'nicIndex', 'network', nic -> 'networkId',
        'macAddress', nic -> 'macAddress', 'ipAddresses', nic -> 'ipAddresses') ORDER BY (nic -> 'nicIndex')::integer), '[]')
      FROM jsonb_array_elements(CASE WHEN v.nics_from > p_now THEN v.nics_before ELSE v.nics END) nic)) ORDER BY lower(v.name)), '[]')
  FROM lab.vm v WHERE v.site_id = p_site AND v.run_id IS NULL AND (v.removed_at IS NULL OR v.removed_at > p_now)
$$;

CREATE OR REPLACE FUNCTION lab.inventory(p_site text, p_gate boolean) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  fault lab.fault;
  now_ timestamptz := lab.now();
BEGIN
  IF p_gate THEN fault := lab.gate(p_site, 'inventory', '{}'); END IF;
  IF lab.turned_away(p_site, fault) IS NOT NULL THEN RETURN lab.turned_away(p_site, fault); END IF;
  RETURN lab.answered(fault, jsonb_build_object(
    'datastores', (SELECT coalesce(jsonb_agg(jsonb_build_object('name', d.id, 'type', d.type, 'capacityBytes', d.capacity_bytes,
      'freeBytes', d.free_bytes, 'arrayManager', d.array_manager, 'replicatedDeviceId', d.replicated_device_id) ORDER BY lower(d.id)), '[]')
      FROM lab.datastore d WHERE d.site_id = p_site),
    'networks', (SELECT coalesce(jsonb_agg(jsonb_build_object('name', n.id, 'type', n.type, 'vlanId', n.vlan_id) ORDER BY lower(n.id)), '[]')
      FROM lab.network n WHERE n.site_id = p_site AND n.run_id IS NULL AND n.removed_at IS NULL),
    'resourcePools', (SELECT coalesce(jsonb_agg(jsonb_build_object('name', p.id, 'cluster', p.cluster, 'cpuLimitMhz', p.cpu_limit_mhz,
      'cpuReservationMhz', p.cpu_reservation_mhz, 'memoryLimitMb', p.memory_limit_mb, 'memoryReservationMb', p.memory_reservation_mb)
      ORDER BY lower(p.id)), '[]') FROM lab.resource_pool p WHERE p.site_id = p_site),
    'folders', (SELECT coalesce(jsonb_agg(jsonb_build_object('path', f.id, 'name', f.name) ORDER BY lower(f.id)), '[]')
      FROM lab.folder f WHERE f.site_id = p_site),
    'virtualMachines', lab.vms_told(p_site, now_)));
END $$;

-- An administrator of the site takes something away that no run has made.
CREATE OR REPLACE FUNCTION lab.take_away(p_site text, p_what text, p_id text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  gone integer;
BEGIN
  CASE p_what
    WHEN 'VM' THEN UPDATE lab.vm SET removed_at = lab.now() WHERE site_id = p_site AND id = p_id AND run_id IS NULL AND removed_at IS NULL;
    WHEN 'NETWORK' THEN DELETE FROM lab.network WHERE site_id = p_site AND id = p_id AND run_id IS NULL;
    WHEN 'DATASTORE' THEN DELETE FROM lab.datastore WHERE site_id = p_site AND id = p_id;
    WHEN 'FOLDER' THEN DELETE FROM lab.folder WHERE site_id = p_site AND id = p_id;
    WHEN 'RESOURCE_POOL' THEN DELETE FROM lab.resource_pool WHERE site_id = p_site AND id = p_id;
  END CASE;
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN gone > 0;
END $$;
