import { describe, expect, it } from "vitest";
import { blackoutAt } from "../../../src/domain/drills/blackout.ts";
import { cronProblem } from "../../../src/domain/drills/cron-problem.ts";
import { localTime } from "../../../src/domain/drills/local-time.ts";
import { dueBehind, dueTimes, graceSeconds, look } from "../../../src/domain/drills/schedule.ts";
import { chance } from "../../support/chance.ts";

const berlin = (cron: string) => ({ cron, timeZone: "Europe/Berlin" });
const local = (cron: string, after: string, count: number) =>
  dueTimes(berlin(cron), new Date(after), count).map((due) => localTime(due, "Europe/Berlin").withOffset);

describe("a schedule", () => {
  it("takes a time that does not exist at the first moment after the gap", () => {
    expect(local("30 2 * * *", "2026-03-28T12:00:00Z", 2)).toEqual(["2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"]);
  });

  it("takes a time that comes twice when it comes first", () => {
    expect(local("30 2 * * *", "2026-10-24T12:00:00Z", 2)).toEqual(["2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"]);
  });

  it("does the same with lists and ranges of times, but lets what has * in its minute or hour go by the time that passes", () => {
    expect(local("30 2,14 * * *", "2026-03-28T14:00:00Z", 2)).toEqual(["2026-03-29T03:00:00+02:00", "2026-03-29T14:30:00+02:00"]);
    expect(local("0,30 1-2 * * *", "2026-10-24T22:00:00Z", 5).slice(3)).toEqual(["2026-10-25T02:30:00+02:00", "2026-10-26T01:00:00+01:00"]);
    expect(local("30 * * * *", "2026-03-28T23:45:00Z", 2)).toEqual(["2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00"]);
    expect(local("30 * * * *", "2026-10-25T00:15:00Z", 2)).toEqual(["2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"]);
  });

  it("has leap days in leap years only, and is refused where it is never due", () => {
    expect(local("0 3 29 2 *", "2026-01-01T00:00:00Z", 2)).toEqual(["2028-02-29T03:00:00+01:00", "2032-02-29T03:00:00+01:00"]);
    expect(cronProblem(berlin("0 3 30 2 *"), new Date())).toContain("never due");
  });

  it("is not started in a black-out window, whose end is not within, over the end of a week too", () => {
    const weekend = {
      kind: "WEEKLY",
      fromDay: "SATURDAY",
      fromTime: "22:00",
      untilDay: "MONDAY",
      untilTime: "06:00",
      reason: null,
    } as const;
    const within = (at: string) => blackoutAt([weekend], new Date(at), "Europe/Berlin") !== null;
    expect(["2026-07-04T19:59Z", "2026-07-04T20:00Z", "2026-07-06T03:59Z", "2026-07-06T04:00Z"].map(within)).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  it.each(["30 2 * * *", "0 3 * * SUN", "0 0 1,15 * *"])("%s is accounted for once at each due time of a year with outages", (cron) => {
    const random = chance(cron.length);
    const end = Date.parse("2029-01-01T00:00:00Z");
    let now = Date.parse("2028-01-01T00:00:00Z");
    let next = dueTimes(berlin(cron), new Date(now), 1)[0] ?? new Date(0);
    const expected: number[] = [];
    for (let due = next; due.getTime() < end; due = dueBehind(berlin(cron), due)) expected.push(due.getTime());
    const accounted: number[] = [];
    while (next.getTime() < end) {
      // Mostly a node looks soon after the due time; now and then none does for up to two weeks.
      now = Math.max(now, next.getTime()) + Math.floor(random() < 0.1 ? random() * 14 * 86_400_000 : random() * 60_000);
      while (next.getTime() <= now && next.getTime() < end) {
        const found = look(berlin(cron), next, new Date(now), 7);
        for (const due of found.missed) expect(now - due.getTime()).toBeGreaterThan(graceSeconds * 1000);
        accounted.push(...found.missed.map((due) => due.getTime()));
        next = found.next;
        if (found.missed.length > 0 || next.getTime() > now) continue;
        expect(now - next.getTime()).toBeLessThanOrEqual(graceSeconds * 1000);
        accounted.push(next.getTime());
        next = dueBehind(berlin(cron), next);
      }
    }
    expect(accounted.filter((due) => due < end)).toEqual(expected);
  });
});
