import type { Database } from "../../database/database.ts";
import { readHeads } from "../../events/heads.ts";
import { batchedOne, type Gate } from "../batching.ts";

export function openEvidenceLoaders({ pool }: Pick<Database, "pool">) {
  const chainHead = batchedOne(
    (ids) => readHeads(pool, ids),
    ({ recoveryId }) => recoveryId,
  );
  return (gate: Gate) => ({ chainHeadOfRun: chainHead.loader(gate) });
}
