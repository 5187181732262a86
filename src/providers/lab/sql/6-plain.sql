-- Many orders of which nothing stands in the way, as one statement for all of a kind: what each would cost by itself is most of its cost. What is
-- not plain is left to the functions that take one order on and say why they don't. OFFSET: each thing is looked up by its key; joined, all there are
-- would be read for a few once there are many.

CREATE OR REPLACE FUNCTION lab.plain_orders(p_site text, p_orders jsonb, p_kind text, p_what text)
RETURNS TABLE ("position" bigint, key text, r jsonb, what text) LANGUAGE sql STABLE AS $$
  SELECT g.position, g.e ->> 'key', g.e -> 'request', g.e -> 'request' ->> p_what
  FROM jsonb_array_elements(p_orders) WITH ORDINALITY AS g (e, position)
  WHERE g.e ->> 'kind' = p_kind AND NOT EXISTS (SELECT FROM lab.operation o WHERE o.site_id = p_site AND o.key = g.e ->> 'key' OFFSET 0)
$$;

-- Test VMs in the places of free placeholders.
CREATE OR REPLACE FUNCTION lab.register_plainly(p_site text, p_orders jsonb, p_run text, p_now timestamptz) RETURNS SETOF lab.plain LANGUAGE sql AS $$
  WITH given AS MATERIALIZED (
    SELECT g.position, g.r, g.what AS place, g.r ->> 'name' AS name, g.r ->> 'snapshotId' AS snapshot, g.r ->> 'sourceVmId' AS source,
      'vm-' || gen_random_uuid() AS vm
    FROM lab.plain_orders(p_site, p_orders, 'registerVm', 'placeholderId') g WHERE g.r -> 'permanent' = 'false'
  ), snapshot AS MATERIALIZED (
    SELECT s.id, s.group_id FROM lab.snapshot s WHERE s.id = ANY (ARRAY(SELECT DISTINCT g.snapshot FROM given g)) AND s.site_id = p_site
      AND s.discarded_at IS NULL AND s.made_at <= p_now AND NOT s.promoted FOR SHARE
  ), plain AS MATERIALIZED (
    SELECT g.*, s.group_id, p.former_vm_id, h.content FROM given g JOIN snapshot s ON s.id = g.snapshot
      CROSS JOIN LATERAL (SELECT p.former_vm_id FROM lab.placeholder p WHERE p.id = g.place AND p.site_id = p_site AND p.made_at <= p_now
        AND p.removed_at IS NULL AND p.source_vm_id = g.source AND (p.run_id IS NULL OR p.released_at <= p_now) FOR UPDATE OFFSET 0) p
      CROSS JOIN LATERAL (SELECT h.content FROM lab.snapshot_vm h WHERE h.snapshot_id = g.snapshot AND h.vm_id = g.source OFFSET 0) h
      CROSS JOIN LATERAL (SELECT lab.name_taken(p_site, g.name, g.place, p_now) AS taken OFFSET 0) n
    WHERE NOT n.taken
      AND NOT EXISTS (SELECT FROM jsonb_array_elements(g.r -> 'nics') nic WHERE NOT EXISTS (SELECT FROM lab.network n
        WHERE n.id = nic ->> 'networkId' AND n.site_id = p_site AND n.made_at <= p_now AND n.removed_at IS NULL))
      AND (g.r ->> 'folderId' IS NULL OR EXISTS (SELECT FROM lab.folder f WHERE f.id = g.r ->> 'folderId' AND f.site_id = p_site))
      AND (g.r ->> 'resourcePoolId' IS NULL OR EXISTS (SELECT FROM lab.resource_pool f WHERE f.id = g.r ->> 'resourcePoolId' AND f.site_id = p_site))
  ), made AS (
    INSERT INTO lab.vm (id, site_id, name, run_id, source_vm_id, snapshot_id, folder_id, resource_pool_id, nics, services, disk_bytes, made_at,
      change_bytes_per_second, guest_os, cpu_count, memory_mb, cluster, host, datastore_id, content)
    SELECT g.vm, p_site, g.name, p_run, v.id, g.snapshot, g.r ->> 'folderId', g.r ->> 'resourcePoolId', lab.registered_nics(g.r -> 'nics', v, former),
      v.services, v.disk_bytes, p_now + lab.lasting(s, l, g.name), v.change_bytes_per_second, v.guest_os, v.cpu_count, v.memory_mb,
      coalesce((SELECT cluster FROM lab.resource_pool f WHERE f.site_id = p_site AND f.id = g.r ->> 'resourcePoolId'), former.cluster), former.host,
      coalesce(lab.target_datastore(g.group_id, v.datastore_id), former.datastore_id), g.content
    FROM plain g CROSS JOIN lab.settings s JOIN lab.latency l ON l.kind = 'registerVm'
      CROSS JOIN LATERAL (SELECT * FROM lab.vm v WHERE v.id = g.source OFFSET 0) v
      LEFT JOIN LATERAL (SELECT * FROM lab.vm v WHERE v.id = g.former_vm_id OFFSET 0) former ON true
    RETURNING id, made_at
  ), taken AS (
    UPDATE lab.placeholder p SET run_id = p_run, released_at = NULL, vm_id = g.vm FROM plain g
    WHERE p.id = g.place AND p.id = ANY (ARRAY(SELECT g.place FROM plain g))
  )
  SELECT g.position, g.name, jsonb_build_object('vmId', g.vm), m.made_at FROM plain g JOIN made m ON m.id = g.vm
$$;

-- VMs that have never been on. In one expression, or an index of all that are not removed would be read.
CREATE OR REPLACE FUNCTION lab.power_on_plainly(p_site text, p_orders jsonb, p_now timestamptz) RETURNS SETOF lab.plain LANGUAGE sql AS $$
  WITH plain AS MATERIALIZED (
    SELECT g.position, v.id FROM lab.plain_orders(p_site, p_orders, 'powerOn', 'vmId') g CROSS JOIN LATERAL (
      SELECT v.id FROM lab.vm v WHERE v.id = g.what AND v.site_id = p_site AND v.made_at <= p_now AND NOT lab.is_read_only(v, p_now) OFFSET 0) v
    WHERE lab.replica_with(v.id) IS NULL
  ), on_ AS (
    UPDATE lab.vm v SET on_at = p_now + lab.lasting(s, l, v.name), booted_at = p_now + lab.lasting(s, l, v.name) + lab.lasting(s, b, v.name)
    FROM plain g CROSS JOIN lab.settings s JOIN lab.latency l ON l.kind = 'powerOn' JOIN lab.latency b ON b.kind = 'boot'
    WHERE v.id = g.id AND v.id = ANY (ARRAY(SELECT g.id FROM plain g)) AND coalesce(v.on_at, v.off_at, v.removed_at) IS NULL
    RETURNING g.position, v.name, v.on_at
  )
  SELECT o.position, o.name, '{}'::jsonb, o.on_at FROM on_ o
$$;

-- Of orders that have nothing to do with each other; others come one after the other, as they were given. No fault is there.
CREATE OR REPLACE FUNCTION lab.take_on_plainly(p_site text, p_orders jsonb, p_run text, p_now timestamptz) RETURNS SETOF lab.plain LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM jsonb_array_elements(p_orders) e WHERE e ->> 'kind' NOT IN ('registerVm', 'powerOn')) OR EXISTS (
    SELECT FROM jsonb_array_elements(p_orders) e, unnest(ARRAY['vm ' || (e -> 'request' ->> 'vmId'),
      'place ' || (e -> 'request' ->> 'placeholderId'), 'name ' || lower(e -> 'request' ->> 'name')]) one WHERE one IS NOT NULL GROUP BY one HAVING count(*) > 1)
  THEN RETURN; END IF;
  RETURN QUERY SELECT * FROM lab.register_plainly(p_site, p_orders, p_run, p_now);
  RETURN QUERY SELECT * FROM lab.power_on_plainly(p_site, p_orders, p_now);
END $$;
