/** When groups are compared with their cycles: those that the log tells of at each look, and all of them seldom. */
import { monotonicMs } from "../monotonic.ts";
import type { Kept } from "./standing.ts";
import type { Told } from "./told.ts";

export interface KeeperOptions {
  /** Compares these groups; null: all. */
  readonly keep: (groupIds: readonly string[] | null) => Promise<Kept>;
  /** What the log tells since a position. */
  readonly told: (since: bigint | null) => Promise<Told>;
  /** It rests so many times as long as it took: with very many groups it comes less often than every look. */
  readonly restTimes?: number;
}

/** It rests no longer: a database that was slow for a moment is no reason to stay away. */
const longestRestMs = 3_000;
/** So many looks go by without a comparison of all, which finds what no event has told of. */
const looksInBetween = 30;

/**
 * One look: what a comparison goes by changes with an event, but for the lease of a cycle. What was compared is compared once more at the next
 * look, for what was being written beside the first one. Answers how many changes are in the log for it.
 */
export function createKeeper({ keep, told, restTimes = 20 }: KeeperOptions): () => Promise<number> {
  let dueMs = 0;
  /** Up to where the log was read, and everything compared that it tells; null: that has yet to be. */
  let since: bigint | null = null;
  let again: readonly string[] | null = [];
  let looks = 0;
  return async () => {
    const fromMs = monotonicMs();
    if (fromMs < dueMs) return 0;
    const { newest, groupIds } = await told(since);
    looks++;
    const all = groupIds === null || again === null || looks >= looksInBetween;
    const some = [...new Set([...(groupIds ?? []), ...(again ?? [])])];
    if (!all && some.length === 0) {
      since = newest;
      return 0;
    }
    since = null; // until they have been compared, which may fail
    const { changes, unfinished } = await keep(all ? null : some);
    since = newest;
    again = groupIds === null ? null : [...groupIds, ...unfinished];
    if (all) looks = 0;
    const nowMs = monotonicMs();
    dueMs = nowMs + Math.min(longestRestMs, restTimes * (nowMs - fromMs));
    return changes;
  };
}
