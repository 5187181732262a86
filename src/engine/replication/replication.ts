/**
 * A node's share of the replication cycles: it looks every second for those that are due, and holds their leases while it drives them.
 * The leases are renewed from the engine's thread: one that is lost while it hangs costs a take-over, no effect. Cycles are bounded apart
 * from runs: copies may take long, and neither may a recovery wait for them nor a large test keep replicas from being fresh.
 */
import { changesPayload } from "../../events/changes.ts";
import { isOutage } from "../journal.ts";
import { monotonicMs } from "../monotonic.ts";
import type { EngineParts } from "../settings.ts";
import { claimCycles, releaseCycles, renewCycles } from "./claim.ts";
import { driveCycle } from "./drive.ts";
import { type HeldCycle, holdCycle } from "./held-cycle.ts";
import { createKeeper } from "./keeper.ts";
import { keepStanding } from "./standing.ts";
import { readTold } from "./told.ts";

export interface Replication {
  /** Starts nothing more, and gives every cycle back. */
  close(): Promise<void>;
}

/** Cycles that one node drives at once. */
const maxCycles = 50;

export function startReplication(parts: EngineParts, nodeId: string, minimumSeconds: number): Replication {
  const { pool, settings, log } = parts;
  const { leaseSeconds, replicationsPerSite: perSite, replicationTickMs } = settings;
  const stopping = new AbortController();
  const held = new Map<string, HeldCycle>();
  const ends = new Set<Promise<void>>();
  const compared = new Set<string>();
  const keepAllStanding = createKeeper({
    keep: (groupIds) => keepStanding(pool, minimumSeconds, groupIds),
    told: (since) => readTold(pool, since),
  });

  async function look(): Promise<void> {
    if ((await keepAllStanding()) > 0) parts.wakeUps.hint("dr_events", changesPayload);
    const limit = maxCycles - held.size;
    if (limit <= 0 || stopping.signal.aborted) return;
    for (const cycle of await claimCycles(pool, { nodeId, leaseSeconds, minimumSeconds, perSite, limit })) {
      held.get(cycle.groupId)?.lose();
      const mine = holdCycle(cycle, parts, stopping.signal);
      held.set(cycle.groupId, mine);
      const end = driveCycle(mine, { parts, minimumSeconds, compared }).finally(() => {
        if (held.get(cycle.groupId) === mine) held.delete(cycle.groupId);
        ends.delete(end);
      });
      ends.add(end);
    }
  }

  async function renew(): Promise<void> {
    const asked = [...held.values()];
    if (asked.length === 0) return;
    const sentAtMs = monotonicMs();
    const cycles = asked.map(({ cycle }) => cycle);
    const ours = await renewCycles(pool, { nodeId, leaseSeconds }, cycles);
    for (const mine of asked) {
      if (ours.has(mine.cycle.groupId)) mine.renewed(sentAtMs);
      else mine.lose();
    }
  }

  const looking = repeat(look, replicationTickMs, (error) => log.error({ err: error }, "looking for replication cycles failed"));
  const renewing = repeat(renew, (leaseSeconds * 1000) / 3, (error) => log.warn({ err: error }, "replication cycles are not renewed"));
  return {
    async close() {
      stopping.abort(new DOMException("the gateway stops", "AbortError"));
      await looking.close();
      await Promise.allSettled(ends);
      await renewing.close();
      await releaseCycles(pool, nodeId).catch((error) => log.warn({ err: error }, "replication cycles are left to lapse"));
    },
  };
}

/** One after the other, `ms` apart. While the database is away, nothing is said: others say it. */
function repeat(work: () => Promise<void>, ms: number, onError: (error: unknown) => void): { close(): Promise<void> } {
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();
  const plan = () => {
    if (!closed) timer = setTimeout(round, ms);
  };
  const round = () => {
    running = work()
      .catch((error: unknown) => {
        if (!isOutage(error)) onError(error);
      })
      .finally(plan);
  };
  plan();
  return {
    close: () => {
      closed = true;
      clearTimeout(timer);
      return running;
    },
  };
}
