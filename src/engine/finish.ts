/** The end of a run, in one statement: its result and figures, the plan's lifecycle, its groups, what a test left, the last event. */
import { eventCtes } from "../events/append.ts";
import { updatedRows } from "../events/changes.ts";
import type { RecoveryEvent } from "../events/types.ts";
import type { StepState } from "./batch.ts";
import type { Journal, RunRow } from "./journal.ts";
import type { ResultState, RunKind } from "./model.ts";
import type { Figures, RunOutcome } from "./outcome.ts";

/** Where a plan's lifecycle goes when a run of this kind ends (workflows.md, "Who holds which state"). */
export function lifecycleAfter(kind: RunKind, resultState: ResultState): string {
  if (kind === "TEST") return "TEST_COMPLETE";
  if (kind === "CLEANUP") return resultState === "FAILED" ? "CLEANUP_INCOMPLETE" : "READY";
  throw new Error(`a run of kind ${kind} is not this release's`);
}

export interface Leftover {
  readonly siteId: string;
  readonly kind: string;
  readonly externalId: string;
  readonly name: string;
}

/** What the leak audit named; null when it could not ask. */
function auditOf(steps: readonly StepState[]): Leftover[] | null {
  const result = steps.find(({ node }) => node.kind === "LEAK_AUDIT")?.result?.leftovers;
  return Array.isArray(result) ? result.filter(isLeftover) : null;
}

/** Without an audit, what the cleanup did not see removed is taken to be there still. */
function leftoversOf(steps: readonly StepState[]): Leftover[] {
  const audited = auditOf(steps);
  if (audited !== null) return audited;
  return steps.flatMap(({ node, status }): Leftover[] => {
    if (node.siteId === null || status === "SUCCEEDED" || status === "ALREADY_DONE") return [];
    const { siteId, name } = node;
    if (node.kind === "REMOVE_VM") return [{ siteId, kind: "VM", externalId: node.spec.vmId, name }];
    if (node.kind === "RESTORE_PLACEHOLDER") return [{ siteId, kind: "PLACEHOLDER_IN_USE", externalId: node.spec.placeholderId, name }];
    if (node.kind === "DISCARD_SNAPSHOT") return [{ siteId, kind: "SNAPSHOT", externalId: node.spec.snapshotId, name }];
    if (node.kind === "REMOVE_NETWORK") return [{ siteId, kind: "NETWORK", externalId: node.spec.networkId, name }];
    return [];
  });
}

const isLeftover = (value: unknown): value is Leftover =>
  typeof value === "object" &&
  value !== null &&
  ["siteId", "kind", "externalId", "name"].every((field) => typeof Reflect.get(value, field) === "string");

const ended = [updatedRows("TASK_CHANGED", "t"), updatedRows("PLAN_CHANGED", "p"), updatedRows("PROTECTION_GROUP_CHANGED", "g")].join(
  " UNION ALL ",
);

const finish = {
  name: "engine-finish",
  text: `WITH f AS (
    SELECT * FROM jsonb_to_record($5::jsonb) AS x(state text, "resultState" text, lifecycle text, "groupState" text, frees boolean,
      "testRunId" uuid, rto int, "rtoOfRecovered" int, rpo int, leftovers jsonb, audited boolean, error text, started float8, "vmCount" int,
      "vmsSucceeded" int, "vmsFailed" int, warnings jsonb)),
  z AS (
    UPDATE recovery SET last_event = last_event + $4::int, state = f.state::"RecoveryState", result_state = f."resultState"::"ResultState",
      paused_reason = NULL, ended_at = dr_now(), started_at = COALESCE(to_timestamp(f.started / 1000.0), started_at), progress_percent = 100,
      current_step = NULL, estimated_completion_at = NULL, owner = NULL, lease_until = NULL, wake_at = NULL, rto_achieved_seconds = f.rto,
      rto_of_recovered_vms_seconds = f."rtoOfRecovered", rpo_achieved_seconds = f.rpo, vm_count = f."vmCount",
      vms_succeeded = f."vmsSucceeded", vms_failed = f."vmsFailed", warnings = f.warnings, warnings_count = jsonb_array_length(f.warnings),
      errors = CASE WHEN f.error IS NULL THEN errors ELSE ARRAY[f.error] END
    FROM f WHERE id = $1::uuid AND epoch = $2::bigint AND last_event = $3::int
    RETURNING id, last_event - $4::int AS base, plan_id, kind),
  r AS (SELECT id, base FROM z),
  t AS (
    UPDATE task SET state = (CASE f."resultState" WHEN 'CANCELLED' THEN 'CANCELLED' WHEN 'FAILED' THEN 'FAILED' ELSE 'COMPLETED' END)::"TaskState",
      progress_percent = 100, ended_at = dr_now(), errors = CASE WHEN f.error IS NULL THEN errors ELSE ARRAY[f.error] END,
      current_step = NULL, warnings = f.warnings
    FROM z, f WHERE task.recovery_id = z.id RETURNING task.id, task.name),
  p AS (
    UPDATE recovery_plan SET lifecycle = f.lifecycle::"PlanLifecycle",
      last_test_at = CASE WHEN z.kind = 'TEST' THEN dr_now() ELSE last_test_at END,
      last_test_result = CASE WHEN z.kind = 'TEST' THEN f."resultState"::"ResultState" ELSE last_test_result END
    FROM z, f WHERE recovery_plan.id = z.plan_id RETURNING recovery_plan.id, recovery_plan.name),
  g AS (
    UPDATE protection_group SET state = f."groupState"::"ProtectionGroupState",
      last_test_at = CASE WHEN z.kind = 'TEST' THEN dr_now() ELSE last_test_at END
    FROM z, f WHERE protection_group.id IN (SELECT group_id FROM group_use WHERE run_id = z.id)
    RETURNING protection_group.id, protection_group.name),
  d AS (DELETE FROM group_use USING z, f WHERE group_use.run_id = z.id AND f.frees),
  n AS (DELETE FROM recovery_point_pin USING f WHERE recovery_point_pin.run_id = f."testRunId" AND f.frees AND EXISTS (SELECT 1 FROM z)),
  l AS (
    INSERT INTO leftover (id, plan_id, run_id, site_id, kind, external_id, name)
    SELECT DISTINCT ON (x."siteId", x.kind, x."externalId") gen_random_uuid(), z.plan_id, f."testRunId", x."siteId", x.kind, x."externalId", x.name
    FROM z, f, jsonb_to_recordset(f.leftovers) AS x("siteId" uuid, kind text, "externalId" text, name text)
    ON CONFLICT (site_id, kind, external_id) DO UPDATE SET gone_at = NULL, plan_id = excluded.plan_id, run_id = excluded.run_id, name = excluded.name),
  a AS (
    UPDATE leftover SET gone_at = dr_now() FROM z, f
    WHERE f.audited AND leftover.run_id = f."testRunId" AND leftover.gone_at IS NULL AND NOT EXISTS (
      SELECT 1 FROM jsonb_to_recordset(f.leftovers) AS x("siteId" uuid, kind text, "externalId" text)
      WHERE x."siteId" = leftover.site_id AND x.kind = leftover.kind AND x."externalId" = leftover.external_id)),
  ${eventCtes({ run: "r", count: "$4::int", kinds: "$6", payloads: "$7", changes: ended })}
  SELECT base FROM r`,
};

export interface End {
  readonly kind: RunKind;
  readonly outcome: RunOutcome;
  readonly figures: Figures;
  readonly steps: readonly StepState[];
  /** A cleanup: the test that it cleans up. */
  readonly testRunId: string | null;
  /** Why it could not even be compiled. */
  readonly error: string | null;
}

/** The last write of a run: after it nobody owns it. */
export async function finishRun(journal: Journal, end: End, row: RunRow, events: readonly RecoveryEvent[]): Promise<void> {
  const { kind, outcome, figures } = end;
  const lifecycle = lifecycleAfter(kind, outcome.resultState);
  const last: RecoveryEvent = {
    kind: "RECOVERY_ENDED",
    ...outcome,
    rtoAchievedSeconds: figures.rtoAchievedSeconds,
    rpoAchievedSeconds: figures.rpoAchievedSeconds,
    vmsSucceeded: row.vmsSucceeded,
    vmsFailed: row.vmsFailed,
  };
  const all = [...events, last];
  const values = {
    ...row,
    ...outcome,
    lifecycle,
    groupState: lifecycle === "READY" ? "READY" : "TESTING",
    // A test holds its groups until it is cleaned up: its machines stand in their placeholders' places.
    frees: lifecycle === "READY",
    testRunId: end.testRunId,
    rto: figures.rtoAchievedSeconds,
    rtoOfRecovered: figures.rtoOfRecoveredVmsSeconds,
    rpo: figures.rpoAchievedSeconds,
    leftovers: leftoversOf(end.steps),
    audited: auditOf(end.steps) !== null,
    error: end.error,
  };
  await journal.execute(finish, values, { events: all, changes: [] });
}
