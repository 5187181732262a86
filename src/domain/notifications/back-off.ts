/** When a delivery that failed is tried again. Pure. */

/** From a delivery's first due time (or its redelivery) on, it is tried for so long; one last time at the end. */
export const giveUpAfterHours = 24;
const leastSeconds = 5;
const mostSeconds = 3_600;

/**
 * As long again as it has been tried so far, so that the pauses double: 5 s at first, an hour at most. A quarter of it is chance, so that what
 * failed together does not come back together. A receiver that asks for more gets more, up to the hour.
 */
export function waitSeconds(triedForSeconds: number, random: number, askedSeconds = 0): number {
  const doubled = Math.min(mostSeconds, Math.max(leastSeconds, triedForSeconds));
  return Math.max(doubled * (0.75 + 0.25 * random), Math.min(mostSeconds, askedSeconds));
}
