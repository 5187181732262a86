/** Brings the schema `lab` up to this release's state: tables by version, functions whenever their text differs. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import pg, { type Pool, type PoolClient } from "pg";

const tables = ["1-tables.sql", "1-tables-2.sql", "1-tables-3.sql", "1-tables-4.sql", "1-tables-5.sql", "1-tables-6.sql", "1-tables-7.sql"];
const functions = [
  "2-core.sql",
  "2-content.sql",
  "3-storage.sql",
  "3-protection.sql",
  "3-recovery.sql",
  "3-reversal.sql",
  "4-machines.sql",
  "4-registration.sql",
  "4-originals.sql",
  "4-placeholders.sql",
  "5-guests.sql",
  "6-calls.sql",
  "6-plain.sql",
  "6-orders.sql",
  "7-reads.sql",
  "7-health.sql",
  "7-together.sql",
  "7-inventory.sql",
  "8-define.sql",
];
const version = tables.length;

const text = (name: string): Promise<string> => readFile(new URL(`./sql/${name}`, import.meta.url), "utf8");

const deadlock = "40P01";
const mostTries = 5;

/** Safe when several gateways open the lab at once: one applies it, the others wait for it. */
export async function applySchema(pool: Pool): Promise<void> {
  const source = (await Promise.all(functions.map(text))).join("\n");
  for (let tries = 1; ; tries++) {
    try {
      return await apply(pool, source);
    } catch (error) {
      // Orders of an older gateway lock the tables in an order of their own.
      if (!(error instanceof pg.DatabaseError && error.code === deadlock) || tries === mostTries) throw error;
    }
  }
}

async function apply(pool: Pool, source: string): Promise<void> {
  const fingerprint = createHash("sha256").update(source).digest("hex");
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query("BEGIN");
    await client.query("SELECT pg_advisory_xact_lock(hashtextextended('dr-gateway lab schema', 0))");
    const found = await installed(client);
    if (found.version > version) {
      throw new Error(`The lab's schema has version ${found.version}, this release knows ${version}: start a newer release.`);
    }
    for (const name of tables.slice(found.version)) await client.query(await text(name));
    if (found.functions !== fingerprint || found.version !== version) {
      await client.query(source);
      await client.query("UPDATE lab.settings SET version = $1, functions = $2", [version, fingerprint]);
    }
    await client.query("COMMIT");
  } catch (error) {
    broken = error instanceof Error ? error : new Error(String(error));
    throw error;
  } finally {
    // A connection whose transaction failed is not given back.
    client.release(broken);
  }
}

async function installed(client: PoolClient): Promise<{ version: number; functions: string }> {
  const there = await client.query<{ there: boolean }>("SELECT to_regclass('lab.settings') IS NOT NULL AS there");
  if (!there.rows[0]?.there) return { version: 0, functions: "" };
  const { rows } = await client.query<{ version: number; functions: string }>("SELECT version, functions FROM lab.settings");
  return rows[0] ?? { version: 0, functions: "" };
}
