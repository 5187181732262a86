/**
 * One statement for many requests. Each request has its own DataLoader, whose batch goes to one queue per loader for the whole
 * process. Nothing is cached, nothing is stale: **a key joins only a statement that has not been sent**, so each read starts after
 * its request came. What comes while a statement of a loader runs waits and goes together: a statement costs as much as its first hundred
 * rows, so that few large ones cost little. One that takes long does not hold up the others: then another one runs beside it, at most.
 */
import DataLoader from "dataloader";

const mostStatements = 2;
const mostKeys = 1000;
/** From so long on, another one runs beside it. */
const patienceMs = 5;

export interface Loader<K, V> {
  load(key: K): Promise<V>;
  /** In the keys' order; a key that failed has its error in place of its value. */
  loadMany(keys: readonly K[]): Promise<readonly (V | Error)[]>;
}

/** A queue; `loader` makes what one request uses. */
export interface Batched<K, V> {
  loader(gate?: Gate): Loader<K, V>;
  /** For what is asked once, outside of what a request reads. */
  load(key: K): Promise<V>;
  /** The same, without a promise for each. */
  ask(asked: Asked<K, V>): void;
}

/** What one request's reads wait for: its event cursor has to be older than everything that is read beside it. */
export interface Gate {
  hold(reading: Promise<unknown>): void;
  /** Null: nothing has to be waited for. */
  passing(): Promise<unknown> | null;
}

/** Held by the resolver that reads the cursor, in the same turn in which the other fields ask their loaders, before any has been sent. */
export function createGate(): Gate {
  let held: Promise<unknown> | null = null;
  return {
    hold(reading) {
      held = Promise.allSettled([held, reading]);
    },
    passing: () => held,
  };
}

/** The keys that one request asked for at the same time; neither `answer` nor `fail` throws. */
export interface Asked<K, V> {
  readonly keys: readonly K[];
  readonly answer: (found: Find<K, V>) => void;
  readonly fail: (error: unknown) => void;
}

type Find<K, V> = (key: K) => V;

interface BatchOptions<K, V> {
  /** One statement for these keys, which are distinct. Its SQL must not depend on who asks. */
  readonly fetch: (keys: readonly K[]) => Promise<Find<K, V>>;
  /** What makes two keys the same. */
  readonly identity: (key: K) => string;
}

export function batched<K, V>({ fetch, identity }: BatchOptions<K, V>): Batched<K, V> {
  const waiting: Asked<K, V>[] = [];
  let running = 0;
  let sentAt = 0;
  let scheduled = false;
  let isPatient = false;

  const distinct = (calls: readonly Asked<K, V>[]) => {
    const keys = new Map<string, K>();
    for (const call of calls) for (const key of call.keys) keys.set(identity(key), key);
    return [...keys.values()];
  };

  /** The oldest calls, as many as one statement takes. */
  const take = () => {
    let count = 0;
    let size = 0;
    for (const { keys } of waiting) {
      size += keys.length;
      if (count > 0 && size > mostKeys) break;
      count++;
    }
    return waiting.splice(0, count);
  };

  const send = async (calls: readonly Asked<K, V>[]): Promise<void> => {
    let found: Find<K, V>;
    try {
      found = await fetch(distinct(calls));
    } catch (error) {
      if (calls.length === 1) for (const { fail } of calls) fail(error);
      else await Promise.all(calls.map((call) => send([call]))); // one bad key fails only its own request
      return;
    }
    for (const { answer } of calls) answer(found);
  };

  const patience = () => (running === 0 ? 0 : sentAt + patienceMs - performance.now());

  const dispatch = () => {
    scheduled = false;
    while (running < mostStatements && waiting.length > 0) {
      const ms = patience();
      if (ms > 0) return beLate(ms);
      const calls = take();
      running++;
      sentAt = performance.now();
      void send(calls).finally(() => {
        running--;
        dispatch();
      });
    }
  };
  const beLate = (ms: number) => {
    if (isPatient) return;
    isPatient = true;
    setTimeout(() => {
      isPatient = false;
      dispatch();
    }, ms);
  };

  const ask = (asked: Asked<K, V>) => {
    waiting.push(asked);
    if (scheduled || running >= mostStatements) return;
    scheduled = true;
    setImmediate(dispatch);
  };
  const enqueue = (keys: readonly K[]) => new Promise<Find<K, V>>((answer, fail) => ask({ keys, answer, fail }));

  const loadAll = async (keys: readonly K[], gate: Gate | undefined) => {
    const passing = gate?.passing();
    if (passing) await passing;
    const find = await enqueue(keys);
    return keys.map(find);
  };

  return {
    load: (key) => enqueue([key]).then((find) => find(key)),
    ask,
    loader(gate) {
      let made: DataLoader<K, V, string> | null = null;
      const own = () => {
        made ??= new DataLoader<K, V, string>((keys) => loadAll(keys, gate), { cacheKeyFn: identity, maxBatchSize: mostKeys });
        return made;
      };
      return { load: (key) => own().load(key), loadMany: (keys) => own().loadMany(keys) };
    },
  };
}

const itself = (key: string) => key;

/** The one row of each key, or null. Rows are shared between requests, so they are frozen. */
export function batchedOne<Row extends object>(
  fetch: (keys: readonly string[]) => Promise<readonly Row[]>,
  keyOf: (row: Row) => string,
): Batched<string, Row | null> {
  return batched<string, Row | null>({
    identity: itself,
    fetch: async (keys) => {
      const found = new Map<string, Row>();
      for (const row of await fetch(keys)) found.set(keyOf(row), Object.freeze(row));
      return (key) => found.get(key) ?? null;
    },
  });
}

const none: readonly never[] = Object.freeze([]);

/** All rows of each key, in the order in which they were read. */
export function batchedMany<Row extends object>(
  fetch: (keys: readonly string[]) => Promise<readonly Row[]>,
  keyOf: (row: Row) => string,
): Batched<string, readonly Row[]> {
  return batched<string, readonly Row[]>({
    identity: itself,
    fetch: async (keys) => {
      const found = groupFrozen(await fetch(keys), keyOf);
      return (key) => found.get(key) ?? none;
    },
  });
}

export function groupFrozen<Row extends object>(rows: readonly Row[], keyOf: (row: Row) => string): ReadonlyMap<string, readonly Row[]> {
  const found = new Map<string, Row[]>();
  for (const row of rows) {
    const group = found.get(keyOf(row));
    if (group === undefined) found.set(keyOf(row), [Object.freeze(row)]);
    else group.push(Object.freeze(row));
  }
  for (const group of found.values()) Object.freeze(group);
  return found;
}

/** Counts by key; 0 where there is no row. */
export function batchedCount(
  fetch: (keys: readonly string[]) => Promise<readonly { readonly key: string; readonly count: number }[]>,
): Batched<string, number> {
  return batched<string, number>({
    identity: itself,
    fetch: async (keys) => {
      const found = new Map((await fetch(keys)).map(({ key, count }) => [key, count]));
      return (key) => found.get(key) ?? 0;
    },
  });
}

/** An `in` list of a length that few statements share: a power of two, filled up with the last key. */
export function padded(keys: readonly string[]): string[] {
  const last = keys.at(-1);
  if (last === undefined) return [];
  const length = 2 ** Math.ceil(Math.log2(keys.length));
  return [...keys, ...Array<string>(length - keys.length).fill(last)];
}

/** Of loadMany: throws what one of them has failed with. */
export async function all<Value>(found: Promise<readonly (Value | Error)[]>): Promise<Value[]> {
  return (await found).map((value) => {
    if (value instanceof Error) throw value;
    return value;
  });
}

/** Rows for `node`, which marks its objects with their type: copies, since rows are frozen. */
export const copies = async <Row extends object>(rows: Promise<readonly (Row | Error | null)[]>): Promise<(Row | null)[]> =>
  (await all(rows)).map((row) => row && { ...row });
