/** Which recovery points are too many. */
export interface KeptPoint {
  readonly id: string;
  /** The provider's name. */
  readonly externalId: string;
  readonly takenAt: Date;
  readonly complete: boolean;
  /** A run works on it, or has chosen it. */
  readonly held: boolean;
}

/**
 * Beyond the newest `keep` complete ones, oldest first; never one that is held, nor the newest. Held ones count among those that are kept
 * only where they are among the newest. One that is not complete is being written, or already on its way out: it is left alone.
 */
export function pointsTooMany(points: readonly KeptPoint[], keep: number): KeptPoint[] {
  const newestFirst = points
    .filter(({ complete }) => complete)
    .toSorted((a, b) => b.takenAt.getTime() - a.takenAt.getTime() || (a.externalId < b.externalId ? 1 : -1));
  return newestFirst
    .slice(Math.max(1, keep))
    .filter(({ held }) => !held)
    .reverse();
}
