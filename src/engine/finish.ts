/** The last write of a run, in one statement: after it nobody owns the run. */
import type { RecoveryEvent } from "../events/types.ts";
import type { StepState } from "./batch.ts";
import type { Figures } from "./figures.ts";
import type { EndedRun } from "./finish/ended-run.ts";
import type { GroupEnd } from "./finish/group-changes.ts";
import { endOfCreate, endOfDelete, endOfUpdate } from "./finish/group-end.ts";
import { groupStatement } from "./finish/group-run.ts";
import { type View, viewOf } from "./finish/group-view.ts";
import { planStatement, planValues } from "./finish/plan-run.ts";
import { endOfRecovery } from "./finish/recovery-end.ts";
import { recoveryStatement } from "./finish/recovery-run.ts";
import { endOfReprotect } from "./finish/reprotect-end.ts";
import { reprotectStatement } from "./finish/reprotect-run.ts";
import { endOfCancelledCreate } from "./finish/roll-back.ts";
import type { GroupSnapshot } from "./group-snapshot.ts";
import type { Journal, RunRow } from "./journal.ts";
import type { RunOutcome } from "./outcome.ts";
import type { RunSnapshot } from "./run-snapshot.ts";

export interface End {
  readonly runId: string;
  readonly snapshot: RunSnapshot;
  readonly outcome: RunOutcome;
  readonly figures: Figures;
  readonly steps: readonly StepState[];
  /** Why it could not even be compiled, or was given up. */
  readonly error: string | null;
  /** The run that goes on with it unless it has ended well: the statement writes it from what was stored when somebody asked for it. */
  readonly switchesTo: string | null;
}

export interface Finished {
  /** A run that was written with the end of this one, and waits to be driven. */
  readonly follower: string | null;
}

export async function finishRun(journal: Journal, end: End, row: RunRow, events: readonly RecoveryEvent[]): Promise<Finished> {
  const { snapshot, outcome, figures, error } = end;
  const last: RecoveryEvent = {
    kind: "RECOVERY_ENDED",
    ...outcome,
    rtoAchievedSeconds: figures.rtoAchievedSeconds,
    rpoAchievedSeconds: figures.rpoAchievedSeconds,
    vmsSucceeded: row.vmsSucceeded,
    vmsFailed: row.vmsFailed,
  };
  const ended: EndedRun = {
    ...row,
    ...outcome,
    mindsCancel: error === null && outcome.resultState !== "CANCELLED",
    rto: figures.rtoAchievedSeconds,
    rtoOfRecovered: figures.rtoOfRecoveredVmsSeconds,
    rpo: figures.rpoAchievedSeconds,
    errors: error === null ? row.errors : [...row.errors, error],
  };
  // What else has changed, each statement knows best.
  const news = { events: [...events, last], changes: [] };
  if (snapshot.kind === "TEST" || snapshot.kind === "CLEANUP") {
    await journal.execute(planStatement, { ...ended, ...planValues(snapshot, outcome.resultState, end.steps) }, news);
    return { follower: null };
  }
  const sites = { protectedSiteId: snapshot.protectedSite.id, recoverySiteId: snapshot.recoverySite.id };
  if (snapshot.kind === "REPROTECT") {
    const reprotected = endOfReprotect(snapshot, outcome.resultState, end.steps, error);
    await journal.execute(reprotectStatement, { ...ended, ...reprotected, ...sites }, news);
    return { follower: null };
  }
  if ("plan" in snapshot) {
    const recovered = endOfRecovery(snapshot, outcome.resultState, end.steps, error);
    await journal.execute(recoveryStatement, { ...ended, ...recovered, ...sites }, news);
    return { follower: end.switchesTo };
  }
  const view = viewOf(end.steps, error);
  const { state: groupState, ...group } = endOfGroup(snapshot, end, view);
  await journal.execute(groupStatement, { ...ended, ...group, groupState }, news);
  return { follower: group.rollBack?.runId ?? null };
}

function endOfGroup(snapshot: GroupSnapshot, { runId, outcome: { resultState } }: End, view: View): GroupEnd {
  switch (snapshot.kind) {
    case "GROUP_CREATE":
      return resultState === "CANCELLED" ? endOfCancelledCreate(snapshot, runId, view) : endOfCreate(snapshot, resultState, view);
    case "GROUP_UPDATE":
      return endOfUpdate(snapshot, view);
    case "GROUP_DELETE":
      return endOfDelete(snapshot, resultState, view);
  }
}
