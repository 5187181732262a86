/** Writes a new run: its row, snapshot, task, groups, the plan's lifecycle, its first event. What must be unique is also a constraint. */
import type pg from "pg";
import type { FailurePolicy, PlanLifecycle, ProtectionGroupState, TaskType } from "../../../database/generated/enums.ts";
import { together } from "../../../database/together.ts";
import { leanly } from "../../../engine/lean-heap.ts";
import { type PlanRunKind, plannedRunVersion } from "../../../engine/model.ts";
import type { CleanupSnapshot, RecoverySnapshot, ReprotectSnapshot, TestSnapshot } from "../../../engine/run-snapshot.ts";
import { snapshotText } from "../../../engine/snapshot-text.ts";
import { appendEvents } from "../../../events/append.ts";
import type { Change } from "../../../events/changes.ts";
import type { Viewer } from "../../viewer.ts";

interface NamedPlan {
  readonly id: string;
  readonly name: string;
}

export interface NewRun {
  readonly recoveryId: string;
  readonly taskId: string;
  readonly plan: { readonly id: string; readonly name: string; readonly pairingId: string };
  readonly lifecycle: PlanLifecycle;
  readonly viewer: Pick<Viewer, "userId" | "name">;
  readonly options: object & { readonly failurePolicy?: FailurePolicy };
  readonly notes: string;
  /** A cleanup: the test. */
  readonly cleansUpId: string | null;
  /** The run that it goes on with. */
  readonly rerunOfId: string | null;
  /** What ended runs of the plan have stays theirs. */
  readonly keepsGroups?: boolean;
  /** Where the kind of run does not tell it. */
  readonly taskType?: "PLANNED_FAILOVER";
  readonly snapshot: TestSnapshot | CleanupSnapshot | RecoverySnapshot | ReprotectSnapshot;
  readonly groups: readonly { readonly id: string; readonly name: string }[];
  readonly vmCount: number;
  readonly otherPlans: readonly NamedPlan[];
  /** What else changes with it. */
  readonly changes?: readonly Change[];
}

const statements = {
  run: `INSERT INTO recovery (id, plan_id, plan_name, pairing_id, kind, state, failure_policy, options, notes, cleans_up_id, initiated_by_id,
      initiated_by, requested_at, vm_count, warnings, warnings_count, rerun_of_id, engine_version)
    VALUES ($1, $2, $3, $4, $5, 'NOT_STARTED', $14, $6, $7, $8, $9, $10, dr_now(), $11, $12, jsonb_array_length($12::jsonb), $13, $15)`,
  snapshot: "INSERT INTO recovery_snapshot (run_id, content) VALUES ($1, $2)",
  task: `INSERT INTO task (id, name, type, state, target_id, target_type, recovery_id, initiated_by, started_at, warnings)
    VALUES ($1, $2, $3, 'QUEUED', $4, 'RECOVERY_PLAN', $5, $6, dr_now(), $7)`,
  groups: "INSERT INTO recovery_group (run_id, group_id, group_name) SELECT $1, * FROM unnest($2::uuid[], $3::text[])",
  /** What runs of the plan that have ended still have: a test that was not cleaned up, a recovery. */
  release: "DELETE FROM group_use USING recovery r WHERE group_use.run_id = r.id AND r.plan_id = $1 AND r.ended_at IS NOT NULL",
  use: "INSERT INTO group_use (group_id, run_id) SELECT unnest($2::uuid[]), $1",
  state: `UPDATE protection_group SET state = $2::"ProtectionGroupState" WHERE id = ANY ($1::uuid[])`,
  lifecycle: "UPDATE recovery_plan SET lifecycle = $2 WHERE id = $1",
} as const;

const othersText = `SELECT o.id, o.name FROM recovery_plan p JOIN recovery_plan o ON o.pairing_id = p.pairing_id AND o.id <> p.id
  WHERE p.id = $1 ORDER BY o.id`;

const groupStates: Record<PlanRunKind, ProtectionGroupState> = {
  TEST: "TESTING",
  CLEANUP: "TESTING",
  PLANNED: "RECOVERING",
  DISASTER: "RECOVERING",
  REPROTECT: "REPROTECTING",
};

const tasks: Record<PlanRunKind, readonly [type: TaskType, name: string]> = {
  TEST: ["RECOVERY", "Test Recovery"],
  CLEANUP: ["CLEANUP", "Test Cleanup"],
  PLANNED: ["RECOVERY", "Planned Recovery"],
  DISASTER: ["RECOVERY", "Disaster Recovery"],
  REPROTECT: ["REPROTECT", "Reprotect"],
};

/** Other plans of the plan's pair of sites: what they allow changes with a run of this one, since no test starts beside another. */
export async function otherPlans(client: pg.ClientBase, planId: string): Promise<readonly NamedPlan[]> {
  return (await client.query<NamedPlan>({ name: "run-others", text: othersText, values: [planId] })).rows;
}

/** Its event comes last. All is sent before anything is waited for: each wait would be one for a core, with rows held. */
export async function insertRecovery(client: pg.ClientBase, run: NewRun): Promise<void> {
  const { recoveryId, taskId, plan, viewer, snapshot } = run;
  const write = (name: keyof typeof statements, values: unknown[]) => client.query({ name: `run-${name}`, text: statements[name], values });
  const { kind } = snapshot;
  const warnings = JSON.stringify(snapshot.warnings);
  const groupIds = run.groups.map(({ id }) => id);
  const [taskType, title] = run.taskType === undefined ? tasks[kind] : [run.taskType, "Planned Failover"];
  const taskName = `${title} - ${plan.name}`;
  const options = JSON.stringify(run.options);
  const { id: planId, name: planName, pairingId } = plan;
  const { userId, name: userName } = viewer;
  const row = [recoveryId, planId, planName, pairingId, kind, options, run.notes, run.cleansUpId, userId, userName, run.vmCount, warnings];
  const content = snapshotText(snapshot);
  const policy = run.options.failurePolicy ?? "CONTINUE";
  const plans = [{ id: planId, name: planName }, ...(kind === "CLEANUP" ? [] : run.otherPlans)];
  const events = [{ kind: "RECOVERY_STATE_CHANGED", state: "NOT_STARTED", pausedReason: null, by: userName, reason: null }] as const;
  const changes: Change[] = [
    { kind: "TASK_CHANGED", id: taskId, change: "CREATED", name: taskName },
    ...plans.map(({ id, name }): Change => ({ kind: "PLAN_CHANGED", id, change: "UPDATED", name })),
    ...run.groups.map(({ id, name }): Change => ({ kind: "PROTECTION_GROUP_CHANGED", id, change: "UPDATED", name })),
    ...(run.changes ?? []),
  ];
  const written = () =>
    together([
      write("run", [...row, run.rerunOfId, policy, kind === "PLANNED" ? plannedRunVersion : 1]),
      write("snapshot", [recoveryId, content]),
      write("task", [taskId, taskName, taskType, planId, recoveryId, userName, warnings]),
      write("groups", [recoveryId, groupIds, run.groups.map(({ name }) => name)]),
      run.keepsGroups === true ? undefined : write("release", [planId]),
      write("use", [recoveryId, groupIds]),
      write("state", [groupIds, groupStates[kind]]),
      write("lifecycle", [planId, run.lifecycle]),
      appendEvents(client, recoveryId, events, changes),
    ]);
  await leanly(snapshot, written);
}
