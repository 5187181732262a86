/** A program at a site, run once for a step: what is asked for, and how it ended. */

/**
 * EXITED: by itself, whatever the exit code. TIMED_OUT, CANCELLED: stopped by the gateway. OWNER_GONE, OWNER_SILENT: stopped because
 * the gateway died, or stopped or hung; nobody knows how far it had come. NOT_STARTED: it has done nothing.
 */
export const commandEnds = ["EXITED", "TIMED_OUT", "OWNER_GONE", "OWNER_SILENT", "NOT_STARTED", "CANCELLED"] as const;
export type CommandEnd = (typeof commandEnds)[number];

export interface CommandOutcome {
  readonly reason: CommandEnd;
  readonly exitCode: number | null;
  /** The signal that ended the program, such as "SIGKILL". */
  readonly signal: string | null;
  /** The last 64 KiB of its output, stdout and stderr as they came; whole characters, secrets redacted. */
  readonly tail: string;
  /** Length in bytes of all its output, repaired and redacted as in `tail`. */
  readonly totalBytes: number;
  /** One sentence for people. */
  readonly message: string;
}

/** What can be posted to another thread. */
export interface CommandOrder {
  /** (run, step, attempt): names the outcome in the spool. Matches `keyPattern`. */
  readonly key: string;
  /** When the lease of this run is known to be lost, the command is stopped. */
  readonly runId: string;
  /** Absolute, from `resolveProgram`. */
  readonly program: string;
  readonly arguments: readonly string[];
  /** DR_ variables; PATH, LANG and HOME are given by the house, and nothing else. */
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  /** What must not be shown in the output: `knownSecrets`. */
  readonly secrets?: readonly string[];
}

export interface CommandRequest extends CommandOrder {
  /**
   * Live output in whole characters, at most 16 KiB and ten times a second. `totalBytes` counts up to the end of this text; a jump
   * by more than its length says that output came too fast, and what lies between is left out.
   */
  readonly onOutput: (text: string, totalBytes: number) => void;
  /** Aborted: the command is stopped, and ends as CANCELLED. */
  readonly signal?: AbortSignal;
}

export const keyPattern = /^[\w:.-]{1,100}$/;

/** A command that can't run before somebody changes plan, scripts or secrets. The message is for people. */
export class PermanentCommandError extends Error {
  override readonly name: string = "PermanentCommandError";
}

/** How an outcome is told to people. */
export const ended = (reason: CommandEnd, message: string, rest: Partial<CommandOutcome> = {}): CommandOutcome => ({
  exitCode: null,
  signal: null,
  tail: "",
  totalBytes: 0,
  ...rest,
  reason,
  message,
});
