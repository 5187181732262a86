import { describe, expect, it } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import type { StepNode } from "../../src/engine/model.ts";
import { isRollBack } from "../../src/engine/roll-back.ts";
import type { RunSnapshot } from "../../src/engine/run-snapshot.ts";
import { createSchedule } from "../../src/engine/schedule.ts";
import { aPlan, aRecovery, aReprotect, commandStep } from "./support/plans.ts";

const treeOf = (snapshot: RunSnapshot) => compile(snapshot).nodes;
const lines = (nodes: readonly StepNode[]) => nodes.map(({ path, kind, name }) => `${path} ${kind} ${name}`);
const kinds = (nodes: readonly StepNode[]) => nodes.filter(({ parent }) => parent === null).map(({ kind }) => kind);
const named = (nodes: readonly StepNode[], name: string): StepNode => {
  const found = nodes.find((node) => node.name === name);
  if (!found) throw new Error(`no step is called ${name}`);
  return found;
};
const shop = aPlan().group("db-1").group("web-1").build();

describe("a planned recovery", () => {
  it("synchronises, shuts down in reverse, closes storage, synchronises again, promotes, and brings VMs up for good", () => {
    const nodes = treeOf(aRecovery("PLANNED", shop));
    expect(lines(nodes)).toEqual([
      "1 PRE_SYNCHRONISE Synchronise storage",
      "1.1 SYNCHRONISE Synchronise Group 1",
      "1.2 SYNCHRONISE Synchronise Group 2",
      "2 SHUT_DOWN_VMS Shut down protected VMs",
      "2.1 SHUT_DOWN_VM Shut down web-1",
      "2.2 SHUT_DOWN_VM Shut down db-1",
      "3 PROTECT_STORAGE Make storage read-only",
      "3.1 SET_STORAGE_READ_ONLY Make storage of Group 1 read-only",
      "3.2 SET_STORAGE_READ_ONLY Make storage of Group 2 read-only",
      "4 FINAL_SYNCHRONISE Synchronise for the last time",
      "4.1 SYNCHRONISE Synchronise the last changes of Group 1",
      "4.2 SYNCHRONISE Synchronise the last changes of Group 2",
      "5 PROMOTE Promote storage",
      "5.1 PROMOTE_STORAGE Promote storage of Group 1",
      "5.2 PROMOTE_STORAGE Promote storage of Group 2",
      "6 PRIORITY_GROUP Priority group 1",
      "6.1 VM db-1",
      "6.1.1 REGISTER_VM Register db-1",
      "6.1.2 POWER_ON Power on db-1",
      "6.1.3 READY_CHECK Check that db-1 is ready",
      "7 PRIORITY_GROUP Priority group 2",
      "7.1 VM web-1",
      "7.1.1 REGISTER_VM Register web-1",
      "7.1.2 POWER_ON Power on web-1",
      "7.1.3 READY_CHECK Check that web-1 is ready",
      "8 ROLL_BACK Roll back",
      "8.1 SET_STORAGE_WRITABLE Make storage of Group 1 writable again",
      "8.2 SET_STORAGE_WRITABLE Make storage of Group 2 writable again",
      "8.3 POWER_ON_SOURCE Power on db-1 again",
      "8.4 POWER_ON_SOURCE Power on web-1 again",
    ]);
    expect(named(nodes, "Register db-1").spec).toMatchObject({
      permanent: true,
      snapshot: named(nodes, "Promote storage of Group 1").ordinal,
      nics: [{ nicIndex: 0, network: { id: "LAN" } }],
    });
    expect(named(nodes, "Shut down db-1")).toMatchObject({
      siteId: "protected",
      spec: { vmId: "db-1-x", guestTimeoutSeconds: 120, site: { siteId: "protected" } },
    });
  });

  it("takes the point of the last synchronisation, else of the one before", () => {
    const nodes = treeOf(aRecovery("PLANNED", shop));
    const from = [named(nodes, "Synchronise the last changes of Group 2").ordinal, named(nodes, "Synchronise Group 2").ordinal];
    expect(named(nodes, "Promote storage of Group 2").spec).toMatchObject({ point: { from } });
  });

  it("leaves the first synchronisation out without syncData, and never the last one", () => {
    const nodes = treeOf(aRecovery("PLANNED", shop, { options: { syncData: false } }));
    expect(kinds(nodes).slice(0, 3)).toEqual(["SHUT_DOWN_VMS", "PROTECT_STORAGE", "FINAL_SYNCHRONISE"]);
  });

  it("shuts nothing down where all protected VMs are off", () => {
    expect(kinds(treeOf(aRecovery("PLANNED", shop, { options: { shutdownSourceVms: false } })))).not.toContain("SHUT_DOWN_VMS");
  });

  it("holds its way back outside of the critical path; a disaster recovery has none", () => {
    const nodes = treeOf(aRecovery("PLANNED", shop));
    expect(nodes.filter((node) => isRollBack(node) && node.onCriticalPath)).toEqual([]);
    expect(nodes.filter(({ onCriticalPath }) => onCriticalPath).at(-1)?.name).toBe("Check that web-1 is ready");
    expect(named(nodes, "Roll back").expectedSeconds).toBe(35);
    expect(kinds(treeOf(aRecovery("DISASTER", shop)))).not.toContain("ROLL_BACK");
  });

  it("runs commands of the protected site there", () => {
    const plan = aPlan()
      .group("a")
      .pre(commandStep("theirs", { runOnSite: "PROTECTED" }))
      .build();
    expect(named(treeOf(aRecovery("PLANNED", plan)), "theirs")).toMatchObject({ skipReason: null, warnReason: null, siteId: "protected" });
  });

  it("refuses an adapter without a network", () => {
    const test = { ...shop, testNetworks: [] };
    expect(() => treeOf(aRecovery("PLANNED", test))).toThrow("Adapter 0 of db-1 has no network.");
  });
});

describe("a disaster recovery", () => {
  it.each(["CONNECTED", "SUSPECT"] as const)("fences a %s site before anything else", (protectedSiteCondition) => {
    const nodes = treeOf(aRecovery("DISASTER", shop, { protectedSiteCondition }));
    expect(kinds(nodes)[0]).toBe("FENCE");
    expect(named(nodes, "Power off the protected VMs").spec).toMatchObject({ vmIds: ["db-1-x", "web-1-x"] });
    expect(createSchedule(nodes).schedule.ready()).toEqual([named(nodes, "Power off the protected VMs").ordinal]);
  });

  it("asks nothing of a site that is away: its steps are warnings from the start, and storage is promoted at once", () => {
    const plan = aPlan()
      .group("a")
      .pre(commandStep("theirs", { runOnSite: "PROTECTED" }), commandStep("ours"))
      .build();
    const nodes = treeOf(aRecovery("DISASTER", plan, { protectedSiteCondition: "DISCONNECTED" }));
    expect(kinds(nodes)).toEqual(["PRE_SYNCHRONISE", "SHUT_DOWN_VMS", "PROTECT_STORAGE", "FINAL_SYNCHRONISE", "PROMOTE", "PRIORITY_GROUP"]);
    const { schedule, decided } = createSchedule(nodes);
    const settled = decided.filter(({ message }) => message !== null).map(({ ordinal, status }) => `${nodes[ordinal - 1]?.name} ${status}`);
    expect(settled).toEqual([
      "Synchronise Group 1 WARNING",
      "Shut down a WARNING",
      "Make storage of Group 1 read-only WARNING",
      "Synchronise the last changes of Group 1 WARNING",
      "theirs WARNING",
    ]);
    expect(schedule.ready()).toEqual([named(nodes, "Promote storage of Group 1").ordinal]);
    expect(named(nodes, "ours").after).toEqual([1, 3, 5, 7, 9]);
  });

  it("takes a point that was asked for as it is, without synchronising its group", () => {
    const nodes = treeOf(aRecovery("DISASTER", shop, { points: { "group-1": "monday" } }));
    expect(named(nodes, "Promote storage of Group 1").spec).toMatchObject({ point: { id: "monday" } });
    expect(nodes.filter(({ kind }) => kind === "SYNCHRONISE").map(({ groupId }) => groupId)).toEqual(["group-2", "group-2"]);
  });

  it("synchronises nothing without syncData", () => {
    const nodes = treeOf(aRecovery("DISASTER", shop, { options: { syncData: false } }));
    expect(nodes.some(({ kind }) => kind === "SYNCHRONISE")).toBe(false);
    expect(named(nodes, "Promote storage of Group 1").spec).toMatchObject({ point: { from: [] } });
  });
});

describe("probes", () => {
  const probes = ["one", "two"].map((id) => ({ id, check: "TCP", timeoutSeconds: 60, port: 5432, target: null }) as const);
  const plan = aPlan().group({ name: "db-1", probes }, { name: "web-1", dependsOn: ["db-1"] });

  it.each([
    ["test", plan.build()],
    ["recovery", aRecovery("PLANNED", plan.build())],
  ])("come after the ready check in a %s, and all have to pass before those who wait start", (_, snapshot) => {
    const nodes = treeOf(snapshot);
    const [check, one, two] = nodes.filter(({ kind, vmId }) => vmId === "vm-db-1" && ["READY_CHECK", "PROBE"].includes(kind));
    expect([one?.kind, two?.kind, one?.needs, two?.needs]).toEqual(["PROBE", "PROBE", [check?.ordinal], [one?.ordinal]]);
    expect(named(nodes, "web-1").needs).toContain(two?.ordinal);
    expect([check?.opensGate, one?.opensGate, two?.opensGate]).toEqual([null, null, expect.any(Number)]);
  });
});

describe("a reprotect", () => {
  it("proves the former VMs off, reverses, makes placeholders, stops the former set and synchronises, per group", () => {
    const nodes = treeOf(aReprotect([["db-1"], ["web-1"]]));
    expect(lines(nodes).slice(0, 6)).toEqual([
      "1 REVERSE_GROUP Reverse Group 1",
      "1.1 CHECK_ORIGINALS_OFF Check that the former VMs of Group 1 are off",
      "1.2 REVERSE_REPLICATION Reverse replication of Group 1",
      "1.3 DEMOTE_VM Make the former db-1 a placeholder",
      "1.4 STOP_REPLICATION Stop the former replication of Group 1",
      "1.5 SYNCHRONISE Synchronise Group 1 for the first time",
    ]);
    expect(nodes.slice(1, 6).map(({ siteId }) => siteId)).toEqual(["protected", "protected", "protected", "recovery", "protected"]);
    expect(nodes[2]?.spec).toMatchObject({ groupId: "group-1-back", members: [{ sourceVmId: "db-1-recovered", formerVmId: "db-1-x" }] });
    expect(nodes[4]?.spec).toMatchObject({ groupId: "group-1-x" });
    expect(createSchedule(nodes).schedule.ready()).toEqual([2, 8]);
  });

  it("does not synchronise without syncData", () => {
    expect(treeOf(aReprotect([["a"]], { syncData: false })).map(({ kind }) => kind)).not.toContain("SYNCHRONISE");
  });

  it("only stops the former set where the former site is gone for good", () => {
    expect(lines(treeOf(aReprotect([["a"]], { reverseReplication: false })))).toEqual([
      "1 REVERSE_GROUP End the protection of Group 1",
      "1.1 STOP_REPLICATION Stop the former replication of Group 1",
    ]);
  });
});
