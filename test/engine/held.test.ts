/** A run whose failures pause it, until a person has decided about each. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { operator } from "../support/node.ts";
import { eventsOf, readRun, until } from "../support/run.ts";
import { aStage, type Scene, type Stage } from "./scene.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await aStage({ idleMs: 300 });
});
afterAll(() => stage?.[Symbol.asyncDispose]());

const stopped = (recoveryId: string) =>
  until(async () => {
    const { rows } = await stage.db.database.pool.query("SELECT state, paused_reason AS reason FROM recovery WHERE id = $1", [recoveryId]);
    return rows[0].state === "PAUSED" && rows[0].reason === "STEP_FAILED" && readRun(stage.db.database, recoveryId);
  }, "a pause at a failure");

async function stepOf(recoveryId: string, kind: string, name = "") {
  const { steps } = await readRun(stage.db.database, recoveryId);
  const found = steps.find((step) => step.kind === kind && step.name.includes(name));
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
  return { ...found, stepId: `${recoveryId}/${found.ordinal}` };
}
const statusOf = async (recoveryId: string, kind: string, name = "") => (await stepOf(recoveryId, kind, name)).status;

const retry = async (recoveryId: string, kind: string, name = "") =>
  stage.node.recoveries.retryStep(operator, { stepId: (await stepOf(recoveryId, kind, name)).stepId });
const skip = async (recoveryId: string, kind: string, name = "", more = {}) =>
  stage.node.recoveries.skipStep(operator, { stepId: (await stepOf(recoveryId, kind, name)).stepId, comment: "done by hand", ...more });

/** The run's owner loses it, and somebody claims it anew. */
async function takeOver(recoveryId: string): Promise<void> {
  const { pool } = stage.db.database;
  const epoch = async () => (await pool.query("SELECT epoch FROM recovery WHERE id = $1", [recoveryId])).rows[0].epoch;
  const before = await epoch();
  await pool.query("UPDATE recovery SET owner = NULL, lease_until = NULL, wake_at = dr_now() WHERE id = $1", [recoveryId]);
  await until(async () => (await epoch()) > before, "a new owner");
}

const failing = { name: "fails", type: "COMMAND", command: "fail.sh" } as const;
const fails = (scene: Scene, kind: "powerOn" | "registerVm", vm: number, times?: number) =>
  stage.lab.faults.fail({
    kind,
    target: scene.vm(vm),
    failure: "PERMANENT",
    message: "no room",
    ...(times === undefined ? {} : { times }),
  });

describe("failurePolicy PAUSE", () => {
  it("a failed group command pauses the run with the reason STEP_FAILED; nothing behind it starts or is skipped until it is decided", async () => {
    const scene = await stage.scene({ machines: 1, priorityGroups: [{ groups: [0], pre: [failing] }] });
    const recoveryId = await scene.start({ failurePolicy: "PAUSE" });
    await stopped(recoveryId);
    expect(await statusOf(recoveryId, "COMMAND")).toBe("FAILED");
    expect(await statusOf(recoveryId, "REGISTER_VM")).toBe("PENDING");
    await expect(stage.node.recoveries.resume(operator, { recoveryId })).rejects.toMatchObject({
      code: "CONFLICT",
      remedy: expect.stringContaining("retryStep, skipStep"),
    });
    await skip(recoveryId, "COMMAND");
    const run = await scene.end(recoveryId);
    expect(run).toMatchObject({ state: "COMPLETED", resultState: "WARNING", vmsSucceeded: 1 });
    expect(run.step("COMMAND")).toMatchObject({ status: "SKIPPED", message: "Skipped by olga: done by hand" });
    const events = (await eventsOf(stage.db.database, recoveryId)).map(({ event }) => event);
    expect(events).toContainEqual(
      expect.objectContaining({ kind: "STEP_CHANGED", status: "SKIPPED", message: "Skipped by olga: done by hand" }),
    );
    const { rows } = await stage.db.database.pool.query("SELECT kind, comment, requested_by FROM step_wish WHERE run_id = $1", [
      recoveryId,
    ]);
    expect(rows).toEqual([{ kind: "SKIP", comment: "done by hand", requested_by: "olga" }]);
  });

  it("a VM's failure skips its dependents, lets the others go on, and pauses once at the end of its priority group; a retry makes all good", async () => {
    const scene = await stage.scene({
      machines: 5,
      groups: 2,
      vms: { "vm-3": { dependsOn: ["vm-1"] } },
      priorityGroups: [{ groups: [0] }, { groups: [1] }],
    });
    await fails(scene, "powerOn", 1, 1);
    const recoveryId = await scene.start({ failurePolicy: "PAUSE" });
    const before = await stopped(recoveryId);
    const of = (kind: string, vm: number) => before.steps.find((step) => step.kind === kind && step.name.includes(scene.vm(vm)))?.status;
    expect(of("POWER_ON", 1)).toBe("FAILED");
    expect(of("POWER_ON", 3)).toBe("SKIPPED");
    expect(of("READY_CHECK", 5)).toBe("SUCCEEDED");
    expect(of("REGISTER_VM", 2)).toBe("PENDING");
    await retry(recoveryId, "POWER_ON", scene.vm(1));
    const run = await scene.end(recoveryId);
    expect(run).toMatchObject({ state: "COMPLETED", resultState: "SUCCESS", vmsSucceeded: 5, vmsFailed: 0 });
    expect(run.step("POWER_ON", scene.vm(1))).toMatchObject({ status: "SUCCEEDED", attempt: 2 });
    const events = (await eventsOf(stage.db.database, recoveryId)).map(({ event }) => event);
    const states = events.flatMap((event) => (event.kind === "RECOVERY_STATE_CHANGED" ? [event.pausedReason ?? event.state] : []));
    expect(states).toEqual(["NOT_STARTED", "RUNNING", "STEP_FAILED", "RUNNING"]);
    expect(events).toContainEqual(expect.objectContaining({ kind: "STEP_CHANGED", attempt: 2, message: "olga has it tried again" }));
  });

  it("storage of a group that fails pauses the run; its machines wait, and the retry is a new effect", async () => {
    const scene = await stage.scene({ machines: 1 });
    await stage.lab.faults.fail({ kind: "createSnapshot", failure: "PERMANENT", message: "array full", times: 1 });
    const recoveryId = await scene.start({ failurePolicy: "PAUSE" });
    await stopped(recoveryId);
    expect(await statusOf(recoveryId, "REGISTER_VM")).toBe("PENDING");
    await retry(recoveryId, "CREATE_SNAPSHOT");
    const run = await scene.end(recoveryId);
    expect(run).toMatchObject({ resultState: "SUCCESS" });
    expect(run.step("CREATE_SNAPSHOT")).toMatchObject({ status: "SUCCEEDED", attempt: 2 });
  });

  it("a skipped step whose result is needed leaves what needs it SKIPPED; the others go on", async () => {
    const scene = await stage.scene({ machines: 2 });
    await fails(scene, "registerVm", 1);
    const recoveryId = await scene.start({ failurePolicy: "PAUSE" });
    await stopped(recoveryId);
    await skip(recoveryId, "REGISTER_VM", scene.vm(1));
    const run = await scene.end(recoveryId);
    expect(run).toMatchObject({ resultState: "PARTIAL", vmsSucceeded: 1, vmsFailed: 1 });
    expect(run.step("POWER_ON", scene.vm(1)).status).toBe("SKIPPED");
  });

  it("refuses what makes no sense, with its reason", async () => {
    const scene = await stage.scene({ machines: 1, priorityGroups: [{ groups: [0], pre: [failing] }] });
    const recoveryId = await scene.start({ failurePolicy: "PAUSE" });
    await stopped(recoveryId);
    const conflict = (message: string) => expect.objectContaining({ code: "CONFLICT", message: expect.stringContaining(message) });
    await expect(skip(recoveryId, "COMMAND", "", { worked: true })).rejects.toEqual(conflict("is known to have failed"));
    await expect(skip(recoveryId, "COMMAND", "", { comment: " " })).rejects.toMatchObject({ code: "INVALID_REQUEST" });
    await expect(retry(recoveryId, "REGISTER_VM")).rejects.toEqual(conflict("has not failed: it is PENDING"));
    await expect(retry(recoveryId, "PRIORITY_GROUP")).rejects.toEqual(conflict("has no work of its own"));
    await stage.node.recoveries.cancel(operator, { recoveryId });
    const run = await scene.end(recoveryId);
    expect(run).toMatchObject({ state: "FAILED", resultState: "CANCELLED" });
    expect(run.step("COMMAND").status).toBe("FAILED");
    expect(run.step("REGISTER_VM").status).toBe("CANCELLED");
    await expect(retry(recoveryId, "COMMAND")).rejects.toEqual(conflict("has ended"));
  });

  it("a command whose owner has gone pauses the run: nobody knows what it did, and somebody who has looked says that it worked", async () => {
    const folder = await mkdtemp(join(tmpdir(), "dr-held-"));
    const note = { name: "note", type: "COMMAND", command: "note.sh", arguments: [join(folder, "note"), join(folder, "never")] } as const;
    const scene = await stage.scene({ machines: 1, priorityGroups: [{ groups: [0], pre: [note] }] });
    const recoveryId = await scene.start({ failurePolicy: "PAUSE" });
    await until(() => readFile(join(folder, "note")).catch(() => null), "the command");
    await takeOver(recoveryId);
    await stopped(recoveryId);
    expect(await stepOf(recoveryId, "COMMAND")).toMatchObject({ status: "FAILED", message: expect.stringContaining("OUTCOME_UNKNOWN") });
    await skip(recoveryId, "COMMAND", "", { worked: true });
    const run = await scene.end(recoveryId);
    expect(run).toMatchObject({ state: "COMPLETED", resultState: "SUCCESS", vmsSucceeded: 1 });
    expect(run.step("COMMAND")).toMatchObject({ status: "SUCCEEDED", message: expect.stringContaining("olga") });
    expect((await readFile(join(folder, "note"), "utf8")).trim().split("\n")).toHaveLength(1);
    await rm(folder, { recursive: true });
  });

  it("another owner finds the held failures as they were, and goes on exactly so", async () => {
    const scene = await stage.scene({ machines: 2, priorityGroups: [{ groups: [0], pre: [failing] }] });
    await fails(scene, "powerOn", 1, 1);
    const recoveryId = await scene.start({ failurePolicy: "PAUSE" });
    const lose = () => takeOver(recoveryId);
    const seen = async () => (await readRun(stage.db.database, recoveryId)).steps.map(({ status }) => status);
    await stopped(recoveryId);
    let before = await seen();
    await lose();
    await stopped(recoveryId);
    expect(await seen()).toEqual(before);
    await skip(recoveryId, "COMMAND");
    await until(async () => (await statusOf(recoveryId, "POWER_ON", scene.vm(1))) === "FAILED", "the machine's failure");
    await stopped(recoveryId);
    before = await seen();
    await lose();
    await stopped(recoveryId);
    expect(await seen()).toEqual(before);
    await retry(recoveryId, "POWER_ON", scene.vm(1));
    const run = await scene.end(recoveryId);
    expect(run).toMatchObject({ state: "COMPLETED", vmsSucceeded: 2, vmsFailed: 0 });
    expect(run.step("COMMAND").status).toBe("SKIPPED");
  });
});
