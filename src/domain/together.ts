/** Questions of several that go the same way side by side: what they ask at the same time is one statement, and nothing is asked twice. */
import DataLoader from "dataloader";

/** So many of them share a statement at most. */
const mostKeys = 1_000;

interface TogetherOptions<K, V> {
  /** In the keys' order, which are distinct; an Error is that key's alone. */
  readonly fetch: (keys: readonly K[]) => Promise<readonly (V | Error)[]>;
  /** What makes two keys the same. */
  readonly identity: (key: K) => string;
}

/** For one piece of work: answers are kept as long as it is. */
export function together<K, V>({ fetch, identity }: TogetherOptions<K, V>): (key: K) => Promise<V> {
  const loader = new DataLoader<K, V, string>(fetch, { cacheKeyFn: identity, maxBatchSize: mostKeys });
  return (key) => loader.load(key);
}

/** Of each id its value, or null. */
export const byId = <V>(fetch: (ids: readonly string[]) => Promise<ReadonlyMap<string, V>>): ((id: string) => Promise<V | null>) =>
  together({
    identity: (id) => id,
    fetch: async (ids) => {
      const found = await fetch(ids);
      return ids.map((id) => found.get(id) ?? null);
    },
  });
