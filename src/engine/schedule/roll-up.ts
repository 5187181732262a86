/** How a container has ended, from how what is in it has. */
import type { SettledStatus } from "../model.ts";

const bits: Readonly<Record<SettledStatus, number>> = { FAILED: 1, CANCELLED: 2, WARNING: 4, SUCCEEDED: 8, ALREADY_DONE: 16, SKIPPED: 32 };

/** A set of statuses, to be kept for each container while its children settle. */
export const withStatus = (set: number, status: SettledStatus): number => set | bits[status];

/** The worst of them; SKIPPED and ALREADY_DONE only when all are. */
export function rollUp(set: number): SettledStatus {
  if (set & bits.FAILED) return "FAILED";
  if (set & bits.CANCELLED) return "CANCELLED";
  if (set & bits.WARNING) return "WARNING";
  if (set === bits.SKIPPED) return "SKIPPED";
  return set === bits.ALREADY_DONE ? "ALREADY_DONE" : "SUCCEEDED";
}
