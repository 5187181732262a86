import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { at, text } from "../domain/read/support.ts";
import { aPublicStage, type PublicStage } from "../support/public-stage.ts";
import { until } from "../support/run.ts";
import { common, group, machine, site } from "../support/two-sites.ts";

const world = {
  version: 1,
  sites: [site("A", "PROTECTED", { virtualMachines: [machine("front"), machine("back")] }), site("B", "RECOVERY")],
  pairings: [
    {
      ...common,
      networkMappings: [{ source: "LAN A", target: "LAN B" }],
      folderMappings: [{ source: "/A/Shop", target: "/B/Shop" }],
      resourceMappings: [{ source: "Pool A", target: "Pool B" }],
    },
  ],
  protectionGroups: [group("first", "front"), group("second", "back")],
  recoveryPlans: [{ name: "plan", ...common, priorityGroups: [{ priority: 1, name: "All", protectionGroups: ["first", "second"] }] }],
};

let stage: PublicStage;
let planId: string;
beforeAll(async () => {
  stage = await aPublicStage(world);
  planId = stage.planId;
});
afterAll(() => stage?.[Symbol.asyncDispose]());

const standing = async (): Promise<unknown> => {
  const query = `query ($planId: ID!) { recoveryPlan(id: $planId) { lifecycle faults { code }
    protectionGroups { nodes { name state protectedSite { name } } } vms { nodes { name powerState site { name } } } } }`;
  return at(await stage.ask(query, { planId }), "recoveryPlan");
};
const disaster = { recoveryType: "DISASTER", acceptDataLoss: true };
const starting = (more: object) => stage.mutate("startRecovery", { planId, ...more }, "recovery { id }");

/** What the tests, one after the other, leave for the next. */
let turned: "first" | "second";
let reprotect: string;
let held: Awaited<ReturnType<PublicStage["lab"]["faults"]["hold"]>>;

describe("a disaster recovery of a plan that has been recovered", () => {
  it("has nothing to go back to before a group is replicated the other way", async () => {
    expect(await stage.run("startRecovery", { planId, recoveryType: "PLANNED" })).toMatchObject({ resultState: "SUCCESS" });
    expect(await starting(disaster)).toMatchObject({ code: "PRECONDITION_FAILED", remedy: expect.stringContaining("Reprotect") });
    expect(await standing()).toMatchObject({ lifecycle: "RECOVERY_COMPLETE" });
  });

  it("is refused until somebody accepts the loss of what was written since the last point", async () => {
    await stage.lab.faults.fail({ site: "A", kind: "reverseGroup", failure: "PERMANENT", times: 1, skip: 1 });
    expect(await stage.run("startReprotect", { planId })).toMatchObject({ resultState: "PARTIAL" });
    turned = at(await standing(), "protectionGroups.nodes.0.state") === "READY" ? "first" : "second";
    const wanting = { code: "PRECONDITION_FAILED", remedy: expect.stringContaining("acceptDataLoss") };
    expect(await starting({ recoveryType: "DISASTER" })).toMatchObject(wanting);
    expect(await standing()).toMatchObject({ lifecycle: "REPROTECT_INCOMPLETE" });
  });

  it("that is refused leaves a reprotect alone that is under way", async () => {
    held = await stage.lab.faults.hold({ site: "A", kind: "reverseGroup", when: "AFTER" });
    reprotect = text(await stage.mutate("startReprotect", { planId }, "recovery { id }"), "recovery.id");
    await held.arrived;
    expect(await starting({ recoveryType: "DISASTER" })).toMatchObject({ code: "PRECONDITION_FAILED" });
    const siteIsBack = await stage.lab.faults.partition("B");
    expect(await starting(disaster)).toMatchObject({ remedy: expect.stringContaining("acceptUnfenced") });
    await siteIsBack();
    expect(await standing()).toMatchObject({ lifecycle: "REPROTECT_IN_PROGRESS" });
  });

  it("ends the reprotect, takes the groups that have been turned round, and names the others", async () => {
    const recovering = stage.run("startRecovery", { planId, ...disaster });
    const query = "query ($id: ID!) { recovery(id: $id) { state warnings { code message } } }";
    await until(async () => at(await stage.ask(query, { id: reprotect }), "recovery.state") === "CANCELLING", "the cancellation");
    await held.release();
    const run = await recovering;
    expect(await stage.end(reprotect)).toMatchObject({ resultState: "CANCELLED" });
    expect(run).toMatchObject({ resultState: "WARNING", vmsSucceeded: 1, vmsFailed: 0 });
    const left = turned === "first" ? "second" : "first";
    expect(at(await stage.ask(query, { id: run.recoveryId }), "recovery.warnings")).toContainEqual({
      code: "GROUP_LEFT_OUT",
      message: expect.stringContaining(left),
    });
    expect(await standing()).toMatchObject({
      lifecycle: "RECOVERY_COMPLETE",
      protectionGroups: {
        nodes: ["first", "second"].map((name) => ({ name, state: "RECOVERED", protectedSite: { name: name === turned ? "B" : "A" } })),
      },
    });
  });

  it("leaves a way to READY: each direction is reprotected by a run of its own", async () => {
    expect(await stage.run("startReprotect", { planId })).toMatchObject({ resultState: "SUCCESS" });
    expect(await standing()).toMatchObject({ lifecycle: "REPROTECT_INCOMPLETE" });
    expect(await stage.run("startReprotect", { planId })).toMatchObject({ resultState: "SUCCESS" });
    expect(await standing()).toMatchObject({ lifecycle: "READY", faults: [{ code: "MIXED_DIRECTION" }] });
    expect(await starting({ recoveryType: "PLANNED" })).toMatchObject({ code: "PRECONDITION_FAILED" });
  });
});
