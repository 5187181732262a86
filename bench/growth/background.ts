/** What goes on by itself in a gateway: it would be counted with the requests else. */
import { setTimeout as delay } from "node:timers/promises";
import { measuringLock } from "../../src/engine/lag/rows.ts";
import { median } from "../support/figures.ts";
import { cpuSeconds } from "../support/proc.ts";
import type { Sample } from "../support/rounds.ts";
import type { Size } from "./sizes.ts";

interface Used {
  readonly gateway: number;
  readonly postgres: number;
}

/** CPU seconds a second that a size takes while nobody asks. */
export interface Background extends Used {
  /** In most moments as long as a load: much of it comes in bursts, and a load that meets one of them is measured again. */
  readonly mostly: Used;
}

/** Of all sizes at once. */
export async function backgroundOf(sizes: readonly Size[], seconds: number, momentSeconds: number): Promise<readonly Background[]> {
  const now = () => sizes.map(({ product, server }): Used => ({ gateway: cpuSeconds(product.pid), postgres: cpuSeconds(server.pid) }));
  const seen = [now()];
  for (let left = Math.ceil(seconds / momentSeconds); left > 0; left--) {
    await delay(momentSeconds * 1000);
    seen.push(now());
  }
  return sizes.map((_, size) => {
    const moments = seen.slice(1).map((after, at): Used => {
      const [from, to] = [seen[at]?.[size], after[size]];
      if (from === undefined || to === undefined) throw new Error("There is no such moment.");
      return { gateway: (to.gateway - from.gateway) / momentSeconds, postgres: (to.postgres - from.postgres) / momentSeconds };
    });
    const of = (value: (used: Used) => number) => moments.map(value);
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    return {
      gateway: mean(of(({ gateway }) => gateway)),
      postgres: mean(of(({ postgres }) => postgres)),
      mostly: { gateway: median(of(({ gateway }) => gateway)), postgres: median(of(({ postgres }) => postgres)) },
    };
  });
}

/** The sample, but for what would have been used anyway. */
export function without(sample: Sample, background: Background | undefined): Sample {
  const each = (used: number | undefined) => ((used ?? 0) * 1000) / sample.requestsPerSecond;
  return {
    ...sample,
    gatewayCpuMs: sample.gatewayCpuMs - each(background?.mostly.gateway),
    postgresCpuMs: sample.postgresCpuMs - each(background?.mostly.postgres),
  };
}

/** The measurement of lag holds this lock, and writes down for each group when it was. */
const lagText = `SELECT (SELECT max(measured_at)::text FROM group_lag) AS last, EXISTS (SELECT FROM pg_locks
  WHERE locktype = 'advisory' AND ((classid::bigint << 32) | objid::bigint) = ${measuringLock}) AS "goesOn"`;

const lagOf = async ({ server }: Size) =>
  (await server.database.pool.query<{ last: string | null; goesOn: boolean }>(lagText)).rows[0] ?? { last: null, goesOn: false };

const longestLagMs = 60_000;

/**
 * `take` while the lag of no group of `size` is measured, again if need be. With 20,000 groups that takes two seconds of CPU twice a minute,
 * more than the requests of a moment do.
 */
export async function besideNoLag<T>(size: Size, take: () => Promise<T>): Promise<T> {
  for (const until = Date.now() + longestLagMs; Date.now() < until; ) {
    const before = await lagOf(size);
    if (before.goesOn) {
      await delay(100);
      continue;
    }
    const taken = await take();
    const after = await lagOf(size);
    if (!after.goesOn && after.last === before.last) return taken;
  }
  throw new Error("The lag was measured all the time: nothing could be measured beside it.");
}
