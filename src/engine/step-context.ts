/** What a step works with: the sites, its own row, the run's other steps. */
import type { EffectKind, EffectRequest, Provider, VmStatus } from "../providers/contract.ts";
import type { StepState } from "./batch.ts";
import { type CommandOutcome, ended, PermanentCommandError } from "./commands/command.ts";
import { resolveProgram } from "./commands/program.ts";
import { askSite, performEffect, type SiteCalls, whileTransient } from "./effects.ts";
import type { ExecutionOptions, SitePollers } from "./execution.ts";
import type { StepRecord } from "./inbox.ts";
import { LeaseLost, pause } from "./journal.ts";
import { stepAt } from "./live-run.ts";
import { isGood, type RunKind, type SiteRef, type StepResult } from "./model.ts";
import { knownSecrets, readSecret } from "./secrets.ts";
import type { EngineParts } from "./settings.ts";
import type { CommandRun, EffectEnd, StepContext } from "./steps/kind.ts";

/** What the steps of a run share. */
export interface Shared {
  readonly options: ExecutionOptions;
  readonly calls: SiteCalls;
  readonly statuses: SitePollers<VmStatus>;
}

/** A class, since thousands are there at once: a function of its own for each would be most of what a run at work takes. */
export class Context implements StepContext {
  readonly #shared: Shared;
  readonly #step: StepState;
  readonly resumed: boolean;
  readonly signal: AbortSignal;
  readonly cancelled: AbortSignal;

  constructor(shared: Shared, ordinal: number, resumed: boolean, signal: AbortSignal, cancelled: AbortSignal) {
    this.#shared = shared;
    this.#step = stepAt(shared.options.run, ordinal);
    this.resumed = resumed;
    this.signal = signal;
    this.cancelled = cancelled;
  }

  get ordinal(): number {
    return this.#step.node.ordinal;
  }

  get runId(): string {
    return this.#shared.options.run.id;
  }

  get planName(): string {
    return this.#shared.options.planName;
  }

  get runKind(): RunKind {
    return this.#shared.options.run.kind;
  }

  get #key(): string {
    return `${this.runId}:${this.ordinal}:${this.#step.attempt}`;
  }

  attempt(): number {
    return this.#step.attempt;
  }

  remainingMs(): number | null {
    const { dueAt } = this.#step;
    return dueAt === null ? null : dueAt - this.#shared.options.clock.now();
  }

  resultOf(other: number): StepResult | null {
    const { status, result } = stepAt(this.#shared.options.run, other);
    return isGood(status) ? result : null;
  }

  recorded(): StepResult | null {
    return this.#step.result;
  }

  record(change: StepRecord): Promise<void> {
    const { inbox } = this.#shared.options;
    return new Promise((written) => inbox.put({ kind: "RECORD", ordinal: this.ordinal, change, written }));
  }

  progress(percent: number): void {
    const step = this.#step;
    step.progressPercent = Math.max(step.progressPercent, Math.min(99, Math.floor(percent)));
  }

  effect<K extends EffectKind>(site: SiteRef, kind: K, request: EffectRequest<K>, secret?: string): Promise<EffectEnd<K>> {
    return performEffect(this.#shared.calls, this, site, kind, request, secret);
  }

  ask<T>(site: SiteRef, question: (provider: Provider, signal: AbortSignal) => Promise<T>): Promise<T> {
    return askSite(this.#shared.calls, site, this.signal, question);
  }

  vmStatus(site: SiteRef, vmId: string): Promise<VmStatus | undefined> {
    const { calls, statuses } = this.#shared;
    return whileTransient(calls, site, this.signal, () => statuses.at(site).soon(vmId));
  }

  vmStatusUntil(site: SiteRef, vmId: string, isEnough: (status: VmStatus | undefined) => boolean): Promise<VmStatus | undefined> {
    const { calls, statuses } = this.#shared;
    return whileTransient(calls, site, this.signal, (answered) => {
      const judge = (status: VmStatus | undefined) => {
        answered();
        return isEnough(status);
      };
      return statuses.at(site).until(vmId, { isEnough: judge });
    });
  }

  runCommand(command: CommandRun): Promise<CommandOutcome> {
    return runCommand(this.#shared.options, command, this.#key, this.ordinal, this.signal);
  }

  lostOutcome(): Promise<CommandOutcome> {
    return this.#shared.options.parts.lostOutcome(this.#key);
  }

  readSecret(id: string): Promise<string> {
    return readSecret(this.#shared.options.parts.settings.secretsDir, id);
  }
}

async function runCommand(
  options: ExecutionOptions,
  command: CommandRun,
  key: string,
  ordinal: number,
  signal: AbortSignal,
): Promise<CommandOutcome> {
  const { run, planName, parts, inbox } = options;
  const { scriptsDir, secretsDir } = parts.settings;
  try {
    const program = await resolveProgram(scriptsDir, command.command);
    await ownedForLong(parts, run.id, signal);
    const running = parts.lifeline.runCommand({
      key,
      runId: run.id,
      program,
      arguments: command.arguments,
      timeoutSeconds: command.timeoutSeconds,
      environment: {
        DR_PLAN_NAME: planName,
        DR_RECOVERY_TYPE: run.kind,
        DR_RUN_ID: run.id,
        DR_SITE: command.site.siteName,
        ...(command.vmName === null ? {} : { DR_VM_NAME: command.vmName }),
        ...(command.vmIp === null ? {} : { DR_VM_IP: command.vmIp }),
      },
      secrets: await knownSecrets(secretsDir),
      signal,
      onOutput: (text, totalBytes) => inbox.put({ kind: "OUTPUT", ordinal, text, totalBytes }),
    });
    const outcome = await running.outcome;
    if (options.signal.aborted) throw options.signal.reason;
    // Stopped though nobody cancelled: the lease was lost, and with it the right to say how it ended.
    if (outcome.reason === "CANCELLED" && !signal.aborted) throw new LeaseLost(run.id);
    return outcome;
  } catch (error) {
    if (error instanceof PermanentCommandError) return ended("NOT_STARTED", error.message);
    throw error;
  }
}

/** Under half of the lease nothing is begun: it may be somebody else's before it is done. Answers the milliseconds that are left. */
export async function ownedForLong({ lifeline, settings }: EngineParts, runId: string, signal: AbortSignal): Promise<number> {
  signal.throwIfAborted();
  for (;;) {
    const left = lifeline.remainingMs(runId);
    if (left >= (settings.leaseSeconds * 1000) / 2) return left;
    await pause(25, signal);
  }
}
