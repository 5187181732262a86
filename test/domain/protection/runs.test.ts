/** Groups made, changed and deleted by the API, with an engine that does at the lab's sites what was asked for. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { decodeId, encodeId } from "../../../src/domain/ids.ts";
import { effects } from "../../support/lab.ts";
import { aNode, type TestNode } from "../../support/node.ts";
import { ended, until } from "../../support/run.ts";
import { type Answer, aStage, type Stage } from "./stage.ts";

let stage: Stage;
let node: TestNode;
beforeAll(async () => {
  stage = await aStage();
  node = await aNode(stage.db.database, stage.lab.provider, { tickMs: 20 });
});
afterAll(async () => {
  await node.close();
  await stage.close();
});
/** Nothing is protected when the next test begins. */
afterEach(async () => {
  await stage.lab.faults.clear();
  const { prisma } = stage.db.database;
  for (const group of await prisma.protectionGroup.findMany()) {
    const id = encodeId("ProtectionGroup", group.id);
    await free(id);
    const { task } = await stage.send("deleteProtectionGroup", "task { id }", { groupId: id, force: true });
    if (task) await taskEnded(task.id);
  }
  await prisma.recoveryPlan.deleteMany();
});

const groupFields = `id name activeTask { id type } state peerState protectionState vmCount faults { code message } recoveryPoints { totalCount nodes { complete } }
  vms { nodes { name protectionState replicationState lastSyncTime placeholder { vmId name } faults { code } } }`;
const show = async (id: string): Promise<Answer> =>
  (await stage.ask(`query ($id: ID!) { protectionGroup(id: $id) { ${groupFields} } }`, { id })).protectionGroup;
const taskFields = "id type state progressPercent errors endTime steps { name state } target { ... on ProtectionGroup { name } }";
const showTask = async (id: string): Promise<Answer> =>
  (await stage.ask(`query ($id: ID!) { task(id: $id) { ${taskFields} } }`, { id })).task;
const taskEnded = (id: string): Promise<Answer> =>
  until(async () => {
    const task = await showTask(id);
    return task.endTime !== null && task;
  }, "the task's end");
/** No run has the group any more. */
const free = (id: string): Promise<unknown> =>
  until(
    async () => (await stage.db.database.prisma.groupUse.count({ where: { groupId: decodeId(id).id } })) === 0,
    "the end of the group's run",
  );

const create = (name: string, specification: object): Promise<Answer> =>
  stage.send("createProtectionGroup", "protectionGroup { id state } task { id state }", {
    name,
    protectedSiteId: stage.site("north"),
    recoverySiteId: stage.site("south"),
    specification,
  });
async function made(name: string, specification: object): Promise<string> {
  const { protectionGroup, task } = await create(name, specification);
  expect(await taskEnded(task.id)).toMatchObject({ state: "COMPLETED", errors: [] });
  return protectionGroup.id;
}
/** An empty plan, which the group is added to. */
async function aPlanWith(groupId: string): Promise<string> {
  const pairingId = encodeId("SitePairing", stage.pairingId);
  const { recoveryPlan } = await stage.send("createRecoveryPlan", "recoveryPlan { id }", { name: "All", pairingId, protectionGroups: [] });
  const place = { protectionGroupId: groupId, recoveryPriorityGroup: { priority: 1, name: "First" } };
  const added = await stage.send("addProtectionGroupToPlan", "recoveryPlan { id }", { planId: recoveryPlan.id, ...place });
  expect(added).toEqual({ recoveryPlan: { id: recoveryPlan.id } });
  return recoveryPlan.id;
}
const ofDatastores = (source: string) => ({
  replication: { storageGroups: [{ sourceDatastoreIds: stage.datastore(source), targetDatastoreId: stage.datastore("dr-1")[0] }] },
});
const continuous = (...names: Parameters<Stage["vm"]>) => ({ continuous: { vmIds: stage.vm(...names) } });
const protectedVm = (name: string) => ({
  name,
  protectionState: "SHADOWING",
  replicationState: "SYNCED",
  lastSyncTime: expect.any(String),
  placeholder: { vmId: expect.stringMatching(/^placeholder-/), name: `${name}-placeholder` },
  faults: [],
});

describe("a creation", () => {
  it.each([
    ["REPLICATION by datastores", () => ofDatastores("ds-web"), ["Discover datastores"]],
    ["REPLICATION by VMs", () => ({ replication: { vmIds: stage.vm("web-1", "web-2") } }), []],
    ["SNAPSHOT", () => ({ snapshot: { vmIds: stage.vm("web-1", "web-2"), intervalMinutes: 5, retention: 4 } }), []],
    ["CONTINUOUS", () => continuous("web-1", "web-2"), []],
  ])("of type %s: its task shows its steps, and its VMs are SHADOWING in the end", async (_type, specification, first) => {
    const { protectionGroup, task } = await create("Web", specification());
    const steps = [...first, "Configure replication", "Create placeholders", "Synchronise for the first time"];
    expect(await taskEnded(task.id)).toMatchObject({
      type: "PROTECTION_GROUP_CREATE",
      state: "COMPLETED",
      progressPercent: 100,
      steps: steps.map((name) => ({ name, state: "COMPLETED" })),
      target: { name: "Web" },
    });
    expect(await show(protectionGroup.id)).toMatchObject({
      state: "READY",
      activeTask: null,
      peerState: "READY",
      protectionState: "PROTECTED",
      faults: [],
      recoveryPoints: { totalCount: 1, nodes: [{ complete: true }] },
      vms: { nodes: ["web-1", "web-2"].map(protectedVm) },
    });
  });

  it("that fails leaves the group in ERROR with its fault; it is deleted with force, and made again", async () => {
    await stage.lab.faults.fail({ kind: "protectGroup", failure: "PERMANENT", message: "The array is full." });
    const { protectionGroup, task } = await create("Web", continuous("web-1"));
    expect(await taskEnded(task.id)).toMatchObject({ state: "FAILED", errors: ["Configure replication: The array is full."] });
    expect(await show(protectionGroup.id)).toMatchObject({
      state: "ERROR",
      faults: expect.arrayContaining([{ code: "REPLICATION_FAILED", message: "Configure replication: The array is full." }]),
    });
    const more = { groupId: protectionGroup.id, vmIds: stage.vm("web-2") };
    expect(await stage.send("addProtectedVms", "protectionGroup { id }", more)).toMatchObject({
      code: "CONFLICT",
      message: "The protection group Web is in ERROR: Configure replication: The array is full.",
    });
    const deletion = await stage.send("deleteProtectionGroup", "task { id }", { groupId: protectionGroup.id, force: true });
    expect(await taskEnded(deletion.task.id)).toMatchObject({ state: "COMPLETED" });
    await made("Web", continuous("web-1"));
  });

  it("that is cancelled is rolled back: the group is gone, its VMs are free, and nothing is left at the site", async () => {
    const call = await stage.lab.faults.hold({ kind: "synchronise", when: "BEFORE" });
    const { protectionGroup, task } = await create("Web", continuous("web-1", "web-2"));
    await call.arrived;
    expect(await show(protectionGroup.id)).toMatchObject({
      state: "CONFIGURING",
      activeTask: { id: task.id, type: "PROTECTION_GROUP_CREATE" },
    });
    const { recoveryId } = await stage.db.database.prisma.task.findUniqueOrThrow({ where: { id: decodeId(task.id).id } });
    const runId = recoveryId ?? "";
    expect(await stage.send("cancelTask", "task { id }", { taskId: task.id, reason: "wrong VMs" })).toEqual({ task: { id: task.id } });
    const { recovery } = stage.db.database.prisma;
    await until(async () => (await recovery.findUniqueOrThrow({ where: { id: runId } })).state === "CANCELLING", "the cancellation");
    await call.release();
    expect(await taskEnded(task.id)).toMatchObject({ state: "CANCELLED", target: { name: "Web" } });
    await until(async () => (await show(protectionGroup.id)) === null, "the group's end");
    expect(await stage.db.database.prisma.protectedVm.count()).toBe(0);
    expect(await stage.lab.provider.artefacts("south", runId, AbortSignal.timeout(60_000))).toEqual([]);
    expect(await showTask(task.id)).toMatchObject({ state: "CANCELLED", target: null });
    await made("Web", continuous("web-1", "web-2"));
  });
});

describe("a deletion", () => {
  it("of an empty group takes it away", async () => {
    const id = await made("Web", continuous("web-1"));
    await stage.send("removeProtectedVm", "vm { id }", { vmId: stage.vm("web-1")[0] });
    await free(id);
    const { task } = await stage.send("deleteProtectionGroup", "task { id }", { groupId: id });
    expect(await taskEnded(task.id)).toMatchObject({ type: "PROTECTION_GROUP_DELETE", state: "COMPLETED", target: null });
    expect(await show(id)).toBeNull();
  });

  it("with force takes its placeholders, replication and points; its plans name it until it is gone, and lose it then", async () => {
    const id = await made("Web", continuous("web-1", "web-2"));
    const { prisma } = stage.db.database;
    const planId = await aPlanWith(id);
    const showPlan = async (): Promise<Answer> =>
      (
        await stage.ask(
          "query ($id: ID!) { recoveryPlan(id: $id) { faults { code message } protectionGroups { totalCount } priorityGroups { name } } }",
          {
            id: planId,
          },
        )
      ).recoveryPlan;
    const call = await stage.lab.faults.hold({ kind: "unprotectGroup", when: "BEFORE" });
    const { task } = await stage.send("deleteProtectionGroup", "task { id }", { groupId: id, force: true });
    await call.arrived;
    expect((await showPlan()).faults).toContainEqual({ code: "GROUP_IN_USE", message: "The protection group Web is being deleted." });
    await call.release();
    expect(await taskEnded(task.id)).toMatchObject({
      state: "COMPLETED",
      steps: [{ name: "Stop replication" }, { name: "Remove placeholders" }],
    });
    expect(await show(id)).toBeNull();
    const plan = await showPlan();
    expect(plan).toMatchObject({ protectionGroups: { totalCount: 0 }, priorityGroups: [] });
    const message = "The protection group Web was deleted with force; the plan no longer recovers its VMs.";
    expect(plan.faults).toContainEqual({ code: "GROUP_DELETED", message });
    const vms = await stage.ask(
      `{ vms(filter: { name: "web" }) { nodes { protectionGroup { id } placeholder { vmId } protectionState } } }`,
    );
    expect(vms.vms.nodes).toEqual(Array(2).fill({ protectionGroup: null, placeholder: null, protectionState: "NOT_CONFIGURED" }));
    const { recoveryId } = await prisma.task.findUniqueOrThrow({ where: { id: decodeId(task.id).id } });
    const taken = (await effects(stage.lab, recoveryId ?? "")).filter((effect) => /^(unprotect|removePlaceholder)/.test(effect));
    expect(taken.sort()).toEqual(["removePlaceholder web-1-placeholder", "removePlaceholder web-2-placeholder", "unprotectGroup Web"]);
  });
});

describe("members", () => {
  it("that are added are SHADOWING in the end, beside those that were there", async () => {
    const id = await made("Web", continuous("web-1"));
    const { protectionGroup } = await stage.send("addProtectedVms", `protectionGroup { ${groupFields} }`, {
      groupId: id,
      vmIds: stage.vm("web-2"),
    });
    expect(protectionGroup.vms.nodes).toMatchObject([
      protectedVm("web-1"),
      { name: "web-2", protectionState: "CONFIGURING", placeholder: null },
    ]);
    await free(id);
    expect(await show(id)).toMatchObject({
      state: "READY",
      protectionState: "PROTECTED",
      vms: { nodes: ["web-1", "web-2"].map(protectedVm) },
    });
  });

  it("whose placeholder can't be made are in ERROR with the reason, and configured when they are added again", async () => {
    const id = await made("Web", continuous("web-1"));
    await stage.lab.faults.fail({ kind: "createPlaceholder", failure: "PERMANENT", message: "The name is taken." });
    const add = () => stage.send("addProtectedVms", "protectionGroup { id }", { groupId: id, vmIds: stage.vm("web-2") });
    await add();
    await free(id);
    expect(await show(id)).toMatchObject({
      state: "READY",
      vms: { nodes: [protectedVm("web-1"), { name: "web-2", protectionState: "ERROR", faults: [{ code: "PLACEHOLDER_FAILED" }] }] },
    });
    await add();
    await free(id);
    expect(await show(id)).toMatchObject({ vms: { nodes: ["web-1", "web-2"].map(protectedVm) } });
  });

  it("that are removed leave nothing behind, and can join another group", async () => {
    const id = await made("Web", continuous("web-1", "web-2"));
    await stage.send("removeProtectedVm", "vm { id }", { vmId: stage.vm("web-1")[0] });
    await free(id);
    expect(await show(id)).toMatchObject({ state: "READY", vms: { nodes: [protectedVm("web-2")] } });
    await made("Other", continuous("web-1"));
  });

  it("follow from the storage groups when these change", async () => {
    const id = await made("Web", ofDatastores("ds-web"));
    const storageGroups = [{ sourceDatastoreIds: stage.datastore("ds-app"), targetDatastoreId: stage.datastore("dr-2")[0] }];
    await stage.send("updateProtectionGroup", "protectionGroup { id }", { groupId: id, storageGroups });
    await free(id);
    expect(await show(id)).toMatchObject({ state: "READY", vms: { nodes: ["app-1", "app-2", "app-3"].map(protectedVm) } });
    const { prisma, pool } = stage.db.database;
    expect(await prisma.protectedVm.count()).toBe(3);
    const replicated = await prisma.datastore.findMany({ where: { replicationState: "SYNCED" } });
    expect(replicated.map(({ name }) => name)).toEqual(["ds-app"]);
    const { rows } = await pool.query("SELECT storage_groups FROM lab.replica_group WHERE removed_at IS NULL");
    expect(rows).toEqual([{ storage_groups: [{ sources: ["ds-app"], target: "dr-2" }] }]);
  });

  it("stay what they are while the site does not take other storage groups: the group has the fault until it does", async () => {
    const id = await made("Web", ofDatastores("ds-web"));
    await stage.lab.faults.fail({ kind: "changeStorage", failure: "PERMANENT", message: "No such device." });
    const sourceDatastoreIds = stage.datastore("ds-web", "ds-db");
    const storageGroups = [{ sourceDatastoreIds, targetDatastoreId: stage.datastore("dr-1")[0] }];
    await stage.send("updateProtectionGroup", "protectionGroup { id }", { groupId: id, storageGroups });
    await free(id);
    expect(await show(id)).toMatchObject({
      state: "READY",
      faults: [{ code: "REPLICATION_FAILED", message: "No such device." }, { code: "VM_FAULT" }],
      vms: { nodes: [{ name: "db-1", protectionState: "ERROR" }, protectedVm("web-1"), protectedVm("web-2")] },
    });
    await stage.send("addProtectedVms", "protectionGroup { id }", { groupId: id, vmIds: stage.vm("db-1") });
    await free(id);
    expect(await show(id)).toMatchObject({ state: "READY", faults: [], vms: { nodes: ["db-1", "web-1", "web-2"].map(protectedVm) } });
    const { rows } = await stage.db.database.pool.query("SELECT storage_groups FROM lab.replica_group WHERE removed_at IS NULL");
    expect(rows).toEqual([{ storage_groups: [{ sources: ["ds-db", "ds-web"], target: "dr-1" }] }]);
  });
});

it("a group that was made by the API can be tested with a plan, cleaned up, and deleted", async () => {
  const id = await made("Web", continuous("web-1", "web-2"));
  const planId = await aPlanWith(id);
  const test = await stage.send("startRecovery", "recovery { id }", { planId, recoveryType: "TEST" });
  expect(await ended(stage.db.database, decodeId(test.recovery.id).id)).toMatchObject({ resultState: "SUCCESS", vmsSucceeded: 2 });
  expect(await stage.send("deleteProtectionGroup", "task { id }", { groupId: id, force: true })).toMatchObject({
    code: "CONFLICT",
    message: "The protection group Web is in use by a run of the plan All that has not been cleaned up.",
  });
  const cleanup = await stage.send("cleanupTest", "recovery { id }", { planId });
  expect(await ended(stage.db.database, decodeId(cleanup.recovery.id).id)).toMatchObject({ resultState: "SUCCESS" });
  const { task } = await stage.send("deleteProtectionGroup", "task { id }", { groupId: id, force: true });
  expect(await taskEnded(task.id)).toMatchObject({ state: "COMPLETED" });
});
