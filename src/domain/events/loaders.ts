import type { Database } from "../../database/database.ts";
import { lastPosition } from "../../events/log.ts";
import { batched, batchedOne, type Gate, padded } from "../batching.ts";

export function openEventLoaders({ prisma, pool }: Pick<Database, "prisma" | "pool">) {
  const logPosition = batched<string, bigint>({
    identity: (key) => key,
    fetch: async () => {
      const position = await lastPosition(pool);
      return () => position;
    },
  });
  const violation = batchedOne(
    (ids) => prisma.rpoViolation.findMany({ where: { id: { in: padded(ids) } }, select: { id: true, vmId: true, groupId: true } }),
    ({ id }) => id,
  );
  return (gate: Gate) => ({
    /** Position of the newest event. Not behind the gate: it is what the others wait for. */
    logPosition: logPosition.loader(),
    violation: violation.loader(gate),
  });
}
