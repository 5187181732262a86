/**
 * In the engine's place: it opens prompts and ends runs by the engine's own last statement, without doing any step in between. How long a run
 * takes, whether it asks, fails or hangs is chance.
 */
import { v7 as uuid } from "uuid";
import { finishRun } from "../../src/engine/finish.ts";
import { createJournal } from "../../src/engine/journal.ts";
import type { ResultState } from "../../src/engine/model.ts";
import type { RunSnapshot } from "../../src/engine/run-snapshot.ts";
import type { World } from "./world.ts";

interface Fate {
  endsAt: number;
  /** It never ends by itself. */
  readonly hangs: boolean;
  readonly result: ResultState;
  /** Null: it does not ask, or has asked. */
  asksAt: number | null;
}

interface OpenRun {
  readonly id: string;
  readonly kind: "TEST" | "CLEANUP";
  /** It has answers to prompts, and a time limit. */
  readonly byDrill: boolean;
  readonly epoch: string;
  readonly lastEvent: number;
  readonly cancelRequested: boolean;
  readonly asks: boolean;
  readonly content: RunSnapshot;
}

const openText = `SELECT r.id, r.kind, r.initiated_by LIKE 'schedule/%' AS "byDrill", r.epoch::text AS epoch, r.last_event AS "lastEvent", r.cancel_requested_at IS NOT NULL AS "cancelRequested",
    EXISTS (SELECT 1 FROM recovery_prompt p WHERE p.run_id = r.id AND p.answer IS NULL) AS asks, s.content
  FROM recovery r JOIN recovery_snapshot s ON s.run_id = r.id WHERE r.ended_at IS NULL ORDER BY r.id`;

const minute = 60_000;

export interface Runs {
  /** When something of an open run is next; Infinity: nothing is open. */
  readonly nextAt: number;
  /** What has come so far by now. */
  advance(now: number): Promise<void>;
}

export function runsOf({ db: { database } }: World, random: () => number): Runs {
  const { pool } = database;
  const fates = new Map<string, Fate>();

  const fateOf = ({ id, kind, byDrill }: OpenRun, now: number): Fate => {
    const bad = random() < 0.12;
    const test = kind === "TEST";
    const made: Fate = fates.get(id) ?? {
      endsAt: now + (test ? 2 + random() * 40 : 1 + random() * 5) * minute,
      hangs: test && random() < 0.04 && byDrill,
      result: bad ? "FAILED" : random() < 0.2 ? "WARNING" : "SUCCESS",
      asksAt: test && random() < 0.3 && byDrill ? now + minute : null,
    };
    fates.set(id, made);
    return made;
  };

  async function end({ id, kind, epoch, lastEvent, cancelRequested, content }: OpenRun, result: ResultState): Promise<void> {
    const signal = new AbortController().signal;
    const onTrouble = (error: unknown) => {
      throw error;
    };
    const journal = createJournal({ pool, writers: pool, runId: id, epoch: BigInt(epoch), lastEvent, signal, onTrouble });
    const cancelled = cancelRequested && kind === "TEST";
    const resultState = cancelled ? "CANCELLED" : result;
    const outcome = { state: resultState === "CANCELLED" || resultState === "FAILED" ? "FAILED" : "COMPLETED", resultState } as const;
    const figures = { rtoAchievedSeconds: 60, rtoOfRecoveredVmsSeconds: 60, rpoAchievedSeconds: 60 };
    const counts = { vmCount: 1, vmsSucceeded: resultState === "FAILED" ? 0 : 1, vmsFailed: resultState === "FAILED" ? 1 : 0 };
    const row = { ...counts, state: "RUNNING", pausedReason: null, started: null, progress: 0, currentStep: null, estimate: null };
    const whole = { runId: id, snapshot: content, outcome, figures, steps: [], error: null, switchesTo: null };
    await finishRun(journal, whole, { ...row, errors: [], warnings: [] }, []);
    fates.delete(id);
  }

  async function ask(runId: string): Promise<void> {
    await pool.query(
      "INSERT INTO recovery_prompt (id, run_id, ordinal, attempt, name, message, opened_at) VALUES ($1, $2, 1, 1, 'ask', 'Go on?', dr_now())",
      [uuid(), runId],
    );
  }

  return {
    get nextAt() {
      return Math.min(Number.POSITIVE_INFINITY, ...[...fates.values()].map(({ endsAt, asksAt }) => asksAt ?? endsAt));
    },
    async advance(now) {
      for (const run of (await pool.query<OpenRun>(openText)).rows) {
        const fate = fateOf(run, now);
        if (run.cancelRequested && fate.endsAt > now + minute) fate.endsAt = now + minute;
        if (fate.asksAt !== null && fate.asksAt <= now) {
          fate.asksAt = null;
          if (!run.cancelRequested) await ask(run.id);
        } else if (fate.endsAt <= now) {
          // An answer is waited for, and what hangs ends once it is told to.
          if ((run.asks || fate.hangs) && !run.cancelRequested) fate.endsAt = now + 20 * minute;
          else await end(run, fate.result);
        }
      }
    },
  };
}
