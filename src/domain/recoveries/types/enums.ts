import { builder } from "../../builder.ts";

export const RunKind = builder.enumType("RunKind", {
  description: "What a run does. A failback is a PLANNED run in the other direction. (Reference: recovery_type.)",
  values: {
    TEST: { description: "Recovers into a bubble; nothing that runs is touched (reference: test)." },
    CLEANUP: { description: "Takes a test away again." },
    PLANNED: { description: "Moves the machines without loss of data (reference: planned)." },
    DISASTER: { description: "Recovers without the help of the protected site (reference: disaster)." },
    REPROTECT: { description: "Turns the direction round after a recovery." },
  } as const,
});

export const RecoveryType = builder.enumType("RecoveryType", {
  description: "What kind of recovery to start. (Reference: Recovery Types.)",
  values: {
    TEST: { description: "A test in isolation: the protected site is not touched, replication goes on." },
    PLANNED: { description: "Both sites are up: an orderly move without loss of data." },
    DISASTER: { description: "The protected site is lost or being lost." },
  },
});

export const RecoveryState = builder.enumType("RecoveryState", {
  description: "How far a run is. (Reference: Recovery States.)",
  values: {
    NOT_STARTED: { description: "Its steps are being made." },
    RUNNING: { description: "It works." },
    PROMPTING: { description: "It waits for the answer to a prompt." },
    PAUSED: { description: "It waits to be resumed; `pausedReason` says why." },
    CANCELLING: { description: "Nothing new starts; what can't be interrupted runs out." },
    COMPLETED: { description: "It is over; `resultState` says how it went." },
    FAILED: { description: "It is over, failed or cancelled." },
  } as const,
});

export const ResultState = builder.enumType("ResultState", {
  description: "How a run went. (Reference: result_state.)",
  values: {
    SUCCESS: { description: "Everything as planned." },
    WARNING: { description: "Everything recovered, with something to look at." },
    PARTIAL: { description: "Some VMs failed." },
    FAILED: { description: "It failed." },
    CANCELLED: { description: "Somebody cancelled it." },
  } as const,
});

export const PausedReason = builder.enumType("PausedReason", {
  description: "Why a run is paused.",
  values: {
    STEP_FAILED: { description: "A step failed, and somebody has to decide." },
    OPERATOR: { description: "An operator paused it." },
    PAUSE_STEP: { description: "The plan has a pause here." },
  } as const,
});

export const FailurePolicy = builder.enumType("FailurePolicy", {
  description: "What a run does when a step fails.",
  values: {
    PAUSE: { description: "It waits for a decision." },
    CONTINUE: { description: "It goes on with what does not depend on the step." },
  } as const,
});

export const StepStatus = builder.enumType("StepStatus", {
  description: "Status of a step. Expect values that are added later.",
  values: {
    PENDING: { description: "It has not started." },
    RUNNING: { description: "It is at work." },
    WAITING: { description: "It waits for a person or a time." },
    SUCCEEDED: { description: "It did what it should." },
    WARNING: { description: "It did it, with something to look at." },
    FAILED: { description: "It could not do it." },
    SKIPPED: { description: "It was left out; the message says why." },
    CANCELLED: { description: "The run was cancelled before or while it worked." },
    ALREADY_DONE: { description: "An earlier run had done it." },
  } as const,
});

export const StepState = builder.enumType("StepState", {
  description: "The reference's states of a step or task step, from its status.",
  values: {
    QUEUED: { description: "PENDING." },
    RUNNING: { description: "RUNNING or WAITING." },
    COMPLETED: { description: "SUCCEEDED, WARNING, ALREADY_DONE or SKIPPED." },
    FAILED: { description: "FAILED." },
    CANCELLED: { description: "CANCELLED." },
  } as const,
});

export const StepResult = builder.enumType("StepResult", {
  description: "The reference's result_state of a step, from its status.",
  values: {
    SUCCESS: { description: "SUCCEEDED or ALREADY_DONE." },
    WARNING: { description: "WARNING." },
    FAILED: { description: "FAILED." },
    SKIPPED: { description: "SKIPPED." },
    CANCELLED: { description: "CANCELLED." },
  } as const,
});

export const WaitingKind = builder.enumType("WaitingKind", {
  description: "What a step waits for.",
  values: {
    BARRIER: { description: "Other steps have to be over, however they end." },
    DEPENDENCY: { description: "Other steps have to end well." },
    SLOT: { description: "The site works on as many things at once as it may." },
    PROMPT: { description: "Somebody has to answer a prompt." },
    PAUSE: { description: "A pause has to end." },
    DELAY: { description: "A startup delay has to pass." },
    RETRY: { description: "It tries again in a while." },
    SITE: { description: "Its site does not answer." },
  } as const,
});

export const PromptAnswer = builder.enumType("PromptAnswer", {
  description: "How a prompt can be answered. (Reference: Prompt Responses.)",
  values: {
    CONTINUE: { description: "The run goes on (reference: continue)." },
    SKIP: { description: "The remaining steps of the prompt's phase in its priority group are skipped (reference: skip)." },
    ABORT: { description: "The run is cancelled (reference: abort)." },
  } as const,
});
