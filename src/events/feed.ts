/** Resumable readers of the log, as subscriptions pull them. */
import type { LoggedEvent } from "./types.ts";

export interface Batch {
  readonly events: readonly LoggedEvent[];
  /** Behind the last event; `after` resumes here. */
  readonly cursor: string;
  readonly serverTime: Date;
}

/**
 * The first batch comes at once (possibly empty), then at most one per 100 ms, with everything in order. Nothing is opened before
 * the first `next()`; `return()` settles a pending one.
 */
export interface Feed extends AsyncIterableIterator<Batch, undefined, undefined> {
  /** How long this reader has not had everything that the log has, in seconds; 0: it has. */
  lagSeconds(): number;
  return(): Promise<IteratorResult<Batch, undefined>>;
}

export interface FeedOptions {
  readonly signal?: AbortSignal;
  /** Called once when the reader lags by more than the allowed time: end its connection in a way that makes it resume. */
  readonly onLagging?: () => void;
}

export interface Feeds {
  /** From behind the sequence number `after` (0: from the start) until RECOVERY_ENDED has been delivered. */
  recovery(options: FeedOptions & { readonly recoveryId: string; readonly after: number }): Feed;
  /** From behind the position `after` (null: from now) for ever. */
  prompts(options: FeedOptions & { readonly after: bigint | null }): Feed;
  /** Open feeds and shared readers. */
  counts(): { readonly feeds: number; readonly tails: number };
  /** Ends every feed. */
  close(): void;
}
