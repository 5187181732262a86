/**
 * Accounts for what is due, drill by drill. Each due time gets one occurrence: its insert, the run that it starts and the step to the next due
 * time are one transaction under the drill's lock, so that a node that dies in between has done all of it or nothing, and of two nodes one does.
 */
import type pg from "pg";
import { v7 as newId } from "uuid";
import { inTransaction } from "../../database/transaction.ts";
import { appendChanges } from "../../events/changes.ts";
import { DomainError } from "../errors.ts";
import type { Recoveries } from "../recoveries/service.ts";
import type { ServiceContext } from "../service-context.ts";
import { blackoutAt, windowText } from "./blackout.ts";
import { drillCodes, type Reason, reasonOf } from "./codes.ts";
import { insertSkipped, insertStarted, type SkippedDue } from "./occurrences.ts";
import {
  type DrillRow,
  databaseNow,
  drillChanged,
  drillColumns,
  drillOf,
  lockDrillIfThere,
  type Queryable,
  type StoredDrill,
  scheduleOf,
  setNextRun,
} from "./rows.ts";
import { dueBehind, graceSeconds, look } from "./schedule.ts";
import { checkTolerated } from "./tolerated.ts";

export type DrillsContext = Pick<ServiceContext, "announce" | "log"> & { readonly database: { readonly pool: pg.Pool } };

export interface DrillParts {
  readonly context: DrillsContext;
  readonly recoveries: Pick<Recoveries, "start" | "cleanup" | "answerBySchedule" | "cancel">;
}

/** So many missed due times are written at once. */
const mostAtOnce = 500;

/** The drill is no longer as it was read: another node, or somebody's edit, was faster. */
export class Superseded extends Error {}

/** Until nothing is due any more, or `stop`. */
export async function accountForDue(parts: DrillParts, stop?: AbortSignal): Promise<void> {
  const { pool } = parts.context.database;
  const text = "SELECT id FROM drill WHERE next_run_at <= (SELECT dr_now()) ORDER BY next_run_at, id";
  const { rows } = await pool.query<{ id: string }>({ name: "drills-due", text });
  for (const { id } of rows) {
    let goesOn = true;
    while (goesOn && stop?.aborted !== true) {
      goesOn = await accountForNext(parts, id).catch((error: unknown) => {
        if (error instanceof Superseded) return true;
        // The others are due as well; this one again in the next round.
        parts.context.log.warn({ err: error, drillId: id }, "a drill that is due could not be accounted for");
        return false;
      });
    }
  }
}

/** One step of one drill; false: nothing of it is due any more. */
async function accountForNext(parts: DrillParts, drillId: string): Promise<boolean> {
  const { pool } = parts.context.database;
  const text = `SELECT ${drillColumns}, dr_now() AS now FROM drill d WHERE d.id = $1 AND d.next_run_at <= dr_now()`;
  const { rows } = await pool.query<StoredDrill & { now: Date }>({ name: "drill-due", text, values: [drillId] });
  const [stored] = rows;
  if (stored?.nextRunAt == null) return false;
  const drill = drillOf(stored);
  const { missed, next } = look(drill, stored.nextRunAt, stored.now, mostAtOnce);
  if (missed.length > 0)
    await skip(
      parts,
      drill,
      stored.nextRunAt,
      missed.map((dueAt) => missedDue(dueAt, stored.now)),
      next,
    );
  else await startOrSkip(parts, drill, next);
  return true;
}

export function missedDue(dueAt: Date, now: Date): SkippedDue {
  const late = Math.round((now.getTime() - dueAt.getTime()) / 1000);
  const message = `No gateway looked at it in time: it was found ${late} s after it was due, and at most ${graceSeconds} s are allowed.`;
  return {
    dueAt,
    code: "MISSED",
    message,
    remedy: "Nothing has to be done for this one; start the drill by hand (runDrillNow) if it matters.",
  };
}

async function startOrSkip(parts: DrillParts, drill: DrillRow, dueAt: Date): Promise<void> {
  const reason = blackedOut(drill, dueAt) ?? (await tryToStart(parts, drill, dueAt));
  if (reason !== null) await skip(parts, drill, dueAt, [{ ...reason, dueAt }], dueBehind(drill, dueAt));
}

function blackedOut({ blackoutWindows, timeZone }: DrillRow, dueAt: Date): Reason | null {
  const window = blackoutAt(blackoutWindows, dueAt, timeZone);
  if (window === null) return null;
  const message = `It was due within ${windowText(window)}, ${timeZone}.`;
  return { code: "BLACKOUT", message, remedy: "Change the schedule or the window, if it should have run." };
}

/** Null: it is started. */
async function tryToStart(parts: DrillParts, drill: DrillRow, dueAt: Date): Promise<Reason | null> {
  const { context } = parts;
  for (const again of [true, false]) {
    try {
      await startTest(parts, drill, { dueAt });
      return null;
    } catch (error) {
      if (error instanceof Superseded) throw error;
      if (error instanceof DomainError) return reasonOf(error, await kindInTheWay(context.database.pool, error));
      context.log.warn({ err: error, drillId: drill.id, dueAt, again }, "a drill could not be started");
    }
  }
  return { code: "START_FAILED", message: drillCodes.START_FAILED, remedy: "Look into the gateway's log; tell whoever looks after it." };
}

async function kindInTheWay(database: Queryable, error: DomainError): Promise<string | null> {
  const details: unknown = Reflect.get(error, "details");
  const runId: unknown = typeof details === "object" && details !== null ? Reflect.get(details, "activeRecoveryId") : null;
  if (typeof runId !== "string") return null;
  const text = "SELECT kind FROM recovery WHERE id = $1";
  const { rows } = await database.query<{ kind: string }>({ name: "drill-kind-in-the-way", text, values: [runId] });
  return rows[0]?.kind ?? null;
}

export interface DrillStart {
  /** A due time of its schedule; null: somebody has asked for it, by hand. */
  readonly dueAt: Date | null;
  readonly by?: { readonly viewer: ReturnType<typeof scheduleOf>; readonly idempotencyKey?: string | null | undefined };
}

/** The test, and its occurrence with it. Throws a DomainError for what is in the way. */
export async function startTest({ recoveries }: DrillParts, drill: DrillRow, { dueAt, by }: DrillStart) {
  const { planId, options, notes, name } = drill;
  const input = { planId, recoveryType: "TEST", ...options, notes: notes === "" ? `Drill ${name}` : notes } as const;
  return recoveries.start(
    by?.viewer ?? scheduleOf(drill),
    { ...input, idempotencyKey: by?.idempotencyKey },
    {
      mutation: "runDrillNow",
      input: { drillId: drill.id },
      async write(client, { recoveryId }) {
        const there = await lockDrillIfThere(client, drill.id);
        if (there?.version !== drill.version || (dueAt !== null && there.nextRunAt?.getTime() !== dueAt.getTime())) throw new Superseded();
        await checkTolerated(client, there);
        const requestedBy = by?.viewer.name ?? null;
        await insertStarted(client, there, { occurrenceId: newId(), recoveryId, dueAt, requestedBy });
        if (dueAt !== null) await setNextRun(client, drill.id, dueBehind(there, dueAt));
        return [drillChanged(there)];
      },
    },
  );
}

/** `nextRunAt`: as the drill was read; when it is another by now, somebody else has accounted for these. */
async function skip({ context }: DrillParts, drill: DrillRow, nextRunAt: Date, skipped: readonly SkippedDue[], next: Date): Promise<void> {
  await inTransaction(context.database.pool, async (client) => {
    const there = await lockDrillIfThere(client, drill.id);
    if (there?.version !== drill.version || there.nextRunAt?.getTime() !== nextRunAt.getTime()) throw new Superseded();
    await insertSkipped(client, drill.id, skipped);
    await setNextRun(client, drill.id, next);
    await appendChanges(client, [drillChanged(there)]);
  });
  const [first] = skipped;
  context.log.info({ drillId: drill.id, drill: drill.name, code: first?.code, count: skipped.length }, "a drill was skipped");
  context.announce();
}

/** With the drill held, before its schedule changes or ends: every due time up to now that nobody has accounted for. */
export async function accountBeforeChange(client: Queryable, drill: DrillRow, by: string): Promise<void> {
  if (drill.nextRunAt === null) return;
  const now = await databaseNow(client);
  let next = drill.nextRunAt;
  while (next <= now) {
    const found = look(drill, next, now, mostAtOnce);
    const skipped = found.missed.map((dueAt) => missedDue(dueAt, now));
    next = found.next;
    if (skipped.length === 0 && next <= now) {
      const message = `${by} has changed the drill between its due time and its start.`;
      skipped.push({ dueAt: next, code: "DRILL_CHANGED", message, remedy: "Start the drill by hand (runDrillNow) if it matters." });
      next = dueBehind(drill, next);
    }
    await insertSkipped(client, drill.id, skipped);
  }
}
