import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  aGroupStage,
  aPlanOf,
  artefactsOf,
  changesOf,
  datastoreOf,
  type GroupStage,
  groupOf,
  membersOf,
  placeholder,
  pointsOf,
  statuses,
  taskOf,
} from "./groups-stage.ts";

let stage: GroupStage;

beforeEach(async () => {
  stage = await aGroupStage();
});
afterEach(() => stage[Symbol.asyncDispose]());

describe("a change of members", () => {
  it("protects those who join, lets go of those who leave, and copies once more", async () => {
    const { groupId } = await stage.end(stage.rows.create({ vms: [0, 1] }));
    const [, leaving] = await membersOf(stage, groupId);
    const run = await stage.end(stage.rows.update(groupId, [2], [1]));
    expect(statuses(run)).toEqual([
      "Add to replication: SUCCEEDED",
      "Create placeholders: SUCCEEDED",
      "Create placeholder of vm-3: SUCCEEDED",
      "Synchronise for the first time: SUCCEEDED",
      "Remove from replication: SUCCEEDED",
      "Remove placeholders: SUCCEEDED",
      "Remove placeholder of vm-2: SUCCEEDED",
    ]);
    expect(run).toMatchObject({ state: "COMPLETED", resultState: "SUCCESS" });
    expect(await groupOf(stage, groupId)).toMatchObject({ state: "READY", use: null });
    expect((await membersOf(stage, groupId)).map(({ placeholderName, protectionState }) => [placeholderName, protectionState])).toEqual([
      [placeholder(1), "SHADOWING"],
      [placeholder(3), "SHADOWING"],
    ]);
    expect(await pointsOf(stage, groupId)).toHaveLength(2);
    expect(leaving?.placeholderExternalId).not.toBeNull();
    expect((await stage.end(stage.rows.create({ vms: [1] }))).resultState).toBe("SUCCESS");
  });

  it("that fails leaves the member in ERROR with its fault, the others as they were, and the group ready", async () => {
    const { groupId } = await stage.end(stage.rows.create({ vms: [0, 1] }));
    await stage.lab.faults.fail({ kind: "addToGroup", failure: "PERMANENT", message: "No room." });
    await stage.lab.faults.fail({ kind: "removePlaceholder", failure: "PERMANENT", message: "It is locked." });
    const run = await stage.end(stage.rows.update(groupId, [2], [1]));
    expect(run).toMatchObject({ state: "FAILED", resultState: "FAILED" });
    expect(await groupOf(stage, groupId)).toMatchObject({ state: "READY", faultCode: null });
    expect(await membersOf(stage, groupId)).toMatchObject([
      { protectionState: "SHADOWING", replicationState: "SYNCED", faultCode: null },
      { protectionState: "ERROR", replicationState: "NOT_REPLICATED", faultCode: "PLACEHOLDER_FAILED", faultMessage: "It is locked." },
      { protectionState: "ERROR", replicationState: "NOT_REPLICATED", faultCode: "REPLICATION_FAILED", faultMessage: "No room." },
    ]);
    // What is left of both can be removed.
    const again = await stage.end(stage.rows.update(groupId, [], [1, 2]));
    expect(again).toMatchObject({ resultState: "SUCCESS" });
    expect(await membersOf(stage, groupId)).toHaveLength(1);
  });
});

describe("a deletion", () => {
  it("stops replication, removes placeholders, and takes the group with all that belongs to it", async () => {
    const created = await stage.end(stage.rows.create({ name: "Shop", vms: [0, 1], storage: true }));
    const { groupId } = created;
    const planId = await aPlanOf(stage, groupId);
    const run = await stage.end(stage.rows.remove(groupId));
    expect(statuses(run)).toEqual([
      "Stop replication: SUCCEEDED",
      "Remove placeholders: SUCCEEDED",
      "Remove placeholder of vm-1: SUCCEEDED",
      "Remove placeholder of vm-2: SUCCEEDED",
    ]);
    expect(run).toMatchObject({ state: "COMPLETED", resultState: "SUCCESS" });
    expect(await taskOf(stage, run.runId)).toMatchObject({ type: "PROTECTION_GROUP_DELETE", state: "COMPLETED", targetId: groupId });
    expect(await groupOf(stage, groupId)).toBeNull();
    expect([...(await membersOf(stage, groupId)), ...(await pointsOf(stage, groupId))]).toEqual([]);
    expect(await datastoreOf(stage)).toMatchObject({ replicationState: "NOT_REPLICATED" });
    const plan = await stage.prisma.recoveryPlan.findUniqueOrThrow({
      where: { id: planId },
      include: { groups: true, priorityGroups: true },
    });
    expect(plan).toMatchObject({ groups: [], priorityGroups: [], version: 2 });
    expect(await changesOf(stage)).toMatchObject([
      { kind: "PLAN_CHANGED", id: planId, change: "UPDATED" },
      { kind: "PROTECTION_GROUP_CHANGED", id: groupId, change: "DELETED", name: "Shop" },
      { kind: "TASK_CHANGED", change: "UPDATED" },
      { kind: "VM_CHANGED", name: "vm-1" },
      { kind: "VM_CHANGED", name: "vm-2" },
    ]);
    expect(await artefactsOf(stage, created.runId)).toEqual([]);
  });

  it("that fails leaves the group in ERROR with what is still there, and can be tried again", async () => {
    const { groupId } = await stage.end(stage.rows.create({ vms: [0, 1] }));
    await stage.lab.faults.fail({ kind: "removePlaceholder", target: placeholder(2), failure: "PERMANENT", message: "It is locked." });
    const run = await stage.end(stage.rows.remove(groupId));
    expect(run).toMatchObject({ state: "FAILED", resultState: "FAILED" });
    const fault = { faultCode: "GROUP_DELETE_FAILED", faultMessage: "Remove placeholder of vm-2: It is locked." };
    expect(await groupOf(stage, groupId)).toMatchObject({ state: "ERROR", peerState: "ERROR", use: null, ...fault });
    expect(await membersOf(stage, groupId)).toMatchObject([
      { protectionState: "NOT_CONFIGURED", placeholderExternalId: null, replicationState: "NOT_REPLICATED" },
      { protectionState: "NOT_SHADOWING", placeholderExternalId: expect.any(String), replicationState: "NOT_REPLICATED" },
    ]);
    expect(await pointsOf(stage, groupId)).toEqual([]);
    expect(await taskOf(stage, run.runId)).toMatchObject({ state: "FAILED", errors: [fault.faultMessage] });
    expect((await stage.end(stage.rows.remove(groupId))).resultState).toBe("SUCCESS");
    expect(await groupOf(stage, groupId)).toBeNull();
  });

  it("whose replication can't be stopped leaves everything as it was but for the fault", async () => {
    const { groupId } = await stage.end(stage.rows.create({ vms: [0] }));
    const before = await membersOf(stage, groupId);
    await stage.lab.faults.fail({ kind: "unprotectGroup", failure: "PERMANENT", message: "Busy." });
    expect(statuses(await stage.end(stage.rows.remove(groupId)))).toEqual([
      "Stop replication: FAILED",
      "Remove placeholders: SKIPPED",
      "Remove placeholder of vm-1: SKIPPED",
    ]);
    expect(await groupOf(stage, groupId)).toMatchObject({ state: "ERROR", faultCode: "GROUP_DELETE_FAILED" });
    expect(await membersOf(stage, groupId)).toEqual(before);
    expect(await pointsOf(stage, groupId)).toHaveLength(1);
  });

  it("with force goes on over what fails, and says what it left", async () => {
    const { groupId } = await stage.end(stage.rows.create({ vms: [0, 1] }));
    await stage.lab.faults.partition(stage.sites.recoverySite);
    const run = await stage.end(stage.rows.remove(groupId, { force: true }));
    expect(run).toMatchObject({ state: "COMPLETED", resultState: "WARNING" });
    expect(await groupOf(stage, groupId)).toBeNull();
    const { warnings, state } = await taskOf(stage, run.runId);
    expect(state).toBe("COMPLETED");
    const steps = ["1 Stop replication", "2.1 Remove placeholder of vm-1", "2.2 Remove placeholder of vm-2"];
    const why = "The site site-b can't be reached. (given up after 4 tries)";
    expect(warnings).toHaveLength(3);
    expect(warnings).toEqual(expect.arrayContaining(steps.map((step) => ({ code: "STEP_WARNING", message: `${step}: ${why}` }))));
  });

  it("that was forced while the site was away leaves VMs that can be protected again: their replication is stopped first", async () => {
    const { groupId } = await stage.end(stage.rows.create({ name: "Lost", vms: [0, 1] }));
    const heal = await stage.lab.faults.partition(stage.sites.recoverySite);
    await stage.end(stage.rows.remove(groupId, { force: true }));
    await heal();
    const other = await stage.end(stage.rows.create({ vms: [2] }));
    expect(statuses(other)[0]).toBe("Configure replication: SUCCEEDED");
    const run = await stage.end(stage.rows.update(other.groupId, [1]));
    expect(statuses(run)[0]).toBe("Stop replication of Lost, which was deleted: SUCCEEDED");
    expect(run).toMatchObject({ resultState: "SUCCESS" });
    const again = await stage.end(stage.rows.create({ vms: [0] }));
    expect(statuses(again)[0]).toBe("Configure replication: SUCCEEDED");
    expect(again).toMatchObject({ resultState: "SUCCESS" });
  });

  it("that was forced and still replicates is named by the next group that wants its VMs", async () => {
    const { groupId } = await stage.end(stage.rows.create({ name: "Lost", vms: [0, 1] }));
    await stage.lab.faults.fail({ kind: "unprotectGroup", failure: "PERMANENT", message: "No.", times: Infinity });
    await stage.end(stage.rows.remove(groupId, { force: true }));
    const run = await stage.end(stage.rows.create({ vms: [0] }));
    expect(statuses(run).slice(0, 2)).toEqual(["Stop replication of Lost, which was deleted: WARNING", "Configure replication: FAILED"]);
    expect(await groupOf(stage, run.groupId)).toMatchObject({
      faultMessage: "Configure replication: VM vm-1 is replicated by the group Lost.",
    });
  });
});
