/** A run's bars, folded until they fit on half a page. Pure. */
import { isGood } from "../../engine/model.ts";
import { type Bar, barsOf, type GanttRun } from "../gantt-bars.ts";
import type { GanttChart, Level } from "./model.ts";
import { duration, moment } from "./writers/format.ts";

export interface DrawnRun extends GanttRun {
  readonly planId: string;
  readonly endedAt: number;
}

const mostBars = 40;

export interface PlanGantt {
  readonly planId: string;
  readonly chart: GanttChart;
}

export function ganttOf(run: DrawnRun): PlanGantt {
  const bars = folded(barsOf(run)).map(({ name, depth, start, end, status, folded: vms }) => ({
    name: vms > 0 ? `${name} (${vms} VMs)` : name,
    depth,
    start: start === null ? null : Math.round(start / 1_000),
    end: end === null ? null : Math.round(end / 1_000),
    level: levelOf(status),
    status: status.toLowerCase().replaceAll("_", " "),
  }));
  const spanSeconds = Math.max(1, Math.round((run.endedAt - run.requestedAt) / 1_000), ...bars.map(({ end }) => end ?? 0));
  const failed = bars.filter(({ level }) => level === "BAD").map(({ name }) => name);
  return {
    planId: run.planId,
    chart: {
      kind: "GANTT",
      title: `${run.planName}: ${run.kind.toLowerCase()} of ${moment(new Date(run.requestedAt).toISOString())}`,
      summary: `${bars.length} steps over ${duration(spanSeconds)}; ${failed.length === 0 ? "none failed" : `failed: ${failed.slice(0, 5).join(", ")}`}.`,
      spanSeconds,
      bars,
    },
  };
}

/** The deepest level that leaves few enough; what is still too many is cut. */
function folded(bars: readonly Bar[]): readonly Bar[] {
  const deepest = Math.max(1, ...bars.map(({ depth }) => depth));
  for (let depth = deepest; depth > 1; depth--) {
    const shown = bars.filter((bar) => bar.depth <= depth);
    if (shown.length <= mostBars) return shown;
  }
  return bars.filter(({ depth }) => depth === 1).slice(0, mostBars);
}

function levelOf(status: Bar["status"]): Level {
  if (status === "FAILED") return "BAD";
  return isGood(status) ? "GOOD" : "NOT_JUDGED";
}
