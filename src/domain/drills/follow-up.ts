/**
 * What comes after a drill's start: its prompts are answered, its time runs out, its result is kept, its test is cleaned up. All of it is read
 * from rows and written under a condition, so that any node may do it at any time, twice does no harm, and a node that dies leaves it to the next.
 */
import { DomainError } from "../errors.ts";
import type { DrillCode } from "./codes.ts";
import { followCleanup } from "./follow-cleanup.ts";
import { change, leftForDisaster, type OpenOccurrence, readOpen } from "./open-occurrence.ts";
import { scheduleOf } from "./rows.ts";
import type { DrillParts } from "./start-due.ts";

/** One round over everything that is open. */
export async function followUp(parts: DrillParts, stop?: AbortSignal): Promise<void> {
  for (const occurrence of await readOpen(parts)) {
    if (stop?.aborted === true) return;
    await follow(parts, occurrence).catch((error: unknown) => {
      parts.context.log.warn({ err: error, drillId: occurrence.drillId, recoveryId: occurrence.runId }, "a drill could not be followed up");
    });
  }
}

async function follow(parts: DrillParts, occurrence: OpenOccurrence): Promise<void> {
  if (occurrence.outcome !== "STARTED") return followCleanup(parts, occurrence);
  if (occurrence.runEndedAt !== null) return keepResult(parts, occurrence);
  const viewer = scheduleOf({ id: occurrence.drillId, name: occurrence.drillName });
  if (occurrence.timeIsUp && !occurrence.cancelRequested) {
    return unlessOver(parts.recoveries.cancel(viewer, { recoveryId: occurrence.runId, reason: timedOut }));
  }
  for (const promptId of occurrence.openPrompts) {
    const comment = `By the policy of the drill ${occurrence.drillName}.`;
    await unlessOver(parts.recoveries.answerBySchedule(viewer, { promptId, answer: occurrence.promptPolicy, comment }));
  }
}

const timedOut = "DRILL_TIMED_OUT";

/** Somebody was faster, or the run has ended meanwhile: the next round sees it. */
async function unlessOver(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof DomainError)) throw error;
  });
}

interface Failure {
  readonly code: DrillCode;
  readonly message: string;
  readonly remedy: string;
}

/** How the test went; null: well. */
export function failureOf(
  run: Pick<
    OpenOccurrence,
    "runResult" | "cancelReason" | "cancelledBy" | "cancelRequested" | "abortedBy" | "maxDurationSeconds" | "vmsFailed"
  >,
): Failure | null {
  const { runResult, cancelReason, cancelledBy, cancelRequested, abortedBy, maxDurationSeconds, vmsFailed } = run;
  if (runResult === "SUCCESS" || runResult === "WARNING") return null;
  const by = cancelledBy ?? "Somebody";
  if (runResult !== "CANCELLED") {
    const message = vmsFailed > 0 ? `${vmsFailed} VMs were not recovered.` : "The test did not end well.";
    return { code: "TEST_FAILED", message, remedy: "Look at the steps of the test that have failed, and mend what they name." };
  }
  if (cancelReason === "DISASTER_STARTED") {
    const message = `A disaster recovery of the plan, started by ${by}, has stopped the test.`;
    const remedy =
      "Once the recovery is over, clean up what the test has left (cleanupTest): a drill does not do that beside a real recovery.";
    return { code: "STOPPED_FOR_DISASTER", message, remedy };
  }
  if (cancelReason === timedOut) {
    const message = `The test took longer than ${maxDurationSeconds} s, and was cancelled.`;
    return { code: "TIMED_OUT", message, remedy: "See what it waited for, or raise the drill's maxDurationSeconds." };
  }
  if (!cancelRequested && abortedBy !== null) {
    const message = `A prompt was answered ABORT by ${abortedBy}.`;
    return { code: "ABORTED_BY_PROMPT", message, remedy: "Choose another promptPolicy, if the drill is to get past its prompts." };
  }
  const why = cancelReason === null ? "" : `: ${cancelReason}`;
  return { code: "CANCELLED", message: `${by} has cancelled the test${why}.`, remedy: "Nothing has to be done." };
}

const resultText = `UPDATE drill_occurrence o SET outcome = $2, code = $3, message = $4, remedy = $5, ended_at = r.ended_at,
    result_state = r.result_state, rto_achieved_seconds = r.rto_achieved_seconds, rpo_achieved_seconds = r.rpo_achieved_seconds,
    cleanup = $6, cleanup_due_at = CASE WHEN $6 = 'WAITING'::"DrillCleanup" THEN dr_now() END, cleanup_message = $7,
    settled_at = CASE WHEN $6 <> 'WAITING'::"DrillCleanup" THEN dr_now() END
  FROM recovery r WHERE o.id = $1 AND o.outcome = 'STARTED' AND r.id = o.run_id AND r.ended_at IS NOT NULL`;

async function keepResult(parts: DrillParts, occurrence: OpenOccurrence): Promise<void> {
  const failure = failureOf(occurrence);
  const left = failure?.code === "STOPPED_FOR_DISASTER" && occurrence.cleanup === "WAITING";
  const reason = failure === null ? [null, null, null] : [failure.code, failure.message, failure.remedy];
  const outcome = failure === null ? "SUCCEEDED" : "FAILED";
  const values = [occurrence.id, outcome, ...reason, left ? "LEFT" : occurrence.cleanup, left ? leftForDisaster : null];
  await change(parts, occurrence, { name: "drill-result", text: resultText, values });
  parts.context.log.info({ drillId: occurrence.drillId, recoveryId: occurrence.runId, outcome, code: failure?.code }, "a drill has ended");
}
