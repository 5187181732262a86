/**
 * The one writer of a run: steps, prompts, output, the run's own row and its events, in one autocommit statement that is conditional
 * on the epoch. No state without its event, nothing from an owner that has lost the run. The run's row also counts its
 * events, so that a write whose answer got lost is recognised when it is sent again, and not done twice.
 */
import type pg from "pg";
import { InOrder } from "../database/in-order.ts";
import { textsOf, toJsonb } from "../database/json.ts";
import { brokenConstraint, inTransaction } from "../database/transaction.ts";
import { eventArrays, eventCtes } from "../events/append.ts";
import type { Change } from "../events/changes.ts";
import type { RecoveryEvent } from "../events/types.ts";
import { type Batch, outputsOf, stepColumns } from "./batch.ts";
import type { PausedReason } from "./model.ts";
import type { RunWarning } from "./run-snapshot.ts";

/** The run's own row, as it is after the write. */
export interface RunRow {
  readonly state: string;
  readonly pausedReason: PausedReason | null;
  readonly started: number | null;
  readonly progress: number;
  readonly currentStep: string | null;
  readonly estimate: number | null;
  readonly vmCount: number;
  readonly vmsSucceeded: number;
  readonly vmsFailed: number;
  readonly errors: readonly string[];
  readonly warnings: readonly RunWarning[];
}

/** The same for a write that need not tell of all of it. */
export interface RunChange extends Omit<RunRow, "warnings"> {
  /** Null: as they were written last. */
  readonly warnings: readonly RunWarning[] | null;
}

/** Another node owns the run, or nobody does any more: stop, and write nothing. */
export class LeaseLost extends Error {
  override readonly name = "LeaseLost";
  constructor(runId: string) {
    super(`the lease of run ${runId} is lost`);
  }
}

export interface Journal {
  /** Number of the newest event. */
  readonly lastEvent: number;
  /**
   * Resolves when it is durable, and all before it; waits while the database is away. Throws LeaseLost when the epoch no longer holds. The next
   * one need not wait for it.
   */
  write(batch: Batch, run: RunChange, changes: readonly Change[]): Promise<void>;
  /** The same for another statement whose $1 to $8 are as `runAndEvents` has them; one row means done. */
  execute(statement: Statement, row: object, news: News, values?: readonly unknown[], first?: Before): Promise<void>;
}

/**
 * What has to be written before the statement, and with it or not at all. That takes a transaction: a node that is stopped inside of it keeps
 * what it has locked until the server ends its session, 2 s later; so it locks nothing that others write.
 */
export type Before = (client: pg.ClientBase) => Promise<void>;

/** What a write puts into the log: the run's events, and what beside it they have changed. */
export interface News {
  readonly events: readonly RecoveryEvent[];
  readonly changes: readonly Change[];
}

interface Statement {
  readonly name: string;
  readonly text: string;
}

/** A statement with its values, and the run's newest event before and after it. */
interface Write {
  readonly query: pg.QueryConfig;
  readonly before: Before | undefined;
  readonly from: number;
  readonly to: number;
}

const milliseconds = (column: string) => `to_timestamp(${column} / 1000.0)`;

/** $1 run, $2 epoch, $3 expected last event, $4 number of events, $5 run's row, $6 to $8 events. Later statements add to it. */
export const runAndEvents = {
  run: `r AS (
    UPDATE recovery SET last_event = last_event + $4::int, state = x.state::"RecoveryState", paused_reason = x."pausedReason"::"PausedReason",
      started_at = ${milliseconds("x.started")}, progress_percent = GREATEST(progress_percent, x.progress), current_step = x."currentStep",
      estimated_completion_at = ${milliseconds("x.estimate")}, vm_count = x."vmCount", vms_succeeded = x."vmsSucceeded",
      vms_failed = x."vmsFailed", errors = x.errors, warnings = COALESCE(x.warnings, recovery.warnings),
      warnings_count = COALESCE(jsonb_array_length(x.warnings), warnings_count)
    FROM jsonb_to_record($5::jsonb) AS x(state text, "pausedReason" text, started float8, progress int, "currentStep" text, estimate float8,
      "vmCount" int, "vmsSucceeded" int, "vmsFailed" int, errors text[], warnings jsonb)
    WHERE id = $1::uuid AND epoch = $2::bigint AND last_event = $3::int
    RETURNING id, last_event - $4::int AS base)`,
  task: `t AS (
    UPDATE task SET state = 'RUNNING', progress_percent = GREATEST(progress_percent, x.progress), current_step = x."currentStep",
      errors = x.errors, warnings = COALESCE(x.warnings, task.warnings)
    FROM r, jsonb_to_record($5::jsonb) AS x(progress int, "currentStep" text, errors text[], warnings jsonb) WHERE task.recovery_id = r.id)`,
  /** $6 kinds, $7 payloads and $8 ends. The counter comes last: whoever holds it lets all other writers wait. */
  events: (after: string) => eventCtes({ run: "r", after: [after], count: "$4::int", kinds: "$6", payloads: "$7", ends: "$8" }),
} as const;

/**
 * $9 to $19 steps, column by column, $20 prompts, $21 output, $22 prompts that are withdrawn. Steps are looked up by their ordinals, or all of
 * a large run's would be read. Unnested in a SELECT the columns cost less, but a write of a run of 25,000 VMs took three times as long.
 */
const write = {
  name: "journal-write",
  text: `WITH ${runAndEvents.run},
  u AS (
    UPDATE recovery_step s SET status = x.status::"StepStatus", attempt = x.attempt, progress_percent = x.progress, message = x.message,
      errors = ${textsOf("x.errors")}, warnings = ${textsOf("x.warnings")}, result = x.result::jsonb, started_at = ${milliseconds("x.started")},
      ended_at = ${milliseconds("x.ended")}, due_at = ${milliseconds("x.due")}
    FROM r, unnest($9::int[], $10::text[], $11::int[], $12::int[], $13::text[], $14::text[], $15::text[], $16::text[], $17::float8[], $18::float8[],
      $19::float8[]) AS x(ordinal, status, attempt, progress, message, errors, warnings, result, started, ended, due)
    WHERE s.run_id = r.id AND s.ordinal = x.ordinal AND s.ordinal = ANY($9::int[]) RETURNING 1),
  p AS (
    INSERT INTO recovery_prompt (id, run_id, ordinal, attempt, name, message, opened_at, due_at, default_answer, needs_two_people)
    SELECT x.id, r.id, x.ordinal, x.attempt, x.name, x.message, ${milliseconds("x.opened")}, ${milliseconds("x.due")}, x."defaultAnswer"::"PromptAnswer", x."needsTwoPeople"
    FROM r, jsonb_to_recordset($20::jsonb) AS x(id uuid, ordinal int, attempt int, name text, message text, opened float8, due float8, "defaultAnswer" text,
      "needsTwoPeople" boolean)),
  o AS (
    INSERT INTO step_output (run_id, ordinal, tail, total_bytes)
    SELECT r.id, x.ordinal, right(x.text, 65536), x.total FROM r, jsonb_to_recordset($21::jsonb) AS x(ordinal int, text text, total int)
    ON CONFLICT (run_id, ordinal) DO UPDATE SET tail = right(step_output.tail || excluded.tail, 65536), total_bytes = excluded.total_bytes),
  w AS (
    UPDATE recovery_prompt SET withdrawn_at = dr_now() FROM r
    WHERE run_id = r.id AND recovery_prompt.id = ANY($22::uuid[]) AND answer IS NULL AND withdrawn_at IS NULL),
  ${runAndEvents.task},
  ${runAndEvents.events("u")}
  SELECT base FROM r`,
};

export interface JournalOptions {
  /** For transactions, which may be long, and for what is written again. */
  readonly pool: pg.Pool;
  /** For single statements. */
  readonly writers: pg.Pool;
  readonly runId: string;
  readonly epoch: bigint;
  readonly lastEvent: number;
  readonly signal: AbortSignal;
  /** Called when the database can't be reached; the write is tried again. */
  readonly onTrouble: (error: unknown) => void;
}

export function createJournal({ pool, writers, runId, epoch, lastEvent: known, signal, onTrouble }: JournalOptions): Journal {
  const line = new InOrder(writers);
  let lastEvent = known;
  /** Of all that is under way. */
  let lastSent = known;
  /** The newest write; it comes to its end behind all others. */
  let newest: Promise<void> = Promise.resolve();
  /** The newest of those that are not sent ahead: what comes behind it is sent once it is over. */
  let alone: Promise<void> | null = null;

  /**
   * Sent at once behind those that are under way: it is done only where they were, since their events count. That holds for a single statement
   * behind writes that have events.
   */
  function execute(statement: Statement, row: object, news: News, values: readonly unknown[] = [], before?: Before): Promise<void> {
    const events = news.events.length;
    const { kinds, payloads, ends } = eventArrays(news.events, news.changes);
    const query = { ...statement, values: [runId, epoch, lastSent, events, toJsonb(row), kinds, payloads, ends, ...values] };
    const write = { query, before, from: lastSent, to: lastSent + events };
    lastSent = write.to;
    const isAhead = events > 0 && before === undefined;
    newest = finish(write, isAhead ? sendAhead(query) : null, newest);
    newest.catch(() => {});
    if (!isAhead) standAlone(newest);
    return newest;
  }

  function sendAhead(query: pg.QueryConfig): Promise<pg.QueryResult> {
    const send = () => {
      signal.throwIfAborted();
      return line.query(query);
    };
    const sent = (alone ?? Promise.resolve()).then(send);
    sent.catch(() => {});
    return sent;
  }

  function standAlone(write: Promise<void>): void {
    const over = write.finally(() => {
      if (alone === over) alone = null;
    });
    over.catch(() => {});
    alone = over;
  }

  async function finish(write: Write, ahead: Promise<pg.QueryResult> | null, previous: Promise<void>): Promise<void> {
    await previous;
    if (ahead === null || !(await wasDone(ahead))) {
      const again = writeAlone(write);
      if (ahead !== null) standAlone(again);
      await again;
    }
    lastEvent = write.to;
  }

  /** False: it is to be done again, now that those before it are durable. */
  async function wasDone(ahead: Promise<pg.QueryResult>): Promise<boolean> {
    try {
      return (await ahead).rowCount === 1;
    } catch (error) {
      if (!isOutage(error)) throw error;
      onTrouble(error);
      return false;
    }
  }

  async function writeAlone(write: Write): Promise<void> {
    for (let delay = 50; ; delay = Math.min(delay * 2, 1000)) {
      if (signal.aborted) throw signal.reason;
      try {
        const isWritten =
          write.before === undefined ? (await pool.query(write.query)).rowCount === 1 : await writtenWith(write.before, write.query);
        if (isWritten || (await wasWritten(write))) return;
        throw new LeaseLost(runId);
      } catch (error) {
        if (error instanceof LeaseLost || !isOutage(error)) throw error;
        onTrouble(error);
        await pause(delay, signal);
      }
    }
  }

  async function writtenWith(before: Before, query: pg.QueryConfig): Promise<boolean> {
    try {
      await inTransaction(pool, async (client) => {
        await before(client);
        const { rowCount } = await client.query(query);
        if (rowCount !== 1) throw new LeaseLost(runId);
      });
      return true;
    } catch (error) {
      // Rows that are there already are those of an earlier try, or of another owner.
      if (error instanceof LeaseLost || brokenConstraint(error) === "recovery_step_pkey") return false;
      throw error;
    }
  }

  /** An earlier try may have arrived although its answer did not, and with it those that were sent behind it. */
  async function wasWritten({ from, to }: Write): Promise<boolean> {
    const { rows } = await pool.query("SELECT 1 FROM recovery WHERE id = $1 AND epoch = $2 AND last_event >= $3", [runId, epoch, to]);
    return to > from && rows.length === 1;
  }

  return {
    get lastEvent() {
      return lastEvent;
    },
    execute,
    write: (batch, run, changes) =>
      execute(write, run, { events: batch.events, changes }, [
        ...stepColumns([...batch.steps.values()]),
        toJsonb(batch.prompts),
        toJsonb(outputsOf(batch)),
        batch.withdrawn,
      ]),
  };
}

/** The connection is gone, or the server is stopping, starting or out of something: not an error of the statement. */
export function isOutage(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  // Also what the next try may not meet again: deadlocks, cancelled statements, a standby, a full disk.
  if (/^(08|57P|53)/.test(code) || ["40P01", "40001", "57014", "25006"].includes(code)) return true;
  if (/^(ECONN|EPIPE|ENOENT|ETIMEDOUT|EAI_|EHOSTUNREACH|ENETUNREACH)/.test(code)) return true;
  return (
    error instanceof Error &&
    /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Query read timeout/.test(
      error.message,
    )
  );
}

export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
}
