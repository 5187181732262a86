/** A node's engine: claims runs that nobody drives, drives them, and gives them back when it stops. */

import type pg from "pg";
import type { Logger } from "pino";
import { v7 as uuid } from "uuid";
import type { Database } from "../database/database.ts";
import type { WakeUps } from "../events/wake-ups.ts";
import type { Providers } from "../providers/contract.ts";
import { forget, outcomeAfterDeath, readSpool } from "./commands/spool.ts";
import { moveDeadlines } from "./gap.ts";
import { isOutage } from "./journal.ts";
import { type Claim, claim, release, releaseAll } from "./lease.ts";
import { startLifeline } from "./lifeline.ts";
import { type Replication, startReplication } from "./replication/replication.ts";
import { driveRun, endBroken, type RunHandle } from "./run.ts";
import type { RunEnd } from "./run-loop.ts";
import { defaultSettings, type EngineParts, type EngineSettings } from "./settings.ts";
import { createSlots } from "./slots.ts";

export interface EngineOptions {
  readonly database: Pick<Database, "pool" | "directUrl"> & {
    /** For the writes of runs, which take the log's counter one after the other: more than a few at once keep others waiting. Left out: `pool`. */
    readonly writers?: pg.Pool;
  };
  readonly providers: Providers;
  readonly wakeUps: Pick<WakeUps, "on" | "hint">;
  readonly spoolDir: string;
  readonly settings: Partial<EngineSettings> & Pick<EngineSettings, "leaseSeconds" | "scriptsDir" | "secretsDir">;
  readonly log: Logger;
}

export interface Engine {
  readonly nodeId: string;
  /** Runs that this node drives now. */
  readonly driving: number;
  /** Starts nothing more, gives every run back, ends commands. */
  close(): Promise<void>;
}

const sweepMs = 1000;
/** A run that breaks off more often ends FAILED, so that its plan is not locked for ever. */
const mostBreaks = 5;
/** Runs that one node drives at once. */
const maxRuns = 200;

export async function startEngine({ database, providers, wakeUps, spoolDir, settings: given, log }: EngineOptions): Promise<Engine> {
  const nodeId = uuid();
  const { pool } = database;
  const settings: EngineSettings = { ...defaultSettings, ...given };
  await moveDeadlines(pool, { nodeId, leaseSeconds: settings.leaseSeconds });
  const { leaseSeconds, scriptsDir } = settings;
  const lifeline = await startLifeline({ directUrl: database.directUrl, nodeId, leaseSeconds, spoolDir, scriptsDir, log });
  const parts: EngineParts = {
    pool,
    writers: database.writers ?? pool,
    providers,
    lifeline,
    wakeUps,
    slots: createSlots(settings.operationsPerSite),
    settings,
    lostOutcome: (key) => outcomeAfterDeath(spoolDir, key),
    forgetOutcome: (key) => void forget(spoolDir, key).catch((error) => log.warn({ err: error, key }, "an outcome stays in the spool")),
    log,
  };
  const stopping = new AbortController();
  const runs = new Map<string, RunHandle>();
  /** How often each run has broken off here, one after the other. */
  const breaks = new Map<string, number>();
  const ends = new Set<Promise<void>>();

  function take(claimed: Claim): void {
    runs.get(claimed.runId)?.lose();
    lifeline.own(claimed.runId, claimed.epoch, claimed.claimedAtMs);
    const broken = breaks.get(claimed.runId) ?? 0;
    const handle = broken < mostBreaks ? driveRun(claimed, parts, stopping.signal) : endBroken(claimed, parts, stopping.signal);
    runs.set(claimed.runId, handle);
    const end = handle.done.then(
      (how) => {
        breaks.delete(claimed.runId);
        return giveBack(claimed, handle, how);
      },
      (error: unknown) => {
        breaks.set(claimed.runId, broken + 1);
        log.error({ err: error, runId: claimed.runId, times: broken + 1 }, "a run broke off; it is taken up again soon");
        return giveBack(claimed, handle, "BROKEN");
      },
    );
    ends.add(end);
    void end.finally(() => ends.delete(end));
  }

  async function giveBack(claimed: Claim, handle: RunHandle, how: RunEnd | "BROKEN"): Promise<void> {
    if (runs.get(claimed.runId) === handle) {
      runs.delete(claimed.runId);
      lifeline.disown(claimed.runId);
    }
    if (how === "ENDED" || how === "LOST") return;
    try {
      await release(
        pool,
        claimed,
        nodeId,
        how === "HANDED_OVER" ? "AT_ONCE" : how === "BROKEN" ? await soon() : (how.waitsUntil ?? "WHEN_WOKEN"),
      );
    } catch (error) {
      log.warn({ err: error, runId: claimed.runId }, "a lease is left to lapse");
    }
  }

  /** Not at once: what broke a run off may break it off again. */
  async function soon(): Promise<Date> {
    const { rows } = await pool.query<{ at: Date }>("SELECT dr_now() + interval '5 s' AS at");
    return rows[0]?.at ?? new Date();
  }

  let timer: NodeJS.Timeout | undefined;
  let sweeping = false;
  let again = false;
  async function sweep(): Promise<void> {
    if (timer === undefined || stopping.signal.aborted) return;
    sweeping = true;
    try {
      if (lifeline.servingMs() > 0 && runs.size < maxRuns) {
        for (const claimed of await claim(pool, nodeId, settings.leaseSeconds, maxRuns - runs.size)) take(claimed);
      }
    } catch (error) {
      if (!isOutage(error)) log.error({ err: error }, "looking for runs failed");
    } finally {
      sweeping = false;
    }
    if (again) {
      again = false;
      await sweep();
    }
  }

  let sweepEnd = Promise.resolve();
  const startSweep = () => {
    if (!sweeping) sweepEnd = sweep();
    else again = true;
  };
  const stopListening = wakeUps.on("dr_work", (runId) => {
    const handle = runId === null ? undefined : runs.get(runId);
    if (handle) handle.wake();
    else startSweep();
  });
  let replication: Replication | null = null;
  // What an earlier gateway left running ends before anything is taken up; the gateway need not wait for that.
  const started = readSpool(spoolDir).then(
    () => {
      if (stopping.signal.aborted) return;
      timer = setInterval(startSweep, sweepMs);
      startSweep();
      const { replicationMinimumSeconds: minimum } = settings;
      if (minimum !== null) replication = startReplication(parts, nodeId, minimum);
    },
    (error: unknown) => log.error({ err: error, spoolDir }, "the spool of commands can't be read: this node drives no runs"),
  );

  return {
    nodeId,
    get driving() {
      return runs.size;
    },
    async close() {
      stopListening();
      stopping.abort(new DOMException("the gateway stops", "AbortError"));
      await started;
      await sweepEnd;
      clearInterval(timer);
      await replication?.close();
      await Promise.allSettled(ends);
      await lifeline.close();
      await releaseAll(pool, nodeId).catch((error) => log.warn({ err: error }, "leases are left to lapse"));
    },
  };
}
