import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { measure } from "../../../src/engine/lag/measurement.ts";
import type { MeasuredGroup } from "../../../src/engine/lag/rows.ts";
import { type Contribution, samplesOf } from "../../../src/engine/lag/samples.ts";
import { type Completion, type Late, lateTimes, timeline } from "../../../src/engine/lag/timeline.ts";

const second = 1000;
const rpoMs = 20 * second;
/** Points of the first two minutes, taken some time before they are complete. */
const completions = fc.array(
  fc
    .record({ completedAt: fc.integer({ min: 1, max: 120 }), copy: fc.integer({ min: 0, max: 50 }) })
    .map(({ completedAt, copy }): Completion => ({ completedAt: completedAt * second, takenAt: (completedAt - copy) * second })),
  { maxLength: 8 },
);
const until = 150 * second;

/** The lag at each half second, as the rule has it: the distance to the newest point that was complete by then. */
const lags = (points: readonly Completion[]) =>
  Array.from({ length: 150 }, (_, at) => (at + 0.5) * second).map((moment) => {
    const complete = points.filter(({ completedAt }) => completedAt <= moment).map(({ takenAt }) => takenAt);
    return { moment, lag: moment - Math.max(0, ...complete) };
  });

const group: MeasuredGroup = {
  id: "g",
  judged: true,
  rpoMs,
  protectedSiteId: "s",
  planIds: ["p"],
  vms: 3,
  newestTakenAt: null,
  last: null,
};
const at = (moment: number, takenAt: number | null): MeasuredGroup => ({ ...group, last: { at: moment, judged: true, takenAt } });

describe("the timeline of a group's lag", () => {
  it("is late where the newest complete point is older than the RPO, and only there", () => {
    fc.assert(
      fc.property(completions, (points) => {
        const late = lateTimes(timeline(0, 0, points, until).segments, rpoMs);
        const isLate = (moment: number) => late.some(({ openedAt, closedAt }) => openedAt < moment && moment <= (closedAt ?? until));
        for (const { moment, lag } of lags(points)) expect([moment, isLate(moment)]).toEqual([moment, lag > rpoMs]);
        for (const { openedAt, closedAt, worstMs, criticalAt } of late) {
          const within = lags(points).filter(({ moment }) => openedAt < moment && moment <= (closedAt ?? until));
          const worst = Math.max(...within.map(({ lag }) => lag));
          expect(worstMs - worst).toBeGreaterThanOrEqual(0);
          expect(worstMs - worst).toBeLessThanOrEqual(second);
          const critical = within.find(({ lag }) => lag > 3 * rpoMs);
          if (critical) expect(Math.abs(critical.moment - (criticalAt ?? 0))).toBeLessThanOrEqual(second);
        }
      }),
    );
  });

  it("is the same whether it is measured once or in between", () => {
    const sums = (contributions: Contribution[]) =>
      samplesOf(contributions, until)
        .map(({ subjectId, stepSeconds, startsAt, vmSeconds, minLagMs, maxLagMs }) => [
          `${subjectId} ${stepSeconds} ${startsAt}`,
          ...[vmSeconds, minLagMs, maxLagMs],
        ])
        .sort();
    fc.assert(
      fc.property(completions, fc.integer({ min: 1, max: 149 }), (points, split) => {
        const moment = (split + 0.25) * second;
        const [early, late] = [
          points.filter(({ completedAt }) => completedAt <= moment),
          points.filter(({ completedAt }) => completedAt > moment),
        ];
        const whole = measure(at(0, 0), points, until);
        const first = measure(at(0, 0), early, moment);
        const then = measure(at(moment, first.takenAt), late, until);
        expect(then.lates.some(({ before }) => before)).toBe(first.lates.at(-1)?.closedAt === null);
        const times = [...first.lates.map((one) => ({ ...one, closedAt: one.closedAt ?? moment })), ...then.lates];
        const isLate = (among: readonly Late[], when: number) =>
          among.some(({ openedAt, closedAt }) => openedAt < when && when <= (closedAt ?? until));
        for (const { moment: when } of lags(points)) expect(isLate(times, when)).toBe(isLate([...whole.lates], when));
        expect(sums([first.contribution, then.contribution])).toEqual(sums([whole.contribution]));
      }),
    );
  });
});

describe("the samples of a group's lag", () => {
  it("hold shortest, longest and mean lag, and the time over the RPO, of each step", () => {
    fc.assert(
      fc.property(completions, (points) => {
        const { contribution } = measure(at(0, 0), points, until);
        const samples = samplesOf([contribution], until, [{ stepSeconds: 30, keptSeconds: 1000 }]);
        for (const subjectId of ["g", "s", "p"]) {
          const own = samples.filter((sample) => sample.subjectId === subjectId);
          expect(own.map(({ startsAt }) => startsAt / second)).toEqual([0, 30, 60, 90, 120]);
          for (const sample of own) {
            const within = lags(points).filter(({ moment }) => moment > sample.startsAt && moment < sample.startsAt + 30 * second);
            const sum = within.reduce((total, { lag }) => total + lag, 0);
            expect(sample.vmSeconds).toBeCloseTo(90);
            expect(sample.lagVmSeconds).toBeCloseTo((3 * sum) / second);
            expect(sample.lateVmSeconds).toBeCloseTo(3 * within.filter(({ lag }) => lag > rpoMs).length);
            expect(sample.minLagMs).toBe(Math.min(...within.map(({ lag }) => lag)) - 500);
            expect(sample.maxLagMs).toBe(Math.max(...within.map(({ lag }) => lag)) + 500);
            expect(sample.worstPercent).toBe(Math.ceil((sample.maxLagMs * 100) / rpoMs));
          }
        }
      }),
    );
  });

  it("leave out what is older than it is kept", () => {
    const { contribution } = measure(at(0, 0), [], until);
    const samples = samplesOf([contribution], until, [{ stepSeconds: 10, keptSeconds: 30 }]);
    expect(new Set(samples.map(({ startsAt }) => startsAt / second))).toEqual(new Set([120, 130, 140]));
  });
});
