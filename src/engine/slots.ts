/** The bound of concurrent operations per site, shared by all runs of this node. */
export interface Slots {
  /** Takes one if the site has one free. */
  take(siteId: string): boolean;
  /** Takes one even over the bound, for what is already under way. */
  force(siteId: string): void;
  give(siteId: string): void;
  free(siteId: string): number;
  /** Told when a slot of any site has become free. */
  onFree(listener: () => void): () => void;
}

export function createSlots(perSite: number): Slots {
  const used = new Map<string, number>();
  const listeners = new Set<() => void>();
  return {
    take(siteId) {
      const count = used.get(siteId) ?? 0;
      if (count >= perSite) return false;
      used.set(siteId, count + 1);
      return true;
    },
    force: (siteId) => void used.set(siteId, (used.get(siteId) ?? 0) + 1),
    give(siteId) {
      const count = used.get(siteId) ?? 0;
      if (count <= 1) used.delete(siteId);
      else used.set(siteId, count - 1);
      for (const listener of listeners) listener();
    },
    free: (siteId) => perSite - (used.get(siteId) ?? 0),
    onFree(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
