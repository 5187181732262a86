/** Steps that only wait: delays, pauses and prompts. They end by the database's clock, an answer, or a wish. */
import { v7 as uuid } from "uuid";
import { noteStep, type StepState } from "./batch.ts";
import { cancelRun } from "./cancel.ts";
import { endStep, follow, type LiveRun, leafAt, say, startStep } from "./live-run.ts";
import type { PromptAnswer, StepSpecs } from "./model.ts";
import { noteBlocked } from "./progress.ts";
import type { Wishes } from "./records.ts";

/** When a step that starts now has to be over, database time; null: never. */
export function dueOf(step: StepState, now: number): number | null {
  const { node } = step;
  const seconds =
    node.kind === "STARTUP_DELAY"
      ? node.spec.seconds
      : node.kind === "PAUSE"
        ? node.spec.durationSeconds
        : node.kind === "PROMPT"
          ? promptSeconds(node.spec)
          : node.kind === "READY_CHECK" || node.kind === "PROBE"
            ? node.spec.timeoutSeconds
            : null;
  return seconds === null ? null : now + seconds * 1000;
}

/** A time-out without a default answer has nothing to answer with: the prompt waits for a person. */
const promptSeconds = ({ timeoutSeconds, defaultAnswer }: { timeoutSeconds: number | null; defaultAnswer: PromptAnswer | null }) =>
  defaultAnswer === null ? null : timeoutSeconds;

/** Starts a waiting step; true when it was one. */
export function startWait(run: LiveRun, ordinal: number, now: number): boolean {
  const step = leafAt(run, ordinal);
  const { node } = step;
  if (node.kind !== "STARTUP_DELAY" && node.kind !== "PAUSE" && node.kind !== "PROMPT") return false;
  const dueAt = dueOf(step, now);
  startStep(run, ordinal, node.kind === "STARTUP_DELAY" ? "RUNNING" : "WAITING", now, dueAt);
  if (node.kind === "PROMPT") openPrompt(run, step, node.spec, now, dueAt);
  if (node.kind === "PROMPT" || (node.kind === "PAUSE" && dueAt === null)) noteBlocked(run);
  return true;
}

function openPrompt(
  run: LiveRun,
  step: StepState,
  { message, defaultAnswer, needsTwoPeople }: StepSpecs["PROMPT"],
  now: number,
  due: number | null,
): void {
  const { ordinal, path, name } = step.node;
  const id = uuid();
  step.result = { promptId: id };
  run.batch.prompts.push({ id, ordinal, attempt: step.attempt, name, message, defaultAnswer, needsTwoPeople, opened: now, due });
  const dueAt = due === null ? null : new Date(due).toISOString();
  say(run, { kind: "PROMPT_OPENED", promptId: id, ordinal, path, name, message, dueAt, defaultAnswer });
}

/** What the step of a prompt for two says while the answer of the first one stands alone. */
export const firstAnswerMessage = (answer: PromptAnswer, by: string): string =>
  `${by} answered ${answer}; a second person has to give the same answer`;

/** First answers that were given, changed or taken back since the step has told of one. */
function hearFirstAnswers(run: LiveRun, { firstAnswers }: Wishes): void {
  for (const { ordinal, answer, by } of firstAnswers) {
    const step = leafAt(run, ordinal);
    const message = answer === null || by === null ? null : firstAnswerMessage(answer, by);
    if (step.status !== "WAITING" || step.message === message) continue;
    step.message = message;
    noteStep(run.batch, step);
  }
}

/** A schedule answers by its policy; no user has a name like that. */
const isSchedule = (by: string): boolean => by.startsWith("schedule/");

/** Takes the answers that have come, all of them before one of them ends the run. */
export function hearAnswers(run: LiveRun, wishes: Wishes, now: number): void {
  hearFirstAnswers(run, wishes);
  const { answers } = wishes;
  const heard = answers.filter(({ ordinal }) => leafAt(run, ordinal).status === "WAITING");
  for (const { id, ordinal, answer, by, first } of heard) {
    const step = leafAt(run, ordinal);
    say(run, {
      kind: "PROMPT_ANSWERED",
      promptId: id,
      ordinal,
      path: step.node.path,
      answer,
      by,
      automatic: by === null || isSchedule(by),
    });
    const who = by === null ? "by its time-out" : `by ${first === null ? by : `${first} and ${by}`}`;
    const message = `Answered ${answer} ${who}`;
    const timedOut = by === null ? { warnings: [message] } : {};
    endStep(run, ordinal, { status: "SUCCEEDED", message, result: { promptId: id, answer }, ...timedOut }, now);
    if (answer === "SKIP") follow(run, run.schedule.skipRestOfPhase(ordinal, `Skipped ${who} at ${step.node.path} ${step.node.name}`), now);
  }
  const abort = heard.find(({ answer }) => answer === "ABORT");
  if (abort) cancelRun(run, "ABORTED_BY_PROMPT", abort.by, now);
}

/** Deadlines that were moved: by a resume, or by a gap in which nobody served. */
export function moveDeadlines(run: LiveRun, wishes: Wishes): void {
  for (const { ordinal, due } of wishes.due) {
    const step = leafAt(run, ordinal);
    // A gap moves the end of a pause away; only whoever resumes the run moves it here.
    if (step.node.kind === "PAUSE" && (step.dueAt === null || due < step.dueAt)) run.resumedBy = wishes.pausedBy;
    step.dueAt = due;
  }
}

/** Ends delays and pauses that are over; answers the prompts whose time is up, which are the caller's to answer. */
export function endDueWaits(run: LiveRun, now: number): number[] {
  const prompts: number[] = [];
  for (const ordinal of run.schedule.waits()) {
    const { node, dueAt } = leafAt(run, ordinal);
    if (dueAt === null || dueAt > now) continue;
    if (node.kind === "STARTUP_DELAY") endStep(run, ordinal, { status: "SUCCEEDED", message: `Waited ${node.spec.seconds} s` }, now);
    if (node.kind === "PAUSE") endStep(run, ordinal, { status: "SUCCEEDED", message: "The pause is over" }, now);
    if (node.kind === "PROMPT" && node.spec.defaultAnswer !== null) prompts.push(ordinal);
  }
  return prompts;
}
