/** The database's time without asking for it each time: the last answer, moved on by the monotonic clock. */
export interface DatabaseClock {
  /** Milliseconds since 1970. */
  now(): number;
  /** What the database has just said. */
  set(databaseMs: number): void;
}

export function createClock(databaseMs: number, monotonic: () => number = () => performance.now()): DatabaseClock {
  let base = databaseMs;
  let at = monotonic();
  return {
    now: () => base + monotonic() - at,
    set(next) {
      base = next;
      at = monotonic();
    },
  };
}
