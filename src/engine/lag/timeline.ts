/** How the lag of a group went, from its complete recovery points. Pure; times are the database's, in milliseconds. */

/** A recovery point from the moment on when it could be recovered from. */
export interface Completion {
  readonly takenAt: number;
  readonly completedAt: number;
}

/** A time in which one point was the newest: the lag at a moment of it is that moment's distance from the point. */
export interface Segment {
  readonly from: number;
  readonly to: number;
  readonly takenAt: number;
}

export const lagAt = ({ takenAt }: Pick<Segment, "takenAt">, moment: number): number => Math.max(0, moment - takenAt);

export interface Timeline {
  /** In order, without gaps; none before the first point. */
  readonly segments: readonly Segment[];
  /** Of the newest point at its end; null: there is none. */
  readonly takenAt: number | null;
}

/** `takenAt`: of the newest point at `from`. A point that is older than another one changes nothing. */
export function timeline(from: number, takenAt: number | null, completions: readonly Completion[], until: number): Timeline {
  const segments: Segment[] = [];
  let newest = takenAt;
  let at = from;
  const goOn = (to: number) => {
    if (newest !== null && to > at) segments.push({ from: at, to, takenAt: newest });
    at = Math.max(at, to);
  };
  for (const point of completions.toSorted((a, b) => a.completedAt - b.completedAt)) {
    if (newest !== null && point.takenAt <= newest) continue;
    goOn(Math.min(point.completedAt, until));
    newest = point.takenAt;
  }
  goOn(until);
  return { segments, takenAt: newest };
}

/** A time in which the lag was over the RPO all along. */
export interface Late {
  readonly openedAt: number;
  /** Null: it still is, at the timeline's end. */
  readonly closedAt: number | null;
  readonly worstMs: number;
  /** At its end, or at the timeline's. */
  readonly lastMs: number;
  /** When the lag was over three times the RPO first; null: it never was. */
  readonly criticalAt: number | null;
  /** It was over the RPO when the timeline began. */
  readonly before: boolean;
}

const criticalTimes = 3;

export function lateTimes(segments: readonly Segment[], rpoMs: number): Late[] {
  const found: Late[] = [];
  for (const segment of segments) {
    const openedAt = Math.max(segment.from, segment.takenAt + rpoMs);
    let open = found.at(-1)?.closedAt === null ? found.pop() : undefined;
    if (open !== undefined && openedAt > segment.from) {
      found.push({ ...open, closedAt: segment.from });
      open = undefined;
    }
    if (openedAt >= segment.to) continue;
    const worst = lagAt(segment, segment.to);
    const critical = Math.max(segment.from, segment.takenAt + criticalTimes * rpoMs);
    found.push({
      openedAt: open?.openedAt ?? openedAt,
      closedAt: null,
      worstMs: Math.max(open?.worstMs ?? 0, worst),
      lastMs: worst,
      criticalAt: open?.criticalAt ?? (critical < segment.to ? critical : null),
      before: open?.before ?? segment.takenAt + rpoMs < (segments[0]?.from ?? segment.from),
    });
  }
  return found;
}
