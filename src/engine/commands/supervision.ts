/** What a gateway and a command's supervisor say to each other. */
import type { CommandOutcome } from "./command.ts";

/** The first line that a supervisor reads. On its stdin, not among its arguments: other users see those. */
export interface SupervisorOrder {
  readonly key: string;
  readonly program: string;
  readonly arguments: readonly string[];
  /** All of the program's environment but the mark. */
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly spoolDir: string;
  readonly timeoutMs: number;
  readonly silenceMs: number;
  readonly graceMs: number;
  readonly secrets: readonly string[];
}

/** Then single bytes: the gateway lives, or wants the command stopped. */
export const beat = ".";
export const cancelling = "c";

/** Lines that a supervisor writes to `reportFd`. The last one is the outcome. */
export type SupervisorReport =
  | { readonly type: "output"; readonly text: string; readonly totalBytes: number }
  | { readonly type: "ended"; readonly outcome: CommandOutcome };

export const reportFd = 3;
