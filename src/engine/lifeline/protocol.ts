/** What the engine's thread and the lifeline's say to each other. */
import type { CommandOrder, CommandOutcome } from "../commands/command.ts";

export interface LifelineLimits {
  readonly leaseMs: number;
  readonly renewMs: number;
  /** The engine hangs when its thread has not moved for so long: renewing and beating end. */
  readonly stalledMs: number;
  readonly beatMs: number;
  /** A supervisor that hears nothing for so long stops its command. */
  readonly silenceMs: number;
  /** Between TERM and KILL. */
  readonly graceMs: number;
}

/**
 * Silence and grace together are two thirds of the lease, and a lease was renewed at most a third before its node stopped: a command
 * is dead before another node may own its run.
 */
export const limitsFor = (leaseSeconds: number): LifelineLimits => {
  const leaseMs = leaseSeconds * 1000;
  const silenceMs = Math.min(3000, leaseMs / 2);
  return {
    leaseMs,
    renewMs: leaseMs / 3,
    stalledMs: 10_000,
    beatMs: silenceMs / 3,
    silenceMs,
    graceMs: Math.min(1000, leaseMs / 6),
  };
};

export interface WorkerSettings {
  readonly directUrl: string;
  readonly nodeId: string;
  readonly spoolDir: string;
  readonly scriptsDir: string;
  readonly limits: LifelineLimits;
  /** One Int32 that the engine's thread keeps counting up. */
  readonly moves: SharedArrayBuffer;
  /** When the node was last recorded as alive: see `confirmed`. */
  readonly seen: SharedArrayBuffer;
}

export type ToWorker =
  /** `confirmed`: one BigInt64, the moment (µs, monotonic) at which the last confirmed renewal was sent; 0: lost. */
  | { readonly type: "own"; readonly runId: string; readonly epoch: bigint; readonly confirmed: SharedArrayBuffer }
  | { readonly type: "disown"; readonly runId: string }
  | { readonly type: "run"; readonly order: CommandOrder }
  | { readonly type: "cancel"; readonly key: string }
  | { readonly type: "close" };

export type LogLevel = "info" | "warn" | "error";

export type FromWorker =
  /** The first renewal has been tried. */
  | { readonly type: "ready" }
  | { readonly type: "lost"; readonly runId: string; readonly epoch: bigint }
  | { readonly type: "output"; readonly key: string; readonly text: string; readonly totalBytes: number }
  | { readonly type: "ended"; readonly key: string; readonly outcome: CommandOutcome }
  | { readonly type: "log"; readonly level: LogLevel; readonly message: string; readonly details: Readonly<Record<string, unknown>> }
  | { readonly type: "closed" };
