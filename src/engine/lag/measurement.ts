/** What a measurement finds of a group. Pure. */
import type { MeasuredGroup } from "./rows.ts";
import type { Contribution } from "./samples.ts";
import { type Completion, type Late, lateTimes, type Segment, timeline } from "./timeline.ts";

export interface Found {
  readonly groupId: string;
  readonly judged: boolean;
  readonly rpoMs: number;
  readonly takenAt: number | null;
  /** Where the timeline begins: what was late and is not found to be so was over by then. */
  readonly from: number;
  readonly lates: readonly Late[];
  readonly contribution: Contribution;
}

/**
 * From when it was measured last. A point that is known only now, and was complete before that, ends a violation when it was complete; the
 * samples of that time stay as they are. A group that was never measured is judged by the points that it has; its samples begin now.
 */
export function measure(group: MeasuredGroup, completions: readonly Completion[], until: number): Found {
  const { id: groupId, judged, rpoMs, last, planIds, protectedSiteId, vms } = group;
  const since = last?.at ?? until;
  const newer = completions.filter((point) => point.takenAt > (last?.takenAt ?? Number.NEGATIVE_INFINITY));
  const known = last === null || last.judged ? newer : newer.map((point) => notBefore(point, since));
  const from = known.reduce((earliest, { completedAt }) => Math.min(earliest, completedAt), since);
  const { segments, takenAt } = timeline(from, last?.takenAt ?? null, known, until);
  return {
    groupId,
    judged,
    rpoMs,
    takenAt: lost(group, takenAt) ? group.newestTakenAt : takenAt,
    from,
    lates: judged ? lateTimes(segments, rpoMs) : [],
    contribution: {
      subjectIds: [groupId, protectedSiteId, ...planIds],
      segments: judged && vms > 0 ? segments.flatMap((segment) => startingAt(segment, since)) : [],
      rpoMs,
      vms,
    },
  };
}

const notBefore = ({ takenAt, completedAt }: Completion, since: number): Completion => ({
  takenAt,
  completedAt: Math.max(completedAt, since),
});

const startingAt = (segment: Segment, since: number): Segment[] =>
  segment.to <= since ? [] : [{ ...segment, from: Math.max(segment.from, since) }];

/** The site has lost the newest point: the one before counts again. */
const lost = ({ newestTakenAt }: MeasuredGroup, takenAt: number | null): boolean =>
  newestTakenAt !== null && takenAt !== null && newestTakenAt < takenAt;
