import type { Database } from "../../database/database.ts";
import { queryRows } from "../../database/row-tap.ts";
import { batchedMany, batchedOne, type Gate, padded } from "../batching.ts";
import { type ListedRow, nameLike, type Source } from "../list-sql.ts";
import { openList } from "../lists.ts";
import { type OpenDrillRun, readOpenRuns } from "./open-occurrence.ts";
import { type DrillRow, drillColumns, drillOf, type StoredDrill } from "./rows.ts";
import { readStandings, type Standing } from "./tolerated.ts";
import type { OccurrenceRow } from "./types-refs.ts";

const occurrenceColumns = `o.id, o.drill_id AS "drillId", o.due_at AS "dueAt", o.recorded_at AS "recordedAt", o.requested_by AS "requestedBy",
  o.outcome, o.code, o.message, o.remedy, o.run_id AS "runId", o.prompt_policy AS "promptPolicy", o.deadline_at AS "deadlineAt",
  o.ended_at AS "endedAt", o.result_state AS "resultState", o.rto_achieved_seconds AS "rtoAchievedSeconds",
  o.rpo_achieved_seconds AS "rpoAchievedSeconds", o.cleanup, o.cleanup_run_id AS "cleanupRunId", o.cleanup_attempts AS "cleanupAttempts",
  o.cleanup_due_at AS "cleanupDueAt", o.cleanup_message AS "cleanupMessage", o.settled_at AS "settledAt"`;

const statements = {
  drills: `SELECT ${drillColumns} FROM drill d WHERE d.id = ANY ($1::uuid[])`,
  ofPlan: `SELECT ${drillColumns} FROM drill d WHERE d.plan_id = ANY ($1::uuid[]) ORDER BY lower(d.name), d.id`,
  /** The newest that was started. */
  lastRun: `SELECT o.* FROM unnest($1::uuid[]) AS above (id) CROSS JOIN LATERAL (SELECT ${occurrenceColumns} FROM drill_occurrence o
    WHERE o.drill_id = above.id AND o.run_id IS NOT NULL ORDER BY o.due_at DESC, o.id DESC LIMIT 1) AS o`,
} as const;

export type DrillOrderField = "NAME" | "NEXT_RUN";
export interface DrillFilter {
  readonly name?: string | null | undefined;
  readonly planId?: string | null | undefined;
  readonly enabled?: boolean | null | undefined;
}

const drills: Source<DrillOrderField, DrillFilter, never> = {
  name: "drills",
  columns: "d.id",
  from: "drill d",
  id: "d.id",
  orders: {
    NAME: { expression: "lower(d.name)", type: "text" },
    NEXT_RUN: { expression: "coalesce(d.next_run_at, timestamptz '9999-01-01T00:00:00Z')", type: "timestamptz" },
  },
  conditions: [
    { type: "text", sql: (name) => `d.name ILIKE ${name}`, value: ({ name }) => nameLike(name) },
    { type: "uuid", sql: (plan) => `d.plan_id = ${plan}`, value: ({ planId }) => planId },
    { type: "bool", sql: (enabled) => `d.enabled = ${enabled}`, value: ({ enabled }) => enabled },
  ],
  parents: {},
};

export interface OccurrenceFilter {
  readonly outcome?: string | null | undefined;
}

const occurrences: Source<"DUE_AT", OccurrenceFilter, "drill"> = {
  name: "drill-occurrences",
  columns: occurrenceColumns,
  from: "drill_occurrence o",
  id: "o.id",
  orders: { DUE_AT: { expression: "o.due_at", type: "timestamptz" } },
  conditions: [{ type: "text", sql: (outcome) => `o.outcome::text = ${outcome}`, value: ({ outcome }) => outcome }],
  parents: { drill: { column: "o.drill_id" } },
};

export function openDrillLoaders({ prisma, pool }: Pick<Database, "prisma" | "pool">) {
  const read = async (name: keyof typeof statements, keys: readonly string[]) =>
    (await pool.query<StoredDrill>({ name: `drill-load-${name}`, text: statements[name], values: [keys] })).rows.map(drillOf);
  const drill = batchedOne(
    (ids) => read("drills", ids),
    ({ id }: DrillRow) => id,
  );
  const drillsOfPlan = batchedMany(
    (ids) => read("ofPlan", ids),
    ({ planId }: DrillRow) => planId,
  );
  const lastRunOfDrill = batchedOne(
    (ids) => queryRows<OccurrenceRow>(pool, { name: "drill-load-last", text: statements.lastRun, values: [ids] }),
    ({ drillId }) => drillId,
  );
  const standing = batchedOne(
    (planIds) => readStandings(pool, planIds),
    ({ planId }: Standing) => planId,
  );
  const openRunOfDrill = batchedOne(
    (ids) => readOpenRuns(pool, ids),
    ({ drillId }: OpenDrillRun) => drillId,
  );
  const occurrence = batchedOne<OccurrenceRow>(
    (ids) => prisma.drillOccurrence.findMany({ where: { id: { in: padded(ids) } } }),
    ({ id }) => id,
  );
  const occurrenceOfRun = batchedOne<OccurrenceRow>(
    (ids) => prisma.drillOccurrence.findMany({ where: { runId: { in: padded(ids) } } }),
    ({ runId }) => runId ?? "",
  );
  const drillIds = openList<ListedRow, DrillOrderField, DrillFilter, never>(pool, drills, { field: "NAME", direction: "ASC", filter: {} });
  const occurrenceList = openList<OccurrenceRow, "DUE_AT", OccurrenceFilter, "drill">(pool, occurrences, {
    field: "DUE_AT",
    direction: "DESC",
    filter: {},
  });
  return (gate: Gate) => ({
    drill: drill.loader(gate),
    drillsOfPlan: drillsOfPlan.loader(gate),
    lastRunOfDrill: lastRunOfDrill.loader(gate),
    drillStanding: standing.loader(gate),
    openRunOfDrill: openRunOfDrill.loader(gate),
    drillOccurrence: occurrence.loader(gate),
    occurrenceOfRun: occurrenceOfRun.loader(gate),
    drillList: drillIds(gate),
    occurrenceList: occurrenceList(gate),
  });
}
