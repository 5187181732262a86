/** Where the chains of runs' events end, as it is stored: one statement for many runs. */
import type pg from "pg";

export interface ChainHead {
  readonly recoveryId: string;
  readonly eventCount: number;
  /** Hexadecimal; null: there is no event yet, or the newest one has no hash. */
  readonly headHash: string | null;
}

const text = `SELECT r.id AS "recoveryId", r.last_event AS "eventCount", encode(e.hash, 'hex') AS "headHash"
  FROM recovery r LEFT JOIN event e ON e.recovery_id = r.id AND e.sequence = r.last_event WHERE r.id = ANY($1::uuid[])`;

export async function readHeads(pool: Pick<pg.Pool, "query">, recoveryIds: readonly string[]): Promise<ChainHead[]> {
  return (await pool.query<ChainHead>({ name: "chain-heads", text, values: [recoveryIds] })).rows;
}
