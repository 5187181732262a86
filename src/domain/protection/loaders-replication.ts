/** How a group's replication cycles go, beside what its VMs tell. */
import type { Database } from "../../database/database.ts";
import { queryRows } from "../../database/row-tap.ts";
import { batchedOne, type Gate } from "../batching.ts";

export interface CycleFacts {
  readonly groupId: string;
  /** Why the last cycle failed; null: it went well. */
  readonly error: string | null;
}

const text = `SELECT group_id AS "groupId", error FROM replication_cycle WHERE group_id = ANY($1::uuid[])`;

export function openReplicationLoaders({ pool }: Pick<Database, "pool">) {
  const cycleOfGroup = batchedOne(
    (ids) => queryRows<CycleFacts>(pool, { name: "replication-cycles", text, values: [ids] }),
    ({ groupId }) => groupId,
  );
  return (gate: Gate) => ({ cycleOfGroup: cycleOfGroup.loader(gate) });
}
