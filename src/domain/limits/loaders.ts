import type { Database } from "../../database/database.ts";
import { batchedOne, type Gate } from "../batching.ts";

const openTests = `SELECT pairing_id AS "pairingId", count(*)::int4 AS tests FROM recovery
  WHERE pairing_id = ANY($1::uuid[]) AND kind = 'TEST' AND ended_at IS NULL GROUP BY pairing_id`;

export function openLimitLoaders({ pool }: Pick<Database, "pool">) {
  const openTestsOfPairing = batchedOne(
    async (ids) => (await pool.query<{ pairingId: string; tests: number }>({ name: "open-tests", text: openTests, values: [ids] })).rows,
    ({ pairingId }) => pairingId,
  );
  /** Null: none. */
  return (gate: Gate) => ({ openTestsOfPairing: openTestsOfPairing.loader(gate) });
}
