import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { defaultQuotas } from "../../../src/domain/quotas.ts";
import { labSites } from "../../support/lab.ts";
import { endRun, operator } from "../recoveries/stage.ts";
import { aPlanStage, as, gid, nobody, type PlanStage } from "./stage.ts";

let stage: PlanStage;
let planId: string;
/** The plan has the first two groups; the third and fourth belong to none. */
beforeAll(async () => {
  stage = await aPlanStage(
    { priorityGroups: [{ groups: [0], pre: [{ type: "COMMAND", name: "run", command: "note.sh" }] }, { groups: [1] }] },
    labSites({ vms: 8, groups: 4 }),
    { ...defaultQuotas, groupsPerPlan: 3 },
  );
  planId = gid("RecoveryPlan", stage.planId);
});
afterEach(() => stage.reset());
afterAll(() => stage.close());

const sql = (text: string, ...values: unknown[]) => stage.db.database.pool.query(text, values);
const groupId = (at: number) => gid("ProtectionGroup", stage.groupIds[at]);
const shape = "recoveryPlan { version vmCount priorityGroups { priority name vmCount protectionGroups { nodes { name } } } }";
const start = () => stage.recoveries.start(operator, { planId: stage.planId, recoveryType: "TEST" });

describe("adding a protection group to a plan", () => {
  const input = (at: number, priority: number, name?: string) => ({
    planId,
    protectionGroupId: groupId(at),
    recoveryPriorityGroup: { priority, ...(name === undefined ? {} : { name }) },
  });
  const add = (at: number, priority: number, name?: string) => stage.send("addProtectionGroupToPlan", shape, input(at, priority, name));

  it("puts it into a priority group that is there, with or without its name", async () => {
    expect((await add(2, 2)).recoveryPlan).toMatchObject({
      version: 2,
      vmCount: 6,
      priorityGroups: [
        {},
        { priority: 2, name: "Priority 2", vmCount: 4, protectionGroups: { nodes: [{ name: "group-2" }, { name: "group-3" }] } },
      ],
    });
    const change = "UPDATED";
    const group = { kind: "PROTECTION_GROUP_CHANGED", id: stage.groupIds[2], change };
    expect(await stage.untold({ kind: "PLAN_CHANGED", id: stage.planId, change }, group)).toEqual([]);
  });

  it("makes a priority group that is new, with gaps between the priorities", async () => {
    expect((await add(2, 40, "Monitoring Tier")).recoveryPlan.priorityGroups).toMatchObject([
      { priority: 1, name: "Priority 1" },
      { priority: 2, name: "Priority 2" },
      { priority: 40, name: "Monitoring Tier" },
    ]);
  });

  it("settles what the plan lost when groups were deleted with force", async () => {
    await sql("UPDATE recovery_plan SET lost_groups = '{Old}'");
    const faults = "recoveryPlan { faults { code message } }";
    const renamed = await stage.send("updateRecoveryPlan", faults, { planId, description: "x" });
    expect(renamed.recoveryPlan.faults).toEqual([{ code: "GROUP_DELETED", message: expect.stringContaining("Old") }]);
    expect((await stage.send("addProtectionGroupToPlan", faults, input(2, 2))).recoveryPlan.faults).toEqual([]);
  });

  it("says what is wrong with the input, by field", async () => {
    await stage.wrong("addProtectionGroupToPlan", input(2, 2, "Other"), [
      ["recoveryPriorityGroup.name", "priority group 2 is called Priority 2"],
    ]);
    await stage.wrong("addProtectionGroupToPlan", input(2, 3), [
      ["recoveryPriorityGroup.name", "priority group 3 is new and needs a name"],
    ]);
    await stage.wrong("addProtectionGroupToPlan", input(2, 101, "x"), [["recoveryPriorityGroup.priority", "1 to 100"]]);
    await stage.wrong("addProtectionGroupToPlan", input(0, 1), [["protectionGroupId", "has this protection group already"]]);
    const wrongType = { ...input(2, 1), protectionGroupId: planId };
    await stage.wrong("addProtectionGroupToPlan", wrongType, [["protectionGroupId", "id of a RecoveryPlan"]]);
  });

  it("is refused for a plan or a group that there is none of", async () => {
    const unknownGroup = { ...input(2, 1), protectionGroupId: gid("ProtectionGroup", nobody) };
    await stage.refused("addProtectionGroupToPlan", unknownGroup, { code: "NOT_FOUND", resource: "ProtectionGroup" });
    const unknownPlan = { ...input(2, 1), planId: gid("RecoveryPlan", nobody) };
    await stage.refused("addProtectionGroupToPlan", unknownPlan, { code: "NOT_FOUND", resource: "RecoveryPlan" });
  });

  it("keeps to the quota, also when two come at once", async () => {
    const answers = await Promise.all([add(2, 1), add(3, 1)]);
    expect(answers.map(({ code = "done" }) => code).sort()).toEqual(["CONFLICT", "done"]);
    expect(answers.find(({ code }) => code)).toMatchObject({ limit: 3, current: 3 });
  });

  it("is refused when VMs would wait for each other, or get one address", async () => {
    const [first, third] = ["vm-2", "vm-3"].map((name) => stage.vmIds.get(name));
    await sql("INSERT INTO vm_dependency (vm_id, depends_on_vm_id) VALUES ($1, $2)", first, third);
    await stage.wrong("addProtectionGroupToPlan", input(2, 3, "Last"), [
      ["protectionGroupId", /vm-2 waits for vm-3 .*vm-3 waits for vm-2/],
    ]);
    expect((await add(2, 1)).recoveryPlan.version).toBe(2);
  });

  it("is refused with another version than the one that was read, and while a run of the plan is open", async () => {
    await stage.refused("addProtectionGroupToPlan", { ...input(2, 1), expectedVersion: 2 }, { code: "CONFLICT", version: 1 });
    const { recoveryId } = await start();
    await stage.refused("addProtectionGroupToPlan", input(2, 1), { code: "CONFLICT", activeRecoveryId: gid("Recovery", recoveryId) });
  });

  it("needs the role EDITOR", () => stage.refused("addProtectionGroupToPlan", input(2, 1), { code: "FORBIDDEN" }, as("SCRIPT_EDITOR")));
});

describe("taking a protection group out of a plan", () => {
  const input = (at: number) => ({ planId, protectionGroupId: groupId(at) });
  const remove = (at: number, viewer = operator) => stage.send("removeProtectionGroupFromPlan", shape, input(at), viewer);

  it("lets the priority group vanish with its last one, and raises the version", async () => {
    expect((await remove(1)).recoveryPlan).toMatchObject({ version: 2, priorityGroups: [{ priority: 1 }] });
    expect((await remove(0)).recoveryPlan).toEqual({ version: 3, vmCount: 0, priorityGroups: [] });
    expect((await sql("SELECT count(*)::int AS n FROM plan_step")).rows).toEqual([{ n: 0 }]);
    expect(await stage.untold({ kind: "PROTECTION_GROUP_CHANGED", id: stage.groupIds[0], change: "UPDATED" })).toEqual([]);
  });

  it("leaves a priority group that has others", async () => {
    await stage.send("addProtectionGroupToPlan", shape, { ...input(2), recoveryPriorityGroup: { priority: 1 } });
    expect((await remove(0)).recoveryPlan.priorityGroups).toMatchObject([
      { priority: 1, protectionGroups: { nodes: [{ name: "group-3" }] } },
      {},
    ]);
    expect((await sql("SELECT count(*)::int AS n FROM plan_step")).rows).toEqual([{ n: 1 }]);
  });

  it("needs SCRIPT_EDITOR too where commands go with it", async () => {
    await stage.refused("removeProtectionGroupFromPlan", input(0), { code: "FORBIDDEN", requiredRole: "SCRIPT_EDITOR" }, as("EDITOR"));
    expect((await remove(1, as("EDITOR"))).recoveryPlan.version).toBe(2);
    expect((await remove(0, as("EDITOR", "SCRIPT_EDITOR"))).recoveryPlan.version).toBe(3);
  });

  it("is refused for a group that it does not have, or that there is none of", async () => {
    await stage.wrong("removeProtectionGroupFromPlan", input(2), [["protectionGroupId", "does not have this protection group"]]);
    const unknown = { planId, protectionGroupId: gid("ProtectionGroup", nobody) };
    await stage.refused("removeProtectionGroupFromPlan", unknown, { code: "NOT_FOUND", resource: "ProtectionGroup" });
  });

  it("is refused while a run of the plan is open or its test is not cleaned up: nothing else would clean the group up", async () => {
    const { recoveryId } = await start();
    await stage.refused("removeProtectionGroupFromPlan", input(0), { code: "CONFLICT", activeRecoveryId: gid("Recovery", recoveryId) });
    await endRun(stage, recoveryId, "TEST_COMPLETE");
    await stage.refused("removeProtectionGroupFromPlan", input(0), {
      code: "CONFLICT",
      lifecycle: "TEST_COMPLETE",
      remedy: expect.stringContaining("cleanupTest"),
    });
  });

  it("is refused with another version than the one that was read", () =>
    stage.refused("removeProtectionGroupFromPlan", { ...input(0), expectedVersion: 2 }, { code: "CONFLICT", version: 1 }));
});
