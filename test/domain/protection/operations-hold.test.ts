/** What `allowedOperations` says is what the mutation does, in every state of a group. */
import { v7 as uuid } from "uuid";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeId } from "../../../src/domain/ids.ts";
import { aStage, endRun, everything, type Stage } from "./stage.ts";

describe("allowed operations", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await aStage();
  });
  afterAll(() => stage.close());

  const prisma = () => stage.db.database.prisma;

  async function aGroup(): Promise<string> {
    await stage.reset();
    const sites = { protectedSiteId: stage.site("north"), recoverySiteId: stage.site("south") };
    const input = { name: "Shop", ...sites, specification: { continuous: { vmIds: stage.vm("web-1", "web-2") } } };
    const { protectionGroup } = await stage.send("createProtectionGroup", "protectionGroup { id }", input);
    return protectionGroup.id;
  }
  const settled = async () => {
    const id = await aGroup();
    await endRun(stage, decodeId(id).id);
    return id;
  };
  const inState = (state: "RECOVERED" | "PARTIALLY_RECOVERED" | "ERROR" | "NOT_READY" | "REPROTECTING" | "RECOVERING") => async () => {
    const id = await settled();
    await prisma().protectionGroup.update({ where: { id: decodeId(id).id }, data: { state, faultMessage: "The array is full." } });
    return id;
  };
  const withSite = (name: "north" | "south", state: "DISCONNECTED" | "PARTIALLY_CONNECTED") => async () => {
    const id = await settled();
    await prisma().site.update({ where: { id: stage.siteId(name) }, data: { state } });
    return id;
  };
  const tested = (open: boolean) => async () => {
    const id = await settled();
    const groupId = decodeId(id).id;
    const plan = await prisma().recoveryPlan.create({ data: { name: "All", pairingId: stage.pairingId } });
    const priorityGroup = await prisma().planPriorityGroup.create({ data: { planId: plan.id, priority: 1, name: "First" } });
    await prisma().planProtectionGroup.create({ data: { planId: plan.id, groupId, priorityGroupId: priorityGroup.id } });
    const over = open ? ({ state: "RUNNING" } as const) : ({ state: "COMPLETED", resultState: "SUCCESS", endedAt: new Date() } as const);
    const run = {
      id: uuid(),
      planId: plan.id,
      planName: "All",
      pairingId: stage.pairingId,
      kind: "TEST",
      options: {},
      initiatedBy: "olga",
    } as const;
    await prisma().recovery.create({ data: { ...run, ...over } });
    await prisma().groupUse.create({ data: { groupId, runId: run.id } });
    await prisma().protectionGroup.update({ where: { id: groupId }, data: { state: "TESTING" } });
    return id;
  };
  const changing = async () => {
    const id = await settled();
    await stage.send("addProtectedVms", "protectionGroup { id }", { groupId: id, vmIds: stage.vm("db-1") });
    return id;
  };
  const deleting = async () => {
    const id = await settled();
    await stage.send("deleteProtectionGroup", "task { id }", { groupId: id, force: true });
    return id;
  };
  const empty = async () => {
    const id = await settled();
    await prisma().protectedVm.deleteMany();
    return id;
  };
  const depended = async () => {
    const id = await settled();
    await prisma().vmDependency.create({ data: { vmId: stage.vmId("web-2"), dependsOnVmId: stage.vmId("web-1") } });
    return id;
  };

  const mutations = {
    UPDATE_PROTECTION_GROUP: (groupId: string) => stage.send("updateProtectionGroup", "protectionGroup { id }", { groupId, name: "Store" }),
    DELETE_PROTECTION_GROUP: (groupId: string) => stage.send("deleteProtectionGroup", "task { id }", { groupId }),
    FORCE_DELETE_PROTECTION_GROUP: (groupId: string) => stage.send("deleteProtectionGroup", "task { id }", { groupId, force: true }),
    ADD_PROTECTED_VMS: (groupId: string) => stage.send("addProtectedVms", "protectionGroup { id }", { groupId, vmIds: stage.vm("app-1") }),
    REMOVE_PROTECTED_VM: () => stage.send("removeProtectedVm", "vm { id }", { vmId: stage.vm("web-1")[0] }),
  };
  const isOurs = (name: string): name is keyof typeof mutations => name in mutations;

  async function shown(id: string) {
    const fields = "allowedOperations { operation allowed code reason remedy }";
    const query = `query ($group: ID!, $vm: ID!) { protectionGroup(id: $group) { ${fields} } vm(id: $vm) { ${fields} } }`;
    const { protectionGroup, vm } = await stage.ask(query, { group: id, vm: stage.vm("web-1")[0] });
    const all: { operation: string; allowed: boolean; code: string; reason: string; remedy: string }[] = [
      ...protectionGroup.allowedOperations,
      ...vm.allowedOperations,
    ];
    return all.flatMap(({ operation, ...rest }) => (isOurs(operation) ? [{ operation, ...rest }] : []));
  }

  it.each([
    ["READY", settled, [true, false, true, true, true]],
    ["READY and empty", empty, [true, true, true, true, false]],
    ["READY, with VMs that depend on each other", depended, [true, false, true, true, false]],
    ["NOT_READY", inState("NOT_READY"), [true, false, true, true, true]],
    ["CONFIGURING for the first time", aGroup, [false, false, false, false, false]],
    ["CONFIGURING more VMs", changing, [false, false, false, false, false]],
    ["DELETING", deleting, [false, false, false, false, false]],
    ["TESTING", tested(true), [false, false, false, false, false]],
    ["tested and not cleaned up", tested(false), [false, false, false, false, false]],
    ["RECOVERING", inState("RECOVERING"), [false, false, false, false, false]],
    ["REPROTECTING", inState("REPROTECTING"), [false, false, false, false, false]],
    ["RECOVERED", inState("RECOVERED"), [true, false, false, false, false]],
    ["PARTIALLY_RECOVERED", inState("PARTIALLY_RECOVERED"), [true, false, false, false, false]],
    ["ERROR", inState("ERROR"), [true, false, true, false, false]],
    ["READY, its protected site away", withSite("north", "DISCONNECTED"), [true, false, true, false, true]],
    ["READY, its recovery site away", withSite("south", "DISCONNECTED"), [true, false, true, false, false]],
    ["READY, its recovery site there in part", withSite("south", "PARTIALLY_CONNECTED"), [true, false, true, true, true]],
  ])("of a group that is %s are those that its mutations do", async (_state, build, allowed) => {
    const id = await build();
    const operations = await shown(id);
    expect(operations.map((operation) => operation.allowed)).toEqual(allowed);
    const before = await everything(stage);
    for (const { operation, allowed: may, code, reason, remedy } of operations) {
      if (may) continue;
      expect([operation, await mutations[operation](id)]).toMatchObject([operation, { code, message: reason, remedy }]);
    }
    expect(await everything(stage)).toBe(before);
    for (const { operation, allowed: may } of operations) {
      if (!may) continue;
      const again = await build();
      expect([operation, (await mutations[operation](again)).code]).toEqual([operation, undefined]);
    }
  });
});
