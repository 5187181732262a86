-- Sites, VMs and groups as a definition describes them: what is there is brought up to date, what a run has made or taken stays.

-- The id of a VM, a placeholder or a group belongs to one site for ever.
CREATE OR REPLACE FUNCTION lab.refuse_moved(p_what text, p_id text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF p_id IS NOT NULL THEN
    RAISE EXCEPTION 'The lab''s % % belongs to another site already.', p_what, p_id USING ERRCODE = 'LB001';
  END IF;
END $$;

CREATE OR REPLACE FUNCTION lab.define_places(d jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO lab.site SELECT s.id, s.name, s.capabilities FROM jsonb_to_recordset(d -> 'sites') s (id text, name text, capabilities jsonb)
  ON CONFLICT (id) DO UPDATE SET name = excluded.name, capabilities = excluded.capabilities;

  INSERT INTO lab.folder SELECT x.path, x."siteId", x.name FROM jsonb_to_recordset(d -> 'folders') x (path text, "siteId" text, name text)
  ON CONFLICT (site_id, lower(id)) DO UPDATE SET id = excluded.id, name = excluded.name;

  INSERT INTO lab.resource_pool (id, site_id, name, cluster, cpu_limit_mhz, cpu_reservation_mhz, memory_limit_mb, memory_reservation_mb)
  SELECT x.name, x."siteId", x.name, x.cluster, x."cpuLimitMhz", x."cpuReservationMhz", x."memoryLimitMb", x."memoryReservationMb"
  FROM jsonb_to_recordset(d -> 'resourcePools') x (name text, "siteId" text, cluster text, "cpuLimitMhz" integer,
    "cpuReservationMhz" integer, "memoryLimitMb" integer, "memoryReservationMb" integer)
  ON CONFLICT (site_id, lower(id)) DO UPDATE SET id = excluded.id, name = excluded.name, cluster = excluded.cluster,
    cpu_limit_mhz = excluded.cpu_limit_mhz, cpu_reservation_mhz = excluded.cpu_reservation_mhz,
    memory_limit_mb = excluded.memory_limit_mb, memory_reservation_mb = excluded.memory_reservation_mb;

  INSERT INTO lab.network (id, site_id, name, made_at, type, vlan_id)
  SELECT x.name, x."siteId", x.name, lab.now(), x.type, x."vlanId"
  FROM jsonb_to_recordset(d -> 'networks') x (name text, "siteId" text, type text, "vlanId" integer)
  ON CONFLICT (site_id, lower(id)) DO UPDATE SET id = excluded.id, name = excluded.name, type = excluded.type, vlan_id = excluded.vlan_id;

  INSERT INTO lab.datastore (id, site_id, type, capacity_bytes, free_bytes, array_manager, replicated_device_id)
  SELECT x.name, x."siteId", x.type, x."capacityBytes", x."freeBytes", x."arrayManager", x."replicatedDeviceId"
  FROM jsonb_to_recordset(d -> 'datastores') x (name text, "siteId" text, type text, "capacityBytes" bigint, "freeBytes" bigint,
    "arrayManager" text, "replicatedDeviceId" text)
  ON CONFLICT (site_id, lower(id)) DO UPDATE SET id = excluded.id, type = excluded.type, capacity_bytes = excluded.capacity_bytes,
    free_bytes = excluded.free_bytes, array_manager = excluded.array_manager, replicated_device_id = excluded.replicated_device_id;
END $$;

CREATE OR REPLACE FUNCTION lab.define_machines(d jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM lab.refuse_moved('VM', (SELECT min(x.id) FROM jsonb_to_recordset(d -> 'vms') x (id text, "siteId" text)
    JOIN lab.vm o ON o.id = x.id AND o.site_id <> x."siteId"));
  INSERT INTO lab.vm AS v (id, site_id, name, nics, services, disk_bytes, change_bytes_per_second, guest_os, cpu_count, memory_mb, cluster, host,
    datastore_id, folder_id, resource_pool_id, made_at, on_at, booted_at, content)
  SELECT x.id, x."siteId", x.name, x.nics, x.services, x."diskBytes", x."changeBytesPerSecond", x."guestOs", x."cpuCount", x."memoryMb",
    x.cluster, x.host, x.datastore, x.folder, x."resourcePool", lab.now(),
    CASE WHEN x.on THEN lab.now() END, CASE WHEN x.on THEN lab.now() END, jsonb_build_array(lab.written(x.id, lab.now(), 0))
  FROM jsonb_to_recordset(d -> 'vms') x
    (id text, "siteId" text, name text, nics jsonb, services jsonb, "diskBytes" bigint, "changeBytesPerSecond" bigint, "guestOs" text,
      "cpuCount" integer, "memoryMb" integer, cluster text, host text, datastore text, folder text, "resourcePool" text, "on" boolean)
  ON CONFLICT (id) DO UPDATE SET name = excluded.name, nics = excluded.nics, services = excluded.services,
    disk_bytes = excluded.disk_bytes, change_bytes_per_second = excluded.change_bytes_per_second, guest_os = excluded.guest_os,
    cpu_count = excluded.cpu_count, memory_mb = excluded.memory_mb, cluster = excluded.cluster, host = excluded.host,
    datastore_id = excluded.datastore_id, folder_id = excluded.folder_id, resource_pool_id = excluded.resource_pool_id,
    removed_at = CASE WHEN v.demoted THEN v.removed_at END;

  PERFORM lab.refuse_moved('placeholder', (SELECT min(x.id) FROM jsonb_to_recordset(d -> 'placeholders') x (id text, "siteId" text)
    JOIN lab.placeholder o ON o.id = x.id AND o.site_id <> x."siteId"));
  INSERT INTO lab.placeholder AS p (id, site_id, name, source_vm_id)
  SELECT x.id, x."siteId", x.name, x."sourceVmId"
  FROM jsonb_to_recordset(d -> 'placeholders') x (id text, "siteId" text, name text, "sourceVmId" text)
  ON CONFLICT (id) DO UPDATE SET name = excluded.name, source_vm_id = excluded.source_vm_id,
    removed_at = CASE WHEN p.consumed_by IS NOT NULL THEN p.removed_at END;
END $$;

-- A new group starts with one complete recovery point, and one that gets more VMs has another: its VMs have been copied. A group that was
-- promoted stays as it is.
CREATE OR REPLACE FUNCTION lab.define_groups(d jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  now_ timestamptz := lab.now();
  wanted jsonb := (SELECT coalesce(jsonb_agg(x), '[]') FROM jsonb_array_elements(d -> 'groups') x
    WHERE NOT EXISTS (SELECT FROM lab.replica_group WHERE id = x ->> 'id' AND promoted_to IS NOT NULL));
  copied text[];
BEGIN
  PERFORM lab.refuse_moved('group', (SELECT min(x.id) FROM jsonb_to_recordset(d -> 'groups') x (id text, "recoverySiteId" text)
    JOIN lab.replica_group o ON o.id = x.id AND o.site_id <> x."recoverySiteId"));
  copied := ARRAY(SELECT x.id FROM jsonb_to_recordset(wanted) x (id text, "sourceVmIds" jsonb)
    WHERE x.id NOT IN (SELECT id FROM lab.replica_group WHERE removed_at IS NULL)
      OR NOT (SELECT coalesce(jsonb_agg(vm_id), '[]') FROM lab.group_vm WHERE group_id = x.id) @> x."sourceVmIds");
  INSERT INTO lab.replica_group (id, site_id, name) SELECT x.id, x."recoverySiteId", x.name
  FROM jsonb_to_recordset(wanted) x (id text, name text, "recoverySiteId" text)
  ON CONFLICT (id) DO UPDATE SET name = excluded.name, removed_at = NULL;
  UPDATE lab.replica_group g SET storage_groups = x."storageGroups"
  FROM jsonb_to_recordset(wanted) x (id text, "storageGroups" jsonb) WHERE g.id = x.id AND x."storageGroups" IS NOT NULL;
  DELETE FROM lab.group_vm m USING jsonb_to_recordset(wanted) x (id text, "sourceVmIds" jsonb)
  WHERE m.group_id = x.id AND NOT x."sourceVmIds" ? m.vm_id;
  INSERT INTO lab.group_vm (group_id, vm_id)
  SELECT x.id, vm FROM jsonb_to_recordset(wanted) x (id text, "sourceVmIds" jsonb), jsonb_array_elements_text(x."sourceVmIds") vm
  ON CONFLICT DO NOTHING;
  INSERT INTO lab.point (id, group_id, taken_at, complete_at, size_bytes, contents)
  SELECT 'point-' || gen_random_uuid(), g.id, now_, now_, coalesce(sum(m.bytes), 0),
    coalesce(jsonb_object_agg(m.vm_id, m.content) FILTER (WHERE m.vm_id IS NOT NULL), '{}')
  FROM lab.replica_group g LEFT JOIN lab.members_now(g, now_) m ON true WHERE g.id = ANY (copied) GROUP BY g.id;
END $$;

CREATE OR REPLACE FUNCTION lab.define_components(d jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM lab.component c USING jsonb_to_recordset(d -> 'pairs') x ("siteId" text, "peerId" text)
  WHERE (c.site_id, c.peer_id) IN ((x."siteId", x."peerId"), (x."peerId", x."siteId"));
  INSERT INTO lab.component
  SELECT x."siteId", x."peerId", kind, name FROM jsonb_to_recordset(d -> 'pairs') x ("siteId" text, "peerId" text, components jsonb),
    jsonb_to_recordset(x.components) c (kind text, name text);
END $$;

CREATE OR REPLACE FUNCTION lab.define(d jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('lab.define', 0));
  PERFORM lab.define_places(d);
  PERFORM lab.define_machines(d);
  PERFORM lab.define_groups(d);
  PERFORM lab.define_components(d);
END $$;
