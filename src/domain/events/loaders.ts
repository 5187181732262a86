import type { Database } from "../../database/database.ts";
import { type LogEnds, readEnds } from "../../events/log.ts";
import { batched } from "../batching.ts";

export function openEventLoaders({ pool }: Pick<Database, "pool">) {
  const logEnds = batched<string, LogEnds>({
    identity: (key) => key,
    fetch: async () => {
      const ends = await readEnds(pool);
      return () => ends;
    },
  });
  return () => ({
    /** Of the log as a whole, whatever the key. Not behind the gate: it is what the others wait for. */
    logEnds: logEnds.loader(),
  });
}
