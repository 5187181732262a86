import { describe, expect, it } from "vitest";
import type { StepState } from "../../src/engine/batch.ts";
import { compile } from "../../src/engine/compile.ts";
import { figuresOf, type Request } from "../../src/engine/figures.ts";
import { newStep } from "../../src/engine/live-run.ts";
import { isContainer } from "../../src/engine/model.ts";
import type { RecoverySnapshot } from "../../src/engine/run-snapshot.ts";
import { aPlan, aRecovery } from "./support/plans.ts";

const shop = aPlan().group("db-1").build();
const planned = aRecovery("PLANNED", shop);
const disaster = aRecovery("DISASTER", shop);
const at = (second: number) => Date.UTC(2026, 0, 15, 14, 30, second);
const iso = (second: number) => new Date(at(second)).toISOString();

/** All succeeded, one after the other, a second each from 10 s after the hour; what is said of some by name goes before. */
function stepsOf(snapshot: RecoverySnapshot, others: Readonly<Record<string, Partial<StepState>>> = {}): StepState[] {
  return compile(snapshot).nodes.map((node, index) => {
    const step = { ...newStep(node), status: "SUCCEEDED" as const, startedAt: at(10 + index), endedAt: at(11 + index) };
    const last = node.name.startsWith("Synchronise the last") || node.kind === "PROMOTE_STORAGE";
    const result = last && !isContainer(node) ? { pointId: "last", takenAt: iso(10 + index) } : null;
    return { ...step, result, ...others[node.name] };
  });
}

const first: Request = { kind: "PLANNED", at: at(0) };
const rpo = (snapshot: RecoverySnapshot, others: Parameters<typeof stepsOf>[1], requests: readonly Request[]) =>
  figuresOf(snapshot, stepsOf(snapshot, others), requests).rpoAchievedSeconds;

describe("RTO", () => {
  it("counts from the first request to the last VM that is ready, also when a run goes on with another", () => {
    const again = [{ kind: "PLANNED", at: at(9) } as const, first];
    const steps = stepsOf(planned);
    const ready = steps.find(({ node }) => node.kind === "READY_CHECK");
    expect(figuresOf(planned, steps, again).rtoAchievedSeconds).toBe(((ready?.endedAt ?? 0) - at(0)) / 1000);
    const done = stepsOf(planned, { "Check that db-1 is ready": { status: "ALREADY_DONE", result: { doneAt: iso(5) }, endedAt: null } });
    expect(figuresOf(planned, done, again).rtoAchievedSeconds).toBe(5);
  });

  it("is null with any VM failed, and then told of those that recovered", () => {
    const steps = stepsOf(planned, { "db-1": { status: "FAILED" } });
    const { rtoAchievedSeconds, rtoOfRecoveredVmsSeconds } = figuresOf(planned, steps, [first]);
    expect([rtoAchievedSeconds, rtoOfRecoveredVmsSeconds]).toEqual([null, expect.any(Number)]);
  });
});

describe("RPO of a planned recovery", () => {
  it("is 0 when the last synchronisation followed the last power-off", () => {
    expect(rpo(planned, {}, [first])).toBe(0);
  });

  it("is measured when it did not: an older point was promoted, or a VM stayed on", () => {
    const older = { pointId: "early", takenAt: iso(3) };
    const off = stepsOf(planned).find(({ node }) => node.kind === "SHUT_DOWN_VM");
    expect(rpo(planned, { "Promote storage of Group 1": { result: older } }, [first])).toBe(((off?.endedAt ?? 0) - at(3)) / 1000);
    const promoted = stepsOf(planned).find(({ node }) => node.kind === "PROMOTE_STORAGE");
    const stillOn = { "Shut down db-1": { status: "FAILED" }, "Promote storage of Group 1": { result: older } } as const;
    expect(rpo(planned, stillOn, [first])).toBe(((promoted?.startedAt ?? 0) - at(3)) / 1000);
  });

  it("is not 0 when a VM that an earlier run has shut down may have been on again: its storage was never closed", () => {
    const handedOn = {
      "Shut down db-1": { status: "ALREADY_DONE", result: { doneAt: iso(-600) }, endedAt: null, startedAt: null },
    } as const;
    expect(rpo(planned, handedOn, [first])).toBe(0);
    const open = { ...handedOn, "Make storage of Group 1 read-only": { status: "SKIPPED" } } as const;
    expect(
      rpo(planned, { ...open, "Promote storage of Group 1": { result: { pointId: "last", takenAt: iso(3) } } }, [first]),
    ).toBeGreaterThan(0);
  });

  it("is null when nothing was promoted", () => {
    expect(rpo(planned, { "Promote storage of Group 1": { status: "FAILED" } }, [first])).toBeNull();
  });
});

describe("RPO of a disaster recovery", () => {
  const point = { "Promote storage of Group 1": { result: { pointId: "old", takenAt: iso(-60) } } };

  it("is the age of the oldest point used at the request of the first such run, not of the planned one before", () => {
    const requests = [{ kind: "DISASTER", at: at(30) }, { kind: "DISASTER", at: at(20) }, first] as const;
    expect(rpo(disaster, point, requests)).toBe(80);
  });

  it("counts up to the last sign of a site that was disconnected by then", () => {
    const request = [{ kind: "DISASTER", at: at(30) }] as const;
    const heard = { protectedSiteCondition: "DISCONNECTED", protectedSiteHeardAt: iso(-15) } as const;
    expect(rpo(aRecovery("DISASTER", shop, heard), point, request)).toBe(45);
    expect(rpo(aRecovery("DISASTER", shop, { ...heard, protectedSiteCondition: "SUSPECT" }), point, request)).toBe(90);
  });
});
