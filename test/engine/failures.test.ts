import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { operator } from "../support/node.ts";
import { eventsOf, openPrompt, readRun, until } from "../support/run.ts";
import { aStage, type Stage } from "./scene.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await aStage({ operationsPerSite: 2 });
});
afterAll(() => stage?.[Symbol.asyncDispose]());

describe("a failure at the site", () => {
  it("that is transient is tried again, with a new attempt once it is known, and has one effect", async () => {
    const scene = await stage.scene();
    await stage.lab.faults.fail({ kind: "powerOn", target: scene.vm(1), when: "END", times: 2 });
    const run = await scene.test();
    expect(run).toMatchObject({ state: "COMPLETED", resultState: "SUCCESS" });
    expect(run.step("POWER_ON", scene.vm(1))).toMatchObject({ status: "SUCCEEDED", attempt: 3 });
    const powered = (await stage.lab.ledger(run.recoveryId)).filter(({ kind, target }) => kind === "powerOn" && target === scene.vm(1));
    expect(powered).toHaveLength(1);
  });

  it("that stays is given up after so many tries, each of which is an event", async () => {
    const scene = await stage.scene({ machines: 1 });
    await stage.lab.faults.fail({ kind: "powerOn", target: scene.vm(1), when: "END", times: 4 });
    const run = await scene.test();
    expect(run.step("POWER_ON")).toMatchObject({
      status: "FAILED",
      attempt: 4,
      message: expect.stringContaining("given up after 4 tries"),
    });
    const events = (await eventsOf(stage.db.database, run.recoveryId)).map(({ event }) => event);
    const tries = events.flatMap((event) => (event.kind === "STEP_CHANGED" && event.stepKind === "POWER_ON" ? (event.message ?? []) : []));
    for (const at of [1, 2, 3]) expect(tries).toContainEqual(expect.stringContaining(`Try ${at} of 4`));
  });

  it("that hangs is transient: the call ends at its deadline, and is made again with the same key", async () => {
    await using hasty = await aStage({ callTimeoutMs: 300 });
    const scene = await hasty.scene();
    await hasty.lab.faults.hang({ kind: "registerVm", target: scene.vm(1), times: 1 });
    const run = await scene.test();
    expect(run.step("REGISTER_VM", scene.vm(1))).toMatchObject({ status: "SUCCEEDED", attempt: 1 });
  });

  it("that is permanent fails the machine, skips those that depend on it, and lets the others go on", async () => {
    const scene = await stage.scene({ machines: 3, vms: { "vm-2": { dependsOn: ["vm-1"] } } });
    await stage.lab.faults.fail({ kind: "powerOn", target: scene.vm(1), failure: "PERMANENT", message: "no room" });
    const run = await scene.test();
    expect(run).toMatchObject({ state: "COMPLETED", resultState: "PARTIAL", vmsSucceeded: 1, vmsFailed: 2 });
    expect(run.step("VM", scene.vm(1)).status).toBe("FAILED");
    expect(run.step("POWER_ON", scene.vm(1)).message).toContain("no room");
    expect(run.step("VM", scene.vm(2)).status).toBe("SKIPPED");
    expect(run.step("VM", scene.vm(3)).status).toBe("SUCCEEDED");
  });

  it("is told among the errors of the run and of its task, with the step that it happened in", async () => {
    const scene = await stage.scene({ machines: 2, priorityGroups: [{ groups: [0], post: [{ type: "PROMPT", name: "Go on?" }] }] });
    await stage.lab.faults.fail({ kind: "powerOn", target: scene.vm(1), failure: "PERMANENT", message: "no room" });
    const recoveryId = await scene.start();
    const errors = async () => {
      const { rows } = await stage.db.database.pool.query(
        "SELECT r.errors AS run, t.errors AS task FROM recovery r JOIN task t ON t.recovery_id = r.id WHERE r.id = $1",
        [recoveryId],
      );
      return rows[0];
    };
    const promptId = await openPrompt(stage.db.database, recoveryId);
    const told = [expect.stringMatching(`Power on ${scene.vm(1)}: .*no room`)];
    expect(await errors()).toEqual({ run: told, task: told });
    await stage.node.recoveries.answerPrompt(operator, { promptId, answer: "CONTINUE" });
    await scene.end(recoveryId);
    expect(await errors()).toEqual({ run: told, task: told });
  });

  it("of a group's storage skips its machines, and lets the other group go on", async () => {
    const scene = await stage.scene({ machines: 2, groups: 2 });
    await stage.lab.faults.fail({ kind: "createSnapshot", target: scene.sites.groups[0]?.id ?? "", failure: "PERMANENT" });
    const run = await scene.test();
    expect(run).toMatchObject({ resultState: "PARTIAL", vmsSucceeded: 1, vmsFailed: 1 });
  });

  it("of the synchronisation is a warning in a test, which goes on with the newest complete point", async () => {
    const scene = await stage.scene({ machines: 1 });
    await stage.lab.faults.fail({ kind: "synchronise", site: scene.sites.recoverySite, failure: "PERMANENT" });
    const run = await scene.test();
    expect(run).toMatchObject({ resultState: "WARNING", vmsSucceeded: 1 });
    expect(run.step("SYNCHRONISE").status).toBe("WARNING");
  });
});

describe("a machine that does not become ready in time", () => {
  it("has FAILED when it is not on", async () => {
    const scene = await stage.scene({ machines: 1, vms: { "vm-1": { readyTimeoutSeconds: 5 } } });
    await stage.lab.faults.loseHeartbeat(scene.vm(1));
    const recoveryId = await scene.start();
    const copy = await until(async () => {
      const { steps } = await readRun(stage.db.database, recoveryId);
      const { rows } = await stage.db.database.pool.query(
        "SELECT result ->> 'vmId' AS id FROM recovery_step WHERE run_id = $1 AND kind = 'REGISTER_VM'",
        [recoveryId],
      );
      return steps.some(({ kind, status }) => kind === "READY_CHECK" && status === "RUNNING") && rows[0].id;
    }, "the check");
    const call = { key: "by hand", runId: recoveryId, epoch: 1_000n, signal: AbortSignal.timeout(60_000) };
    await stage.lab.provider.order(scene.sites.recoverySite, "powerOff", { vmId: copy }, call);
    const run = await scene.end(recoveryId);
    expect(run.step("READY_CHECK")).toMatchObject({ status: "FAILED", message: expect.stringContaining("Not ready after 5 s") });
    expect(run).toMatchObject({ vmsSucceeded: 0, vmsFailed: 1 });
  });

  it("is a WARNING when it is on", async () => {
    const scene = await stage.scene({ machines: 1, vms: { "vm-1": { readyTimeoutSeconds: 1 } } });
    await stage.lab.faults.loseHeartbeat(scene.vm(1));
    const run = await scene.test();
    expect(run).toMatchObject({ resultState: "WARNING", vmsSucceeded: 1 });
    expect(run.step("READY_CHECK").status).toBe("WARNING");
  });
});

it("at most so many effects are under way at a site at once as it has slots, and the others wait for one", async () => {
  const scene = await stage.scene({ machines: 4 });
  const held = [1, 2, 3, 4].map((at) => stage.lab.faults.hold({ kind: "registerVm", target: scene.vm(at), when: "BEFORE" }));
  const [first, second, ...others] = await Promise.all(held);
  const recoveryId = await scene.start();
  await Promise.all([first?.arrived, second?.arrived]);
  const statuses = async () =>
    (await readRun(stage.db.database, recoveryId)).steps.filter(({ kind }) => kind === "REGISTER_VM").map(({ status }) => status);
  expect(await statuses()).toEqual(["RUNNING", "RUNNING", "PENDING", "PENDING"]);
  await first?.release();
  await others[0]?.arrived;
  expect((await statuses()).filter((status) => status === "RUNNING")).toHaveLength(2);
  for (const one of [second, ...others]) await one?.release();
  expect(await scene.end(recoveryId)).toMatchObject({ resultState: "SUCCESS", vmsSucceeded: 4 });
});

describe("a command", () => {
  it("that fails before power-on keeps its machine off", async () => {
    const scene = await stage.scene({ machines: 1, vms: { "vm-1": { pre: [{ command: "fail.sh" }] } } });
    const run = await scene.test();
    expect(run.step("COMMAND")).toMatchObject({ status: "FAILED", message: "The command ended with exit code 3." });
    expect(run.step("POWER_ON").status).toBe("SKIPPED");
    expect(run).toMatchObject({ state: "FAILED", resultState: "FAILED", vmsFailed: 1 });
  });

  it("of a group fails and lets the run go on; with continueOnFailure it is a WARNING", async () => {
    const fail = { type: "COMMAND", command: "fail.sh" } as const;
    const scene = await stage.scene({
      machines: 1,
      priorityGroups: [
        {
          groups: [0],
          post: [
            { name: "strict", ...fail },
            { name: "lenient", ...fail, continueOnFailure: true },
          ],
        },
      ],
    });
    const run = await scene.test();
    expect(run.step("COMMAND", "strict").status).toBe("FAILED");
    expect(run.step("COMMAND", "lenient").status).toBe("WARNING");
    expect(run).toMatchObject({ state: "COMPLETED", resultState: "PARTIAL", vmsSucceeded: 1, vmsFailed: 0 });
  });

  it("at the protected site is SKIPPED in a test", async () => {
    const scene = await stage.scene({
      machines: 1,
      priorityGroups: [{ groups: [0], pre: [{ name: "there", type: "COMMAND", command: "fail.sh", runOnSite: "PROTECTED" }] }],
    });
    const run = await scene.test();
    expect(run.step("COMMAND", "there").status).toBe("SKIPPED");
    expect(run.resultState).toBe("SUCCESS");
  });

  it("outside the scripts folder is refused", async () => {
    const scene = await stage.scene({ machines: 1, vms: { "vm-1": { post: [{ command: "../../../bin/true" }] } } });
    expect((await scene.test()).step("COMMAND").status).toBe("FAILED");
  });
});

describe("a cleanup", () => {
  it("that can't remove something ends FAILED, names what is left, and can be forced, which ends READY with the leftovers listed", async () => {
    const scene = await stage.scene({ machines: 1 });
    await scene.test();
    const heal = await stage.lab.faults.fail({
      kind: "powerOff",
      site: scene.sites.recoverySite,
      failure: "PERMANENT",
      times: Number.POSITIVE_INFINITY,
    });
    const cleanup = await scene.cleanup();
    expect(cleanup.resultState).toBe("FAILED");
    expect(cleanup.step("LEAK_AUDIT").message).toContain(scene.vm(1));
    const { prisma } = stage.db.database;
    const lifecycle = async () => (await prisma.recoveryPlan.findUniqueOrThrow({ where: { id: scene.planId } })).lifecycle;
    expect(await lifecycle()).toBe("CLEANUP_INCOMPLETE");
    const forced = await scene.cleanup(true);
    expect(forced.resultState).toBe("WARNING");
    expect(await lifecycle()).toBe("READY");
    expect(await prisma.leftover.count({ where: { planId: scene.planId, goneAt: null } })).toBeGreaterThan(0);
    await heal();
  });
});

describe("a forced cleanup while the site can't be asked", () => {
  it("ends READY and lists what it did not see removed", async () => {
    const scene = await stage.scene({ machines: 1 });
    await scene.test();
    const started = await stage.node.recoveries.cleanup(operator, { planId: scene.planId, force: true });
    const heal = await stage.lab.faults.partition(scene.sites.recoverySite);
    const cleanup = await scene.end(started.recoveryId);
    await heal();
    expect(cleanup.resultState).toBe("WARNING");
    const { prisma } = stage.db.database;
    expect((await prisma.recoveryPlan.findUniqueOrThrow({ where: { id: scene.planId } })).lifecycle).toBe("READY");
    expect(await prisma.leftover.count({ where: { planId: scene.planId, goneAt: null } })).toBeGreaterThan(0);
  });
});

describe("a database that goes away", () => {
  it("stops nothing but the writing: the run goes on when it is back", async () => {
    const scene = await stage.scene({ machines: 3 });
    const held = await stage.lab.faults.hold({ kind: "powerOn", target: scene.vm(1), when: "AFTER" });
    const recoveryId = await scene.start();
    await held.arrived;
    await stage.db.database.pool.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'dr-gateway%' AND application_name <> 'dr-gateway lab' AND pid <> pg_backend_pid()",
    );
    await held.release();
    const run = await scene.end(recoveryId);
    expect(run).toMatchObject({ resultState: "SUCCESS", vmsSucceeded: 3 });
    await until(async () => (await readRun(stage.db.database, recoveryId)).ended);
  });
});
