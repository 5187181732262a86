/** Which stored steps a chart is drawn from. Pure; times in milliseconds. */
import { type Resolution, resolutions } from "../../engine/lag/resolutions.ts";

export interface LagRequest {
  readonly subjectId: string;
  readonly from: Date | null;
  readonly to: Date | null;
  readonly points: number;
}

export interface LagWindow {
  readonly from: number;
  readonly to: number;
  /** Of the samples that are read. */
  readonly sampleSeconds: number;
  /** Of the steps that are answered: some whole number of those. */
  readonly stepSeconds: number;
}

const dayMs = 86_400_000;

/**
 * The coarsest samples that still make as many points as were asked for, among those that are kept for as long as the range goes back. One
 * step more than the range has room for may be touched by it.
 */
export function windowOf({ from, to, points }: Omit<LagRequest, "subjectId">, now: number, kept = resolutions): LagWindow {
  const end = Math.max(to?.getTime() ?? now, from?.getTime() ?? 0);
  const start = from?.getTime() ?? end - dayMs;
  const wanted = (end - start) / 1000 / (points - 1);
  const reaching = kept.filter(({ keptSeconds }) => now - keptSeconds * 1000 <= start);
  const sampleSeconds = coarsest(reaching.length > 0 ? reaching : kept.slice(-1), wanted);
  return { from: start, to: end, sampleSeconds, stepSeconds: Math.max(1, Math.ceil(wanted / sampleSeconds)) * sampleSeconds };
}

function coarsest(among: readonly Resolution[], wanted: number): number {
  const fine = among.filter(({ stepSeconds }) => stepSeconds <= wanted);
  return (fine.at(-1) ?? among[0] ?? { stepSeconds: 60 }).stepSeconds;
}
