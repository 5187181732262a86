/** When a call has arrived at a hold: one look, again and again, for all holds that somebody waits for. */
import { setTimeout as delay } from "node:timers/promises";
import type { Pool } from "pg";

const lookMs = 20;

/** Answers a function that resolves when a call has arrived at the hold with this id, and rejects when the hold is gone before. */
export function watchArrivals(pool: Pool, closing: AbortSignal): (id: string) => Promise<void> {
  const waiting = new Map<string, PromiseWithResolvers<void>>();

  async function look(): Promise<void> {
    const ids = [...waiting.keys()];
    const { rows } = await pool.query<{ id: string; arrived: boolean }>({
      name: "lab-arrivals",
      text: "SELECT id::text, arrived > 0 AS arrived FROM lab.fault WHERE id = ANY($1::bigint[])",
      values: [ids],
    });
    const found = new Map(rows.map(({ id, arrived }) => [id, arrived]));
    for (const id of ids) {
      const arrived = found.get(id);
      if (arrived === false) continue;
      if (arrived === true) waiting.get(id)?.resolve();
      else waiting.get(id)?.reject(new Error("The hold was cleared before a call arrived."));
      waiting.delete(id);
    }
  }

  let isWatching = false;
  async function watch(): Promise<void> {
    if (isWatching) return;
    isWatching = true;
    try {
      while (waiting.size > 0) {
        await look();
        await delay(lookMs, undefined, { signal: closing });
      }
    } catch (error) {
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
    } finally {
      isWatching = false;
    }
  }

  return (id) => {
    const arrival = Promise.withResolvers<void>();
    waiting.set(id, arrival);
    void watch();
    return arrival.promise;
  };
}
