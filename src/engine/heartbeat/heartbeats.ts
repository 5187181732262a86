/**
 * Heartbeats: every node asks every site of a pair about its peers, again and again, and the rows say what all nodes have heard together. A
 * site that hangs delays nobody but itself; a database that is away is waited for, and what was not heard meanwhile is held against no site.
 */
import { setMaxListeners } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { monotonicMs } from "../monotonic.ts";
import { lookAtOriginals } from "./look-at-originals.ts";
import { recoveredSites } from "./original-rows.ts";
import { beatPair, beatSite, type Listening, peersOf, type Round, type SiteBeat } from "./round.ts";
import { healthRows, readWatched, type Watched } from "./rows.ts";
import type { HeartbeatParts } from "./settings.ts";

export interface Heartbeats {
  /**
   * One round: the first sites are asked now, and where there are many the others in turn, over so many milliseconds. What is still under way
   * of a round before is left out.
   */
  beat(overMs?: number): Promise<void>;
  /** Waits for what is under way, for as long as a heartbeat may take. */
  close(): Promise<void>;
}

/** Without a timer: `beat` is called by whoever has one. */
export function createHeartbeats(parts: HeartbeatParts): Heartbeats {
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const listening = listener(parts.settings.suspectAfterSeconds * 1000, stop.signal);
  /** Ids of sites and pairs whose last round is not over. */
  const busy = new Set<string>();
  const rounds = new Set<Promise<void>>();

  async function alone<T>(id: string, work: () => Promise<T>): Promise<T | null> {
    if (busy.has(id)) return null;
    busy.add(id);
    try {
      return await work();
    } catch (error) {
      if (!stop.signal.aborted) parts.log.warn({ err: error, id }, "a heartbeat could not be recorded");
      return null;
    } finally {
      busy.delete(id);
    }
  }

  const rows = healthRows(parts.pool);
  const haveRecovered = recoveredSites(parts.pool);

  async function round(overMs: number): Promise<void> {
    const watched = await readWatched(parts.pool);
    listening.heardDatabase();
    const round: Round = { ...parts, rows, listening, peers: peersOf(watched) };
    const turn = turnsOf(watched, overMs);
    const waits = new Map<number, Promise<unknown>>();
    const itsTurn = (siteId: string): Promise<unknown> => {
      const ms = turn(siteId);
      const wait = waits.get(ms) ?? (ms === 0 ? Promise.resolve() : delay(ms, null, { signal: stop.signal }).catch(() => null));
      waits.set(ms, wait);
      return wait;
    };
    const beats = new Map(
      watched.sites.map((site) => [
        site.id,
        itsTurn(site.id).then(() => (stop.signal.aborted ? null : alone(site.id, () => beatSite(round, site)))),
      ]),
    );
    await Promise.all([
      ...watched.sites.map(async ({ id }) => {
        const beat = await beats.get(id);
        if (!beat || !isHeard(beat)) return;
        await alone(`originals at ${id}`, async () => {
          if (await haveRecovered(id)) await lookAtOriginals(parts, id, stop.signal);
        });
      }),
      ...watched.pairs.map(async (pair) => {
        const both: (SiteBeat | null)[] = await Promise.all(pair.siteIds.map((id) => beats.get(id) ?? null));
        if (!stop.signal.aborted) await alone(pair.id, () => beatPair(round, pair, both));
      }),
    ]);
  }

  return {
    async beat(overMs = 0) {
      if (stop.signal.aborted) return;
      const done = round(overMs).catch((error: unknown) => parts.log.warn({ err: error }, "sites could not be asked for their heartbeats"));
      rounds.add(done);
      await done.finally(() => rounds.delete(done));
    },
    async close() {
      stop.abort();
      await Promise.all(rounds);
    },
  };
}

const isHeard = ({ told }: SiteBeat): boolean => [...told.values()].some((heartbeat) => heartbeat !== null);

/** Pairs that are asked at the same time: they share statements, and so few are nothing to notice. */
const pairsATurn = 8;
const mostTurns = 16;

/**
 * When each site is asked, in milliseconds from the start of the round: always after the same time while there are the same pairs, the two of a
 * pair together. A site of several pairs is asked once about all of them.
 */
export function turnsOf({ pairs }: Watched, overMs: number): (siteId: string) => number {
  const turns = Math.min(mostTurns, Math.ceil(pairs.length / pairsATurn));
  const ms = new Map<string, number>();
  for (const [at, { siteIds }] of pairs.entries()) {
    const turn = Math.floor((at * turns) / pairs.length);
    for (const id of siteIds) if (!ms.has(id)) ms.set(id, Math.round((turn * overMs) / turns));
  }
  return (siteId) => ms.get(siteId) ?? 0;
}

/** A node that was paused, or whose database was away, has not listened: silence counts from when it listens again. */
function listener(longestGapMs: number, signal: AbortSignal): Listening & { heardDatabase(): void } {
  let last = Number.NEGATIVE_INFINITY;
  let since: number | null = null;
  return {
    signal,
    heardDatabase() {
      const at = monotonicMs();
      if (at - last > longestGapMs) since = null;
      last = at;
    },
    since(now) {
      since ??= now;
      return since;
    },
  };
}

/** The last ones of a round are heard before the next one begins, but for those that take long to answer. */
const partOfInterval = 0.8;

export function startHeartbeats(parts: HeartbeatParts): { close(): Promise<void> } {
  const heartbeats = createHeartbeats(parts);
  const everyMs = parts.settings.everySeconds * 1000;
  const beat = () => void heartbeats.beat(everyMs * partOfInterval);
  const timer = setInterval(beat, everyMs);
  beat();
  return {
    close() {
      clearInterval(timer);
      return heartbeats.close();
    },
  };
}
