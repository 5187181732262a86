/** Measured lag: its figures, and its chart. Pure. */
import type { Figure, LineChart } from "../../documents/model.ts";
import { duration } from "../../documents/writers/format.ts";
import type { LagFacts, LagPoint } from "../facts/lag.ts";
import type { PlanFacts } from "../facts/plans.ts";
import { figure, percent } from "./measures.ts";

/** Of one plan, or (null) of all together. */
export function lagFigures({ totals }: LagFacts, planId: string | null): Figure[] {
  const found = totals.find((one) => one.planId === planId);
  return [
    figure("withinRpoPercent", found === undefined ? null : percent(found.vmSeconds - found.lateVmSeconds, found.vmSeconds)),
    figure("worstMeasuredLagSeconds", found?.worstLagSeconds ?? null),
  ];
}

/** None where nothing was measured. */
export function lagChart({ points, stepSeconds }: LagFacts, plan: PlanFacts, from: string, to: string): LineChart[] {
  const own = points.filter(({ planId }) => planId === plan.id);
  if (own.length === 0) return [];
  const worst = own.reduce((most, { worstLagSeconds }) => Math.max(most, worstLagSeconds), 0);
  const target = plan.rpoTargetSeconds;
  const against = target === null ? "" : ` The strictest RPO of its groups is ${duration(target)}.`;
  return [
    {
      kind: "LINE",
      title: `${plan.name}: lag over time`,
      summary: `The largest and the average lag of its VMs in steps of ${duration(stepSeconds)}; the largest is ${duration(worst)}.${against} Where the line is broken, nothing was measured.`,
      unit: "SECONDS",
      from,
      to,
      lines: [
        { name: "Largest", points: withGaps(own, stepSeconds, ({ worstLagSeconds }) => worstLagSeconds) },
        { name: "Average", points: withGaps(own, stepSeconds, ({ averageLagSeconds }) => averageLagSeconds) },
      ],
      limits: target === null ? [] : [{ name: "RPO", value: target }],
    },
  ];
}

function withGaps(
  points: readonly LagPoint[],
  stepSeconds: number,
  pick: (point: LagPoint) => number,
): (readonly [number, number | null])[] {
  return points.flatMap((point, at) => {
    const before = points[at - 1]?.time ?? point.time;
    const gap = point.time - before > stepSeconds * 1_500 ? [[point.time, null] as const] : [];
    return [...gap, [point.time, pick(point)] as const];
  });
}
