/** How long a statement keeps others waiting for its place: one whose answer got lost keeps nobody for longer. */

const lateMs = 5_000;

/** Resolves when the work is over, or when it is late. */
export async function overOrLate(work: Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, lateMs);
  await Promise.race([work, late.promise]).finally(() => clearTimeout(timer));
}
