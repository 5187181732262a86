import type pg from "pg";
import type { Logger } from "pino";
import type { WakeUps } from "../events/wake-ups.ts";
import type { Providers } from "../providers/contract.ts";
import type { CommandOutcome } from "./commands/command.ts";
import type { RetryPolicy } from "./effects.ts";
import type { Lifeline } from "./lifeline.ts";
import type { Slots } from "./slots.ts";

export interface EngineSettings {
  readonly leaseSeconds: number;
  /** Longest a single call to a site may take. Less when less is left of the lease. */
  readonly callTimeoutMs: number;
  /** Longest an ordered operation may take at the site. */
  readonly operationLimitMs: number;
  /** How often running effects and starting machines are looked at. */
  readonly pollMs: number;
  /** How often a run looks at its wishes, deadlines and progress. */
  readonly tickMs: number;
  /** How long a run must have nothing to do but wait before it is given back. */
  readonly idleMs: number;
  readonly operationsPerSite: number;
  /** The least time between two replication cycles of a group; null: this node does none. */
  readonly replicationMinimumSeconds: number | null;
  /** Cycles under way at one recovery site, of all nodes. */
  readonly replicationsPerSite: number;
  /** How often groups that are due are looked for. */
  readonly replicationTickMs: number;
  readonly scriptsDir: string;
  readonly secretsDir: string;
  readonly retry: RetryPolicy;
}

export const defaultSettings = {
  callTimeoutMs: 10_000,
  operationLimitMs: 4 * 3_600_000,
  pollMs: 200,
  tickMs: 1000,
  idleMs: 3000,
  operationsPerSite: 20,
  replicationMinimumSeconds: null,
  replicationsPerSite: 4,
  replicationTickMs: 1000,
  retry: { tries: 6, baseMs: 1000, maxMs: 15_000, random: Math.random },
} as const;

/** What a run needs of the rest of the house. */
export interface EngineParts {
  readonly pool: pg.Pool;
  /** What journals write over. */
  readonly writers: pg.Pool;
  readonly providers: Providers;
  readonly lifeline: Lifeline;
  readonly wakeUps: Pick<WakeUps, "hint">;
  readonly slots: Slots;
  readonly settings: EngineSettings;
  /** What became of a command whose gateway died, from the spool. */
  readonly lostOutcome: (key: string) => Promise<CommandOutcome>;
  /** Removes an outcome from the spool once it is in the database. */
  readonly forgetOutcome: (key: string) => void;
  readonly log: Logger;
}
