/** How many event streams each session has open on this node: each costs memory and reads the log, and starting one is a single request. */
import { DomainError } from "../domain/errors.ts";

/** One stream too many; always top-level, HTTP 429. Places of broken connections come free by themselves, so trying again may help. */
export class StreamLimitError extends DomainError {
  readonly code = "SERVICE_UNAVAILABLE";
  readonly limit: number;
  readonly current: number;
  readonly retryAfterSeconds: number;
  constructor(limit: number, current: number, retryAfterSeconds: number) {
    super(
      `The session has ${current} event streams open, and may have ${limit}.`,
      `End those that nobody looks at, or try again in ${retryAfterSeconds} s.`,
    );
    this.limit = limit;
    this.current = current;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export interface Streams {
  /** Answers how to give the place back; throws StreamLimitError where there is none. */
  enter(key: string): () => void;
  open(key: string): number;
}

export interface StreamsOptions {
  readonly limit: number;
  /** How long a broken connection may stay unnoticed. */
  readonly retryAfterSeconds: number;
}

export function createStreams({ limit, retryAfterSeconds }: StreamsOptions): Streams {
  const counts = new Map<string, number>();
  const open = (key: string) => counts.get(key) ?? 0;
  return {
    open,
    enter(key) {
      if (open(key) >= limit) throw new StreamLimitError(limit, open(key), retryAfterSeconds);
      counts.set(key, open(key) + 1);
      let isIn = true;
      return () => {
        if (!isIn) return;
        isIn = false;
        if (open(key) > 1) counts.set(key, open(key) - 1);
        else counts.delete(key);
      };
    },
  };
}
