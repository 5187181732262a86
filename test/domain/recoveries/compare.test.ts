/** Two runs of a plan side by side. */
import { describe, expect, it } from "vitest";
import { type ComparedStep, checkComparable, compareSteps } from "../../../src/domain/recoveries/compare.ts";

const step = (key: string, seconds: number | null, more: Partial<ComparedStep> = {}): ComparedStep => ({
  key,
  kind: "POWER_ON",
  name: key,
  path: "1",
  status: "SUCCEEDED",
  startedAt: seconds === null ? null : 5_000,
  endedAt: seconds === null ? null : 5_000 + seconds * 1_000,
  ...more,
});

describe("two runs", () => {
  it("are compared step by step, what got slower most first, what can't be compared last", () => {
    const now = [
      step("same", 5),
      step("slow", 30),
      step("fast", 1),
      step("new", 3),
      step("slower", 90),
      step("failed", null, { status: "FAILED" }),
    ];
    const before = [step("slower", 10), step("same", 5), step("slow", 10), step("fast", 9), step("gone", 2), step("failed", 4)];
    expect(compareSteps(now, before).map(({ key, slowerBySeconds }) => [key, slowerBySeconds])).toEqual([
      ["slower", 80],
      ["slow", 20],
      ["same", 0],
      ["fast", -8],
      ["new", null],
      ["failed", null],
      ["gone", null],
    ]);
  });

  it("show a step that only one of them has, with how it stands there", () => {
    const [added, gone] = compareSteps([step("new", 3)], [step("gone", 2)]);
    expect(added).toMatchObject({ key: "new", withStep: null, seconds: 3, withSeconds: null });
    expect(gone).toMatchObject({ key: "gone", step: null, withStep: { status: "SUCCEEDED" }, withSeconds: 2 });
  });

  it("are compared without containers, whose time is that of their steps", () => {
    expect(compareSteps([step("group", 9, { kind: "PRIORITY_GROUP" })], [])).toEqual([]);
  });

  it("have to be of one plan", () => {
    const run = { planId: "a", planName: "Web" };
    expect(() => checkComparable(run, run)).not.toThrow();
    const other = { planId: "b", planName: "Shop" };
    expect(() => checkComparable(run, other)).toThrow(
      expect.objectContaining({ code: "INVALID_REQUEST", message: expect.stringContaining("Shop") }),
    );
    const deleted = { planId: null, planName: "Web" };
    expect(() => checkComparable(deleted, deleted)).toThrow(expect.objectContaining({ code: "INVALID_REQUEST" }));
  });
});
