/** A planned recovery half-way is gone on with as a disaster recovery. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aNode, operator, type TestNode } from "../support/node.ts";
import { eventsOf, readRun, until } from "../support/run.ts";
import { aStage, type Scene, type Stage } from "./scene.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await aStage();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

const one = async (text: string, values: unknown[]) => (await stage.db.database.pool.query(text, values)).rows[0];
const planned = async ({ planId }: Scene) => (await stage.node.recoveries.start(operator, { planId, recoveryType: "PLANNED" })).recoveryId;
const switched = (recoveryId: string, more: object = {}) => stage.node.recoveries.switchToDisaster(operator, { recoveryId, ...more });
const reached = (recoveryId: string, state: string) =>
  until(async () => (await readRun(stage.db.database, recoveryId)).state === state, `the state ${state}`);

async function lose({ protectedSiteId, sites }: Scene): Promise<() => Promise<void>> {
  await one("UPDATE site SET state = 'DISCONNECTED' WHERE id = $1 RETURNING id", [protectedSiteId]);
  return stage.lab.faults.partition(sites.protectedSite);
}

/** Of the run and of the one that follows it. */
async function both(scene: Scene, recoveryId: string, followerId: string) {
  const first = await scene.end(recoveryId);
  expect(first).toMatchObject({ state: "FAILED", resultState: "CANCELLED" });
  return { first, second: await scene.end(followerId) };
}

describe("a planned recovery that is switched to a disaster recovery", () => {
  it("while VMs are being shut down and their site is lost: what is off stays done, and what can't be reached is a warning", async () => {
    const scene = await stage.scene({ machines: 2, vms: { "vm-1": { priority: "HIGHEST" } } });
    const { protectedSite } = scene.sites;
    const ordered = await stage.lab.faults.hold({ site: protectedSite, kind: "shutDownVm", target: scene.vm(1), when: "BEFORE" });
    const recoveryId = await planned(scene);
    await until(async () => (await readRun(stage.db.database, recoveryId)).steps.some(isShutDown(scene.vm(2))), "the first VM's being off");
    await ordered.arrived;
    const heal = await lose(scene);
    await expect(switched(recoveryId)).rejects.toMatchObject({ code: "PRECONDITION_FAILED", reason: "UNFENCED" });
    const request = { acceptUnfenced: true, notes: "the site burns", idempotencyKey: "once" };
    const answer = await switched(recoveryId, request);
    expect(await switched(recoveryId, request)).toEqual(answer);
    const { first, second } = await both(scene, recoveryId, answer.followerId);
    await heal();
    expect(first.step("SHUT_DOWN_VM", scene.vm(1))).toMatchObject({
      status: "CANCELLED",
      message: expect.stringContaining("does not answer"),
    });
    const way = first.steps.filter(({ kind }) => kind === "SET_STORAGE_WRITABLE" || kind === "POWER_ON_SOURCE");
    expect(new Set(way.map(({ status, message }) => `${status} ${message}`))).toEqual(
      new Set(["SKIPPED Not put back: a disaster recovery goes on with what is done"]),
    );
    expect(second).toMatchObject({ resultState: "WARNING", vmsSucceeded: 2, vmsFailed: 0 });
    expect([second.step("SHUT_DOWN_VM", scene.vm(2)).status, second.step("SHUT_DOWN_VM", scene.vm(1)).status]).toEqual([
      "ALREADY_DONE",
      "WARNING",
    ]);
    const run = await one(
      `SELECT r.kind, r.rerun_of_id, r.initiated_by, r.notes, r.options ->> 'unfencedAcceptedBy' AS accepted, p.lifecycle, t.state AS task,
        o.cancel_reason, o.switch_requested_by, o.switch_requested_at = r.requested_at AS at_once,
        r.rto_achieved_seconds >= extract(epoch FROM r.ended_at - o.requested_at)::int - 1 AS whole_rto,
        (SELECT count(*)::int FROM recovery_group WHERE run_id = r.id) AS groups, (SELECT count(*)::int FROM recovery_follower) AS left
        FROM recovery r JOIN recovery o ON o.id = r.rerun_of_id JOIN recovery_plan p ON p.id = r.plan_id JOIN task t ON t.recovery_id = r.id
        WHERE r.id = $1`,
      [answer.followerId],
    );
    expect(run).toEqual({
      ...{ kind: "DISASTER", rerun_of_id: recoveryId, initiated_by: "olga", notes: "the site burns", accepted: "olga", at_once: true },
      ...{ lifecycle: "RECOVERY_COMPLETE", task: "COMPLETED", cancel_reason: "SWITCHED_TO_DISASTER", switch_requested_by: "olga" },
      ...{ whole_rto: true, groups: 1, left: 0 },
    });
    const told = (await eventsOf(stage.db.database, recoveryId)).map(({ event }) => event);
    expect(told).toContainEqual(
      expect.objectContaining({ kind: "RECOVERY_STATE_CHANGED", state: "CANCELLING", by: "olga", reason: "SWITCHED_TO_DISASTER" }),
    );
    const [began] = await eventsOf(stage.db.database, answer.followerId);
    expect(began?.event).toMatchObject({ kind: "RECOVERY_STATE_CHANGED", state: "NOT_STARTED", by: "olga" });
  });

  it("after one group is promoted: neither that group nor its site is touched again, and the rest follows", async () => {
    const scene = await stage.scene({ machines: 2, groups: 2 });
    await stage.lab.faults.fail({ kind: "promote", target: scene.sites.groups[1]?.id ?? "", failure: "PERMANENT" });
    const recoveryId = await planned(scene);
    await reached(recoveryId, "PAUSED");
    const { followerId } = await switched(recoveryId);
    const { second } = await both(scene, recoveryId, followerId);
    expect(second).toMatchObject({ resultState: "SUCCESS", vmsSucceeded: 2 });
    const promoted = second.steps.filter(({ kind }) => kind === "PROMOTE_STORAGE").map(({ status }) => status);
    expect(promoted).toEqual(["ALREADY_DONE", "SUCCEEDED"]);
    expect(new Set(second.steps.filter(({ kind }) => kind === "SHUT_DOWN_VM").map(({ status }) => status))).toEqual(
      new Set(["ALREADY_DONE"]),
    );
    expect(second.step("FENCE_SITE").status).toBe("SUCCEEDED");
    expect(await one("SELECT count(*)::int AS used FROM group_use WHERE group_id = ANY($1)", [scene.groupIds])).toEqual({ used: 0 });
  });

  it("is refused a second time, and once it is cancelled; a cancel does not stop it, but is told what follows", async () => {
    const scene = await stage.scene({ machines: 1, priorityGroups: [{ groups: [0], pre: [{ type: "PROMPT", name: "Go on?" }] }] });
    const recoveryId = await planned(scene);
    await reached(recoveryId, "PROMPTING");
    const held = await stage.lab.faults.hold({ site: scene.sites.recoverySite, kind: "registerVm", when: "BEFORE" });
    const { followerId } = await switched(recoveryId);
    const conflict = (message: string) => expect.objectContaining({ code: "CONFLICT", message: expect.stringContaining(message) });
    const message = /being switched to a disaster recovery|has ended/;
    await expect(switched(recoveryId)).rejects.toMatchObject({ code: "CONFLICT", message: expect.stringMatching(message) });
    await expect(stage.node.recoveries.cancel(operator, { recoveryId })).rejects.toMatchObject({ message: expect.stringMatching(message) });
    await scene.end(recoveryId);
    // The question belongs to the plan, and nobody has answered it.
    await reached(followerId, "PROMPTING");
    await expect(switched(followerId)).rejects.toEqual(conflict("Only a planned recovery"));
    await held.release();
    await stage.node.recoveries.cancel(operator, { recoveryId: followerId });
    expect(await scene.end(followerId)).toMatchObject({ resultState: "CANCELLED" });
    expect(await one("SELECT lifecycle FROM recovery_plan WHERE id = $1", [scene.planId])).toEqual({ lifecycle: "RECOVERY_INCOMPLETE" });
  });
});

describe("a gateway that dies", () => {
  let own: Stage;
  let node: TestNode | undefined;
  beforeAll(async () => {
    own = await aStage();
  });
  afterAll(async () => {
    await node?.close();
    await own?.[Symbol.asyncDispose]();
  });

  it("between the request and the disaster recovery changes nothing: another one stops the planned run, and goes on", async () => {
    const scene = await own.scene({ machines: 2 });
    const { pool } = own.db.database;
    await own.lab.faults.fail({ site: scene.sites.protectedSite, kind: "setStorageReadOnly", failure: "PERMANENT" });
    const { recoveryId } = await own.node.recoveries.start(operator, { planId: scene.planId, recoveryType: "PLANNED" });
    await until(async () => (await readRun(own.db.database, recoveryId)).state === "PAUSED", "a pause");
    await own.node.engine.close();
    const { followerId } = await own.node.recoveries.switchToDisaster(operator, { recoveryId });
    expect((await pool.query("SELECT state FROM recovery WHERE id = $1", [recoveryId])).rows[0].state).toBe("PAUSED");
    node = await aNode(own.db.database, own.lab.provider);
    expect(await scene.end(recoveryId)).toMatchObject({ resultState: "CANCELLED" });
    expect(await scene.end(followerId)).toMatchObject({ resultState: "SUCCESS", vmsSucceeded: 2 });
  });
});

const isShutDown = (name: string) => (step: { readonly kind: string; readonly name: string; readonly status: string }) =>
  step.kind === "SHUT_DOWN_VM" && step.name.includes(name) && step.status === "SUCCEEDED";
