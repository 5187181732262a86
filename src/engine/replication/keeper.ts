/** When all groups are compared with their cycles: at the looks at which that may find something. */
import { monotonicMs } from "../monotonic.ts";
import type { Kept } from "./standing.ts";

export interface KeeperOptions {
  /** Compares. */
  readonly keep: () => Promise<Kept>;
  /** The newest position in the log of changes. */
  readonly newest: () => Promise<bigint>;
  /** It rests so many times as long as it took: with very many groups it comes less often than every look. */
  readonly restTimes?: number;
}

/** It rests no longer: a database that was slow for a moment is no reason to stay away. */
const longestRestMs = 3_000;
/** So many looks compare after a change: once more than one, for what was being written beside the first. */
const looksAfterChange = 2;
/** So many looks go by without a comparison while the log tells of no change. */
const looksInBetween = 30;

/** One look: what a comparison goes by changes with an event, but for the lease of a cycle. Answers how many changes are in the log for it. */
export function createKeeper({ keep, newest, restTimes = 20 }: KeeperOptions): () => Promise<number> {
  let dueMs = 0;
  let compared: bigint | null = null;
  let looks = 0;
  let unfinished = false;
  return async () => {
    const fromMs = monotonicMs();
    if (fromMs < dueMs) return 0;
    const position = await newest();
    looks = position === compared ? looks + 1 : 0;
    if (looks >= looksAfterChange && looks % looksInBetween > 0 && !unfinished) return 0;
    compared = null; // until it has been, which may fail
    const kept = await keep();
    ({ unfinished } = kept);
    compared = position;
    const nowMs = monotonicMs();
    dueMs = nowMs + Math.min(longestRestMs, restTimes * (nowMs - fromMs));
    return kept.changes;
  };
}
