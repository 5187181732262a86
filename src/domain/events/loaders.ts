import type { Database } from "../../database/database.ts";
import { type LogEnds, readEnds } from "../../events/log.ts";
import { batched, batchedOne, type Gate, padded } from "../batching.ts";

export function openEventLoaders({ prisma, pool }: Pick<Database, "prisma" | "pool">) {
  const logEnds = batched<string, LogEnds>({
    identity: (key) => key,
    fetch: async () => {
      const ends = await readEnds(pool);
      return () => ends;
    },
  });
  const violation = batchedOne(
    (ids) => prisma.rpoViolation.findMany({ where: { id: { in: padded(ids) } }, select: { id: true, vmId: true, groupId: true } }),
    ({ id }) => id,
  );
  return (gate: Gate) => ({
    /** Of the log as a whole, whatever the key. Not behind the gate: it is what the others wait for. */
    logEnds: logEnds.loader(),
    violation: violation.loader(gate),
  });
}
