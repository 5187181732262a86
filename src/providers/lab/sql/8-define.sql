-- Sites, VMs and groups as a definition describes them: what is there is brought up to date, what a run has made or taken stays.

-- An id belongs to one site for ever.
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

  PERFORM lab.refuse_moved('folder', (SELECT min(x.id) FROM jsonb_to_recordset(d -> 'folders') x (id text, "siteId" text)
    JOIN lab.folder o ON o.id = x.id AND o.site_id <> x."siteId"));
  INSERT INTO lab.folder SELECT x.id, x."siteId", x.name FROM jsonb_to_recordset(d -> 'folders') x (id text, "siteId" text, name text)
  ON CONFLICT (id) DO UPDATE SET name = excluded.name;

  PERFORM lab.refuse_moved('resource pool', (SELECT min(x.id) FROM jsonb_to_recordset(d -> 'resourcePools') x (id text, "siteId" text)
    JOIN lab.resource_pool o ON o.id = x.id AND o.site_id <> x."siteId"));
  INSERT INTO lab.resource_pool
  SELECT x.id, x."siteId", x.name FROM jsonb_to_recordset(d -> 'resourcePools') x (id text, "siteId" text, name text)
  ON CONFLICT (id) DO UPDATE SET name = excluded.name;

  PERFORM lab.refuse_moved('network', (SELECT min(x.id) FROM jsonb_to_recordset(d -> 'networks') x (id text, "siteId" text)
    JOIN lab.network o ON o.id = x.id AND o.site_id <> x."siteId"));
  INSERT INTO lab.network (id, site_id, name, made_at)
  SELECT x.id, x."siteId", x.name, lab.now() FROM jsonb_to_recordset(d -> 'networks') x (id text, "siteId" text, name text)
  ON CONFLICT (id) DO UPDATE SET name = excluded.name;
END $$;

CREATE OR REPLACE FUNCTION lab.define_machines(d jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM lab.refuse_moved('VM', (SELECT min(x.id) FROM jsonb_to_recordset(d -> 'vms') x (id text, "siteId" text)
    JOIN lab.vm o ON o.id = x.id AND o.site_id <> x."siteId"));
  INSERT INTO lab.vm (id, site_id, name, nics, services, disk_bytes, change_bytes_per_second, made_at, on_at, booted_at)
  SELECT x.id, x."siteId", x.name, x.nics, x.services, x."diskBytes", x."changeBytesPerSecond", lab.now(),
    CASE WHEN x.on THEN lab.now() END, CASE WHEN x.on THEN lab.now() END
  FROM jsonb_to_recordset(d -> 'vms') x
    (id text, "siteId" text, name text, nics jsonb, services jsonb, "diskBytes" bigint, "changeBytesPerSecond" bigint, "on" boolean)
  ON CONFLICT (id) DO UPDATE SET name = excluded.name, nics = excluded.nics, services = excluded.services,
    disk_bytes = excluded.disk_bytes, change_bytes_per_second = excluded.change_bytes_per_second;

  PERFORM lab.refuse_moved('placeholder', (SELECT min(x.id) FROM jsonb_to_recordset(d -> 'placeholders') x (id text, "siteId" text)
    JOIN lab.placeholder o ON o.id = x.id AND o.site_id <> x."siteId"));
  INSERT INTO lab.placeholder (id, site_id, name, source_vm_id)
  SELECT x.id, x."siteId", x.name, x."sourceVmId"
  FROM jsonb_to_recordset(d -> 'placeholders') x (id text, "siteId" text, name text, "sourceVmId" text)
  ON CONFLICT (id) DO UPDATE SET name = excluded.name, source_vm_id = excluded.source_vm_id;
END $$;

-- A new group starts with one complete recovery point: its VMs have been copied once.
CREATE OR REPLACE FUNCTION lab.define_groups(d jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  made text[];
BEGIN
  PERFORM lab.refuse_moved('group', (SELECT min(x.id) FROM jsonb_to_recordset(d -> 'groups') x (id text, "recoverySiteId" text)
    JOIN lab.replica_group o ON o.id = x.id AND o.site_id <> x."recoverySiteId"));
  made := ARRAY(SELECT x.id FROM jsonb_to_recordset(d -> 'groups') x (id text) WHERE x.id NOT IN (SELECT id FROM lab.replica_group));
  INSERT INTO lab.replica_group
  SELECT x.id, x."recoverySiteId", x.name FROM jsonb_to_recordset(d -> 'groups') x (id text, name text, "recoverySiteId" text)
  ON CONFLICT (id) DO UPDATE SET name = excluded.name;
  DELETE FROM lab.group_vm m USING jsonb_to_recordset(d -> 'groups') x (id text, "sourceVmIds" jsonb)
  WHERE m.group_id = x.id AND NOT x."sourceVmIds" ? m.vm_id;
  INSERT INTO lab.group_vm
  SELECT x.id, vm FROM jsonb_to_recordset(d -> 'groups') x (id text, "sourceVmIds" jsonb), jsonb_array_elements_text(x."sourceVmIds") vm
  ON CONFLICT DO NOTHING;
  INSERT INTO lab.point
  SELECT 'point-' || gen_random_uuid(), g.id, lab.now(), lab.now(),
    (SELECT coalesce(sum(v.disk_bytes), 0) FROM lab.group_vm m JOIN lab.vm v ON v.id = m.vm_id WHERE m.group_id = g.id)
  FROM unnest(made) g (id);
END $$;

CREATE OR REPLACE FUNCTION lab.define(d jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('lab.define', 0));
  PERFORM lab.define_places(d);
  PERFORM lab.define_machines(d);
  PERFORM lab.define_groups(d);
END $$;
