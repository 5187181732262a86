/** A group's replication cycle, owned like a run, and when a group has one. */
import type { SiteRef } from "../model.ts";

/** A cycle that this node has claimed. */
export interface Cycle {
  readonly groupId: string;
  readonly groupName: string;
  /** The provider's name of the replicated set. */
  readonly externalId: string;
  /** The recovery site: copies are ordered there. */
  readonly site: SiteRef;
  /** The intent: written before anything is ordered, and part of every key. */
  readonly cycleId: string;
  readonly epoch: bigint;
  /** It was begun before, by an owner that died, or with an outcome that nobody knows. */
  readonly resumed: boolean;
  /** Seconds from the start of one to the start of the next. */
  readonly intervalSeconds: number;
  /** How many failed in a row before this one. */
  readonly failures: number;
  /** When the claim was sent, by `monotonicMs`: the lease holds from then on. */
  readonly claimedAtMs: number;
}

/** The next cycle of a group whose replication is suspended. `infinity` is not a date to every reader of the row. */
export const never = "timestamptz '9999-12-31T00:00:00Z'";

const usedBy = (kinds: string): string =>
  `EXISTS (SELECT FROM group_use u JOIN recovery r ON r.id = u.run_id WHERE u.group_id = g.id AND r.kind ${kinds})`;

/** For a row `g` of protection_group: a real recovery has it, from its request to the end of the reprotect. */
export const isSuspended = `(g.state IN ('RECOVERING', 'RECOVERED', 'PARTIALLY_RECOVERED', 'REPROTECTING')
    OR ${usedBy("IN ('PLANNED', 'DISASTER', 'REPROTECT')")})`;

/** For a row `g`: it is protected, and nothing but a test or a cleanup works on it. */
export const isReplicated = `(g.state IN ('READY', 'TESTING') AND NOT ${usedBy("NOT IN ('TEST', 'CLEANUP')")}
    AND EXISTS (SELECT FROM protected_vm m WHERE m.group_id = g.id AND m.protection_state <> 'NOT_CONFIGURED'))`;

/** For a row `g`: seconds between two cycles, with the least that is configured. Snapshots come as often as their group says. */
export const intervalOf = (minimum: string): string =>
  `GREATEST(${minimum}::int, COALESCE(g.snapshot_interval_minutes * 60, g.rpo_minutes * 30))`;

/** The claim's cycle, for a statement whose $1 to $3 are `fence(cycle)`. No row: another owner has it by now. */
export const ownCycle = "c.group_id = $1::uuid AND c.epoch = $2::bigint AND c.cycle_id = $3::uuid";
export const fence = ({ groupId, epoch, cycleId }: Cycle): [string, string, string] => [groupId, epoch.toString(), cycleId];
