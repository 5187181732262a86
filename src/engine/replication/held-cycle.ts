/** A cycle that this node owns: what is left of its lease, and how it calls sites in its name. */
import { type Operation, ProviderError } from "../../providers/contract.ts";
import { withDeadline } from "../deadline.ts";
import type { SiteCalls } from "../effects.ts";
import { LeaseLost, pause } from "../journal.ts";
import { monotonicMs } from "../monotonic.ts";
import { createPoller, type Poller } from "../poller.ts";
import type { EngineParts } from "../settings.ts";
import type { Cycle } from "./cycle.ts";

export interface HeldCycle {
  readonly cycle: Cycle;
  /** Aborted when the lease is lost, or the node stops. */
  readonly signal: AbortSignal;
  /** The lease was renewed by a statement that was sent then. */
  renewed(sentAtMs: number): void;
  lose(): void;
  readonly calls: SiteCalls;
}

export function holdCycle(cycle: Cycle, { providers, settings }: EngineParts, stopping: AbortSignal): HeldCycle {
  const lost = new AbortController();
  const signal = AbortSignal.any([stopping, lost.signal]);
  const leaseMs = settings.leaseSeconds * 1000;
  let confirmedAtMs = cycle.claimedAtMs;
  const remainingMs = () => confirmedAtMs + leaseMs - monotonicMs();
  let operations: Poller<Operation> | null = null;
  const calls: SiteCalls = {
    runId: cycle.cycleId,
    epoch: cycle.epoch,
    retry: settings.retry,
    operationLimitMs: settings.operationLimitMs,
    provider(site) {
      const provider = providers.get(site.provider);
      if (!provider) throw new ProviderError("PERMANENT", "UNSUPPORTED", `There is no provider ${site.provider} for ${site.siteName}`);
      return provider;
    },
    async call(callSignal, ask) {
      callSignal.throwIfAborted();
      // Under half of the lease nothing is begun: it may be somebody else's before it is done.
      while (remainingMs() < leaseMs / 2) await pause(25, callSignal);
      const limit = Math.floor(Math.max(50, Math.min(settings.callTimeoutMs, remainingMs() - 250)));
      return withDeadline(callSignal, limit, ask);
    },
    operations(site) {
      operations ??= createPoller<Operation>(
        (keys) =>
          calls.call(signal, (deadline) => {
            const owner = { runId: cycle.cycleId, epoch: cycle.epoch, signal: deadline };
            return calls.provider(site).observe(site.externalId, keys, owner);
          }),
        settings.pollMs,
        signal,
      );
      return operations;
    },
  };
  return {
    cycle,
    signal,
    renewed: (sentAtMs) => {
      confirmedAtMs = sentAtMs;
    },
    lose: () => lost.abort(new LeaseLost(cycle.cycleId)),
    calls,
  };
}
