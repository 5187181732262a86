/** Making, changing and deleting a drill. */
import { v7 as newId } from "uuid";
import type { Change } from "../../events/changes.ts";
import { NotFoundError } from "../errors.ts";
import { type FieldErrors, fieldErrors } from "../field-errors.ts";
import { encodeId } from "../ids.ts";
import { checkVersion, ifChanged, mutate } from "../mutation.ts";
import { checkQuota } from "../quotas.ts";
import type { ServiceContext } from "../service-context.ts";
import type { Viewer } from "../viewer.ts";
import { checkDrill, type DrillWish, newDrill, withWish } from "./fields.ts";
import { readOpenRuns } from "./open-occurrence.ts";
import { deletionRefusal } from "./operations.ts";
import { type DrillFields, databaseNow, drillChanged, firstDue, lockDrill, type Queryable } from "./rows.ts";
import { accountBeforeChange } from "./start-due.ts";

/** The drill that was made or changed, and its plan. */
export interface ChangedDrill extends Readonly<Record<string, string>> {
  readonly drillId: string;
}

export interface CreateInput extends DrillWish {
  readonly planId: string;
  readonly name: string;
  readonly cron: string;
  readonly timeZone: string;
  readonly idempotencyKey?: string | null | undefined;
}

export interface UpdateInput extends DrillWish {
  readonly drillId: string;
  readonly expectedVersion?: number | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

export type DeleteInput = Pick<UpdateInput, "drillId" | "expectedVersion" | "idempotencyKey">;

export const mostDrillsPerPlan = 50;

export function create(context: ServiceContext, viewer: Viewer, input: CreateInput): Promise<ChangedDrill> {
  const drillId = newId();
  return mutate(context, viewer, {
    mutation: "createDrill",
    input: { ...input },
    answer: { drillId },
    async act(client) {
      const plan = await holdPlan(client, input.planId);
      const errors = fieldErrors();
      const fields = withWish(newDrill(viewer.name), input, viewer.name);
      const now = await databaseNow(client);
      checkDrill(errors, input, fields, now);
      await checkNameIsFree(client, errors, fields.name, null);
      const [pause] = await endlessPauses(client, plan.id);
      if (pause !== undefined) errors.add(["planId"], endlessPause(plan.name, pause));
      errors.check();
      checkQuota(`drills of the plan ${plan.name}`, mostDrillsPerPlan, plan.drills, 1);
      await insert(client, drillId, plan.id, fields, fields.enabled ? firstDue(fields, now) : null);
      return [drillChanged({ id: drillId, name: fields.name }, "CREATED"), planChanged(plan.id)];
    },
  });
}

/** Its list of drills is another one. */
const planChanged = (id: string): Change => ({ kind: "PLAN_CHANGED", id, change: "UPDATED" });

export const update = (context: ServiceContext, viewer: Viewer, input: UpdateInput): Promise<ChangedDrill> =>
  mutate(context, viewer, {
    mutation: "updateDrill",
    input: { ...input },
    answer: { drillId: input.drillId },
    async act(client) {
      const drill = await lockDrill(client, input.drillId);
      checkVersion(`the drill ${drill.name}`, drill.version, input.expectedVersion);
      const errors = fieldErrors();
      const fields = withWish(drill, input, viewer.name);
      const now = await databaseNow(client);
      checkDrill(errors, input, fields, now);
      await checkNameIsFree(client, errors, fields.name, drill.id);
      errors.check();
      return ifChanged(withWish(drill, {}, viewer.name), fields, async () => {
        const moves = fields.cron !== drill.cron || fields.timeZone !== drill.timeZone || fields.enabled !== drill.enabled;
        if (moves) await accountBeforeChange(client, drill, viewer.name);
        const next = fields.enabled ? firstDue(fields, now) : null;
        await write(client, drill.id, fields, moves ? next : drill.nextRunAt);
        return [drillChanged({ id: drill.id, name: fields.name })];
      });
    },
  });

/** Its history goes with it; the runs stay. */
export const remove = (context: ServiceContext, viewer: Viewer, input: DeleteInput): Promise<ChangedDrill> =>
  mutate(context, viewer, {
    mutation: "deleteDrill",
    input: { ...input },
    answer: { drillId: input.drillId },
    async act(client) {
      const drill = await lockDrill(client, input.drillId);
      checkVersion(`the drill ${drill.name}`, drill.version, input.expectedVersion);
      const [open] = await readOpenRuns(client, [drill.id]);
      const refusal = deletionRefusal(drill, open?.runId ?? null);
      if (refusal !== null) throw refusal;
      await client.query({ name: "drill-delete", text: "DELETE FROM drill WHERE id = $1", values: [drill.id] });
      return [drillChanged(drill, "DELETED"), planChanged(drill.planId)];
    },
  });

interface HeldPlan {
  readonly id: string;
  readonly name: string;
  readonly drills: number;
}

/** Nobody puts an endless pause into it meanwhile. */
async function holdPlan(client: Queryable, planId: string): Promise<HeldPlan> {
  await client.query({ name: "drill-plan-lock", text: "SELECT 1 FROM recovery_plan WHERE id = $1 FOR UPDATE", values: [planId] });
  const text =
    "SELECT p.id, p.name, (SELECT count(*)::int4 FROM drill d WHERE d.plan_id = p.id) AS drills FROM recovery_plan p WHERE p.id = $1";
  const { rows } = await client.query<HeldPlan>({ name: "drill-plan", text, values: [planId] });
  const [plan] = rows;
  if (plan === undefined) throw new NotFoundError("RecoveryPlan", encodeId("RecoveryPlan", planId));
  return plan;
}

/** Names of the plan's pauses that only somebody's resume ends. */
async function endlessPauses(client: Queryable, planId: string): Promise<string[]> {
  const text = `SELECT s.name FROM plan_step s JOIN plan_priority_group g ON g.id = s.priority_group_id
    WHERE g.plan_id = $1 AND s.type = 'PAUSE' AND s.duration_seconds IS NULL ORDER BY g.priority, s.phase, s.position`;
  return (await client.query<{ name: string }>({ name: "drill-endless-pauses", text, values: [planId] })).rows.map(({ name }) => name);
}

const endlessPause = (planName: string, stepName: string) =>
  `The plan ${planName} has the pause "${stepName}" without a duration, which nobody would end in a drill: give it a duration, or make it a prompt.`;

async function checkNameIsFree(client: Queryable, errors: FieldErrors, name: string, drillId: string | null): Promise<void> {
  if (name.includes("\0")) return;
  const text = "SELECT 1 FROM drill WHERE lower(name) = lower($1) AND id IS DISTINCT FROM $2::uuid";
  const { rowCount } = await client.query({ name: "drill-name-taken", text, values: [name, drillId] });
  if (rowCount !== 0) errors.add(["name"], "Another drill has this name.");
}

const valuesOf = (fields: DrillFields): unknown[] => [
  fields.name,
  fields.cron,
  fields.timeZone,
  JSON.stringify(fields.options),
  fields.promptPolicy,
  fields.maxDurationSeconds,
  fields.autoCleanup,
  JSON.stringify(fields.blackoutWindows),
  fields.owner,
  fields.maxLagMinutes,
  fields.notes,
  fields.enabled,
];

async function insert(client: Queryable, drillId: string, planId: string, fields: DrillFields, nextRunAt: Date | null): Promise<void> {
  await client.query({
    name: "drill-insert",
    text: `INSERT INTO drill (id, plan_id, next_run_at, name, cron, time_zone, options, prompt_policy, max_duration_seconds, auto_cleanup,
        blackout_windows, owner, max_lag_minutes, notes, enabled)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
    values: [drillId, planId, nextRunAt, ...valuesOf(fields)],
  });
}

async function write(client: Queryable, drillId: string, fields: DrillFields, nextRunAt: Date | null): Promise<void> {
  await client.query({
    name: "drill-update",
    text: `UPDATE drill SET next_run_at = $2, name = $3, cron = $4, time_zone = $5, options = $6, prompt_policy = $7, max_duration_seconds = $8,
        auto_cleanup = $9, blackout_windows = $10, owner = $11, max_lag_minutes = $12, notes = $13, enabled = $14, version = version + 1
      WHERE id = $1`,
    values: [drillId, nextRunAt, ...valuesOf(fields)],
  });
}
