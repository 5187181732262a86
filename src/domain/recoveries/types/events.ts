/** Events of runs, as subscriptions deliver them: an interface with a type for each kind. */
import {
  PausedReason as pausedReasons,
  PromptAnswer as promptAnswers,
  RecoveryState as recoveryStates,
  ResultState as resultStates,
  StepStatus as stepStatuses,
} from "../../../database/generated/enums.ts";
import type * as Log from "../../../events/types.ts";
import { builder } from "../../builder.ts";
import { seesOutput } from "../../viewer.ts";
import { PausedReason, PromptAnswer, RecoveryState, ResultState, StepStatus } from "./enums.ts";
import { PromptRef, RecoveryRef, RecoveryStepRef } from "./refs.ts";
import { stepById } from "./step.ts";
import { isStepKind, StepKind } from "./step-kinds.ts";

/** An event of the log with its cursor in the stream that delivers it. */
export interface EventIn<Event extends Log.RecoveryEvent = Log.RecoveryEvent> {
  readonly cursor: string;
  readonly recoveryId: string;
  readonly sequence: number;
  readonly occurredAt: Date;
  readonly event: Event;
}

/** What the log says, as one of an enum's members: it is checked, since the log outlives releases. */
function member<T extends string>(members: Readonly<Record<string, T>>, text: string): T {
  const found = Object.values(members).find((value) => value === text);
  if (found === undefined) throw new Error(`the log has ${text}, which this release does not know`);
  return found;
}

const memberOrNull = <T extends string>(members: Readonly<Record<string, T>>, text: string | null) =>
  text === null ? null : member(members, text);

const timeOrNull = (text: string | null) => (text === null ? null : new Date(text));

const RecoveryEventKind = builder.enumType("RecoveryEventKind", {
  description: "What has happened. Expect kinds that are added later.",
  values: {
    STEP_CHANGED: { description: "A step started, ended or changed: StepChangedEvent." },
    RECOVERY_STATE_CHANGED: { description: "The run's state changed: RecoveryStateChangedEvent." },
    PROGRESS: { description: "The run has come further, at most once a second: ProgressEvent." },
    PROMPT_OPENED: { description: "A prompt waits for an answer: PromptOpenedEvent." },
    PROMPT_ANSWERED: { description: "A prompt was answered or withdrawn: PromptAnsweredEvent." },
    COMMAND_OUTPUT: { description: "A command wrote something: CommandOutputEvent." },
    RECOVERY_ENDED: { description: "The run is over, and this is its last event: RecoveryEndedEvent." },
  } as const,
});

const typeNames = {
  STEP_CHANGED: "StepChangedEvent",
  RECOVERY_STATE_CHANGED: "RecoveryStateChangedEvent",
  PROGRESS: "ProgressEvent",
  PROMPT_OPENED: "PromptOpenedEvent",
  PROMPT_ANSWERED: "PromptAnsweredEvent",
  COMMAND_OUTPUT: "CommandOutputEvent",
  RECOVERY_ENDED: "RecoveryEndedEvent",
} as const satisfies Record<Log.RecoveryEventKind, string>;

export const RecoveryEventRef = builder.interfaceRef<EventIn>("RecoveryEvent").implement({
  description: "Something that happened in a run, as things were then; what is read through its objects is as things are now.",
  resolveType: ({ event }) => typeNames[event.kind],
  fields: (t) => ({
    cursor: t.exposeString("cursor", { description: "Behind this event: `after` goes on here." }),
    sequence: t.exposeInt("sequence", { description: "Its number within the run, from 1, without gaps." }),
    occurredAt: t.expose("occurredAt", { type: "DateTime", description: "When it happened, by the database's clock." }),
    kind: t.field({ type: RecoveryEventKind, description: "What has happened.", resolve: ({ event }) => event.kind }),
    recovery: t.field({
      type: RecoveryRef,
      nullable: true,
      description: "The run that it happened in, as it is now.",
      resolve: ({ recoveryId }, _args, { loaders }) => loaders.recovery.load(recoveryId),
    }),
  }),
});

builder.objectRef<EventIn<Log.StepChanged>>("StepChangedEvent").implement({
  description: "A step started, ended or changed.",
  interfaces: [RecoveryEventRef],
  fields: (t) => ({
    number: t.string({ description: 'The step\'s place in the tree, such as "3.2".', resolve: ({ event }) => event.path }),
    stepKind: t.field({
      type: StepKind,
      nullable: true,
      description: "What the step does; null: a kind that this release does not know.",
      resolve: ({ event }) => (isStepKind(event.stepKind) ? event.stepKind : null),
    }),
    name: t.string({ description: "What the step is called.", resolve: ({ event }) => event.name }),
    status: t.field({ type: StepStatus, description: "How it stood then.", resolve: ({ event }) => member(stepStatuses, event.status) }),
    attempt: t.int({ description: "How often it had been begun.", resolve: ({ event }) => event.attempt }),
    progressPercent: t.int({ description: "0 to 100.", resolve: ({ event }) => event.progressPercent }),
    message: t.string({ nullable: true, description: "What it had to say.", resolve: ({ event }) => event.message }),
    errors: t.stringList({ description: "What went wrong.", resolve: ({ event }) => [...event.errors] }),
    warnings: t.stringList({ description: "What somebody should look at.", resolve: ({ event }) => [...event.warnings] }),
    step: t.field({
      type: RecoveryStepRef,
      nullable: true,
      description: "The step as it is now.",
      resolve: ({ recoveryId, event }, _args, context) => stepById(`${recoveryId}/${event.ordinal}`, context),
    }),
  }),
});

builder.objectRef<EventIn<Log.RunStateChanged>>("RecoveryStateChangedEvent").implement({
  description: "The run's state changed.",
  interfaces: [RecoveryEventRef],
  fields: (t) => ({
    state: t.field({ type: RecoveryState, description: "The new state.", resolve: ({ event }) => member(recoveryStates, event.state) }),
    pausedReason: t.field({
      type: PausedReason,
      nullable: true,
      description: "Why it is paused; null: it is not.",
      resolve: ({ event }) => memberOrNull(pausedReasons, event.pausedReason),
    }),
    by: t.string({ nullable: true, description: "Who asked for it; null: it followed from the run.", resolve: ({ event }) => event.by }),
    reason: t.string({ nullable: true, description: "Why, if somebody said.", resolve: ({ event }) => event.reason }),
  }),
});

const StepProgress = builder.objectRef<Log.Progressed["steps"][number]>("StepProgress").implement({
  description: "How far one step is.",
  fields: (t) => ({
    number: t.exposeString("path", { description: "Its place in the tree." }),
    progressPercent: t.exposeInt("progressPercent", { description: "0 to 100." }),
  }),
});

builder.objectRef<EventIn<Log.Progressed>>("ProgressEvent").implement({
  description: "The run has come further.",
  interfaces: [RecoveryEventRef],
  fields: (t) => ({
    progressPercent: t.int({ description: "0 to 100; never falls.", resolve: ({ event }) => event.progressPercent }),
    currentStep: t.string({ nullable: true, description: "What it does now, for people.", resolve: ({ event }) => event.currentStep }),
    estimatedCompletionTime: t.field({
      type: "DateTime",
      nullable: true,
      description: "When it may be over; null: something blocks it.",
      resolve: ({ event }) => timeOrNull(event.estimatedCompletionTime),
    }),
    steps: t.field({
      type: [StepProgress],
      description: "Running steps that tell how far they are.",
      resolve: ({ event }) => [...event.steps],
    }),
  }),
});

builder.objectRef<EventIn<Log.PromptOpened>>("PromptOpenedEvent").implement({
  description: "A prompt waits for an answer.",
  interfaces: [RecoveryEventRef],
  fields: (t) => ({
    number: t.string({ description: "The step's place in the tree.", resolve: ({ event }) => event.path }),
    name: t.string({ description: "Name of the step that asks.", resolve: ({ event }) => event.name }),
    message: t.string({
      nullable: true, // as a step's, so that both can be selected in one list
      description: "The question; never null.",
      resolve: ({ event }) => event.message,
    }),
    dueAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "When the default answer is given; null: never.",
      resolve: ({ event }) => timeOrNull(event.dueAt),
    }),
    defaultAnswer: t.field({
      type: PromptAnswer,
      nullable: true,
      description: "The answer that is given then.",
      resolve: ({ event }) => memberOrNull(promptAnswers, event.defaultAnswer),
    }),
    prompt: t.field({
      type: PromptRef,
      nullable: true,
      description: "The prompt as it is now, for answerPrompt.",
      resolve: ({ event }, _args, { loaders }) => loaders.prompt.load(event.promptId),
    }),
  }),
});

builder.objectRef<EventIn<Log.PromptClosed>>("PromptAnsweredEvent").implement({
  description: "A prompt was answered, or withdrawn because the run was cancelled.",
  interfaces: [RecoveryEventRef],
  fields: (t) => ({
    number: t.string({ description: "The step's place in the tree.", resolve: ({ event }) => event.path }),
    answer: t.field({
      type: PromptAnswer,
      nullable: true,
      description: "How it was answered; null: it was withdrawn.",
      resolve: ({ event }) => memberOrNull(promptAnswers, event.answer),
    }),
    by: t.string({ nullable: true, description: "Who answered; null: nobody.", resolve: ({ event }) => event.by }),
    automatic: t.boolean({
      description: "Nobody gave it: the default answer, at its time, that of a drill's policy, or a withdrawal.",
      resolve: ({ event }) => event.automatic,
    }),
    prompt: t.field({
      type: PromptRef,
      nullable: true,
      description: "The prompt as it is now.",
      resolve: ({ event }, _args, { loaders }) => loaders.prompt.load(event.promptId),
    }),
  }),
});

builder.objectRef<EventIn<Log.OutputWritten>>("CommandOutputEvent").implement({
  description: "A command wrote something.",
  interfaces: [RecoveryEventRef],
  fields: (t) => ({
    number: t.string({ description: "The step's place in the tree.", resolve: ({ event }) => event.path }),
    text: t.string({
      nullable: true,
      description:
        "What it wrote, in whole characters, with secrets made unreadable; null: the viewer has neither the role OPERATOR nor SCRIPT_EDITOR.",
      resolve: ({ event }, _args, { viewer }) => (seesOutput(viewer) ? event.text : null),
    }),
    totalBytes: t.int({ description: "Length of all its output with this, in bytes.", resolve: ({ event }) => event.totalBytes }),
    step: t.field({
      type: RecoveryStepRef,
      nullable: true,
      description: "The step as it is now.",
      resolve: ({ recoveryId, event }, _args, context) => stepById(`${recoveryId}/${event.ordinal}`, context),
    }),
  }),
});

builder.objectRef<EventIn<Log.RunEnded>>("RecoveryEndedEvent").implement({
  description: "The run is over; nothing comes behind this.",
  interfaces: [RecoveryEventRef],
  fields: (t) => ({
    state: t.field({
      type: RecoveryState,
      description: "COMPLETED or FAILED.",
      resolve: ({ event }) => member(recoveryStates, event.state),
    }),
    resultState: t.field({
      type: ResultState,
      description: "How it went.",
      resolve: ({ event }) => member(resultStates, event.resultState),
    }),
    rtoAchievedSeconds: t.int({
      nullable: true,
      description: "From the request to the last VM's being ready, in seconds; null: a VM failed.",
      resolve: ({ event }) => event.rtoAchievedSeconds,
    }),
    rpoAchievedSeconds: t.int({
      nullable: true,
      description: "Age of the oldest point used, in seconds; null: none was.",
      resolve: ({ event }) => event.rpoAchievedSeconds,
    }),
    vmsSucceeded: t.int({ description: "How many VMs were recovered.", resolve: ({ event }) => event.vmsSucceeded }),
    vmsFailed: t.int({ description: "How many were not.", resolve: ({ event }) => event.vmsFailed }),
  }),
});
