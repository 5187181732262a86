/** A run's end in the gateway's log, with the hash that stands for all its events: there it is out of the database's reach. docs/evidence.md. */
import { readHeads } from "../events/heads.ts";
import type { RunOutcome } from "./outcome.ts";
import type { RunRecord } from "./records.ts";
import type { EngineParts } from "./settings.ts";

/** The run is over whatever becomes of this. */
export async function sayEnded(
  { pool, log }: Pick<EngineParts, "pool" | "log">,
  { id: runId, planName, snapshot }: Pick<RunRecord, "id" | "planName" | "snapshot">,
  { resultState }: RunOutcome,
): Promise<void> {
  const [head] = await readHeads(pool, [runId]).catch((error: unknown) => {
    log.warn({ err: error, runId }, "the hash of a run's last event could not be read");
    return [];
  });
  log.info(
    { runId, plan: planName, kind: snapshot.kind, resultState, events: head?.eventCount, headHash: head?.headHash },
    "a run has ended",
  );
}
