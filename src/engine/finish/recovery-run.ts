/**
 * The end of a planned or a disaster recovery: the plan's lifecycle, its groups with their results, and the VMs that run at the recovery
 * site now. Groups of an incomplete one stay the plan's until it is run again or accepted.
 */
import { updatedRows } from "../../events/changes.ts";
import { endedColumns, endedCtes, endedEvents } from "./ended-run.ts";

/** No test starts on a pair with a real recovery running: now that it is over, other plans may be tested. */
export const plansOfPair = `SELECT 'PLAN_CHANGED', o.id, 'UPDATED', o.name FROM z JOIN recovery_plan o ON o.pairing_id = z.pairing_id AND o.id <> z.plan_id`;

export const recoveryStatement = {
  name: "engine-finish-recovery",
  text: `WITH f AS (
    SELECT * FROM jsonb_to_record($5::jsonb) AS x(${endedColumns}, lifecycle text, groups jsonb, recovered jsonb, "protectedSiteId" uuid,
      "recoverySiteId" uuid)),
  ${endedCtes},
  p AS (
    UPDATE recovery_plan SET lifecycle = f.lifecycle::"PlanLifecycle", last_recovery_at = dr_now(),
      last_recovery_result = f."resultState"::"ResultState"
    FROM z, f WHERE recovery_plan.id = z.plan_id RETURNING recovery_plan.id, recovery_plan.name),
  m AS (
    SELECT x.* FROM z, f, jsonb_to_recordset(f.groups) AS x("groupId" uuid, state text, "resultState" text, fault jsonb, promoted boolean)),
  g AS (
    UPDATE protection_group SET state = m.state::"ProtectionGroupState", peer_state = m.state::"PeerState", fault_code = m.fault ->> 'code',
      fault_message = m.fault ->> 'message', fault_since = CASE WHEN m.fault IS NOT NULL THEN dr_now() END
    FROM m WHERE protection_group.id = m."groupId" RETURNING protection_group.id, protection_group.name),
  rg AS (
    UPDATE recovery_group SET result_state = m."resultState"::"ResultState" FROM z, m
    WHERE recovery_group.run_id = z.id AND recovery_group.group_id = m."groupId"),
  s AS (
    UPDATE protected_vm SET replication_state = 'NOT_REPLICATED' FROM m WHERE protected_vm.group_id = m."groupId" AND m.promoted),
  v AS (
    INSERT INTO recovered_vm (vm_id, group_id, run_id, original_site_id, original_external_id, recovery_site_id, recovered_external_id,
      original_off_since)
    SELECT x."vmId", x."groupId", z.id, f."protectedSiteId", x."originalExternalId", f."recoverySiteId", x."recoveredExternalId",
      to_timestamp(x."offSince" / 1000.0)
    FROM z, f, jsonb_to_recordset(f.recovered) AS x("vmId" uuid, "groupId" uuid, "originalExternalId" text, "recoveredExternalId" text,
      "offSince" float8)
    ON CONFLICT (vm_id) DO UPDATE SET run_id = excluded.run_id, recovered_external_id = excluded.recovered_external_id,
      original_off_since = COALESCE(recovered_vm.original_off_since, excluded.original_off_since)
    RETURNING vm_id),
  d AS (DELETE FROM group_use USING z, f WHERE group_use.run_id = z.id AND f.lifecycle <> 'RECOVERY_INCOMPLETE'),
  ${endedEvents([
    updatedRows("PLAN_CHANGED", "p"),
    updatedRows("PROTECTION_GROUP_CHANGED", "g"),
    plansOfPair,
    "SELECT 'VM_CHANGED', i.id, 'UPDATED', i.name FROM virtual_machine i WHERE i.id IN (SELECT vm_id FROM v)",
  ])}
  SELECT base FROM r`,
};
