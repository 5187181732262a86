/**
 * The end of a protection group's run: the group and its members, its points, its datastores, its plans (a priority group that has lost its
 * last protection group goes with it), and the run that rolls it back.
 */
import { updatedRows } from "../../events/changes.ts";
import { groupRunVersion } from "../model.ts";
import { endedColumns, endedCtes, endedEvents } from "./ended-run.ts";

const changes = [
  updatedRows("PROTECTION_GROUP_CHANGED", "g"),
  "SELECT 'PROTECTION_GROUP_CHANGED', gd.id, 'DELETED', gd.name FROM gd",
  updatedRows("PLAN_CHANGED", "pv"),
  `SELECT 'VM_CHANGED', v.id, 'UPDATED', v.name FROM virtual_machine v
    WHERE v.id IN (SELECT vm_id FROM mu UNION SELECT vm_id FROM md)`,
];

export const groupStatement = {
  name: "engine-finish-group",
  text: `WITH f AS (
    SELECT * FROM jsonb_to_record($5::jsonb) AS x(${endedColumns}, "groupId" uuid, "groupState" text, gone boolean, fault jsonb, members jsonb,
      datastores text, "dropsPoints" boolean, "rollBack" jsonb)),
  ${endedCtes},
  m AS (
    SELECT x.* FROM z, f, jsonb_to_recordset(f.members) AS x("vmId" uuid, leaves boolean, state text, "placeholderId" text, replication text, fault jsonb)),
  mu AS (
    UPDATE protected_vm p SET protection_state = m.state::"VmProtectionState", placeholder_external_id = m."placeholderId",
      fault_code = m.fault ->> 'code', fault_message = m.fault ->> 'message',
      replication_state = COALESCE(m.replication::"ReplicationState", p.replication_state)
    FROM m, f WHERE p.vm_id = m."vmId" AND p.group_id = f."groupId" AND NOT m.leaves AND NOT f.gone
    RETURNING p.vm_id),
  md AS (
    DELETE FROM protected_vm p USING z, f
    WHERE p.group_id = f."groupId" AND (f.gone OR p.vm_id IN (SELECT "vmId" FROM m WHERE leaves))
    RETURNING p.vm_id),
  pins AS (
    DELETE FROM recovery_point_pin USING z, f, recovery_point
    WHERE recovery_point_pin.point_id = recovery_point.id AND recovery_point.group_id = f."groupId" AND f."dropsPoints"),
  points AS (DELETE FROM recovery_point USING z, f WHERE recovery_point.group_id = f."groupId" AND f."dropsPoints"),
  d AS (
    UPDATE datastore SET replication_state = f.datastores::"ReplicationState"
    FROM z, f, protection_group g, storage_group o LEFT JOIN storage_group_source s ON s.storage_group_id = o.id
    WHERE f.datastores IS NOT NULL AND g.id = f."groupId" AND o.group_id = g.id AND datastore.id IN (o.target_datastore_id, s.datastore_id)
      AND datastore.site_id = g.protected_site_id),
  pv AS (
    UPDATE recovery_plan SET version = version + 1, lost_groups = coalesce(lost_groups, '{}') || z.plan_name FROM z, f
    WHERE f.gone AND recovery_plan.id IN (SELECT plan_id FROM plan_protection_group WHERE group_id = f."groupId")
    RETURNING recovery_plan.id, recovery_plan.name),
  pp AS (
    DELETE FROM plan_priority_group q USING z, f
    WHERE f.gone AND q.id = ANY (ARRAY(SELECT o.priority_group_id FROM plan_protection_group o, f WHERE o.group_id = f."groupId"))
      AND NOT EXISTS (SELECT FROM plan_protection_group o WHERE o.priority_group_id = q.id AND o.group_id <> f."groupId")),
  pg AS (DELETE FROM plan_protection_group USING z, f WHERE plan_protection_group.group_id = f."groupId" AND f.gone),
  rr AS (
    INSERT INTO recovery (id, plan_name, pairing_id, kind, options, initiated_by_id, initiated_by, requested_at, vm_count, engine_version)
    SELECT (f."rollBack" ->> 'runId')::uuid, z.plan_name, z.pairing_id, 'GROUP_DELETE', '{"force": true}', z.initiated_by_id, z.initiated_by,
      dr_now(), f."vmCount", ${groupRunVersion}
    FROM z, f WHERE f."rollBack" IS NOT NULL RETURNING id),
  rs AS (INSERT INTO recovery_snapshot (run_id, content) SELECT rr.id, (f."rollBack" -> 'snapshot')::json FROM rr, f),
  ru AS (UPDATE group_use SET run_id = rr.id FROM z, rr WHERE group_use.run_id = z.id),
  rd AS (DELETE FROM group_use USING z, f WHERE group_use.run_id = z.id AND f."rollBack" IS NULL),
  g AS (
    UPDATE protection_group SET state = f."groupState"::"ProtectionGroupState", peer_state = f."groupState"::"PeerState",
      fault_code = f.fault ->> 'code', fault_message = f.fault ->> 'message', fault_since = CASE WHEN f.fault IS NOT NULL THEN dr_now() END
    FROM z, f WHERE protection_group.id = f."groupId" AND NOT f.gone
    RETURNING protection_group.id, protection_group.name),
  gd AS (DELETE FROM protection_group USING z, f WHERE protection_group.id = f."groupId" AND f.gone
    RETURNING protection_group.id, protection_group.name),
  ${endedEvents(changes)}
  SELECT base FROM r`,
};
