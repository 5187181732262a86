import { describe, expect, it } from "vitest";
import type { StepState } from "../../src/engine/batch.ts";
import { compile } from "../../src/engine/compile.ts";
import { endOfRecovery } from "../../src/engine/finish/recovery-end.ts";
import { newStep } from "../../src/engine/live-run.ts";
import type { ResultState, StepNode, StepStatus } from "../../src/engine/model.ts";
import type { RecoverySnapshot } from "../../src/engine/run-snapshot.ts";
import { aPlan, aRecovery } from "./support/plans.ts";

const planned = aRecovery("PLANNED", aPlan().group("db-1").build());

/** Steps of these kinds came to this; all others were cancelled before they began. */
function endOf(ends: Partial<Record<StepNode["kind"], StepStatus>>, { snapshot = planned, result = "CANCELLED" as ResultState } = {}) {
  const { nodes } = compile(snapshot);
  const steps = nodes.map((node): StepState => {
    const status = ends[node.kind] ?? "CANCELLED";
    const began = ends[node.kind] === undefined ? null : 1000 * node.ordinal;
    const made = node.kind === "REGISTER_VM" ? { vmId: "copy" } : node.kind === "SHUT_DOWN_VM" ? { wasOn: true } : null;
    return { ...newStep(node), status, startedAt: began, endedAt: began, result: made };
  });
  return endOfRecovery(snapshot, result, steps, null);
}

const states = ({ lifecycle, groups }: ReturnType<typeof endOf>) => [lifecycle, groups[0]?.state, groups[0]?.fault?.code ?? null];

describe("a planned recovery that was stopped", () => {
  it("leaves the plan READY when it had only synchronised", () => {
    expect(states(endOf({ SYNCHRONISE: "SUCCEEDED" }))).toEqual(["READY", "READY", null]);
  });

  it("leaves the plan READY when all that it had done was put back", () => {
    expect(states(endOf({ SHUT_DOWN_VM: "SUCCEEDED", POWER_ON_SOURCE: "SUCCEEDED" }))).toEqual(["READY", "READY", null]);
  });

  it("is incomplete when a VM was shut down and nothing put it back, or not all was", () => {
    const incomplete = ["RECOVERY_INCOMPLETE", "NOT_READY", "NOT_RECOVERED"];
    expect(states(endOf({ SHUT_DOWN_VM: "SUCCEEDED" }))).toEqual(incomplete);
    expect(states(endOf({ SHUT_DOWN_VM: "SUCCEEDED", POWER_ON_SOURCE: "FAILED" }))).toEqual(incomplete);
    expect(states(endOf({ SET_STORAGE_READ_ONLY: "FAILED", POWER_ON_SOURCE: "SUCCEEDED" }))).toEqual(incomplete);
  });

  it("is incomplete once promotion has begun, whatever came of it", () => {
    expect(states(endOf({ PROMOTE_STORAGE: "FAILED", SET_STORAGE_WRITABLE: "SUCCEEDED" }))[0]).toBe("RECOVERY_INCOMPLETE");
    expect(states(endOf({ PROMOTE: "SUCCEEDED", PROMOTE_STORAGE: "SUCCEEDED" })).slice(0, 2)).toEqual([
      "RECOVERY_INCOMPLETE",
      "PARTIALLY_RECOVERED",
    ]);
  });

  it("is incomplete when it went on with another one, or was a disaster recovery", () => {
    expect(endOfRecovery({ ...planned, rerunOf: "first" }, "FAILED", [], "no").lifecycle).toBe("RECOVERY_INCOMPLETE");
    expect(endOfRecovery(planned, "FAILED", [], "no").lifecycle).toBe("READY");
    expect(endOf({}, { snapshot: aRecovery("DISASTER", aPlan().group("db-1").build()) }).lifecycle).toBe("RECOVERY_INCOMPLETE");
  });
});

describe("a recovered VM", () => {
  const offSince = (ends: Parameters<typeof endOf>[0], snapshot: RecoverySnapshot = planned) =>
    endOf({ PROMOTE_STORAGE: "SUCCEEDED", REGISTER_VM: "SUCCEEDED", VM: "SUCCEEDED", ...ends }, { snapshot, result: "SUCCESS" })
      .recovered[0]?.offSince;
  const disaster = aRecovery("DISASTER", aPlan().group("db-1").build());

  it("has an original that is known to be off since it was shut down, fenced, or its storage was closed", () => {
    expect(offSince({ SHUT_DOWN_VM: "SUCCEEDED" })).toEqual(expect.any(Number));
    expect(offSince({ FENCE_SITE: "SUCCEEDED" }, disaster)).toEqual(expect.any(Number));
    expect(offSince({ SET_STORAGE_READ_ONLY: "SUCCEEDED" })).toEqual(expect.any(Number));
  });

  it("has one that may be running when all of that was only tried", () => {
    expect(offSince({ SHUT_DOWN_VM: "WARNING", FENCE_SITE: "WARNING", SET_STORAGE_READ_ONLY: "WARNING" }, disaster)).toBeNull();
  });
});
