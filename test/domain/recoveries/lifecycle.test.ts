import { describe, expect, it } from "vitest";
import { afterEvent, type PlanEvent, transitions, wayOn } from "../../../src/domain/recoveries/lifecycle.ts";

const lifecycles = Object.keys(transitions) as (keyof typeof transitions)[];

describe("a plan's lifecycle", () => {
  it("can be tested when it is READY, and only then", () => {
    expect(lifecycles.filter((lifecycle) => afterEvent(lifecycle, "testStarted") !== null)).toEqual(["READY"]);
  });

  it("can be cleaned up when a test is complete or a cleanup incomplete, and only then", () => {
    expect(lifecycles.filter((lifecycle) => afterEvent(lifecycle, "cleanupStarted") !== null)).toEqual([
      "TEST_COMPLETE",
      "CLEANUP_INCOMPLETE",
    ]);
  });

  it("can be cleaned up of leftovers when it is READY, and only then", () => {
    expect(lifecycles.filter((lifecycle) => afterEvent(lifecycle, "leftoversCleanupStarted") !== null)).toEqual(["READY"]);
  });

  it("goes from a test over its cleanup back to READY", () => {
    const events: PlanEvent[] = ["testStarted", "testEnded", "cleanupStarted", "cleanupLeftSomething", "cleanupStarted", "cleanupEnded"];
    let now: keyof typeof transitions | null = "READY";
    const way = events.map((event) => {
      now = now && afterEvent(now, event);
      return now;
    });
    expect(way).toEqual(["TEST_IN_PROGRESS", "TEST_COMPLETE", "CLEANUP_IN_PROGRESS", "CLEANUP_INCOMPLETE", "CLEANUP_IN_PROGRESS", "READY"]);
  });

  it("lets a real recovery start whatever drill or reprotect is under way, but not beside another recovery", () => {
    const refused = lifecycles.filter((lifecycle) => afterEvent(lifecycle, "disasterStarted") === null);
    expect(refused).toEqual(["RECOVERY_IN_PROGRESS"]);
  });

  it.each(lifecycles)("has a way to READY from %s", (from) => {
    const reached = new Set([from]);
    for (const lifecycle of reached) for (const next of Object.values(transitions[lifecycle])) reached.add(next);
    expect(reached).toContain("READY");
  });

  it.each(lifecycles)("is reached from READY, and says what to do when it is %s", (wanted) => {
    const reached = new Set<keyof typeof transitions>(["READY"]);
    for (const lifecycle of reached) for (const next of Object.values(transitions[lifecycle])) reached.add(next);
    expect(reached).toContain(wanted);
    expect(wayOn[wanted]).toMatch(/\.$/);
  });
});
