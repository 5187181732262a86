/** A drill's row, as mutations and the schedule lock, read and write it. */
import type pg from "pg";
import type { PromptAnswer } from "../../database/generated/enums.ts";
import type { Change } from "../../events/changes.ts";
import { NotFoundError } from "../errors.ts";
import { encodeId } from "../ids.ts";
import type { Viewer } from "../viewer.ts";
import { type BlackoutWindow, windowsOf } from "./blackout.ts";
import { dueAfter, type Schedule } from "./schedule.ts";

export type Queryable = Pick<pg.ClientBase, "query">;

export interface DrillOptions {
  readonly powerOnVms: boolean;
  readonly runScripts: boolean;
  readonly syncData: boolean;
}

/** All that whoever edits a drill can change. */
export interface DrillFields extends Schedule {
  readonly name: string;
  readonly options: DrillOptions;
  readonly promptPolicy: PromptAnswer;
  readonly maxDurationSeconds: number;
  readonly autoCleanup: boolean;
  readonly blackoutWindows: readonly BlackoutWindow[];
  readonly owner: string;
  readonly maxLagMinutes: number | null;
  readonly notes: string;
  readonly enabled: boolean;
}

export interface DrillRow extends DrillFields {
  readonly id: string;
  readonly planId: string;
  readonly version: number;
  /** The first due time that has no occurrence; null: it is disabled. */
  readonly nextRunAt: Date | null;
  readonly createdAt: Date;
}

export const drillColumns = `d.id, d.plan_id AS "planId", d.name, d.cron, d.time_zone AS "timeZone", d.options, d.prompt_policy AS "promptPolicy",
  d.max_duration_seconds AS "maxDurationSeconds", d.auto_cleanup AS "autoCleanup", d.blackout_windows AS "blackoutWindows", d.owner,
  d.max_lag_minutes AS "maxLagMinutes", d.notes, d.enabled, d.next_run_at AS "nextRunAt", d.version, d.created_at AS "createdAt"`;

export type StoredDrill = Omit<DrillRow, "blackoutWindows"> & { readonly blackoutWindows: unknown };

export const drillOf = (stored: StoredDrill): DrillRow => ({ ...stored, blackoutWindows: windowsOf(stored.blackoutWindows) });

/** Null: somebody has deleted it. */
export async function lockDrillIfThere(client: Queryable, drillId: string): Promise<DrillRow | null> {
  const text = `SELECT ${drillColumns} FROM drill d WHERE d.id = $1 FOR UPDATE`;
  const { rows } = await client.query<StoredDrill>({ name: "drill-lock", text, values: [drillId] });
  return rows[0] === undefined ? null : drillOf(rows[0]);
}

export async function lockDrill(client: Queryable, drillId: string): Promise<DrillRow> {
  const drill = await lockDrillIfThere(client, drillId);
  if (drill === null) throw new NotFoundError("Drill", encodeId("Drill", drillId));
  return drill;
}

export async function databaseNow(client: Queryable): Promise<Date> {
  const { rows } = await client.query<{ now: Date }>({ name: "drill-now", text: "SELECT dr_now() AS now" });
  const [row] = rows;
  if (row === undefined) throw new Error("the database does not say what time it is");
  return row.now;
}

/** When a drill that is enabled is due first. */
export function firstDue(schedule: Schedule, now: Date): Date {
  const due = dueAfter(schedule, now);
  if (due === null) throw new Error(`A schedule that is never due was not refused: ${schedule.cron}`);
  return due;
}

export async function setNextRun(client: Queryable, drillId: string, nextRunAt: Date): Promise<void> {
  await client.query({ name: "drill-next-run", text: "UPDATE drill SET next_run_at = $2 WHERE id = $1", values: [drillId, nextRunAt] });
}

export const drillChanged = ({ id, name }: Pick<DrillRow, "id" | "name">, change: Change["change"] = "UPDATED"): Change => ({
  kind: "DRILL_CHANGED",
  id,
  change,
  name,
});

/** Who the runs of a schedule are started by. No user has a name like that; the id is the drill's. */
export const scheduleOf = ({ id, name }: Pick<DrillRow, "id" | "name">): Viewer => ({
  userId: id,
  name: `schedule/${name}`,
  roles: new Set(["OPERATOR"]),
  sessionId: id,
  expiresAt: new Date(8.64e15),
});
