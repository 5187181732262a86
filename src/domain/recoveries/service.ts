/** What can be done with recoveries. The engine does the work; here it is decided whether it may, and recorded that it shall. */
import type { Viewer } from "../viewer.ts";
import { type AcceptInput, accept } from "./accept.ts";
import { type CleanupInput, cleanup } from "./cleanup.ts";
import {
  type AnsweredPrompt,
  type AnswerInput,
  answerBySchedule,
  answerPrompt,
  type PromptInput,
  withdrawAnswer,
} from "./control/prompt.ts";
import { type DecidedStep, type RetryInput, retryStep, type SkipInput, skipStep } from "./control/step.ts";
import { type CancelInput, type ControlInput, type ControlledRun, cancel, pause, resume } from "./control.ts";
import { addRemark, type RemarkInput, type WrittenRemark } from "./remark.ts";
import type { Alongside, RecoveriesContext, StartedRun } from "./service/context.ts";
import { type FailoverInput, startPlannedFailover } from "./start/failover.ts";
import { type ReprotectInput, startReprotect } from "./start/reprotect.ts";
import { type StartInput, start } from "./start.ts";
import { type SwitchedRun, type SwitchInput, switchToDisaster } from "./switch-to-disaster.ts";
import { type EditedTest, type TestNotesInput, updateTestNotes } from "./test-notes.ts";

export type { Alongside, StartedRun } from "./service/context.ts";

/** Ids are the database's. Every method rejects with a DomainError when it has done nothing, and its key gets the first answer again. */
export interface Recoveries {
  /** `alongside`: of a test alone. */
  start(viewer: Viewer, input: StartInput, alongside?: Alongside): Promise<StartedRun>;
  cleanup(viewer: Viewer, input: CleanupInput, alongside?: Alongside): Promise<StartedRun>;
  startPlannedFailover(viewer: Viewer, input: FailoverInput): Promise<StartedRun>;
  startReprotect(viewer: Viewer, input: ReprotectInput): Promise<StartedRun>;
  accept(viewer: Viewer, input: AcceptInput): Promise<ControlledRun>;
  answerPrompt(viewer: Viewer, input: AnswerInput): Promise<AnsweredPrompt>;
  /** For a schedule: one answer counts also where a prompt asks two people. */
  answerBySchedule(viewer: Viewer, input: AnswerInput): Promise<AnsweredPrompt>;
  withdrawAnswer(viewer: Viewer, input: PromptInput): Promise<AnsweredPrompt>;
  cancel(viewer: Viewer, input: CancelInput): Promise<ControlledRun>;
  pause(viewer: Viewer, input: ControlInput): Promise<ControlledRun>;
  resume(viewer: Viewer, input: ControlInput): Promise<ControlledRun>;
  switchToDisaster(viewer: Viewer, input: SwitchInput): Promise<SwitchedRun>;
  retryStep(viewer: Viewer, input: RetryInput): Promise<DecidedStep>;
  skipStep(viewer: Viewer, input: SkipInput): Promise<DecidedStep>;
  addRemark(viewer: Viewer, input: RemarkInput): Promise<WrittenRemark>;
  updateTestNotes(viewer: Viewer, input: TestNotesInput): Promise<EditedTest>;
}

export const createRecoveries = (context: RecoveriesContext): Recoveries => ({
  start: (viewer, input, alongside) => start(context, viewer, input, alongside),
  cleanup: (viewer, input, alongside) => cleanup(context, viewer, input, alongside),
  startPlannedFailover: (viewer, input) => startPlannedFailover(context, viewer, input),
  startReprotect: (viewer, input) => startReprotect(context, viewer, input),
  accept: (viewer, input) => accept(context, viewer, input),
  answerPrompt: (viewer, input) => answerPrompt(context, viewer, input),
  answerBySchedule: (viewer, input) => answerBySchedule(context, viewer, input),
  withdrawAnswer: (viewer, input) => withdrawAnswer(context, viewer, input),
  cancel: (viewer, input) => cancel(context, viewer, input),
  pause: (viewer, input) => pause(context, viewer, input),
  resume: (viewer, input) => resume(context, viewer, input),
  switchToDisaster: (viewer, input) => switchToDisaster(context, viewer, input),
  retryStep: (viewer, input) => retryStep(context, viewer, input),
  skipStep: (viewer, input) => skipStep(context, viewer, input),
  addRemark: (viewer, input) => addRemark(context, viewer, input),
  updateTestNotes: (viewer, input) => updateTestNotes(context, viewer, input),
});
