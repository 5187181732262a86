-- Many orders of which nothing stands in the way, as one statement for all of a kind: what each would cost by itself is most of its cost. What is
-- not plain is left to the functions that take one order on and say why they don't. OFFSET: each thing is looked up by its key; joined, all there are
-- would be read for a few once there are many.

CREATE OR REPLACE FUNCTION lab.orders_given(p_orders jsonb) RETURNS TABLE ("position" bigint, key text, kind text, r jsonb) LANGUAGE sql STABLE AS $$
  SELECT g.position, g.key, g.kind, g.request
  FROM ROWS FROM (jsonb_to_recordset(p_orders) AS (key text, kind text, request jsonb)) WITH ORDINALITY AS g (key, kind, request, position)
$$;

-- Those of a kind whose keys don't stand for anything yet. VOLATILE keeps it apart from the statement that asks for it, which would be planned for the
-- one order that has the kind, by a guess, and compare each with each.
CREATE OR REPLACE FUNCTION lab.new_orders(p_orders jsonb, p_known bigint[], p_kind text) RETURNS TABLE ("position" bigint, r jsonb)
LANGUAGE sql VOLATILE ROWS 100 AS $$
  SELECT g.position, g.r FROM lab.orders_given(p_orders) g WHERE g.kind = p_kind AND g.position <> ALL (p_known)
$$;

-- Test VMs in the places of free placeholders.
CREATE OR REPLACE FUNCTION lab.register_plainly(p_site text, p_orders jsonb, p_known bigint[], p_run text, p_now timestamptz) RETURNS SETOF lab.taken
LANGUAGE sql AS $$
  WITH given AS MATERIALIZED (
    SELECT g.position, g.r, g.r ->> 'placeholderId' AS place, g.r ->> 'name' AS name, g.r ->> 'snapshotId' AS snapshot, g.r ->> 'sourceVmId' AS source,
      g.r ->> 'folderId' AS folder, g.r ->> 'resourcePoolId' AS pool
    FROM lab.new_orders(p_orders, p_known, 'registerVm') g
  ), snapshot AS MATERIALIZED (
    SELECT s.id, s.group_id FROM lab.snapshot s WHERE s.id = ANY (ARRAY(SELECT DISTINCT g.snapshot FROM given g)) AND s.site_id = p_site
      AND s.discarded_at IS NULL AND s.made_at <= p_now AND NOT s.promoted FOR SHARE
  ), possible AS MATERIALIZED (
    SELECT g.*, s.group_id, h.content FROM given g JOIN snapshot s ON s.id = g.snapshot
      CROSS JOIN LATERAL (SELECT h.content FROM lab.snapshot_vm h WHERE h.snapshot_id = g.snapshot AND h.vm_id = g.source OFFSET 0) h
    WHERE g.r -> 'permanent' = 'false' AND NOT EXISTS (SELECT FROM lab.name_taken(p_site, g.name, g.place, p_now))
      AND NOT EXISTS (SELECT FROM jsonb_array_elements(g.r -> 'nics') nic WHERE NOT EXISTS (SELECT FROM lab.network n
        WHERE n.id = nic ->> 'networkId' AND n.site_id = p_site AND n.made_at <= p_now AND n.removed_at IS NULL))
      AND (g.folder IS NULL OR EXISTS (SELECT FROM lab.folder f WHERE f.id = g.folder AND f.site_id = p_site))
      AND (g.pool IS NULL OR EXISTS (SELECT FROM lab.resource_pool f WHERE f.id = g.pool AND f.site_id = p_site))
  ), plain AS (
    UPDATE lab.placeholder p SET run_id = p_run, released_at = NULL, vm_id = 'vm-' || gen_random_uuid()
    FROM possible g CROSS JOIN lab.settings s JOIN lab.latency l ON l.kind = 'registerVm'
    WHERE p.id = g.place AND p.site_id = p_site AND p.made_at <= p_now
      AND p.removed_at IS NULL AND p.source_vm_id = g.source AND (p.run_id IS NULL OR p.released_at <= p_now)
    RETURNING g.*, p.vm_id, p.former_vm_id, p_now + lab.lasting(s, l, g.name) AS made_at
  ), made AS (
    INSERT INTO lab.vm (id, site_id, name, run_id, source_vm_id, snapshot_id, folder_id, resource_pool_id, nics, services, disk_bytes, made_at,
      change_bytes_per_second, guest_os, cpu_count, memory_mb, cluster, host, datastore_id, content)
    SELECT g.vm_id, p_site, g.name, p_run, v.id, g.snapshot, g.folder, g.pool, n.nics,
      v.services, v.disk_bytes, g.made_at, v.change_bytes_per_second, v.guest_os, v.cpu_count, v.memory_mb,
      coalesce((SELECT cluster FROM lab.resource_pool f WHERE f.site_id = p_site AND f.id = g.pool), former.cluster), former.host,
      coalesce(d.name, former.datastore_id), g.content
    FROM plain g CROSS JOIN LATERAL (SELECT * FROM lab.vm v WHERE v.id = g.source OFFSET 0) v
      LEFT JOIN LATERAL (SELECT * FROM lab.vm v WHERE v.id = g.former_vm_id OFFSET 0) former ON true
      CROSS JOIN LATERAL lab.registered_nics(g.r -> 'nics', v, former) n
      LEFT JOIN LATERAL lab.target_datastore(g.group_id, v.datastore_id) d ON true
  )
  SELECT g.position, g.name, lab.taken_on(jsonb_build_object('vmId', g.vm_id), g.made_at) FROM plain g
$$;

-- VMs that have never been on. In one expression, or an index of all that are not removed would be read.
CREATE OR REPLACE FUNCTION lab.power_on_plainly(p_site text, p_orders jsonb, p_known bigint[], p_now timestamptz) RETURNS SETOF lab.taken LANGUAGE sql AS $$
  WITH given AS MATERIALIZED (
    SELECT g.position, g.r ->> 'vmId' AS vm FROM lab.new_orders(p_orders, p_known, 'powerOn') g
    WHERE NOT EXISTS (SELECT FROM lab.replica_with(g.r ->> 'vmId'))
  ), on_ AS (
    UPDATE lab.vm v SET on_at = p_now + lab.lasting(s, l, v.name), booted_at = p_now + lab.lasting(s, l, v.name) + lab.lasting(s, b, v.name)
    FROM given g CROSS JOIN lab.settings s JOIN lab.latency l ON l.kind = 'powerOn' JOIN lab.latency b ON b.kind = 'boot'
    WHERE v.id = g.vm AND v.id = ANY (ARRAY(SELECT g.vm FROM given g)) AND v.site_id = p_site AND v.made_at <= p_now
      AND NOT lab.is_read_only(v, p_now) AND coalesce(v.on_at, v.off_at, v.removed_at) IS NULL
    RETURNING g.position, v.name, v.on_at
  )
  SELECT o.position, o.name, lab.taken_on('{}', o.on_at) FROM on_ o
$$;

-- Of orders that have nothing to do with each other; others come one after the other, as they were given. No fault is there.
CREATE OR REPLACE FUNCTION lab.take_on_plainly(p_site text, p_orders jsonb, p_known bigint[], p_run text, p_now timestamptz) RETURNS SETOF lab.taken
LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM lab.orders_given(p_orders) g WHERE g.kind NOT IN ('registerVm', 'powerOn')) OR EXISTS (
    SELECT FROM lab.orders_given(p_orders) g, unnest(ARRAY['vm ' || (g.r ->> 'vmId'), 'place ' || (g.r ->> 'placeholderId'),
      'name ' || lower(g.r ->> 'name')]) one WHERE one IS NOT NULL GROUP BY one HAVING count(*) > 1)
  THEN RETURN; END IF;
  -- To begin a statement of their size costs something, even for nothing.
  IF EXISTS (SELECT FROM lab.new_orders(p_orders, p_known, 'registerVm')) THEN
    RETURN QUERY SELECT * FROM lab.register_plainly(p_site, p_orders, p_known, p_run, p_now);
  END IF;
  IF EXISTS (SELECT FROM lab.new_orders(p_orders, p_known, 'powerOn')) THEN
    RETURN QUERY SELECT * FROM lab.power_on_plainly(p_site, p_orders, p_known, p_now);
  END IF;
END $$;
