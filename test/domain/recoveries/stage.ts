/** The service on a database of its own, with lab sites and no engine: what a run would do is written by hand. */
import { v7 as uuid } from "uuid";
import { expect } from "vitest";
import type { RecoveriesContext } from "../../../src/domain/recoveries/service/context.ts";
import { createRecoveries, type Recoveries } from "../../../src/domain/recoveries/service.ts";
import { freshDatabase, type TestDatabase } from "../../support/database.ts";
import { aLab, type LabSites, labSites } from "../../support/lab.ts";
import { aPlan, type PlanRows, type PlanWish } from "../../support/plan.ts";
import { rewinder } from "../../support/rewinder.ts";

export { operator } from "../../support/node.ts";

export interface Stage extends PlanRows {
  readonly db: TestDatabase;
  readonly lab: Awaited<ReturnType<typeof aLab>>;
  readonly sites: LabSites;
  readonly recoveries: Recoveries;
  /** What the service works with. */
  readonly context: RecoveriesContext;
  /** Runs that were hinted at, in order. */
  readonly hints: string[];
  /** Everything as it was at the beginning. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

export async function aStage(wish: PlanWish = {}, sites = labSites({ vms: 4, groups: 2 })): Promise<Stage> {
  const db = await freshDatabase();
  const lab = await aLab(db.url, sites);
  const plan = await aPlan(db.database, sites, wish);
  const hints: string[] = [];
  const providers = new Map([["lab", lab.provider]]);
  const context: RecoveriesContext = {
    database: db.database,
    providers,
    hint: (id) => hints.push(id),
    announce: () => undefined,
    log: { info: () => undefined, warn: () => undefined },
  };
  const recoveries = createRecoveries(context);
  const rewind = await rewinder(db);
  const reset = async () => {
    hints.length = 0;
    await lab.faults.clear();
    await rewind();
  };
  const close = async () => {
    await lab.close();
    await db.drop();
  };
  return { ...plan, db, lab, sites, recoveries, context, hints, reset, close };
}

const tables = [
  "recovery",
  "recovery_snapshot",
  "recovery_group",
  "recovery_prompt",
  "recovery_step",
  "group_use",
  "task",
  // The audit trail's own events are no change of what was asked for.
  "(SELECT recovery_id, sequence, kind, payload FROM event WHERE kind <> 'AUDIT_RECORDED')",
  "idempotency_key",
  "recovery_plan",
  "protection_group",
];

/** Everything that a mutation of recoveries could change, as text. */
export async function everything({ db }: Stage): Promise<string> {
  const parts = tables.map(
    (table) => `SELECT $$${table}$$ AS t, coalesce(string_agg(x::text, E'\\n' ORDER BY x::text), '') AS content FROM ${table} x`,
  );
  const { rows } = await db.database.pool.query(parts.join(" UNION ALL "));
  return rows.map(({ t, content }) => `${t}:\n${content}`).join("\n");
}

/** What the engine writes when a run ends. */
export async function endRun({ db }: Stage, recoveryId: string, lifecycle: string, resultState = "SUCCESS"): Promise<void> {
  const { pool } = db.database;
  await pool.query("UPDATE recovery SET state = 'COMPLETED', result_state = $2, ended_at = dr_now(), paused_reason = NULL WHERE id = $1", [
    recoveryId,
    resultState,
  ]);
  await pool.query("UPDATE task SET state = 'COMPLETED', ended_at = dr_now() WHERE recovery_id = $1", [recoveryId]);
  await pool.query("UPDATE recovery_plan SET lifecycle = $2 WHERE id = (SELECT plan_id FROM recovery WHERE id = $1)", [
    recoveryId,
    lifecycle,
  ]);
  if (lifecycle !== "READY") return;
  await pool.query("UPDATE protection_group SET state = 'READY' WHERE id IN (SELECT group_id FROM group_use WHERE run_id = $1)", [
    recoveryId,
  ]);
  await pool.query("DELETE FROM group_use WHERE run_id = $1", [recoveryId]);
}

/** Another plan on the same pair. */
export async function anotherPlan({ db, pairingId }: Stage, groupIds: readonly string[], name = "other plan"): Promise<string> {
  const { prisma } = db.database;
  const plan = await prisma.recoveryPlan.create({ data: { name, pairingId } });
  const priorityGroup = await prisma.planPriorityGroup.create({ data: { planId: plan.id, priority: 1, name: "all" } });
  await prisma.planProtectionGroup.createMany({
    data: groupIds.map((groupId) => ({ planId: plan.id, groupId, priorityGroupId: priorityGroup.id })),
  });
  return plan.id;
}

/** A step as the engine would have written it. */
export async function aStep(
  { db }: Stage,
  runId: string,
  step: { ordinal: number; kind: string; status: string; spec?: object; result?: object; vmId?: string; groupId?: string },
): Promise<void> {
  await db.database.pool.query(
    `INSERT INTO recovery_step (run_id, ordinal, path, key, kind, name, spec, expected_seconds, status, result, vm_id, group_id, started_at)
      VALUES ($1, $2, $3, $4, $5, $5, $6, 1, $7, $8, $9, $10, dr_now())`,
    [
      runId,
      step.ordinal,
      `${step.ordinal}`,
      `${step.kind}:${step.ordinal}`,
      step.kind,
      JSON.stringify(step.spec ?? {}),
      step.status,
      step.result === undefined ? null : JSON.stringify(step.result),
      step.vmId ?? null,
      step.groupId ?? null,
    ],
  );
}

export async function aPrompt({ db }: Stage, runId: string, ordinal = 1): Promise<string> {
  const id = uuid();
  await db.database.pool.query(
    "INSERT INTO recovery_prompt (id, run_id, ordinal, attempt, name, message, opened_at) VALUES ($1, $2, $3, 1, 'ask', 'Go on?', dr_now())",
    [id, runId, ordinal],
  );
  return id;
}

export const row = async ({ db }: Stage, sql: string, ...values: unknown[]) => (await db.database.pool.query(sql, values)).rows[0];

/** It is refused with this error, and nothing has changed. */
export async function refusedUnchanged(stage: Stage, work: () => Promise<unknown>, error: object): Promise<void> {
  const before = await everything(stage);
  await expect(work()).rejects.toMatchObject(error);
  expect(await everything(stage)).toBe(before);
}

/** What a recovery leaves of each VM of its plan that it has recovered. */
export async function copiesOf({ db }: Stage, recoveryId: string): Promise<void> {
  await db.database.pool.query(
    `INSERT INTO recovered_vm (vm_id, group_id, run_id, original_site_id, original_external_id, recovery_site_id, recovered_external_id)
      SELECT m.vm_id, m.group_id, $1, g.protected_site_id, v.external_id, g.recovery_site_id, 'copy-of-' || v.name
      FROM protected_vm m JOIN protection_group g ON g.id = m.group_id JOIN virtual_machine v ON v.id = m.vm_id`,
    [recoveryId],
  );
}
