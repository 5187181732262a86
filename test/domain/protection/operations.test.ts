import { describe, expect, it } from "vitest";
import type { GroupFacts } from "../../../src/domain/protection/loaders-facts.ts";
import { groupRefusals, removalRefusal, storageRefusal } from "../../../src/domain/protection/operations.ts";

const shop: GroupFacts = {
  id: "g",
  name: "Shop",
  externalId: "g",
  type: "CONTINUOUS",
  state: "READY",
  version: 1,
  faultMessage: null,
  protectedSiteId: "a",
  protectedSiteName: "Berlin",
  protectedSiteState: "CONNECTED",
  recoverySiteId: "b",
  recoverySiteName: "Munich",
  recoverySiteState: "CONNECTED",
  vmCount: 0,
  vmNames: [],
  planNames: [],
  hasStorageGroups: false,
  runId: null,
  runKind: null,
  runOpen: null,
  runPlanId: null,
  runPlanName: null,
  runPlanLifecycle: null,
  taskId: null,
};
const run = (over: Partial<GroupFacts>): GroupFacts => ({ ...shop, runId: "r", taskId: "t", runOpen: true, ...over });
const test = run({ state: "TESTING", runKind: "TEST", runPlanId: "p", runPlanName: "Web" });
const messages = (group: GroupFacts) => {
  const refusals = groupRefusals(group);
  return [
    refusals.UPDATE_PROTECTION_GROUP,
    refusals.ADD_PROTECTED_VMS,
    refusals.DELETE_PROTECTION_GROUP,
    refusals.FORCE_DELETE_PROTECTION_GROUP,
  ].map((refusal) => refusal?.message ?? null);
};

describe("what may be done with a protection group", () => {
  it("that is empty and in no plan: everything", () => {
    expect(messages(shop)).toEqual([null, null, null, null]);
    expect(messages({ ...shop, state: "NOT_READY" })).toEqual([null, null, null, null]);
  });

  it.each([
    ["GROUP_CREATE", "CONFIGURING", "created", "cancelTask"],
    ["GROUP_UPDATE", "CONFIGURING", "changed", "Wait"],
    ["GROUP_DELETE", "DELETING", "deleted", "Wait"],
  ] as const)("during a run of its own, %s: nothing, and the run is named", (runKind, state, done, remedy) => {
    const group = run({ runKind, state });
    expect(messages(group)).toEqual(Array(4).fill(`The protection group Shop is being ${done}.`));
    expect(groupRefusals(group).UPDATE_PROTECTION_GROUP).toMatchObject({
      code: "CONFLICT",
      remedy: expect.stringContaining(remedy),
      details: { activeTaskId: "t" },
    });
    expect(removalRefusal("web-1", [], group)?.message).toBe(`The protection group Shop is being ${done}.`);
    expect(storageRefusal(group)?.message).toBe(`The protection group Shop is being ${done}.`);
  });

  it("during a plan's run, and until its test is cleaned up: nothing, and the plan is named", () => {
    expect(messages(test)).toEqual(Array(4).fill("The protection group Shop is in use by a run of the plan Web."));
    expect(groupRefusals(test).ADD_PROTECTED_VMS).toMatchObject({
      details: { planId: "p", planName: "Web", activeRecoveryId: "r", activeTaskId: "t" },
    });
    const complete = { ...test, runOpen: false };
    expect(messages(complete)).toEqual(
      Array(4).fill("The protection group Shop is in use by a run of the plan Web that has not been cleaned up."),
    );
    expect(groupRefusals(complete).UPDATE_PROTECTION_GROUP).toMatchObject({
      remedy: expect.stringContaining("cleanupTest"),
      details: { planId: "p", planName: "Web" },
    });
  });

  it.each(["RECOVERED", "PARTIALLY_RECOVERED"] as const)("that is %s: it can be renamed, and that is all, not even with force", (state) => {
    const refused = "The protection group Shop has been recovered.";
    expect(messages({ ...shop, state })).toEqual([null, refused, refused, refused]);
    expect(removalRefusal("web-1", [], { ...shop, state })?.message).toBe(refused);
    expect(storageRefusal({ ...shop, state })?.message).toBe(refused);
  });

  it("that is in ERROR: it can be deleted, and gets no more VMs", () => {
    const failed = { ...shop, state: "ERROR", faultMessage: "The array is full." } as const;
    const refused = "The protection group Shop is in ERROR: The array is full.";
    expect(messages(failed)).toEqual([null, refused, null, null]);
    expect(removalRefusal("web-1", [], failed)?.message).toBe(refused);
  });

  it("with VMs or in plans: it is deleted with force only, and they are named", () => {
    const vmNames = ["a", "b", "c", "d", "e"];
    const full = { ...shop, vmCount: 7, vmNames, planNames: ["Web", "All"] };
    const refused = "The protection group Shop protects a, b, c, d, e and 2 more and is part of the recovery plans Web, All.";
    expect(messages(full)).toEqual([null, null, refused, null]);
    expect(groupRefusals(full).DELETE_PROTECTION_GROUP).toMatchObject({ code: "CONFLICT", details: { planName: "Web" } });
    expect(messages({ ...shop, planNames: ["Web"] })[2]).toBe("The protection group Shop is part of the recovery plans Web.");
  });

  it("whose sites are away: only what needs none of them", () => {
    const recoveryAway = { ...shop, recoverySiteState: "DISCONNECTED" } as const;
    const away = "The recovery site Munich is disconnected.";
    expect(messages(recoveryAway)).toEqual([null, away, away, null]);
    expect(groupRefusals(recoveryAway).DELETE_PROTECTION_GROUP).toMatchObject({
      reason: "SITE_DISCONNECTED",
      remedy: expect.stringContaining("force"),
    });
    expect(removalRefusal("web-1", [], recoveryAway)?.message).toBe(away);
    const protectedAway = { ...shop, protectedSiteState: "DISCONNECTED" } as const;
    expect(messages(protectedAway)).toEqual([null, "The protected site Berlin is disconnected.", null, null]);
    expect(removalRefusal("web-1", [], protectedAway)).toBeNull();
    expect(messages({ ...shop, recoverySiteState: "PARTIALLY_CONNECTED" })).toEqual([null, null, null, null]);
  });

  it("a VM is removed from its group while no other depends on it", () => {
    expect(removalRefusal("db-1", [], shop)).toBeNull();
    expect(removalRefusal("db-1", ["web-1", "web-2"], shop)?.message).toBe(
      "db-1 can't be removed while others depend on it: web-1, web-2.",
    );
    expect(removalRefusal("db-1", [], null)?.message).toBe("db-1 is in no protection group.");
  });

  it("its storage groups are changed while no plan counts on them", () => {
    expect(storageRefusal(shop)).toBeNull();
    expect(storageRefusal({ ...shop, planNames: ["Web"] })?.message).toContain("part of recovery plans: Web");
  });
});
