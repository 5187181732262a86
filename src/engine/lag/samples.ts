/** The lag of groups over steps of time, added up for the groups themselves, their plans and their sites. Pure. */
import { type Resolution, resolutions } from "./resolutions.ts";
import { lagAt, type Segment } from "./timeline.ts";

export interface Sample {
  readonly subjectId: string;
  readonly stepSeconds: number;
  /** Milliseconds, a multiple of the step. */
  readonly startsAt: number;
  minLagMs: number;
  maxLagMs: number;
  worstPercent: number;
  /** Seconds of each VM, added up. */
  vmSeconds: number;
  lagVmSeconds: number;
  lateVmSeconds: number;
}

/** What a group adds to the samples. */
export interface Contribution {
  /** The group, its plans and its protected site. */
  readonly subjectIds: readonly string[];
  readonly segments: readonly Segment[];
  readonly rpoMs: number;
  /** How many VMs have this lag. */
  readonly vms: number;
}

/** `now` decides what is too old to be kept anyway. */
export function samplesOf(contributions: readonly Contribution[], now: number, kept: readonly Resolution[] = resolutions): Sample[] {
  return kept.flatMap(({ stepSeconds, keptSeconds }) => {
    const oldest = now - keptSeconds * 1000;
    const samples = new Map<string, Map<number, Sample>>();
    for (const { subjectIds, segments, rpoMs, vms } of contributions) {
      const pieces = segments.flatMap((segment) => (segment.to <= oldest ? [] : piecesOf(segment, stepSeconds * 1000)));
      for (const subjectId of pieces.length === 0 ? [] : subjectIds) {
        const own = samples.get(subjectId) ?? new Map<number, Sample>();
        samples.set(subjectId, own);
        for (const piece of pieces) if (piece.to > oldest) add(sampleIn(own, subjectId, stepSeconds, piece.startsAt), piece, rpoMs, vms);
      }
    }
    return [...samples.values()].flatMap((own) => [...own.values()]);
  });
}

interface Piece extends Segment {
  /** Of the step that it lies in. */
  readonly startsAt: number;
}

function piecesOf({ from, to, takenAt }: Segment, stepMs: number): Piece[] {
  const pieces: Piece[] = [];
  for (let at = from; at < to; ) {
    const startsAt = Math.floor(at / stepMs) * stepMs;
    const end = Math.min(to, startsAt + stepMs);
    pieces.push({ from: at, to: end, takenAt, startsAt });
    at = end;
  }
  return pieces;
}

function sampleIn(samples: Map<number, Sample>, subjectId: string, stepSeconds: number, startsAt: number): Sample {
  const known = samples.get(startsAt);
  if (known !== undefined) return known;
  const nothing = { minLagMs: Number.POSITIVE_INFINITY, maxLagMs: 0, worstPercent: 0, vmSeconds: 0, lagVmSeconds: 0, lateVmSeconds: 0 };
  const sample = { subjectId, stepSeconds, startsAt, ...nothing };
  samples.set(startsAt, sample);
  return sample;
}

/** The lag rises evenly over a piece: its mean is that of its ends. */
function add(sample: Sample, piece: Piece, rpoMs: number, vms: number): void {
  const [least, most] = [lagAt(piece, piece.from), lagAt(piece, piece.to)];
  const seconds = (piece.to - piece.from) / 1000;
  const lateFrom = Math.min(piece.to, Math.max(piece.from, piece.takenAt + rpoMs));
  sample.minLagMs = Math.min(sample.minLagMs, least);
  sample.maxLagMs = Math.max(sample.maxLagMs, most);
  sample.worstPercent = Math.max(sample.worstPercent, Math.ceil((most * 100) / rpoMs));
  sample.vmSeconds += vms * seconds;
  sample.lagVmSeconds += (vms * seconds * (least + most)) / 2000;
  sample.lateVmSeconds += (vms * (piece.to - lateFrom)) / 1000;
}
