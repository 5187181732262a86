/** A run's end in the gateway's log, with the hash that stands for all its events: there it is out of the database's reach. docs/evidence.md. */
import type pg from "pg";
import { readHeads } from "../events/heads.ts";
import type { RunKind } from "./model.ts";

export interface EndedRun {
  readonly runId: string;
  /** The plan's name; null: it is of none. */
  readonly plan: string | null;
  readonly kind: RunKind;
  readonly resultState: string;
}

export interface SayEndedParts {
  readonly pool: pg.Pool;
  readonly log: { info(details: object, message: string): void; warn(details: object, message: string): void };
}

/** After the commit: the run is over whatever becomes of this. A node that dies before it leaves the head to whoever asks the API for it. */
export async function sayEnded({ pool, log }: SayEndedParts, run: EndedRun): Promise<void> {
  const [head] = await readHeads(pool, [run.runId]).catch((error: unknown) => {
    log.warn({ err: error, runId: run.runId }, "the hash of a run's last event could not be read");
    return [];
  });
  log.info({ ...run, events: head?.eventCount, headHash: head?.headHash }, "a run has ended");
}
