/** What becomes of a due time, as it is written. */
import { v7 as newId } from "uuid";
import type { Reason } from "./codes.ts";
import type { DrillRow, Queryable } from "./rows.ts";

export interface SkippedDue extends Reason {
  readonly dueAt: Date;
}

const skippedText = `INSERT INTO drill_occurrence (id, drill_id, due_at, recorded_at, outcome, code, message, remedy, settled_at)
  SELECT x.id, $1, x.due, dr_now(), 'SKIPPED', x.code, x.message, x.remedy, dr_now()
  FROM unnest($2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::text[]) AS x(id, due, code, message, remedy)`;

/** With the drill held: its due times that are not started, each with the reason. */
export async function insertSkipped(client: Queryable, drillId: string, skipped: readonly SkippedDue[]): Promise<void> {
  if (skipped.length === 0) return;
  const of = <T>(part: (due: SkippedDue) => T) => skipped.map(part);
  const values = [drillId, of(() => newId()), of(({ dueAt }) => dueAt), of(({ code }) => code), of(({ message }) => message)];
  await client.query({ name: "drill-skipped", text: skippedText, values: [...values, of(({ remedy }) => remedy)] });
}

const startedText = `INSERT INTO drill_occurrence (id, drill_id, due_at, recorded_at, requested_by, outcome, run_id, prompt_policy, deadline_at, cleanup)
  VALUES ($1, $2, coalesce($3, dr_now()), dr_now(), $4, 'STARTED', $5, $6, dr_now() + make_interval(secs => $7), $8)`;

export interface StartedDue {
  readonly occurrenceId: string;
  readonly recoveryId: string;
  /** Null: now, since somebody has asked for it. */
  readonly dueAt: Date | null;
  readonly requestedBy: string | null;
}

/** With the drill held. */
export async function insertStarted(client: Queryable, drill: DrillRow, started: StartedDue): Promise<void> {
  const { occurrenceId, recoveryId, dueAt, requestedBy } = started;
  const values = [occurrenceId, drill.id, dueAt, requestedBy, recoveryId, drill.promptPolicy, drill.maxDurationSeconds];
  await client.query({ name: "drill-started", text: startedText, values: [...values, drill.autoCleanup ? "WAITING" : "NOT_WANTED"] });
}
