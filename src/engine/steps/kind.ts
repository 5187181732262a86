/** What a kind of step gets to work with, and what it gives back. One small file per kind lies beside this one. */
import type { EffectKind, EffectRequest, EffectResult, Provider, VmStatus } from "../../providers/contract.ts";
import type { CommandOutcome } from "../commands/command.ts";
import type { LeafKind, RunKind, SiteRef, StepEnd, StepResult, StepSpecs } from "../model.ts";

export type EffectEnd<K extends EffectKind> =
  | { readonly ok: true; readonly result: EffectResult<K> }
  | { readonly ok: false; readonly message: string };

export interface CommandRun {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly timeoutSeconds: number;
  readonly site: SiteRef;
  readonly vmName: string | null;
  readonly vmIp: string | null;
}

export interface StepContext {
  readonly runId: string;
  readonly planName: string;
  readonly runKind: RunKind;
  readonly ordinal: number;
  attempt(): number;
  /** An intent was found without a result: its owner died. */
  readonly resumed: boolean;
  /** Aborted when the run is cancelled, or its owner stops or loses it. */
  readonly signal: AbortSignal;
  /** Aborted when the run is cancelled; effects under way are asked to stop, and run out where they can't. */
  readonly cancelled: AbortSignal;
  /** When the step has to be over, in milliseconds from now; null: never. */
  remainingMs(): number | null;
  /** The result of an earlier step that ended well; null otherwise. */
  resultOf(ordinal: number): StepResult | null;
  /** What this step has recorded before it ended (also before a crash). */
  recorded(): StepResult | null;
  /** Makes something durable before going on. */
  record(change: { message?: string; result?: StepResult; nextAttempt?: boolean; retryInMs?: number | null }): Promise<void>;
  progress(percent: number): void;
  /** Orders an effect with this step's key, watches it, retries what is transient. Never throws for the site's failures. */
  effect<K extends EffectKind>(site: SiteRef, kind: K, request: EffectRequest<K>, secret?: string): Promise<EffectEnd<K>>;
  /** Asks a site something; retried while it is transient. */
  ask<T>(site: SiteRef, question: (provider: Provider, signal: AbortSignal) => Promise<T>): Promise<T>;
  /** The VM's status as it is now; retried while the site does not answer. */
  vmStatus(site: SiteRef, vmId: string): Promise<VmStatus | undefined>;
  /** The first one that is enough, of the next polls. */
  vmStatusUntil(site: SiteRef, vmId: string, isEnough: (status: VmStatus | undefined) => boolean): Promise<VmStatus | undefined>;
  /** Runs a program of the scripts folder under the supervisor; its output becomes events. */
  runCommand(command: CommandRun): Promise<CommandOutcome>;
  /** What became of this step's command whose owner died; OWNER_GONE: nobody knows. */
  lostOutcome(): Promise<CommandOutcome>;
  readSecret(id: string): Promise<string>;
}

export type StepKind<K extends LeafKind> = (spec: StepSpecs[K], context: StepContext) => Promise<StepEnd>;

export const succeeded = (message: string, result?: StepResult): StepEnd => ({
  status: "SUCCEEDED",
  message,
  ...(result === undefined ? {} : { result }),
});

export const failed = (message: string, result?: StepResult): StepEnd => ({
  status: "FAILED",
  message,
  errors: [message],
  ...(result === undefined ? {} : { result }),
});

export const warning = (message: string, result?: StepResult): StepEnd => ({
  status: "WARNING",
  message,
  warnings: [message],
  ...(result === undefined ? {} : { result }),
});

/** A text that an earlier step left in its result. */
export function textOf(result: StepResult | null, field: string): string | null {
  const value = result?.[field];
  return typeof value === "string" ? value : null;
}

/** The machine that an earlier step registered. */
export const vmOf = (context: StepContext, ordinal: number): string | null => textOf(context.resultOf(ordinal), "vmId");
