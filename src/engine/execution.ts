/** Gives a step what it works with (its context), runs it, and tells the run how it ended. */
import { type Operation, ProviderError, type VmStatus } from "../providers/contract.ts";
import type { DatabaseClock } from "./clock.ts";
import { withDeadline } from "./deadline.ts";
import { isAbort, type SiteCalls } from "./effects.ts";
import type { Inbox } from "./inbox.ts";
import { LeaseLost } from "./journal.ts";
import { type LiveRun, leafAt } from "./live-run.ts";
import { isWait, type LeafNode, type SiteRef, type StepEnd } from "./model.ts";
import { createPoller, type Poller } from "./poller.ts";
import { isRollBack } from "./roll-back.ts";
import type { EngineParts } from "./settings.ts";
import { Context, ownedForLong, type Shared } from "./step-context.ts";
import { type ActingKind, perform } from "./steps/index.ts";

export interface Executions {
  /** Starts the work of a step that is recorded as RUNNING. `resumed`: its owner died over it. */
  launch(ordinal: number, resumed: boolean): void;
  /** Gives a step up that its owner has ended: whatever comes of it no longer matters. */
  abandon(ordinal: number): void;
  /** How many are working. */
  readonly working: number;
  /** The run was cancelled: commands and checks stop, effects run out. */
  interrupt(): void;
}

export interface ExecutionOptions {
  readonly run: LiveRun;
  readonly planName: string;
  readonly epoch: bigint;
  readonly parts: EngineParts;
  readonly inbox: Inbox;
  readonly clock: DatabaseClock;
  /** Aborted when the run is handed over or lost. */
  readonly signal: AbortSignal;
}

const siteKey = (site: SiteRef) => `${site.provider}/${site.externalId}`;

export function createExecutions(options: ExecutionOptions): Executions {
  const { run, parts, inbox, signal } = options;
  const { calls, operations } = createSiteCalls(options);
  const statuses = pollers<VmStatus>(
    (site, keys, deadline) => calls.provider(site).vmStatus(site.externalId, keys, deadline),
    calls,
    parts,
    signal,
  );
  const shared: Shared = { options, calls, statuses };
  const cancelled = new AbortController();
  const live = new Map<number, Live>();
  const stopAll = () => {
    for (const { own } of live.values()) own.abort(signal.reason);
  };
  signal.addEventListener("abort", stopAll, { once: true });

  async function execute(ordinal: number, resumed: boolean): Promise<void> {
    const { node } = leafAt(run, ordinal);
    if (!isActing(node)) throw new Error(`${node.kind} has no work of its own`);
    const step = stepToStop(node);
    live.set(ordinal, step);
    if (signal.aborted) step.own.abort(signal.reason);
    if (step.stops && cancelled.signal.aborted) step.own.abort(cancelled.signal.reason);
    // What is put back because the run was cancelled is not stopped by that.
    const cancel = isRollBack(node) ? never : cancelled.signal;
    const context = new Context(shared, ordinal, resumed, step.own.signal, cancel);
    try {
      inbox.put({ kind: "ENDED", ordinal, end: await perform(node, context) });
    } catch (error) {
      if (signal.aborted || step.abandoned) return;
      if (error instanceof LeaseLost) inbox.put({ kind: "BROKEN", error });
      else inbox.put({ kind: "ENDED", ordinal, end: endOfError(error, cancel, ordinal) });
    } finally {
      if (live.get(ordinal) === step) live.delete(ordinal);
    }
  }

  function endOfError(error: unknown, cancel: AbortSignal, ordinal: number): StepEnd {
    if (cancel.aborted && (isAbort(error) || error === cancel.reason))
      return { status: "CANCELLED", message: "Stopped because the run was cancelled" };
    if (error instanceof ProviderError) return { status: "FAILED", message: error.message, errors: [error.message] };
    parts.log.error({ err: error, runId: run.id, ordinal }, "a step failed inside the gateway");
    const message = "The step failed inside the gateway; its log says more";
    return { status: "FAILED", message, errors: [message] };
  }

  return {
    launch(ordinal, resumed) {
      void execute(ordinal, resumed);
    },
    abandon(ordinal) {
      const step = live.get(ordinal);
      if (step === undefined) return;
      step.abandoned = true;
      step.own.abort(new DOMException("the step was given up", "AbortError"));
    },
    get working() {
      return live.size;
    },
    interrupt() {
      cancelled.abort(new DOMException("the run was cancelled", "AbortError"));
      operations.hurry();
      statuses.hurry();
      for (const { own, stops } of live.values()) if (stops) own.abort(cancelled.signal.reason);
    },
  };
}

/** A step at work. */
interface Live {
  readonly own: AbortController;
  /** With the run's cancellation; other effects run out. */
  readonly stops: boolean;
  abandoned: boolean;
}

const stepToStop = ({ kind }: LeafNode): Live => ({
  own: new AbortController(),
  stops: kind === "COMMAND" || kind === "READY_CHECK" || kind === "PROBE",
  abandoned: false,
});

const never = new AbortController().signal;

const isActing = (node: LeafNode): node is LeafNode<ActingKind> => !isWait(node.kind);

function createSiteCalls({ run, epoch, parts, signal }: ExecutionOptions): { calls: SiteCalls; operations: SitePollers<Operation> } {
  const { providers, settings } = parts;
  const calls: SiteCalls = {
    runId: run.id,
    epoch,
    retry: settings.retry,
    operationLimitMs: settings.operationLimitMs,
    provider(site) {
      const provider = providers.get(site.provider);
      if (!provider) throw new ProviderError("PERMANENT", "UNSUPPORTED", `There is no provider ${site.provider} for ${site.siteName}`);
      return provider;
    },
    async call(callSignal, ask) {
      const left = (await ownedForLong(parts, run.id, callSignal)) - 250;
      return withDeadline(callSignal, Math.floor(Math.max(50, Math.min(settings.callTimeoutMs, left))), ask);
    },
    operations: (site) => operations.at(site),
  };
  const operations = pollers<Operation>(
    (site, keys, deadline) => calls.provider(site).observe(site.externalId, keys, { runId: run.id, epoch, signal: deadline }),
    calls,
    parts,
    signal,
  );
  return { calls, operations };
}

export interface SitePollers<V> {
  at(site: SiteRef): Poller<V>;
  /** All of them look now. */
  hurry(): void;
}

/** One poller a site. */
function pollers<V>(
  ask: (site: SiteRef, keys: readonly string[], signal: AbortSignal) => Promise<ReadonlyMap<string, V>>,
  calls: SiteCalls,
  parts: EngineParts,
  signal: AbortSignal,
): SitePollers<V> {
  const bySite = new Map<string, Poller<V>>();
  return {
    at(site) {
      const known = bySite.get(siteKey(site));
      if (known) return known;
      const made = createPoller<V>((keys) => calls.call(signal, (deadline) => ask(site, keys, deadline)), parts.settings.pollMs, signal);
      bySite.set(siteKey(site), made);
      return made;
    },
    hurry() {
      for (const poller of bySite.values()) poller.hurry();
    },
  };
}
