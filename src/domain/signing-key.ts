/** Keys that all nodes of one database sign with: made by whoever needs one first. They leave the database to sign with, and for nothing else. */
import { randomBytes } from "node:crypto";
import type pg from "pg";

const text = `WITH made AS (
    INSERT INTO signing_key (purpose, key) VALUES ($1, $2) ON CONFLICT (purpose) DO NOTHING RETURNING key
  )
  SELECT key FROM made UNION ALL SELECT key FROM signing_key WHERE purpose = $1`;

async function readKey(pool: Pick<pg.Pool, "query">, purpose: string): Promise<Buffer> {
  const { rows } = await pool.query<{ key: Buffer }>({ name: "signing-key", text, values: [purpose, randomBytes(32)] });
  const [row] = rows;
  // Another node made it within the same statement's snapshot: it is there for the next one.
  return row === undefined ? readKey(pool, purpose) : row.key;
}

/** Read once; a failure is not kept. */
export function openSigningKey(pool: Pick<pg.Pool, "query">, purpose: string): () => Promise<Buffer> {
  let reading: Promise<Buffer> | null = null;
  return () => {
    reading ??= readKey(pool, purpose).catch((error: unknown) => {
      reading = null;
      throw error;
    });
    return reading;
  };
}
