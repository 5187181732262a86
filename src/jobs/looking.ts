/** Looks again and again for what is due. Any number of nodes may: what is due is claimed by its row. */
import { setTimeout as delay } from "node:timers/promises";

export interface LookingOptions {
  /** From the end of one look to the next. */
  readonly everyMs: number;
  /** Until nothing is due any more, or the signal is aborted. */
  readonly look: (stop: AbortSignal) => Promise<void>;
  /** A look has rejected; the next one comes in its turn. */
  readonly failed: (error: unknown) => void;
}

export interface Looking {
  /** Waits for the look that is under way. */
  close(): Promise<void>;
}

export function startLooking({ everyMs, look, failed }: LookingOptions): Looking {
  const stop = new AbortController();
  const follow = async () => {
    while (!stop.signal.aborted) {
      await look(stop.signal).catch(failed);
      await delay(everyMs, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  };
  const following = follow();
  return {
    close: () => {
      stop.abort();
      return following;
    },
  };
}
