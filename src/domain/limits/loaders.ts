import type { Database } from "../../database/database.ts";
import { queryRows } from "../../database/row-tap.ts";
import { batchedOne, type Gate } from "../batching.ts";

const openTests = `SELECT pairing_id AS "pairingId", count(*)::int4 AS tests FROM recovery
  WHERE pairing_id = ANY($1::uuid[]) AND kind = 'TEST' AND ended_at IS NULL GROUP BY pairing_id`;

export function openLimitLoaders({ pool }: Pick<Database, "pool">) {
  const openTestsOfPairing = batchedOne(
    (ids) => queryRows<{ pairingId: string; tests: number }>(pool, { name: "open-tests", text: openTests, values: [ids] }),
    ({ pairingId }) => pairingId,
  );
  /** Null: none. */
  return (gate: Gate) => ({ openTestsOfPairing: openTestsOfPairing.loader(gate) });
}
