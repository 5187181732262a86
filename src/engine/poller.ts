/**
 * Asks one question for many keys at once, again and again while somebody waits: so that 500 running effects at a site cost
 * one call per round instead of 500.
 */
export interface Poller<V> {
  /** The answer of the next round; undefined when the site has none for the key. Rejects with what the round failed with. */
  next(key: string): Promise<V | undefined>;
}

interface Waiter<V> {
  readonly resolve: (value: V | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** `ask` is called with the keys that are waited for, never twice at once, and `intervalMs` after the last round. */
export function createPoller<V>(
  ask: (keys: readonly string[]) => Promise<ReadonlyMap<string, V>>,
  intervalMs: number,
  signal: AbortSignal,
): Poller<V> {
  let waiting = new Map<string, Waiter<V>[]>();
  let timer: NodeJS.Timeout | null = null;
  let asking = false;

  const schedule = () => {
    if (timer === null && !asking && waiting.size > 0) timer = setTimeout(round, intervalMs);
  };

  async function round(): Promise<void> {
    timer = null;
    asking = true;
    const asked = waiting;
    waiting = new Map();
    try {
      const answers = await ask([...asked.keys()]);
      for (const [key, waiters] of asked) for (const waiter of waiters) waiter.resolve(answers.get(key));
    } catch (error) {
      for (const waiters of asked.values()) for (const waiter of waiters) waiter.reject(error);
    } finally {
      asking = false;
      schedule();
    }
  }

  const close = () => {
    if (timer !== null) clearTimeout(timer);
    const left = [...waiting.values()].flat();
    waiting = new Map();
    for (const waiter of left) waiter.reject(signal.reason);
  };
  signal.addEventListener("abort", close, { once: true });

  return {
    next(key) {
      if (signal.aborted) return Promise.reject(signal.reason);
      return new Promise((resolve, reject) => {
        const waiters = waiting.get(key);
        if (waiters) waiters.push({ resolve, reject });
        else waiting.set(key, [{ resolve, reject }]);
        schedule();
      });
    },
  };
}
