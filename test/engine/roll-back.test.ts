/** A planned recovery that is cancelled before storage was promoted puts back what it has changed. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { done } from "../support/lab-recovery.ts";
import { operator } from "../support/node.ts";
import { readRun, until } from "../support/run.ts";
import { aStage, type Scene, type Stage, type Told } from "./scene.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await aStage();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

const one = async (text: string, values: unknown[]) => (await stage.db.database.pool.query(text, values)).rows[0];

/** As the protected site has them, in order of their names. */
async function powerOf({ sites }: Scene): Promise<(string | undefined)[]> {
  const ids = sites.vms.map(({ id }) => id);
  const found = await stage.lab.provider.vmStatus(sites.protectedSite, ids, AbortSignal.timeout(60_000));
  return ids.map((id) => found.get(id)?.powerState);
}

const standing = ({ planId, groupIds }: Scene) =>
  one(
    `SELECT p.lifecycle, g.state, g.fault_code AS fault, EXISTS (SELECT FROM group_use u WHERE u.group_id = g.id) AS used
      FROM recovery_plan p, protection_group g WHERE p.id = $1 AND g.id = $2`,
    [planId, groupIds[0]],
  );
const asBefore = { lifecycle: "READY", state: "READY", fault: null, used: false };
const incomplete = { lifecycle: "RECOVERY_INCOMPLETE", state: "NOT_READY", fault: "NOT_RECOVERED", used: true };

const planned = async ({ planId }: Scene) => (await stage.node.recoveries.start(operator, { planId, recoveryType: "PLANNED" })).recoveryId;

const paused = (recoveryId: string) =>
  until(async () => (await readRun(stage.db.database, recoveryId)).state === "PAUSED", "a pause at a failure");

/** The last copy fails: all VMs are off by then, and all storage is closed. */
async function stopped(scene: Scene): Promise<string> {
  await stage.lab.faults.fail({ site: scene.sites.recoverySite, kind: "synchronise", skip: scene.groupIds.length, failure: "PERMANENT" });
  const recoveryId = await planned(scene);
  await paused(recoveryId);
  return recoveryId;
}

async function cancelled(scene: Scene, recoveryId: string): Promise<Told> {
  await stage.node.recoveries.cancel(operator, { recoveryId });
  return scene.end(recoveryId);
}

const wayBack = ({ steps }: Pick<Told, "steps">) =>
  steps.filter(({ kind }) => kind === "SET_STORAGE_WRITABLE" || kind === "POWER_ON_SOURCE");
const statuses = (run: Told) => wayBack(run).map(({ status }) => status);

/** Its owner dies; the next claim is another one's. */
async function lose(recoveryId: string): Promise<void> {
  const { epoch } = await one("SELECT epoch FROM recovery WHERE id = $1", [recoveryId]);
  await one("UPDATE recovery SET owner = NULL, lease_until = NULL, wake_at = dr_now() WHERE id = $1 RETURNING id", [recoveryId]);
  await until(async () => (await one("SELECT epoch FROM recovery WHERE id = $1", [recoveryId])).epoch > epoch, "a new owner");
}

describe("a planned recovery that is cancelled before storage is promoted", () => {
  it("makes storage writable, powers VMs on in their start order, and leaves all as it was: the plan is READY", async () => {
    const scene = await stage.scene({ machines: 3, vms: { "vm-3": { priority: "HIGHEST" }, "vm-1": { dependsOn: ["vm-2"] } } });
    const recoveryId = await stopped(scene);
    expect(await powerOf(scene)).toEqual(["POWERED_OFF", "POWERED_OFF", "POWERED_OFF"]);
    const run = await cancelled(scene, recoveryId);
    expect(run).toMatchObject({ state: "FAILED", resultState: "CANCELLED", progressPercent: 100 });
    expect(run.step("ROLL_BACK").status).toBe("SUCCEEDED");
    expect(statuses(run)).toEqual(["SUCCEEDED", "SUCCEEDED", "SUCCEEDED", "SUCCEEDED"]);
    const inOrder = [run.step("SET_STORAGE_WRITABLE"), ...[3, 2, 1].map((number) => run.step("POWER_ON_SOURCE", scene.vm(number)))];
    for (const [index, { startedAt }] of inOrder.entries()) {
      expect(startedAt?.getTime()).toBeGreaterThanOrEqual(inOrder[index - 1]?.endedAt?.getTime() ?? 0);
    }
    expect(await powerOf(scene)).toEqual(["POWERED_ON", "POWERED_ON", "POWERED_ON"]);
    expect(await standing(scene)).toEqual(asBefore);
    const again = await scene.end(await planned(scene));
    expect(again).toMatchObject({ resultState: "SUCCESS", vmsSucceeded: 3 });
    expect(again.step("SHUT_DOWN_VM").status).toBe("SUCCEEDED");
  });

  it("puts back only what it had changed so far, and leaves a VM off that was off before", async () => {
    const scene = await stage.scene({ machines: 3, vms: { "vm-1": { priority: "HIGHEST" }, "vm-2": { priority: "HIGH" } } });
    const { protectedSite, vms } = scene.sites;
    await done(stage.lab, protectedSite, "shutDownVm", { vmId: vms[2]?.id ?? "", guestTimeoutSeconds: 0 });
    await stage.lab.faults.fail({ site: protectedSite, kind: "shutDownVm", target: scene.vm(1), failure: "PERMANENT", when: "CALL" });
    const recoveryId = await planned(scene);
    await paused(recoveryId);
    const run = await cancelled(scene, recoveryId);
    expect(run.step("POWER_ON_SOURCE", scene.vm(2)).status).toBe("SUCCEEDED");
    expect(run.step("POWER_ON_SOURCE", scene.vm(3))).toMatchObject({
      status: "SKIPPED",
      message: "Nothing to put back: it was off before",
    });
    expect(run.step("SET_STORAGE_WRITABLE")).toMatchObject({ status: "SKIPPED", message: expect.stringContaining("was not done") });
    expect(await powerOf(scene)).toEqual(["POWERED_ON", "POWERED_ON", "POWERED_OFF"]);
    expect(await standing(scene)).toEqual(asBefore);
  });

  it("tries the rest when one step of it fails, is incomplete, and what is left is put back when the next run is cancelled", async () => {
    const scene = await stage.scene({ machines: 2, vms: { "vm-1": { priority: "HIGHEST" } } });
    const recoveryId = await stopped(scene);
    const failing = { site: scene.sites.protectedSite, kind: "powerOn", target: scene.vm(1), failure: "PERMANENT" } as const;
    await stage.lab.faults.fail(failing);
    const run = await cancelled(scene, recoveryId);
    expect(statuses(run)).toEqual(["SUCCEEDED", "FAILED", "SUCCEEDED"]);
    expect(run.step("ROLL_BACK").status).toBe("FAILED");
    expect(await powerOf(scene)).toEqual(["POWERED_OFF", "POWERED_ON"]);
    expect(await standing(scene)).toEqual(incomplete);
    // The next one is stopped before it shuts anything down.
    await stage.lab.faults.fail({ site: scene.sites.recoverySite, kind: "synchronise", failure: "PERMANENT" });
    const second = await planned(scene);
    await paused(second);
    const again = await cancelled(scene, second);
    expect(again.step("SHUT_DOWN_VM", scene.vm(1)).status).toBe("CANCELLED");
    expect(again.step("POWER_ON_SOURCE", scene.vm(1)).status).toBe("SUCCEEDED");
    expect(again.step("POWER_ON_SOURCE", scene.vm(2)).status).toBe("SKIPPED");
    expect(await powerOf(scene)).toEqual(["POWERED_ON", "POWERED_ON"]);
    expect(await standing(scene)).toEqual(asBefore);
  });

  it("is stopped by no second cancel, and goes on with it after a crash", async () => {
    const scene = await stage.scene({ machines: 2, vms: { "vm-1": { priority: "HIGHEST" } } });
    const recoveryId = await stopped(scene);
    const held = await stage.lab.faults.hold({ site: scene.sites.protectedSite, kind: "powerOn", target: scene.vm(1), when: "AFTER" });
    // A failure that passes is tried again, as in a run that goes on.
    await stage.lab.faults.fail({ site: scene.sites.protectedSite, kind: "powerOn", target: scene.vm(2), when: "END" });
    await stage.node.recoveries.cancel(operator, { recoveryId });
    await held.arrived;
    expect(await readRun(stage.db.database, recoveryId)).toMatchObject({ state: "CANCELLING", ended: false });
    expect((await readRun(stage.db.database, recoveryId)).progressPercent).toBeLessThan(100);
    await stage.node.recoveries.cancel(operator, { recoveryId });
    await lose(recoveryId);
    await held.release();
    const run = await scene.end(recoveryId);
    expect(statuses(run)).toEqual(["SUCCEEDED", "SUCCEEDED", "SUCCEEDED"]);
    const ordered = (await stage.lab.ledger(recoveryId)).filter(({ kind }) => kind === "powerOn");
    expect(ordered.map(({ target }) => target)).toEqual([scene.vm(1), scene.vm(2)]);
    expect(await standing(scene)).toEqual(asBefore);
  });
});

describe("nothing is put back", () => {
  it("once storage of a group is promoted: the plan is incomplete, and can be run again", async () => {
    const scene = await stage.scene({ machines: 2, groups: 2 });
    await stage.lab.faults.fail({ kind: "promote", target: scene.sites.groups[1]?.id ?? "", failure: "PERMANENT" });
    const recoveryId = await planned(scene);
    await paused(recoveryId);
    const run = await cancelled(scene, recoveryId);
    expect(new Set(wayBack(run).map(({ status, message }) => `${status} ${message}`))).toEqual(
      new Set([expect.stringMatching(/^SKIPPED Not put back: 5\.1 Promote storage of .* had begun$/)]),
    );
    expect(await powerOf(scene)).toEqual(["POWERED_OFF", "POWERED_OFF"]);
    expect(await standing(scene)).toMatchObject({ lifecycle: "RECOVERY_INCOMPLETE" });
    expect(await scene.end(await planned(scene))).toMatchObject({ resultState: "SUCCESS", vmsSucceeded: 2 });
  });

  it("by a recovery that is not cancelled", async () => {
    const scene = await stage.scene({ machines: 1 });
    const run = await scene.end(await planned(scene));
    expect(run).toMatchObject({ resultState: "SUCCESS", progressPercent: 100 });
    const none = { status: "SKIPPED", message: "Nothing to put back: the recovery was not cancelled" };
    expect(wayBack(run)).toMatchObject([none, none]);
    expect(run.step("ROLL_BACK").status).toBe("SKIPPED");
  });
});
