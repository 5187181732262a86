import type { Database } from "../../database/database.ts";
import { queryRows } from "../../database/row-tap.ts";
import { onOneConnection } from "../../database/transaction.ts";
import { batched, batchedMany, batchedOne, type Gate, groupFrozen, padded } from "../batching.ts";
import { columnsOf, type Source } from "../list-sql.ts";
import { openList } from "../lists.ts";
import { readPlanFacts } from "./service/facts.ts";
import type { RecoveryRow, StepRow } from "./types/refs.ts";
import { RunTree } from "./types/run-tree.ts";

const recoveryColumns = `r.id, r.plan_id AS "planId", r.plan_name AS "planName", r.pairing_id AS "pairingId", r.kind, r.state,
  r.result_state AS "resultState", r.paused_reason AS "pausedReason", r.failure_policy AS "failurePolicy", r.options, r.notes,
  r.notes_version AS "notesVersion", r.notes_edited_by AS "notesEditedBy", r.notes_edited_at AS "notesEditedAt",
  r.rerun_of_id AS "rerunOfId", r.cleans_up_id AS "cleansUpId", r.initiated_by AS "initiatedBy", r.requested_at AS "requestedAt",
  r.started_at AS "startedAt", r.ended_at AS "endedAt", r.pause_requested_at AS "pauseRequestedAt",
  r.switch_requested_at AS "switchRequestedAt", r.switch_requested_by AS "switchRequestedBy",
  r.cancel_requested_at AS "cancelRequestedAt", r.cancel_requested_by AS "cancelRequestedBy", r.cancel_reason AS "cancelReason",
  r.accepted_at AS "acceptedAt", r.accepted_by AS "acceptedBy", r.accepted_comment AS "acceptedComment", r.last_event AS "lastEvent",
  r.progress_percent AS "progressPercent", r.current_step AS "currentStep", r.estimated_completion_at AS "estimatedCompletionAt",
  r.vm_count AS "vmCount", r.vms_succeeded AS "vmsSucceeded", r.vms_failed AS "vmsFailed", r.warnings_count AS "warningsCount",
  coalesce(r.errors, '{}') AS errors, r.warnings, r.rto_achieved_seconds AS "rtoAchievedSeconds", r.rto_of_recovered_vms_seconds AS "rtoOfRecoveredVmsSeconds",
  r.rpo_achieved_seconds AS "rpoAchievedSeconds",
  extract(epoch FROM coalesce(r.ended_at, dr_now()) - r.started_at)::int4 AS "elapsedSeconds"`;

const ms = (column: string) => `(extract(epoch FROM ${column}) * 1000)::float8`;

const plainStep = {
  runId: "s.run_id",
  ordinal: "s.ordinal",
  path: "s.path",
  kind: "s.kind",
  name: "s.name",
  status: "s.status",
  startedAt: ms("s.started_at"),
  endedAt: ms("s.ended_at"),
  message: "s.message",
};

const stepColumns = `${columnsOf(plainStep)}, s.parent, s.key, s.phase, s.site_id AS "siteId",
  s.group_id AS "groupId", s.vm_id AS "vmId", s.plan_step_id AS "planStepId", s.spec,
  coalesce(s.after, '{}') AS after, coalesce(s.needs, '{}') AS needs, coalesce(s.after_gates, '{}') AS "afterGates",
  s.opens_gate AS "opensGate", s.expected_seconds AS "expectedSeconds", s.on_critical_path AS "onCriticalPath", NULL AS "skipReason", NULL AS "warnReason",
  s.attempt, ${ms("s.due_at")} AS "dueAt", s.progress_percent AS "progressPercent", coalesce(s.errors, '{}') AS errors,
  coalesce(s.warnings, '{}') AS warnings, (SELECT ${ms("dr_now()")}) AS now`;

const ofPlans = `r.kind NOT IN ('GROUP_CREATE', 'GROUP_UPDATE', 'GROUP_DELETE')`;

const statements = {
  recoveries: `SELECT ${recoveryColumns} FROM recovery r WHERE r.id = ANY($1::uuid[]) AND ${ofPlans}`,
  trees: `SELECT ${stepColumns} FROM recovery_step s WHERE s.run_id = ANY($1::uuid[]) ORDER BY s.run_id, s.ordinal`,
  steps: `SELECT ${stepColumns} FROM unnest($1::uuid[], $2::int4[]) AS k (run_id, ordinal)
    JOIN recovery_step s ON s.run_id = k.run_id AND s.ordinal = k.ordinal`,
  outputs: `SELECT o.run_id || '/' || o.ordinal AS id, o.tail, o.total_bytes AS "totalBytes" FROM unnest($1::uuid[], $2::int4[]) AS k (run_id, ordinal)
    JOIN step_output o ON o.run_id = k.run_id AND o.ordinal = k.ordinal`,
  results: `SELECT run_id AS "runId", ordinal, result FROM recovery_step
    WHERE run_id = ANY($1::uuid[]) AND kind IN ('REGISTER_VM', 'READY_CHECK') AND result IS NOT NULL ORDER BY ordinal`,
  active: `SELECT plan_id AS "planId", id FROM recovery WHERE plan_id = ANY($1::uuid[]) AND ended_at IS NULL`,
  pausing: `SELECT DISTINCT run_id AS "runId" FROM recovery_step WHERE run_id = ANY($1::uuid[]) AND status = 'WAITING' AND kind = 'PAUSE'`,
  latest: `SELECT p.id AS "planId", r.id FROM unnest($1::uuid[]) AS p (id)
    CROSS JOIN LATERAL (SELECT id FROM recovery WHERE plan_id = p.id ORDER BY requested_at DESC, id DESC LIMIT 1) AS r`,
} as const;

export type RecoveryOrderField = "REQUESTED_AT";
export interface RecoveryFilter {
  readonly kinds?: readonly string[] | null | undefined;
  readonly states?: readonly string[] | null | undefined;
  readonly open?: boolean | null | undefined;
  readonly planId?: string | null | undefined;
  readonly resultState?: string | null | undefined;
}

const history: Source<RecoveryOrderField, RecoveryFilter, "plan"> = {
  name: "recoveries",
  columns: recoveryColumns,
  from: `(SELECT * FROM recovery r WHERE ${ofPlans}) AS r`,
  id: "r.id",
  orders: { REQUESTED_AT: { expression: "r.requested_at", type: "timestamptz" } },
  conditions: [
    { type: "text", sql: (kinds) => `r.kind::text = ANY(string_to_array(${kinds}, ','))`, value: ({ kinds }) => kinds?.join(",") },
    { type: "text", sql: (result) => `r.result_state::text = ${result}`, value: ({ resultState }) => resultState },
    { type: "text", sql: (states) => `r.state::text = ANY(string_to_array(${states}, ','))`, value: ({ states }) => states?.join(",") },
    { type: "bool", sql: (open) => `(r.ended_at IS NULL) = ${open}`, value: ({ open }) => open },
    { type: "uuid", sql: (plan) => `r.plan_id = ${plan}`, value: ({ planId }) => planId },
  ],
  parents: { plan: { column: "r.plan_id" } },
};

/** What `isOpen` says of a prompt and its run. */
const openPrompts: Source<"OPENED_AT", object, never> = {
  name: "open-prompts",
  columns: "p.id",
  from: `recovery_prompt p JOIN recovery r ON r.id = p.run_id AND p.answer IS NULL AND p.withdrawn_at IS NULL AND r.ended_at IS NULL
    AND r.cancel_requested_at IS NULL`,
  id: "p.id",
  orders: { OPENED_AT: { expression: "p.opened_at", type: "timestamptz" } },
  conditions: [],
  parents: {},
};

export interface StepFilter {
  readonly statuses?: readonly string[] | null | undefined;
  readonly kinds?: readonly string[] | null | undefined;
}

/** Its cursors are those of `pageByOrdinal`. */
const steps: Source<"ORDINAL", StepFilter, "run"> = {
  name: "steps",
  columns: `s.run_id AS id, ${stepColumns}`,
  plain: { id: "s.run_id", ...plainStep },
  from: "recovery_step s",
  id: "s.run_id",
  orders: { ORDINAL: { expression: "s.ordinal", type: "int4" } },
  conditions: [
    { type: "text", sql: (all) => `s.status::text = ANY(string_to_array(${all}, ','))`, value: ({ statuses }) => statuses?.join(",") },
    { type: "text", sql: (all) => `s.kind::text = ANY(string_to_array(${all}, ','))`, value: ({ kinds }) => kinds?.join(",") },
  ],
  parents: { run: { column: "s.run_id" } },
};

export interface StepResultRow {
  readonly runId: string;
  readonly ordinal: number;
  readonly result: Readonly<Record<string, unknown>>;
}

export interface OutputRow {
  readonly id: string;
  readonly tail: string;
  readonly totalBytes: number;
}

/** "run/ordinal" keys as two arrays. */
function stepKeys(keys: readonly string[]): [string[], number[]] {
  const parts = keys.map((key) => key.split("/"));
  return [parts.map(([run]) => run ?? ""), parts.map(([, ordinal]) => Number(ordinal))];
}

export function openRecoveryLoaders({ prisma, pool }: Pick<Database, "prisma" | "pool">, slotsPerSite: number) {
  const recovery = batchedOne(
    (ids) => queryRows<RecoveryRow>(pool, { name: "recovery-by-id", text: statements.recoveries, values: [ids] }),
    ({ id }) => id,
  );
  const runTree = batched<string, RunTree>({
    identity: (runId) => runId,
    fetch: async (ids) => {
      const rows = await queryRows<StepRow>(pool, { name: "steps-of-runs", text: statements.trees, values: [ids] });
      const byRun = groupFrozen(rows, ({ runId }) => runId);
      const trees = new Map([...byRun].map(([runId, steps]) => [runId, new RunTree(steps, slotsPerSite)]));
      return (runId) => trees.get(runId) ?? new RunTree([], slotsPerSite);
    },
  });
  const step = batchedOne(
    (keys) => queryRows<StepRow>(pool, { name: "step-by-id", text: statements.steps, values: stepKeys(keys) }),
    ({ runId, ordinal }) => `${runId}/${ordinal}`,
  );
  const outputOfStep = batchedOne(
    (keys) => queryRows<OutputRow>(pool, { name: "step-outputs", text: statements.outputs, values: stepKeys(keys) }),
    ({ id }) => id,
  );
  const resultsOfRun = batchedMany(
    (ids) => queryRows<StepResultRow>(pool, { name: "step-results", text: statements.results, values: [ids] }),
    ({ runId }) => runId,
  );
  const runOf = (name: string, text: string) =>
    batchedOne(
      (ids) => queryRows<{ planId: string; id: string }>(pool, { name, text, values: [ids] }),
      ({ planId }) => planId,
    );
  const activeRunOfPlan = runOf("active-runs", statements.active);
  const latestRunOfPlan = runOf("latest-runs", statements.latest);
  const pauseStepOfRun = batchedOne(
    (ids) => queryRows<{ runId: string }>(pool, { name: "pausing-runs", text: statements.pausing, values: [ids] }),
    ({ runId }) => runId,
  );
  const planFacts = batchedOne(
    (ids) => onOneConnection(pool, (client) => readPlanFacts(client, ids)),
    ({ id }) => id,
  );
  const prompt = batchedOne(
    (ids) => prisma.recoveryPrompt.findMany({ where: { id: { in: padded(ids) } } }),
    ({ id }) => id,
  );
  const promptsOfRun = batchedMany(
    (ids) => prisma.recoveryPrompt.findMany({ where: { runId: { in: padded(ids) } }, orderBy: [{ openedAt: "asc" }, { id: "asc" }] }),
    ({ runId }) => runId,
  );
  const stepWishesOfRun = batchedMany(
    (ids) => prisma.stepWish.findMany({ where: { runId: { in: padded(ids) } } }),
    ({ runId }) => runId,
  );
  const remark = batchedOne(
    (ids) => prisma.recoveryRemark.findMany({ where: { id: { in: padded(ids) } } }),
    ({ id }) => id,
  );
  const remarksOfRun = batchedMany(
    (ids) => prisma.recoveryRemark.findMany({ where: { runId: { in: padded(ids) } }, orderBy: [{ writtenAt: "desc" }, { id: "desc" }] }),
    ({ runId }) => runId,
  );
  const groupsOfRun = batchedMany(
    (ids) => prisma.recoveryGroup.findMany({ where: { runId: { in: padded(ids) } }, orderBy: { groupName: "asc" } }),
    ({ runId }) => runId,
  );
  const cleanupsOfRun = batchedMany(
    (ids) =>
      prisma.recovery.findMany({
        where: { cleansUpId: { in: padded(ids) } },
        select: { id: true, cleansUpId: true },
        orderBy: { requestedAt: "asc" },
      }),
    ({ cleansUpId }) => cleansUpId ?? "",
  );
  const recoveryList = openList<RecoveryRow, RecoveryOrderField, RecoveryFilter, "plan">(pool, history, {
    field: "REQUESTED_AT",
    direction: "DESC",
    filter: {},
  });
  const stepList = openList<StepRow, "ORDINAL", StepFilter, "run">(pool, steps, { field: "ORDINAL", direction: "ASC", filter: {} });
  const promptList = openList(pool, openPrompts, { field: "OPENED_AT", direction: "ASC", filter: {} });
  return (gate: Gate) => ({
    recovery: recovery.loader(gate),
    runTree: runTree.loader(gate),
    step: step.loader(gate),
    outputOfStep: outputOfStep.loader(gate),
    resultsOfRun: resultsOfRun.loader(gate),
    activeRunOfPlan: activeRunOfPlan.loader(gate),
    latestRunOfPlan: latestRunOfPlan.loader(gate),
    /** Whether it waits at a pause step: something, or null. */
    pauseStepOfRun: pauseStepOfRun.loader(gate),
    planFacts: planFacts.loader(gate),
    prompt: prompt.loader(gate),
    promptsOfRun: promptsOfRun.loader(gate),
    stepWishesOfRun: stepWishesOfRun.loader(gate),
    remark: remark.loader(gate),
    remarksOfRun: remarksOfRun.loader(gate),
    groupsOfRun: groupsOfRun.loader(gate),
    cleanupsOfRun: cleanupsOfRun.loader(gate),
    recoveryList: recoveryList(gate),
    stepList: stepList(gate),
    openPromptList: promptList(gate),
  });
}
