/** One cycle from its claim to its end: copy, write down, compare with the site where that is due, discard what is too many. */
import { changesPayload } from "../../events/changes.ts";
import { backOff } from "../effects.ts";
import { isOutage, LeaseLost } from "../journal.ts";
import type { EngineParts } from "../settings.ts";
import { followSite } from "./catalogue.ts";
import { endCycle } from "./claim.ts";
import type { Cycle } from "./cycle.ts";
import type { HeldCycle } from "./held-cycle.ts";
import { type CycleFailure, noteFailure, noteSuccess, type Written } from "./outcome.ts";
import { discardPoints } from "./retention.ts";
import { synchronise } from "./synchronise.ts";

export interface DriveOptions {
  readonly parts: EngineParts;
  readonly minimumSeconds: number;
  /** Groups whose catalogue this node has compared with their site since it started, or since a failure. */
  readonly compared: Set<string>;
}

/** Never rejects. What breaks off is taken up again, by this node or another, when its lease has lapsed. */
export async function driveCycle(held: HeldCycle, options: DriveOptions): Promise<void> {
  const { cycle } = held;
  const { log } = options.parts;
  try {
    await copyAndKeep(held, options);
  } catch (error) {
    options.compared.delete(cycle.groupId);
    if (held.signal.aborted || error instanceof LeaseLost || isOutage(error)) return;
    log.error({ err: error, groupId: cycle.groupId }, "a replication cycle failed inside the gateway");
    const failure = { message: "The cycle failed inside the gateway; its log says more.", known: false };
    await fail(held, options, failure).catch((again) => log.error({ err: again, groupId: cycle.groupId }, "its failure is not written"));
  }
}

async function copyAndKeep(held: HeldCycle, options: DriveOptions): Promise<void> {
  const { cycle, signal, calls } = held;
  const { parts, compared } = options;
  const { pool } = parts;
  if (cycle.resumed) compared.delete(cycle.groupId);
  const copied = await synchronise(calls, cycle, signal);
  if (!copied.ok) return fail(held, options, copied);
  announce(parts, cycle, await noteSuccess(pool, cycle, copied.point));
  await keepFew(held, options);
  await endCycle(pool, cycle, options.minimumSeconds);
}

/** Its failure is none of the cycle's: the point is there. The catalogue is compared with the site before the next one goes on. */
async function keepFew({ cycle, signal, calls }: HeldCycle, { parts: { pool, log }, compared }: DriveOptions): Promise<void> {
  try {
    if (!compared.has(cycle.groupId)) await followSite(pool, calls, cycle, signal);
    compared.add(cycle.groupId);
    for (const { pointId, reason } of await discardPoints(pool, calls, cycle, signal)) {
      log.warn({ groupId: cycle.groupId, pointId, reason }, "a recovery point is kept that is one too many");
    }
  } catch (error) {
    compared.delete(cycle.groupId);
    if (signal.aborted || error instanceof LeaseLost || isOutage(error)) throw error;
    log.warn({ err: error, groupId: cycle.groupId }, "recovery points could not be looked after; the next cycle does it");
  }
}

async function fail({ cycle }: HeldCycle, options: DriveOptions, failure: Omit<CycleFailure, "retrySeconds">): Promise<void> {
  const { parts, minimumSeconds, compared } = options;
  compared.delete(cycle.groupId);
  const { random } = parts.settings.retry;
  const policy = { tries: 1, baseMs: minimumSeconds, maxMs: Math.max(minimumSeconds, cycle.intervalSeconds), random };
  const retrySeconds = backOff(policy, cycle.failures + 1);
  const { message, known } = failure;
  announce(parts, cycle, await noteFailure(parts.pool, cycle, { message, known, retrySeconds }));
  parts.log.warn({ groupId: cycle.groupId, group: cycle.groupName, reason: message }, "a replication cycle failed");
}

function announce({ wakeUps }: EngineParts, { cycleId }: Cycle, written: Written): void {
  if (written === null) throw new LeaseLost(cycleId);
  if (written > 0) wakeUps.hint("dr_events", changesPayload);
}
