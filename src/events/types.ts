/**
 * What the log holds: events of recoveries, self-contained (as things were when it happened), versioned by `event.version`.
 * Times are ISO strings, ids are database ids. The gateway maps them to the schema's types.
 */
/** Versions of a row's payload: an event, or a list of them that were written together, which releases before lists can't read. */
export const eventVersion = 1;
export const listVersion = 2;

/** Most events of a row: a large run's write has hundreds of changed steps, and a row of them costs a quarter of what they cost alone, and an eighth of the space. */
export const mostOfRow = 32;

export interface StepChanged {
  readonly kind: "STEP_CHANGED";
  readonly ordinal: number;
  readonly path: string;
  readonly stepKind: string;
  readonly name: string;
  readonly status: string;
  readonly attempt: number;
  readonly progressPercent: number;
  readonly message: string | null;
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  readonly vmId: string | null;
  readonly groupId: string | null;
  readonly siteId: string | null;
}

export interface RunStateChanged {
  readonly kind: "RECOVERY_STATE_CHANGED";
  readonly state: string;
  readonly pausedReason: string | null;
  /** Who asked for it; null: it followed from the run itself. */
  readonly by: string | null;
  readonly reason: string | null;
}

/** At most once a second and run. */
export interface Progressed {
  readonly kind: "PROGRESS";
  readonly progressPercent: number;
  readonly currentStep: string | null;
  readonly estimatedCompletionTime: string | null;
  /** Running steps with a progress of their own. */
  readonly steps: readonly { readonly ordinal: number; readonly path: string; readonly progressPercent: number }[];
}

export interface PromptOpened {
  readonly kind: "PROMPT_OPENED";
  readonly promptId: string;
  readonly ordinal: number;
  readonly path: string;
  readonly name: string;
  readonly message: string;
  readonly dueAt: string | null;
  readonly defaultAnswer: string | null;
}

/** Also when it was answered by its time-out (`automatic`), or withdrawn because the run was cancelled (`answer` null). */
export interface PromptClosed {
  readonly kind: "PROMPT_ANSWERED";
  readonly promptId: string;
  readonly ordinal: number;
  readonly path: string;
  readonly answer: string | null;
  readonly by: string | null;
  readonly automatic: boolean;
}

/** Output of a command, as it comes: text in whole characters, at most 16 KiB an event. */
export interface OutputWritten {
  readonly kind: "COMMAND_OUTPUT";
  readonly ordinal: number;
  readonly path: string;
  readonly text: string;
  /** Length in bytes of all output up to and with this text. */
  readonly totalBytes: number;
}

/** The last event of a run. */
export interface RunEnded {
  readonly kind: "RECOVERY_ENDED";
  readonly state: string;
  readonly resultState: string;
  readonly rtoAchievedSeconds: number | null;
  readonly rpoAchievedSeconds: number | null;
  readonly vmsSucceeded: number;
  readonly vmsFailed: number;
}

export type RecoveryEvent = StepChanged | RunStateChanged | Progressed | PromptOpened | PromptClosed | OutputWritten | RunEnded;
export type RecoveryEventKind = RecoveryEvent["kind"];

export const promptEventKinds = ["PROMPT_OPENED", "PROMPT_ANSWERED"] as const satisfies readonly RecoveryEventKind[];

/** An event as it stands in the log. */
export interface LoggedEvent {
  /** Number in the whole log, without gaps, in commit order. */
  readonly position: bigint;
  readonly recoveryId: string;
  /** Number within its recovery, from 1, without gaps. */
  readonly sequence: number;
  readonly occurredAt: Date;
  readonly version: number;
  readonly event: RecoveryEvent;
}
