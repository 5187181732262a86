/**
 * The end of a reprotect. A group that has turned is protected in the other direction: its VMs' rows move to where they run now, with what is
 * known of their place there, and what they were recovered from is their placeholder. Inventory that a reading of the site has found of such
 * a VM meanwhile is taken over.
 */
import { updatedRows } from "../../events/changes.ts";
import { endedColumns, endedCtes, endedEvents } from "./ended-run.ts";
import { plansOfPair } from "./recovery-run.ts";

/** The names by which a VM's copy was registered: a folder's path, a pool, networks. */
const registered = `(SELECT s.spec FROM recovery_step s WHERE s.run_id = o.run_id AND s.key = 'REGISTER_VM:' || o.vm_id)`;

/** The addresses that an adapter `n` of its copy was given; null: none but those that it had. */
const customised = `(SELECT array_agg(c ->> 'ip' ORDER BY position) FILTER (WHERE c ->> 'ip' IS NOT NULL)
        FROM recovery_step s, jsonb_array_elements(s.spec -> 'nics') WITH ORDINALITY AS given (c, position)
        WHERE s.run_id = o.run_id AND s.key = 'CUSTOMISE_IP:' || o.vm_id AND (c ->> 'nicIndex')::int = n.nic_index)`;

/**
 * Who was made to depend on a copy by its own row depends on the VM that takes its place, which the row could not go without; but not where they
 * would wait for each other then, which nobody has asked for and no plan can be recovered with. A dependency that is being written at this moment
 * breaks the statement off; it is found when the run is taken up again. The dependents' rows are held before the log's counter is; `heard` are the
 * VMs that know each other anew, or no longer, beside those that are told of as changed anyway.
 */
const inheritance = `released AS (
    DELETE FROM vm_dependency d USING found, o WHERE d.depends_on_vm_id = found.id AND o.external_id = found.external_id
    RETURNING d.vm_id, o.vm_id AS heir),
  dependents AS (SELECT x.id FROM virtual_machine x WHERE x.id IN (SELECT vm_id FROM released) FOR KEY SHARE),
  wanted AS (
    SELECT DISTINCT r.vm_id, r.heir FROM released r WHERE r.vm_id <> r.heir AND NOT EXISTS (SELECT FROM found WHERE found.id = r.vm_id)),
  -- Whom each heir would wait for, directly or over others.
  awaited AS (
    WITH RECURSIVE a (heir, vm_id) AS (
      SELECT heir, heir FROM wanted
      UNION SELECT a.heir, n.id FROM a CROSS JOIN LATERAL (
        SELECT d.depends_on_vm_id AS id FROM vm_dependency d WHERE d.vm_id = a.vm_id AND d.depends_on_vm_id NOT IN (SELECT id FROM found)
        UNION ALL SELECT w.heir FROM wanted w WHERE w.vm_id = a.vm_id) n)
    SELECT heir, vm_id FROM a),
  inherited AS (
    INSERT INTO vm_dependency (vm_id, depends_on_vm_id)
    SELECT vm_id, heir FROM wanted WHERE (heir, vm_id) NOT IN (SELECT heir, vm_id FROM awaited) AND (SELECT count(*) FROM dependents) >= 0
    ON CONFLICT DO NOTHING RETURNING vm_id),
  heard AS (
    SELECT i.id, i.name FROM virtual_machine i, (SELECT count(*) FROM inherited) AS made
    WHERE i.id IN (SELECT vm_id FROM released UNION SELECT d.depends_on_vm_id FROM found JOIN vm_dependency d ON d.vm_id = found.id)
      AND i.id NOT IN (SELECT id FROM found UNION ALL SELECT vm_id FROM o)),`;

/**
 * The VMs as they were, and what was found of their copies. The copies' own rows go, so that those that move may take their place. Who has the
 * name of one that moves is in its way only by an old reading, since the site has taken that name: it is set aside until the next one.
 */
const moved = `m AS (SELECT x.* FROM z, f, jsonb_to_recordset(f.vms) AS x("groupId" uuid, "vmId" uuid, "externalId" text, "placeholderId" text,
      "placeholderName" text)),
  o AS (
    SELECT m."vmId" AS vm_id, m."externalId" AS external_id, v.datastore_id, p.recovery_datastore_id, c.run_id
    FROM m JOIN virtual_machine v ON v.id = m."vmId" JOIN protected_vm p ON p.vm_id = m."vmId" LEFT JOIN recovered_vm c ON c.vm_id = m."vmId"),
  fn AS (
    SELECT o.vm_id, n.nic_index, n.network_id, n.mac_address, n.ip_addresses
    FROM f, o JOIN virtual_machine s ON s.external_id = o.external_id JOIN vm_nic n ON n.vm_id = s.id
    WHERE s.site_id = f."protectedSiteId" AND s.id <> o.vm_id),
  found AS (
    DELETE FROM virtual_machine s USING f, o
    WHERE s.site_id = f."protectedSiteId" AND s.external_id = o.external_id AND s.id <> o.vm_id
      AND NOT EXISTS (SELECT FROM protected_vm p WHERE p.vm_id = s.id)
    RETURNING s.id, s.name, s.external_id, s.power_state, s.cluster, s.host, s.datastore_id, s.folder_id, s.resource_pool_id),
  ${inheritance}
  aside AS (
    UPDATE virtual_machine w SET name = left(w.name, 200) || ' (' || w.id || ')'
    FROM f, o JOIN virtual_machine own ON own.id = o.vm_id
    WHERE w.site_id = f."protectedSiteId" AND w.missing_since IS NULL AND lower(w.name) = lower(own.name) AND w.id <> own.id
      AND w.external_id <> o.external_id
    RETURNING w.id, w.name),
  -- Its member is renamed with it, at the end of the statement: its row is held before the log's counter is.
  members AS (SELECT p.vm_id FROM aside JOIN protected_vm p ON p.vm_id = aside.id FOR UPDATE OF p),
  v AS (
    UPDATE virtual_machine SET site_id = f."protectedSiteId", external_id = o.external_id, missing_since = NULL,
      power_state = COALESCE(s.power_state, 'UNKNOWN'), cluster = s.cluster, host = s.host,
      datastore_id = COALESCE(s.datastore_id, o.recovery_datastore_id),
      folder_id = COALESCE(s.folder_id, (SELECT i.id FROM folder i WHERE i.site_id = f."protectedSiteId"
        AND lower(i.path) = lower(${registered} ->> 'folderId') LIMIT 1)),
      resource_pool_id = COALESCE(s.resource_pool_id, (SELECT i.id FROM resource_pool i WHERE i.site_id = f."protectedSiteId"
        AND lower(i.name) = lower(${registered} ->> 'resourcePoolId') LIMIT 1))
    FROM f, (SELECT count(*) FROM aside) AS free, (SELECT count(*) FROM members) AS held, o LEFT JOIN found s ON s.external_id = o.external_id
    WHERE virtual_machine.id = o.vm_id RETURNING virtual_machine.id, virtual_machine.name),
  vn AS (
    UPDATE vm_nic n SET network_id = COALESCE(fn.network_id, (SELECT i.id FROM network i WHERE i.site_id = f."protectedSiteId"
        AND lower(i.name) = lower((SELECT c -> 'network' ->> 'id' FROM jsonb_array_elements(${registered} -> 'nics') c
          WHERE (c ->> 'nicIndex')::int = n.nic_index)))),
      ip_addresses = COALESCE(${customised}, fn.ip_addresses, n.ip_addresses), mac_address = COALESCE(fn.mac_address, n.mac_address)
    FROM f, vm_nic own JOIN o ON o.vm_id = own.vm_id LEFT JOIN fn ON fn.vm_id = own.vm_id AND fn.nic_index = own.nic_index
    WHERE n.id = own.id),`;

/**
 * Storage groups stay as they were made: each stands for datastores of the two sites, and the group's direction says which of them are the
 * sources. The datastores tell whether they are replicated now.
 */
const storage = `qr AS (
    UPDATE datastore SET replication_state = (CASE WHEN datastore.site_id = f."protectedSiteId" AND x.protected THEN 'SYNCED' ELSE 'NOT_REPLICATED' END)::"ReplicationState"
    FROM f, (
      SELECT e.id, bool_or(t2.replication <> 'NOT_REPLICATED') AS protected
      FROM t2 JOIN storage_group q ON q.group_id = t2."groupId" LEFT JOIN storage_group_source s ON s.storage_group_id = q.id
        JOIN datastore e ON e.id = q.target_datastore_id OR e.id = s.datastore_id
      GROUP BY e.id) x
    WHERE datastore.id = x.id),`;

export const reprotectStatement = {
  name: "engine-finish-reprotect",
  text: `WITH f AS (
    SELECT * FROM jsonb_to_record($5::jsonb) AS x(${endedColumns}, lifecycle text, groups jsonb, vms jsonb, "protectedSiteId" uuid, "recoverySiteId" uuid)),
  ${endedCtes},
  p AS (
    UPDATE recovery_plan SET lifecycle = f.lifecycle::"PlanLifecycle" FROM z, f
    WHERE recovery_plan.id = z.plan_id RETURNING recovery_plan.id, recovery_plan.name),
  gx AS (
    SELECT x.* FROM z, f, jsonb_to_recordset(f.groups) AS x("groupId" uuid, turned boolean, state text, "resultState" text, fault jsonb,
      "externalId" text, replication text)),
  t2 AS (SELECT "groupId", "externalId", replication FROM gx WHERE turned),
  rg AS (
    UPDATE recovery_group SET result_state = gx."resultState"::"ResultState" FROM z, gx
    WHERE recovery_group.run_id = z.id AND recovery_group.group_id = gx."groupId"),
  ${moved}
  pv AS (
    UPDATE protected_vm SET placeholder_external_id = m."placeholderId", placeholder_name = m."placeholderName",
      recovery_datastore_id = CASE WHEN m."placeholderId" IS NOT NULL THEN o.datastore_id END,
      protection_state = (CASE WHEN m."placeholderId" IS NULL THEN 'NOT_CONFIGURED' ELSE 'SHADOWING' END)::"VmProtectionState",
      replication_state = t2.replication::"ReplicationState", fault_code = NULL, fault_message = NULL
    FROM m JOIN o ON o.vm_id = m."vmId" JOIN t2 ON t2."groupId" = m."groupId" WHERE protected_vm.vm_id = m."vmId"),
  left_out AS (
    UPDATE protected_vm SET placeholder_external_id = NULL, protection_state = 'ERROR', replication_state = 'NOT_REPLICATED',
      fault_code = 'VM_NOT_RECOVERED', fault_message = 'It was not recovered with its group, which is protected in the other direction now.'
    FROM t2 WHERE protected_vm.group_id = t2."groupId" AND protected_vm.vm_id NOT IN (SELECT "vmId" FROM m)
    RETURNING vm_id),
  c AS (DELETE FROM recovered_vm USING m WHERE recovered_vm.vm_id = m."vmId"),
  ${storage}
  points AS (
    SELECT q.id FROM z, t2 JOIN recovery_point q ON q.group_id = t2."groupId"
    WHERE NOT EXISTS (SELECT FROM recovery_step s WHERE s.run_id = z.id AND s.kind = 'SYNCHRONISE' AND s.group_id = q.group_id
      AND s.result ->> 'pointId' = q.external_id)),
  pins AS (DELETE FROM recovery_point_pin WHERE point_id IN (SELECT id FROM points)),
  dropped AS (DELETE FROM recovery_point WHERE id IN (SELECT id FROM points)),
  g AS (
    UPDATE protection_group q SET state = s.state::"ProtectionGroupState", peer_state = s.state::"PeerState",
      protected_site_id = CASE WHEN gx.turned THEN f."protectedSiteId" ELSE q.protected_site_id END,
      recovery_site_id = CASE WHEN gx.turned THEN f."recoverySiteId" ELSE q.recovery_site_id END,
      turned = CASE WHEN gx.turned THEN gx.state = 'READY' AND NOT q.turned ELSE q.turned END,
      external_id = CASE WHEN gx.turned THEN gx."externalId" ELSE q.external_id END,
      version = q.version + CASE WHEN gx.turned THEN 1 ELSE 0 END, fault_code = gx.fault ->> 'code', fault_message = gx.fault ->> 'message',
      fault_since = CASE WHEN gx.fault IS NOT NULL THEN dr_now() END
    FROM f, gx, LATERAL (SELECT COALESCE(gx.state, CASE WHEN EXISTS (SELECT FROM protected_vm e WHERE e.group_id = gx."groupId"
      AND NOT EXISTS (SELECT FROM recovered_vm r WHERE r.vm_id = e.vm_id)) THEN 'PARTIALLY_RECOVERED' ELSE 'RECOVERED' END) AS state) s
    WHERE q.id = gx."groupId" RETURNING q.id, q.name),
  d AS (
    DELETE FROM group_use USING z, f WHERE group_use.run_id = z.id
      AND (f.lifecycle = 'READY' OR group_use.group_id IN (SELECT "groupId" FROM t2))),
  ${endedEvents([
    updatedRows("PLAN_CHANGED", "p"),
    updatedRows("PROTECTION_GROUP_CHANGED", "g"),
    plansOfPair,
    updatedRows("VM_CHANGED", "v"),
    updatedRows("VM_CHANGED", "aside"),
    `${updatedRows("VM_CHANGED", "heard")} WHERE heard.id NOT IN (SELECT id FROM aside)`,
    "SELECT 'VM_CHANGED', i.id, 'UPDATED', i.name FROM virtual_machine i WHERE i.id IN (SELECT vm_id FROM left_out)",
    "SELECT 'VM_CHANGED', found.id, 'DELETED', found.name FROM found",
  ])}
  SELECT base FROM r`,
};
