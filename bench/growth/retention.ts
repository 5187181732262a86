/** What is too old goes while requests are answered: by the statements of the housekeeping, over a connection of another node. */
import { expireLag } from "../../src/engine/lag/retention.ts";
import { expireEvents } from "../../src/events/retention.ts";
import type { Load } from "../support/load.ts";
import { runnerOf, type Size } from "./sizes.ts";

export interface BesideRetention {
  readonly without: { readonly p50Ms: number; readonly p99Ms: number };
  readonly beside: { readonly p50Ms: number; readonly p99Ms: number };
  readonly removed: number;
  readonly seconds: number;
}

/** In place of what the start has logged: changes outside of runs, and samples of lag by the minute, from forty days ago. */
async function addOld({ server }: Size, rows: number): Promise<void> {
  const { pool } = server.database;
  await pool.query("DELETE FROM event WHERE recovery_id IS NULL"); // only what lies before everything that is kept is old
  await pool.query(
    `WITH c AS (UPDATE event_counter SET value = value + $1::int RETURNING value - $1::int AS base)
      INSERT INTO event (position, kind, occurred_at, payload) SELECT c.base + n, 'VM_CHANGED', dr_now() - interval '40 days',
        jsonb_build_object('kind', 'VM_CHANGED', 'id', gen_random_uuid(), 'change', 'UPDATED', 'name', 'vm-' || n) FROM c, generate_series(1, $1::int) n`,
    [rows],
  );
  await pool.query(
    `INSERT INTO lag_sample SELECT g.id, 60, date_trunc('minute', dr_now()) - interval '40 days' + n * interval '1 minute', 60, 600, 50, 600, 180000, 0
      FROM (SELECT id FROM protection_group LIMIT 1000) g, generate_series(1, $1::int / 1000) n ON CONFLICT DO NOTHING`,
    [rows],
  );
  await pool.query("ANALYZE event, lag_sample");
}

export async function besideRetention(load: Load, size: Size, rows: number, seconds: number): Promise<BesideRetention> {
  const { target } = runnerOf(size, "one plan");
  const { pool } = size.server.database;
  await addOld(size, rows);
  const shape = { connections: 20, seconds, warmSeconds: 1, seed: 1 };
  const without = await load.run(target, shape);
  let removing: Promise<{ readonly removed: number; readonly seconds: number }> | null = null;
  const beside = await load.run(target, shape, () => {
    removing = (async () => {
      const from = performance.now();
      const events = await expireEvents(pool, 30 * 86_400, new AbortController().signal);
      const { lagSamples } = await expireLag(pool, new AbortController().signal);
      return { removed: events + lagSamples, seconds: (performance.now() - from) / 1000 };
    })();
  });
  const { removed, seconds: took } = (await (removing as Promise<{ removed: number; seconds: number }> | null)) ?? {
    removed: 0,
    seconds: 0,
  };
  return { without, beside, removed, seconds: took };
}
