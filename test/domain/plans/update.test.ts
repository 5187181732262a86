import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { labSites } from "../../support/lab.ts";
import { anotherPlan, endRun, operator } from "../recoveries/stage.ts";
import { aPlanStage, as, gid, nobody, type PlanStage } from "./stage.ts";

let stage: PlanStage;
let planId: string;
beforeAll(async () => {
  stage = await aPlanStage(
    { priorityGroups: [{ groups: [0], pre: [{ type: "COMMAND", name: "run", command: "note.sh" }] }, { groups: [1] }] },
    labSites({ vms: 4, groups: 2 }),
  );
  planId = gid("RecoveryPlan", stage.planId);
});
afterEach(() => stage.reset());
afterAll(() => stage.close());

const sql = (text: string, ...values: unknown[]) => stage.db.database.pool.query(text, values);
const start = () => stage.recoveries.start(operator, { planId: stage.planId, recoveryType: "TEST" });

describe("changing a plan", () => {
  const shape = `recoveryPlan { name description version defaultVmPriority defaultStartupDelaySeconds defaultShutdownDelaySeconds rtoTargetSeconds }`;
  const update = (input: object) => stage.send("updateRecoveryPlan", shape, { planId, ...input });
  const there = {
    name: "plan",
    description: "",
    version: 1,
    defaultVmPriority: "NORMAL",
    defaultStartupDelaySeconds: 0,
    defaultShutdownDelaySeconds: 300,
    rtoTargetSeconds: null,
  };

  it("changes what it names, leaves the rest, and raises the version by one", async () => {
    const changed = { ...there, name: "Web", version: 2, defaultStartupDelaySeconds: 5, rtoTargetSeconds: 600 };
    const input = { name: "Web", recoverySettings: { defaultStartupDelaySeconds: 5 }, rtoTargetSeconds: 600 };
    expect((await update(input)).recoveryPlan).toEqual(changed);
    expect(await stage.untold({ kind: "PLAN_CHANGED", id: stage.planId, change: "UPDATED" })).toEqual([]);
    expect((await update({ description: "x" })).recoveryPlan).toEqual({ ...changed, description: "x", version: 3 });
  });

  it("that changes nothing raises no version and sends no event, and wants the version that is expected", async () => {
    const input = { planId, name: "plan", description: "", rtoTargetSeconds: null, recoverySettings: { defaultVmPriority: "NORMAL" } };
    for (const given of [{ planId }, { planId, name: " plan ", expectedVersion: 1 }, input])
      await stage.same("updateRecoveryPlan", given, shape, { recoveryPlan: there });
    await stage.refused("updateRecoveryPlan", { planId, expectedVersion: 2 }, { code: "CONFLICT", version: 1 });
  });

  it("goes back to the defaults with null", async () => {
    await update({
      description: "x",
      rtoTargetSeconds: 600,
      recoverySettings: { defaultVmPriority: "LOW", defaultShutdownDelaySeconds: 1 },
    });
    expect((await update({ recoverySettings: { defaultVmPriority: null } })).recoveryPlan).toMatchObject({
      defaultVmPriority: "NORMAL",
      defaultShutdownDelaySeconds: 1,
    });
    const { recoveryPlan } = await update({ description: null, rtoTargetSeconds: null, recoverySettings: null });
    expect(recoveryPlan).toEqual({ ...there, version: 4 });
  });

  it("may keep its own name, in another case too", async () => {
    expect((await update({ name: "PLAN" })).recoveryPlan.name).toBe("PLAN");
  });

  it("says what is wrong with the input, by field", async () => {
    await anotherPlan(stage, [], "Other");
    await stage.wrong(
      "updateRecoveryPlan",
      { planId, name: "other", rtoTargetSeconds: 0, recoverySettings: { defaultStartupDelaySeconds: -1 } },
      [
        ["recoverySettings.defaultStartupDelaySeconds", "0 to 604800"],
        ["rtoTargetSeconds", "1 to 31536000"],
        ["name", "Another recovery plan has this name"],
      ],
    );
    await stage.wrong("updateRecoveryPlan", { planId, name: null }, [["name", "A plan has a name"]]);
    await stage.wrong("updateRecoveryPlan", { planId, name: "a\0b" }, [["name", "control characters"]]);
    await stage.wrong("updateRecoveryPlan", { planId: gid("Site", nobody) }, [["planId", "id of a Site"]]);
    await stage.refused("updateRecoveryPlan", { planId: gid("RecoveryPlan", nobody) }, { code: "NOT_FOUND", resource: "RecoveryPlan" });
  });

  it("is refused with another version than the one that was read, with the one that it has", async () => {
    await update({ description: "first", expectedVersion: 1 });
    await stage.refused(
      "updateRecoveryPlan",
      { planId, description: "second", expectedVersion: 1 },
      { code: "CONFLICT", version: 2, message: expect.stringContaining("the version is 2, not 1") },
    );
  });

  it("is refused when another default priority makes VMs wait for each other", async () => {
    const [first, other] = ["vm-1", "vm-3"].map((name) => stage.vmIds.get(name));
    await sql("INSERT INTO vm_dependency (vm_id, depends_on_vm_id) VALUES ($1, $2)", first, other);
    await sql("INSERT INTO vm_recovery_settings (vm_id, priority) VALUES ($1, 'NORMAL')", first);
    await stage.wrong("updateRecoveryPlan", { planId, recoverySettings: { defaultVmPriority: "LOW" } }, [
      ["recoverySettings.defaultVmPriority", /vm-1 waits for vm-3 \(depends on\), vm-3 waits for vm-1 \(tier LOW comes after NORMAL\)/],
    ]);
    expect((await update({ recoverySettings: { defaultVmPriority: "HIGH" } })).recoveryPlan.defaultVmPriority).toBe("HIGH");
  });

  it("is refused while a run of it is open, which it names, and goes on once it has ended", async () => {
    const { recoveryId, taskId } = await start();
    await stage.refused(
      "updateRecoveryPlan",
      { planId, description: "x" },
      {
        code: "CONFLICT",
        lifecycle: "TEST_IN_PROGRESS",
        activeRecoveryId: gid("Recovery", recoveryId),
        activeTaskId: gid("Task", taskId),
        message: expect.stringContaining("the test of the plan plan is under way"),
      },
    );
    await endRun(stage, recoveryId, "TEST_COMPLETE");
    expect((await update({ description: "x" })).recoveryPlan.description).toBe("x");
  });

  it("shows each of several changes in one request as it is then", async () => {
    const change = (alias: string) =>
      `${alias}: updateRecoveryPlan(input: { planId: $id, description: "${alias}" }) { ... on UpdateRecoveryPlanPayload { recoveryPlan { description version } } }`;
    const answer = await stage.ask(`mutation ($id: ID!) { ${change("first")} ${change("second")} }`, { id: planId });
    expect(answer).toEqual({
      first: { recoveryPlan: { description: "first", version: 2 } },
      second: { recoveryPlan: { description: "second", version: 3 } },
    });
  });

  it("needs the role EDITOR", () =>
    stage.refused("updateRecoveryPlan", { planId }, { code: "FORBIDDEN", requiredRole: "EDITOR" }, as("OPERATOR", "SCRIPT_EDITOR")));
});

describe("deleting a plan", () => {
  const remove = (input: object = {}) => stage.send("deleteRecoveryPlan", "deletedPlanId", { planId, ...input });

  it("leaves its groups, its runs and its name behind", async () => {
    const { recoveryId } = await start();
    await endRun(stage, recoveryId, "READY");
    expect(await remove({ expectedVersion: 1 })).toEqual({ deletedPlanId: planId });
    const query = `query ($plan: ID!, $run: ID!) { recoveryPlan(id: $plan) { id } recovery(id: $run) { planName plan { id } } protectionGroups { totalCount } }`;
    expect(await stage.ask(query, { plan: planId, run: gid("Recovery", recoveryId) })).toEqual({
      recoveryPlan: null,
      recovery: { planName: "plan", plan: null },
      protectionGroups: { totalCount: 2 },
    });
    const groups = stage.groupIds.map((id) => ({ kind: "PROTECTION_GROUP_CHANGED", id, change: "UPDATED" }));
    expect(await stage.untold({ kind: "PLAN_CHANGED", id: stage.planId, change: "DELETED", name: "plan" }, ...groups)).toEqual([]);
    expect(await remove()).toMatchObject({ code: "NOT_FOUND" });
  });

  it("is possible for a recovered plan", async () => {
    await sql("UPDATE recovery_plan SET lifecycle = 'RECOVERY_COMPLETE'");
    expect(await remove()).toEqual({ deletedPlanId: planId });
  });

  it.each(["TEST_COMPLETE", "CLEANUP_INCOMPLETE", "RECOVERY_INCOMPLETE", "REPROTECT_INCOMPLETE"])(
    "is refused while its lifecycle is %s, with the way on",
    async (lifecycle) => {
      await sql("UPDATE recovery_plan SET lifecycle = $1", lifecycle);
      await stage.refused("deleteRecoveryPlan", { planId }, { code: "CONFLICT", lifecycle, remedy: expect.stringMatching(/\.$/) });
    },
  );

  it("is refused while a run of it is open", async () => {
    const { recoveryId } = await start();
    await stage.refused("deleteRecoveryPlan", { planId }, { code: "CONFLICT", activeRecoveryId: gid("Recovery", recoveryId) });
  });

  it("is refused while what a forced cleanup left is still there", async () => {
    const { recoveryId } = await start();
    await endRun(stage, recoveryId, "READY");
    const { planId: plan, recoverySiteId } = stage;
    await sql(
      "INSERT INTO leftover (id, plan_id, run_id, site_id, kind, external_id, name) VALUES (gen_random_uuid(), $1, $2, $3, 'VM', 'x', 'left')",
      plan,
      recoveryId,
      recoverySiteId,
    );
    await stage.refused("deleteRecoveryPlan", { planId }, { code: "CONFLICT", message: expect.stringContaining("forced cleanup left") });
    await sql("UPDATE leftover SET gone_at = dr_now()");
    expect(await remove()).toEqual({ deletedPlanId: planId });
  });

  it("is refused with another version than the one that was read", () =>
    stage.refused("deleteRecoveryPlan", { planId, expectedVersion: 7 }, { code: "CONFLICT", version: 1 }));

  it("needs the role EDITOR", () =>
    stage.refused("deleteRecoveryPlan", { planId }, { code: "FORBIDDEN", requiredRole: "EDITOR" }, as("RECOVERY_ADMIN")));
});
