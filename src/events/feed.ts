/** Resumable readers of the log, as subscriptions pull them. */
import { promptsPayload } from "./append.ts";
import { type Change, type ChangeKind, changesPayload, type LoggedChange } from "./changes.ts";
import type { EventsLog } from "./listener.ts";
import type { Queryable } from "./log.ts";
import { type Feed, type FeedOptions, Reader } from "./reader.ts";
import { changeSource, promptSource, recoverySource, type Source } from "./source.ts";
import { defaultLimits, type Filter, type Limits, Tail, type TailReader } from "./tail.ts";
import type { LoggedEvent } from "./types.ts";
import type { WakeUps } from "./wake-ups.ts";

export type { Feed, FeedOptions } from "./reader.ts";
export type { Batch } from "./tail.ts";

export interface Feeds {
  /** From behind the sequence number `after` (0: from the start) until RECOVERY_ENDED has been delivered. */
  recovery(options: FeedOptions & { readonly recoveryId: string; readonly after: number }): Feed;
  /** From behind the position `after` (null: from now) for ever. */
  prompts(options: FeedOptions & { readonly after: bigint | null }): Feed;
  /** What changes beside the runs, of these kinds, from behind the position `after` (null: from now) for ever. All share one reader of the log. */
  changes(options: FeedOptions & ChangesOptions & { readonly after: bigint | null }): Feed<LoggedChange>;
  /** Open feeds and shared readers. */
  counts(): { readonly feeds: number; readonly tails: number };
  /** Ends every feed. Sockets are closed before (1012): a client that sees its stream complete does not come back. */
  close(): void;
}

export interface ChangesOptions {
  readonly kinds: readonly ChangeKind[];
  /** Which of them; all by default. */
  readonly matches?: ((change: Change) => boolean) | undefined;
  /** Where `matches` with the same key hold of the same changes; without a key nobody's batches are shared. */
  readonly matchesKey?: string | undefined;
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
  /** Runs and their prompts, and what changes beside them; by recovery id or payload, which is what a wake-up names. */
  const runs = new Map<string, Tail<LoggedEvent>>();
  const changes = new Map<string, Tail<LoggedChange>>();
  const all = () => [...runs.values(), ...changes.values()];
  let closed = false;

  const stopListening = wakeUps.on("dr_events", (payload) => {
    if (payload === null) for (const tail of all()) tick(tail);
    else for (const tails of [runs, changes]) tails.get(payload)?.wake();
  });

  function openTail<Entry>(tails: Map<string, Tail<Entry>>, key: string, source: () => Source<Entry>): Tail<Entry> | null {
    if (closed) return null;
    const open = tails.get(key);
    if (open !== undefined) return open;
    const tail = new Tail({ source: source(), limits, log, clock, monotonic, onEmpty: () => tails.delete(key) });
    tails.set(key, tail);
    return tail;
  }

  return {
    recovery({ recoveryId, after, ...rest }) {
      const open = () => openTail(runs, recoveryId, () => recoverySource(pool, recoveryId, generation));
      return new Reader({ ...rest, after: BigInt(after), openTail: open, limits, monotonic });
    },
    prompts({ after, ...rest }) {
      const open = () => openTail(runs, promptsPayload, () => promptSource(pool, generation));
      return new Reader({ ...rest, after, openTail: open, limits, monotonic });
    },
    changes({ kinds, matches, matchesKey, after, ...rest }) {
      const filter = changesFilter({ kinds, matches, matchesKey });
      const open = () => openTail(changes, changesPayload, () => changeSource(pool, generation));
      return new Reader({ ...rest, after, filter, openTail: open, limits, monotonic });
    },
    counts: () => ({ feeds: all().reduce((sum, { readers }) => sum + readers.size, 0), tails: all().length }),
    close() {
      closed = true;
      stopListening();
      for (const { readers } of all()) for (const reader of [...readers]) reader.end();
    },
  };
}

function changesFilter({ kinds, matches, matchesKey }: ChangesOptions): Filter<LoggedChange> {
  const some: ReadonlySet<ChangeKind> = new Set(kinds);
  const key = JSON.stringify([[...some].sort(), matchesKey]);
  return {
    wants: ({ change }) => some.has(change.kind) && (matches === undefined || matches(change)),
    key: matches !== undefined && matchesKey === undefined ? null : key,
  };
}

function tick(tail: { readonly readers: ReadonlySet<TailReader>; wake(): void }): void {
  for (const reader of [...tail.readers]) reader.checkLag();
  tail.wake();
}
