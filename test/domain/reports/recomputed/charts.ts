/** What the charts of reports show, without their words. */
import type { PlanOfReport } from "./plans.ts";
import { type Rows, type RunRow, runsIn, seconds, type Wanted, within } from "./rows.ts";

type Chart = Record<string, unknown>;
const ended = (runs: readonly RunRow[]) =>
  runs.filter(({ endedAt }) => endedAt !== null).toSorted((a, b) => b.dated.getTime() - a.dated.getTime() || (a.id < b.id ? 1 : -1));

const stepMs = 21_600_000;

/** A gap where a step is missing. */
export function lagCharts({ samples }: Rows, { id, figures }: PlanOfReport): Chart[] {
  const own = samples.filter(({ subjectId, stepSeconds, startsAt }) => subjectId === id && stepSeconds === 21_600 && within(startsAt));
  if (own.length === 0) return [];
  const line = (name: string, value: (one: (typeof own)[number]) => number) => {
    const points = own.flatMap((one, at) => {
      const time = one.startsAt.getTime();
      const missing = at > 0 && time - (own[at - 1]?.startsAt.getTime() ?? 0) > stepMs;
      return missing
        ? [
            [time, null],
            [time, value(one)],
          ]
        : [[time, value(one)]];
    });
    return { name, points };
  };
  const lines = [
    line("Largest", ({ maxLagSeconds }) => maxLagSeconds),
    line("Average", ({ lagVmSeconds, vmSeconds }) => Math.round(lagVmSeconds / vmSeconds)),
  ];
  const { rpoTargetSeconds = null } = figures;
  return [{ kind: "LINE", lines, limits: rpoTargetSeconds === null ? [] : [{ name: "RPO", value: rpoTargetSeconds }] }];
}

export function rtoCharts(rows: Rows, { id, plan }: PlanOfReport): Chart[] {
  const target = plan?.rtoTargetSeconds ?? null;
  const bars = ended(runsIn(rows, [id])).flatMap(({ dated, kind, rtoAchievedSeconds: value }) => {
    if (value === null) return [];
    const level = target === null ? "NOT_JUDGED" : value <= target ? "GOOD" : "BAD";
    return [{ name: `${dated.toISOString().slice(0, 16).replace("T", " ")} ${kind.toLowerCase()}`, value, level }];
  });
  if (bars.length === 0) return [];
  return [{ kind: "BARS", bars: bars.slice(0, 30).toReversed(), limit: target === null ? null : { name: "Target", value: target } }];
}

/** Of the plan's newest run that has ended: steps from their beginning to their end, containers from their first to their last one. */
export function ganttCharts(rows: Rows, { id }: PlanOfReport, only: "TEST" | null): Chart[] {
  const [run] = ended(runsIn(rows, [id]).filter(({ kind }) => only === null || kind === only));
  if (run === undefined) return [];
  const after = (at: Date | null) => (at === null ? null : Math.round(seconds(run.requestedAt, at)));
  const bars = run.steps.map((step) => {
    const leaves = run.steps.filter(({ ordinal, path }) => ordinal === step.ordinal || path.startsWith(`${step.path}.`));
    const starts = leaves.flatMap(({ startedAt }) => (startedAt === null ? [] : [startedAt.getTime()]));
    const ends = leaves.flatMap(({ endedAt }) => (endedAt === null ? [] : [endedAt.getTime()]));
    return {
      name: step.name,
      depth: step.path.split(".").length,
      start: starts.length === 0 ? null : after(new Date(Math.min(...starts))),
      end: ends.length === 0 ? null : after(new Date(Math.max(...ends))),
      level: step.status === "SUCCEEDED" ? "GOOD" : step.status === "FAILED" ? "BAD" : "NOT_JUDGED",
      status: step.status.toLowerCase(),
    };
  });
  return [{ kind: "GANTT", spanSeconds: Math.max(1, after(run.endedAt) ?? 0), bars }];
}

export function forecastCharts(plans: readonly PlanOfReport[]): Chart[] {
  const bars = plans.flatMap(({ title, figures: { forecastRtoSeconds: forecast = null, rtoTargetSeconds: target = null } }) => {
    if (forecast === null || target === null) return [];
    const level = Number(forecast) <= Number(target) ? "GOOD" : "BAD";
    return [{ name: title, value: Math.round((1_000 * Number(forecast)) / Number(target)) / 10, level }];
  });
  if (bars.length === 0) return [];
  return [{ kind: "BARS", bars: bars.toSorted((a, b) => b.value - a.value), limit: { name: "Target", value: 100 } }];
}

/** How many plans have their newest run drawn: those that ran last. */
export const drawn = (rows: Rows, wanted: Wanted, only: "TEST" | null): string[] => {
  const newest = new Map<string, RunRow>();
  for (const run of ended(runsIn(rows, wanted).filter(({ kind }) => only === null || kind === only)))
    if (!newest.has(run.of)) newest.set(run.of, run);
  return [...newest.keys()].slice(0, 12);
};
