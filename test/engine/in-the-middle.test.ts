/** What goes missing while a run is under way: the step that needs it fails with the cause, and the run ends as the rules say. */
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { operator } from "../support/node.ts";
import { type ReadRun, readRun, until } from "../support/run.ts";
import { aStage, type Scene, type Stage } from "./scene.ts";

let folder: string;
let stage: Stage;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dr-middle-"));
  for (const name of ["scripts", "secrets"]) await mkdir(join(folder, name));
  stage = await aStage({ scriptsDir: join(folder, "scripts"), secretsDir: join(folder, "secrets") });
});
afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const sql = (text: string, ...values: unknown[]) => stage.db.database.pool.query(text, values);

/** Starts, and does it while the run waits for its first synchronisation. */
async function whileItRuns(scene: Scene, recoveryType: "TEST" | "PLANNED" | "DISASTER", act: () => Promise<unknown>): Promise<string> {
  const held = await stage.lab.faults.hold({ kind: "synchronise", target: scene.sites.groups[0]?.id ?? "", when: "BEFORE" });
  const { recoveryId } = await stage.node.recoveries.start(operator, { planId: scene.planId, recoveryType });
  await held.arrived;
  await act();
  await held.release();
  return recoveryId;
}

const paused = (recoveryId: string): Promise<ReadRun> =>
  until(async () => {
    const run = await readRun(stage.db.database, recoveryId);
    return run.state === "PAUSED" && run;
  }, "the pause");

const failures = ({ steps }: ReadRun) =>
  steps.filter(({ status, kind }) => status === "FAILED" && !["VM", "PRIORITY_GROUP"].includes(kind));

it("mappings: the run goes on by what it has resolved at its start", async () => {
  const scene = await stage.scene();
  const id = await whileItRuns(scene, "TEST", () => sql("DELETE FROM network_mapping WHERE pairing_id = $1", scene.pairingId));
  expect(await scene.end(id)).toMatchObject({ resultState: "SUCCESS", vmsSucceeded: 2 });
});

it("the mapped network at the recovery site: its VMs fail, in a test at once, in a planned recovery the run is paused", async () => {
  const scene = await stage.scene();
  const test = await scene.end(
    await whileItRuns(scene, "TEST", () => stage.lab.takeAway(scene.sites.recoverySite, "NETWORK", scene.sites.testNetwork)),
  );
  expect(test).toMatchObject({ state: "FAILED", resultState: "FAILED", vmsFailed: 2 });
  expect(failures(test)).toMatchObject([{ kind: "REGISTER_VM" }, { kind: "REGISTER_VM" }]);
  expect(failures(test)[0]?.message).toContain(`There is no network ${scene.sites.testNetwork} here`);
  const other = await stage.scene();
  const planned = await whileItRuns(other, "PLANNED", () =>
    stage.lab.takeAway(other.sites.recoverySite, "NETWORK", other.sites.targetNetwork),
  );
  expect(failures(await paused(planned))[0]?.message).toContain(`There is no network ${other.sites.targetNetwork} here`);
});

it("room at the recovery site: what has no room fails with that cause, and the others go on", async () => {
  const scene = await stage.scene();
  const id = await whileItRuns(scene, "DISASTER", () =>
    stage.lab.faults.fail({
      kind: "powerOn",
      target: scene.vm(1),
      failure: "PERMANENT",
      code: "NO_ROOM",
      message: "The datastore is full.",
    }),
  );
  const run = await scene.end(id);
  expect(run).toMatchObject({ resultState: "PARTIAL", vmsSucceeded: 1, vmsFailed: 1 });
  expect(failures(run)).toMatchObject([{ kind: "POWER_ON", message: expect.stringContaining("The datastore is full.") }]);
});

it("a program, and a secret: their steps fail with what is missing, a group's command pauses a planned recovery", async () => {
  const program = join(folder, "scripts", "note.sh");
  const secret = join(folder, "secrets", "root");
  const provide = async () => {
    await copyFile(resolve("test/engine/scripts/note.sh"), program);
    await writeFile(secret, "open sesame");
  };
  const command = { type: "COMMAND", name: "note", command: "/scripts/note.sh" } as const;
  const wish = {
    priorityGroups: [{ groups: [0], pre: [command] }],
    vms: { "vm-1": { post: [{ command: "/bin/x", runInGuest: true }] } },
  };
  await provide();
  const scene = await stage.scene(wish);
  await sql("UPDATE vm_command SET guest_username = 'root', password_secret_id = 'root' WHERE vm_id = $1", scene.vmIds.get(scene.vm(1)));
  const run = await scene.end(
    await whileItRuns(scene, "TEST", async () => {
      await rm(program);
      await rm(secret);
    }),
  );
  expect(run).toMatchObject({ state: "COMPLETED", resultState: "PARTIAL" });
  expect(failures(run).map(({ kind, message }) => [kind, message])).toEqual([
    ["COMMAND", expect.stringContaining("There is no program")],
    ["GUEST_COMMAND", expect.stringMatching(/secret/)],
  ]);
  await provide();
  const other = await stage.scene({ ...wish, vms: {} });
  const id = await whileItRuns(other, "PLANNED", () => rm(program));
  expect(failures(await paused(id))).toMatchObject([{ kind: "COMMAND", message: expect.stringContaining("There is no program") }]);
});

it("a VM at its source: a disaster recovery brings it up from its replica, a planned one pauses before it loses anything", async () => {
  const scene = await stage.scene();
  const take = ({ sites: { protectedSite, vms } }: Scene) => stage.lab.takeAway(protectedSite, "VM", vms[0]?.id ?? "");
  const disaster = await scene.end(await whileItRuns(scene, "DISASTER", () => take(scene)));
  expect(disaster).toMatchObject({ vmsSucceeded: 2, vmsFailed: 0 });
  const other = await stage.scene();
  const run = await paused(await whileItRuns(other, "PLANNED", () => take(other)));
  expect(failures(run)).toMatchObject([{ kind: "SHUT_DOWN_VM" }]);
  expect(run.steps.find(({ kind }) => kind === "PROMOTE_STORAGE")?.status).toBe("PENDING");
});

it("an address at the recovery site: the VM whose adapter can't have it fails, and is not powered on", async () => {
  const scene = await stage.scene({ vms: { "vm-1": { targetIp: "10.9.0.1" } } });
  const id = await whileItRuns(scene, "TEST", () =>
    stage.lab.faults.fail({ kind: "customiseIp", failure: "PERMANENT", message: "The address 10.9.0.1 is in use." }),
  );
  const run = await scene.end(id);
  expect(run).toMatchObject({ resultState: "PARTIAL", vmsSucceeded: 1, vmsFailed: 1 });
  expect(failures(run)).toMatchObject([{ kind: "CUSTOMISE_IP", message: expect.stringContaining("10.9.0.1 is in use") }]);
  expect(run.step("POWER_ON", scene.vm(1)).status).toBe("SKIPPED");
});

it("the group: no other plan gets it while the run has it", async () => {
  const scene = await stage.scene();
  await whileItRuns(scene, "TEST", async () => {
    const { prisma } = stage.db.database;
    const plan = await prisma.recoveryPlan.create({ data: { name: `other ${scene.planId}`, pairingId: scene.pairingId } });
    const first = await prisma.planPriorityGroup.create({ data: { planId: plan.id, priority: 1, name: "all" } });
    await prisma.planProtectionGroup.create({ data: { planId: plan.id, groupId: scene.groupIds[0] ?? "", priorityGroupId: first.id } });
    const start = stage.node.recoveries.start(operator, { planId: plan.id, recoveryType: "DISASTER" });
    await expect(start).rejects.toMatchObject({ code: "CONFLICT", message: expect.stringContaining("is in use by") });
  }).then(scene.end);
});
