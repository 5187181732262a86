/** What stands in the way of answering a prompt. Pure: `allowedOperations` and the mutations give the same error. */
import type { PromptAnswer } from "../../../engine/model.ts";
import { ConflictError, type DomainError, ForbiddenError } from "../../errors.ts";
import { holds, type Viewer } from "../../viewer.ts";
import { detailsOf, roleFor } from "./control-refusals.ts";
import type { RunFacts } from "./facts.ts";

/** A prompt, and the run that asks. */
export interface PromptFacts extends Pick<RunFacts, "recoveryId" | "taskId" | "kind" | "planId" | "planName" | "lifecycle" | "ended"> {
  readonly open: boolean;
  readonly answer: PromptAnswer | null;
  /** Null: its time-out did. */
  readonly answeredBy: string | null;
  readonly answeredAt: Date | null;
  readonly needsTwoPeople: boolean;
  /** At a prompt for two: the answer that waits for a second person; null: nobody has given one. */
  readonly first: { readonly answer: PromptAnswer; readonly by: string; readonly userId: string } | null;
  readonly firstAnsweredAt: Date | null;
}

/** The first answer counts; the others are told who gave it. */
export function promptRefusal(prompt: PromptFacts, viewer: Pick<Viewer, "roles">): DomainError | null {
  const role = roleFor(prompt.kind);
  if (!holds(viewer, role)) return new ForbiddenError(role);
  if (prompt.open) return null;
  const { answer, answeredAt, planName } = prompt;
  if (answer === null) {
    const message = `The prompt is no longer open: its run of ${planName} was cancelled or has ended.`;
    return new ConflictError(message, "Look at the run; nobody has to answer any more.", detailsOf(prompt));
  }
  const answeredBy = prompt.answeredBy ?? "its time-out";
  const message = `The prompt was answered ${answer} by ${answeredBy} before.`;
  return new ConflictError(message, "The first answer counts; look at how the run went on.", {
    ...detailsOf(prompt),
    ...given(answer, answeredBy, answeredAt),
  });
}

/** The second person of a prompt for two can only agree; whoever answered first may change the answer. */
export function secondRefusal(prompt: PromptFacts, viewer: Pick<Viewer, "userId">, answer: PromptAnswer): DomainError | null {
  const { first } = prompt;
  if (!prompt.needsTwoPeople || first === null || first.userId === viewer.userId || first.answer === answer) return null;
  const message = `${first.by} has answered ${first.answer}, and you ${answer}: this prompt needs the same answer of two people.`;
  const remedy = `Agree with ${first.by}, who can change or take back the answer, and answer again.`;
  return new ConflictError(message, remedy, { ...detailsOf(prompt), ...given(first.answer, first.by, prompt.firstAnsweredAt) });
}

/** What stands in the way of taking the first answer of a prompt for two back. */
export function withdrawalRefusal(prompt: PromptFacts, viewer: Pick<Viewer, "userId" | "roles">): DomainError | null {
  const refusal = promptRefusal(prompt, viewer);
  if (refusal !== null) return refusal;
  const { first } = prompt;
  if (first === null)
    return new ConflictError(
      "Nobody has answered the prompt: there is nothing to take back.",
      "Nothing has to be done.",
      detailsOf(prompt),
    );
  if (first.userId === viewer.userId) return null;
  const message = `${first.by} has answered ${first.answer}, and nobody else can take that back.`;
  return new ConflictError(message, `Ask ${first.by}, or cancel the run.`, {
    ...detailsOf(prompt),
    ...given(first.answer, first.by, prompt.firstAnsweredAt),
  });
}

const given = (answer: PromptAnswer, answeredBy: string, answeredAt: Date | null) => ({
  answer,
  answeredBy,
  ...(answeredAt === null ? {} : { answeredAt }),
});
