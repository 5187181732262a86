/**
 * The end of a planned or a disaster recovery: the plan's lifecycle, its groups with their results, and the VMs that run at the recovery
 * site now. Groups of an incomplete one stay the plan's until it is run again or accepted. One that was switched to a disaster recovery hands the plan
 * and its groups over to that run, which is written here.
 */
import { updatedRows } from "../../events/changes.ts";
import { endedColumns, endedCtes, endedEvents } from "./ended-run.ts";

/** No test starts on a pair with a real recovery running: now that it is over, other plans may be tested. */
export const plansOfPair = `SELECT 'PLAN_CHANGED', o.id, 'UPDATED', o.name FROM z JOIN recovery_plan o ON o.pairing_id = z.pairing_id AND o.id <> z.plan_id`;

/** `ff`: what was stored for the run that follows; no row when there is none, or nothing is left for it to do. */
const follower = `ff AS (
    SELECT w.* FROM f, z JOIN recovery_follower w ON w.run_id = z.id
    WHERE z.switch_requested_at IS NOT NULL AND f."resultState" NOT IN ('SUCCESS', 'WARNING')),
  fr AS (
    INSERT INTO recovery (id, plan_id, plan_name, pairing_id, kind, state, failure_policy, options, notes, initiated_by_id, initiated_by,
      requested_at, vm_count, warnings, warnings_count, rerun_of_id)
    SELECT ff.recovery_id, z.plan_id, z.plan_name, z.pairing_id, 'DISASTER', 'NOT_STARTED', (ff.options ->> 'failurePolicy')::"FailurePolicy",
      ff.options, ff.notes, ff.requested_by_id, z.switch_requested_by, z.switch_requested_at, ff.vm_count, ff.snapshot -> 'warnings',
      jsonb_array_length(ff.snapshot -> 'warnings'), z.id
    FROM z, ff RETURNING id, plan_id, plan_name, initiated_by),
  fs AS (INSERT INTO recovery_snapshot (run_id, content) SELECT recovery_id, snapshot::json FROM ff),
  fg AS (
    INSERT INTO recovery_group (run_id, group_id, group_name)
    SELECT ff.recovery_id, x.id, x.name FROM ff, jsonb_to_recordset(ff.snapshot -> 'groups') AS x(id uuid, name text)),
  ft AS (
    INSERT INTO task (id, name, type, state, target_id, target_type, recovery_id, initiated_by, started_at, warnings)
    SELECT ff.task_id, 'Disaster Recovery - ' || fr.plan_name, 'RECOVERY', 'QUEUED', fr.plan_id, 'RECOVERY_PLAN', fr.id, fr.initiated_by, dr_now(),
      ff.snapshot -> 'warnings'
    FROM fr, ff RETURNING id, name),
  fu AS (UPDATE group_use SET run_id = fr.id FROM z, fr WHERE group_use.run_id = z.id),
  fd AS (DELETE FROM recovery_follower USING z WHERE recovery_follower.run_id = z.id)`;

export const recoveryStatement = {
  name: "engine-finish-recovery",
  text: `WITH f AS (
    SELECT * FROM jsonb_to_record($5::jsonb) AS x(${endedColumns}, lifecycle text, groups jsonb, recovered jsonb, "protectedSiteId" uuid,
      "recoverySiteId" uuid)),
  ${endedCtes},
  ${follower},
  p AS (
    UPDATE recovery_plan SET lifecycle = (CASE WHEN EXISTS (SELECT FROM ff) THEN 'RECOVERY_IN_PROGRESS' ELSE f.lifecycle END)::"PlanLifecycle", last_recovery_at = dr_now(),
      last_recovery_result = f."resultState"::"ResultState"
    FROM z, f WHERE recovery_plan.id = z.plan_id RETURNING recovery_plan.id, recovery_plan.name),
  m AS (
    SELECT x.* FROM z, f, jsonb_to_recordset(f.groups) AS x("groupId" uuid, state text, "resultState" text, fault jsonb, promoted boolean)),
  g AS (
    UPDATE protection_group SET state = s.state::"ProtectionGroupState", peer_state = s.state::"PeerState", fault_code = s.fault ->> 'code',
      fault_message = s.fault ->> 'message', fault_since = CASE WHEN s.fault IS NOT NULL THEN dr_now() END
    FROM m, LATERAL (SELECT m.state, m.fault WHERE NOT EXISTS (SELECT FROM ff) UNION ALL SELECT 'RECOVERING', NULL FROM ff) AS s
    WHERE protection_group.id = m."groupId" RETURNING protection_group.id, protection_group.name),
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
      original_off_since = COALESCE(recovered_vm.original_off_since,
        CASE WHEN excluded.original_off_since > recovered_vm.recovered_at THEN excluded.original_off_since END)
    RETURNING vm_id),
  d AS (DELETE FROM group_use USING z, f WHERE group_use.run_id = z.id AND f.lifecycle <> 'RECOVERY_INCOMPLETE'
    AND NOT EXISTS (SELECT FROM ff)),
  ${endedEvents([
    updatedRows("PLAN_CHANGED", "p"),
    updatedRows("PROTECTION_GROUP_CHANGED", "g"),
    plansOfPair,
    "SELECT 'TASK_CHANGED', ft.id, 'CREATED', ft.name FROM ft",
    "SELECT 'VM_CHANGED', i.id, 'UPDATED', i.name FROM virtual_machine i WHERE i.id IN (SELECT vm_id FROM v)",
  ])}
  SELECT base FROM r`,
};
