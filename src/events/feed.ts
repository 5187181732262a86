/** Resumable readers of the log, as subscriptions pull them. */
import { promptsPayload } from "./append.ts";
import type { EventsLog } from "./listener.ts";
import type { Queryable } from "./log.ts";
import { type Feed, type FeedOptions, Reader } from "./reader.ts";
import { promptSource, recoverySource, type Source } from "./source.ts";
import { defaultLimits, type Limits, Tail } from "./tail.ts";
import type { WakeUps } from "./wake-ups.ts";

export type { Batch, Feed, FeedOptions } from "./reader.ts";

export interface Feeds {
  /** From behind the sequence number `after` (0: from the start) until RECOVERY_ENDED has been delivered. */
  recovery(options: FeedOptions & { readonly recoveryId: string; readonly after: number }): Feed;
  /** From behind the position `after` (null: from now) for ever. */
  prompts(options: FeedOptions & { readonly after: bigint | null }): Feed;
  /** Open feeds and shared readers. */
  counts(): { readonly feeds: number; readonly tails: number };
  /** Ends every feed. Sockets are closed before (1012): a client that sees its stream complete does not come back. */
  close(): void;
}

export interface FeedsOptions {
  readonly pool: Queryable;
  readonly wakeUps: WakeUps;
  /** Which incarnation of the database this is; part of each cursor. */
  readonly generation: () => number;
  readonly log: EventsLog;
  readonly clock?: () => Date;
  /** Milliseconds that only grow. */
  readonly monotonic?: () => number;
  readonly limits?: Partial<Limits>;
}

export function createFeeds(options: FeedsOptions): Feeds {
  const { pool, wakeUps, generation, log, clock = () => new Date(), monotonic = () => performance.now() } = options;
  const limits: Limits = { ...defaultLimits, ...options.limits };
  /** By recovery id, or `promptsPayload`: what a wake-up names. */
  const tails = new Map<string, Tail>();
  let closed = false;

  const stopListening = wakeUps.on("dr_events", (payload) => {
    if (payload !== null) tails.get(payload)?.wake();
    else for (const tail of [...tails.values()]) tick(tail);
  });

  const openTail = (key: string, source: Source): Tail | null => {
    if (closed) return null;
    const open = tails.get(key);
    if (open !== undefined) return open;
    const tail = new Tail({ source, limits, log, monotonic, onEmpty: () => tails.delete(key) });
    tails.set(key, tail);
    return tail;
  };

  return {
    recovery({ recoveryId, after, ...rest }) {
      const open = () => openTail(recoveryId, recoverySource(pool, recoveryId, generation));
      return new Reader({ ...rest, after: BigInt(after), openTail: open, limits, clock, monotonic });
    },
    prompts({ after, ...rest }) {
      const open = () => openTail(promptsPayload, promptSource(pool, generation));
      return new Reader({ ...rest, after, openTail: open, limits, clock, monotonic });
    },
    counts: () => ({ feeds: [...tails.values()].reduce((sum, tail) => sum + tail.readers.size, 0), tails: tails.size }),
    close() {
      closed = true;
      stopListening();
      for (const tail of [...tails.values()]) for (const reader of [...tail.readers]) reader.end();
    },
  };
}

function tick(tail: Tail): void {
  for (const reader of [...tail.readers]) reader.checkLag();
  tail.wake();
}
