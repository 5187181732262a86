/**
 * Heartbeats: every node asks every site of a pair about its peers, again and again, and the rows say what all nodes have heard together. A
 * site that hangs delays nobody but itself; a database that is away is waited for, and what was not heard meanwhile is held against no site.
 */
import { monotonicMs } from "../monotonic.ts";
import { lookAtOriginals } from "./look-at-originals.ts";
import { beatPair, beatSite, type Listening, type SiteBeat } from "./round.ts";
import { readWatched, type SiteRow } from "./rows.ts";
import type { HeartbeatParts } from "./settings.ts";

export interface Heartbeats {
  /** One round, now; what is still under way of a round before is left out. */
  beat(): Promise<void>;
  /** Waits for what is under way, for as long as a heartbeat may take. */
  close(): Promise<void>;
}

/** Without a timer: `beat` is called by whoever has one. */
export function createHeartbeats(parts: HeartbeatParts): Heartbeats {
  const stop = new AbortController();
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

  async function round(): Promise<void> {
    const watched = await readWatched(parts.pool);
    listening.heardDatabase();
    const beats = new Map(watched.sites.map((site: SiteRow) => [site.id, alone(site.id, () => beatSite(parts, site, watched, listening))]));
    await Promise.all([
      ...watched.sites.map(async (site) => {
        const beat = await beats.get(site.id);
        if (beat && isHeard(beat)) await alone(`originals at ${site.id}`, () => lookAtOriginals(parts, site.id, stop.signal));
      }),
      ...watched.pairs.map(async (pair) => {
        const both: (SiteBeat | null)[] = await Promise.all(pair.siteIds.map((id) => beats.get(id) ?? null));
        if (!stop.signal.aborted) await alone(pair.id, () => beatPair(parts, pair, both));
      }),
    ]);
  }

  return {
    async beat() {
      if (stop.signal.aborted) return;
      const done = round().catch((error: unknown) => parts.log.warn({ err: error }, "sites could not be asked for their heartbeats"));
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

export function startHeartbeats(parts: HeartbeatParts): { close(): Promise<void> } {
  const heartbeats = createHeartbeats(parts);
  const timer = setInterval(() => void heartbeats.beat(), parts.settings.everySeconds * 1000);
  void heartbeats.beat();
  return {
    close() {
      clearInterval(timer);
      return heartbeats.close();
    },
  };
}
