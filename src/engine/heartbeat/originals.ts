/**
 * What becomes of the original of a recovered VM, by what the sites say of the two. Pure; times are the database's, in milliseconds. Nothing is
 * destroyed, ever: what must not run is powered off.
 */

/** OFF: also one that its site no longer has. */
export type Power = "ON" | "OFF" | "UNKNOWN";

export interface OriginalState {
  /** Since when the original is known to be off, and stays so. */
  readonly offSince: number | null;
  /** Since when both are known to run. */
  readonly bothOnSince: number | null;
  /** What somebody has decided of the two, while both run. */
  readonly kept: "RECOVERED" | "ORIGINAL" | null;
}

/** Null: its site was not asked, or did not answer. */
export interface Seen {
  readonly original: Power | null;
  readonly copy: Power | null;
}

/** ORIGINAL_KEPT: the copy is off as it was decided; the VM is no longer recovered. */
export type Next = OriginalState | "ORIGINAL_KEPT";

export function nextOriginal(before: OriginalState, { original, copy }: Seen, now: number): Next {
  // Who chose the original, and finds it off, would be left with neither.
  if (original === "OFF") {
    return { offSince: before.offSince ?? now, bothOnSince: null, kept: before.kept === "ORIGINAL" ? null : before.kept };
  }
  const offSince = original === null ? before.offSince : null;
  if (copy === "OFF" && before.kept === "ORIGINAL") return original === "ON" ? "ORIGINAL_KEPT" : { ...before, offSince };
  if (copy === "OFF") return { offSince, bothOnSince: null, kept: before.kept };
  if (original !== "ON" || copy !== "ON") return { ...before, offSince };
  // A decision is about the time in which both ran, and not about the next one.
  return { offSince, bothOnSince: before.bothOnSince ?? now, kept: before.bothOnSince === null ? null : before.kept };
}

/** What has to be powered off now; null: nothing, or somebody has to decide first. Never the copy, but while its original is seen on. */
export function toPowerOff(
  { bothOnSince, kept }: OriginalState,
  { original }: Pick<Seen, "original">,
  powersOffOriginals: boolean,
): "ORIGINAL" | "COPY" | null {
  if (bothOnSince === null || original !== "ON") return null;
  if (kept === "ORIGINAL") return "COPY";
  return kept === "RECOVERED" || powersOffOriginals ? "ORIGINAL" : null;
}
