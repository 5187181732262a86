/** The table of failures, cell by cell, each by a run that really fails: where it happens × the policy, and the kind of run where that matters. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CallKind } from "../../src/providers/lab/faults.ts";
import { operator } from "../support/node.ts";
import type { StepWish } from "../support/plan.ts";
import { readRun, until } from "../support/run.ts";
import { aStage, type Scene, type Stage } from "./scene.ts";

type Kind = "TEST" | "PLANNED" | "DISASTER";
type Policy = "PAUSE" | "CONTINUE";

let stage: Stage;
let folder: string;
beforeAll(async () => {
  stage = await aStage();
  folder = await mkdtemp(join(tmpdir(), "dr-failures-"));
});
afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const start = async ({ planId }: Scene, recoveryType: Kind, failurePolicy: Policy) =>
  (await stage.node.recoveries.start(operator, { planId, recoveryType, failurePolicy })).recoveryId;

const fail = (kind: CallKind, target: string, site?: string) =>
  stage.lab.faults.fail({ kind, target, failure: "PERMANENT", message: "it is broken", ...(site === undefined ? {} : { site }) });

/** The run stands still, and says why; then it is cancelled, so that nobody has to wait for it. */
async function pauses(recoveryId: string): Promise<Readonly<Record<string, string>>> {
  const run = await until(async () => {
    const found = await readRun(stage.db.database, recoveryId);
    if (found.ended) throw new Error(`it ended ${found.resultState}`);
    return found.state === "PAUSED" && found;
  }, "a pause");
  const { rows } = await stage.db.database.pool.query("SELECT paused_reason AS reason FROM recovery WHERE id = $1", [recoveryId]);
  expect(rows).toEqual([{ reason: "STEP_FAILED" }]);
  await stage.node.recoveries.cancel(operator, { recoveryId });
  return Object.fromEntries(run.steps.map(({ name, status }) => [name, status]));
}

async function goesOn(scene: Scene, recoveryId: string) {
  const run = await scene.end(recoveryId);
  return { ...run, told: Object.fromEntries(run.steps.map(({ name, status, message }) => [name, `${status} ${message}`])) };
}

describe("a step at the protected site that fails", () => {
  const steps = [
    ["shutDownVm", "SHUT_DOWN_VM"],
    ["synchronise", "SYNCHRONISE"],
    ["setStorageReadOnly", "SET_STORAGE_READ_ONLY"],
  ] as const;
  const failing = async (effect: (typeof steps)[number][0]) => {
    const scene = await stage.scene({ machines: 1 });
    await fail(effect, effect === "shutDownVm" ? scene.vm(1) : (scene.sites.groups[0]?.id ?? ""));
    return scene;
  };

  it.each(steps.flatMap(([effect]) => [["PAUSE", effect] as const, ["CONTINUE", effect] as const]))(
    "stops a planned recovery, with the policy %s too (%s), before anything is promoted",
    async (policy, effect) => {
      const scene = await failing(effect);
      const told = await pauses(await start(scene, "PLANNED", policy));
      expect(told[`Promote storage of ${scene.sites.groups[0]?.name}`]).toBe("PENDING");
    },
  );

  it.each(steps)("stops a disaster recovery that is to pause (%s)", async (effect) => {
    const scene = await failing(effect);
    const told = await pauses(await start(scene, "DISASTER", "PAUSE"));
    expect(told[`Promote storage of ${scene.sites.groups[0]?.name}`]).toBe("PENDING");
  });

  it.each(steps)("is a warning in a disaster recovery that is to go on (%s)", async (effect, kind) => {
    const scene = await failing(effect);
    const run = await goesOn(scene, await start(scene, "DISASTER", "CONTINUE"));
    expect(run).toMatchObject({ resultState: "WARNING", vmsSucceeded: 1 });
    expect(run.step(kind)).toMatchObject({ status: "WARNING", message: expect.stringContaining("it is broken") });
  });

  it("stops a test that is to pause, and is a warning in one that is to go on: of all these it only synchronises", async () => {
    await pauses(await start(await failing("synchronise"), "TEST", "PAUSE"));
    const scene = await failing("synchronise");
    expect(await goesOn(scene, await start(scene, "TEST", "CONTINUE"))).toMatchObject({ resultState: "WARNING", vmsSucceeded: 1 });
  });
});

describe("a group's storage at the recovery site that fails", () => {
  const failing = async (kind: Kind) => {
    const scene = await stage.scene({ machines: 2, groups: 2 });
    await fail(kind === "TEST" ? "createSnapshot" : "promote", scene.sites.groups[0]?.id ?? "");
    return scene;
  };

  it.each<Kind>(["TEST", "PLANNED", "DISASTER"])("stops a run that is to pause (%s): no VM comes up meanwhile", async (kind) => {
    const scene = await failing(kind);
    const told = await pauses(await start(scene, kind, "PAUSE"));
    expect([told[`Register ${scene.vm(1)}`], told[`Register ${scene.vm(2)}`]]).toEqual(["PENDING", "PENDING"]);
  });

  it.each<Kind>(["TEST", "PLANNED", "DISASTER"])(
    "fails the group of a run that is to go on (%s): its VMs are SKIPPED with that reason, the others come up",
    async (kind) => {
      const scene = await failing(kind);
      const run = await goesOn(scene, await start(scene, kind, "CONTINUE"));
      expect(run).toMatchObject({ resultState: "PARTIAL", vmsSucceeded: 1, vmsFailed: 1 });
      const step = run.step(kind === "TEST" ? "CREATE_SNAPSHOT" : "PROMOTE_STORAGE");
      expect(step.status).toBe("FAILED");
      expect(run.told[`Register ${scene.vm(1)}`]).toBe(`SKIPPED ${step.path} ${step.name} failed`);
      expect(run.step("VM", scene.vm(2)).status).toBe("SUCCEEDED");
    },
  );
});

describe("a VM that fails", () => {
  const failing = async () => {
    const scene = await stage.scene({
      machines: 5,
      groups: 2,
      vms: { "vm-3": { dependsOn: ["vm-1"] } },
      priorityGroups: [{ groups: [0] }, { groups: [1] }],
    });
    await fail("powerOn", scene.vm(1), scene.sites.recoverySite);
    return scene;
  };

  it.each<Kind>(["TEST", "PLANNED", "DISASTER"])(
    "leaves its dependents SKIPPED and lets the others up; a run that is to pause (%s) does so at the end of the priority group",
    async (kind) => {
      const scene = await failing();
      const told = await pauses(await start(scene, kind, "PAUSE"));
      const of = (number: number) => told[scene.vm(number)];
      expect([of(1), of(3), of(5), of(2), of(4)]).toEqual(["FAILED", "SKIPPED", "SUCCEEDED", "PENDING", "PENDING"]);
    },
  );

  it.each<Kind>(["TEST", "PLANNED", "DISASTER"])("has failed with its dependents SKIPPED where a run is to go on (%s)", async (kind) => {
    const scene = await failing();
    const run = await goesOn(scene, await start(scene, kind, "CONTINUE"));
    expect(run).toMatchObject({ resultState: "PARTIAL", vmsSucceeded: 3, vmsFailed: 2 });
    expect(run.told[scene.vm(3)]).toMatch(/^SKIPPED .* Power on .* failed$/);
  });
});

describe("a command of a priority group that fails", () => {
  const withCommand = (more: Partial<StepWish> = {}) => {
    const pre = [{ name: "tell", type: "COMMAND", command: "fail.sh", ...more } as StepWish];
    return stage.scene({ machines: 1, priorityGroups: [{ groups: [0], pre }] });
  };

  it.each<Policy>(["PAUSE", "CONTINUE"])("and may is a WARNING (%s)", async (policy) => {
    const scene = await withCommand({ continueOnFailure: true });
    const run = await goesOn(scene, await start(scene, "PLANNED", policy));
    expect(run).toMatchObject({ resultState: "WARNING", vmsSucceeded: 1 });
    expect(run.step("COMMAND").status).toBe("WARNING");
  });

  it("and may not stops a run that is to pause", async () => {
    const scene = await withCommand();
    const told = await pauses(await start(scene, "PLANNED", "PAUSE"));
    expect([told.tell, told[`Register ${scene.vm(1)}`]]).toEqual(["FAILED", "PENDING"]);
  });

  it.each<Kind>(["TEST", "PLANNED"])("and may not has FAILED where a run is to go on (%s)", async (kind) => {
    const scene = await withCommand();
    const run = await goesOn(scene, await start(scene, kind, "CONTINUE"));
    expect(run).toMatchObject({ resultState: "PARTIAL", vmsSucceeded: 1, vmsFailed: 0 });
    expect(run.told.tell).toMatch(/^FAILED The command ended with exit code 3/);
  });
});

describe("a command whose outcome nobody knows, since its node has died", () => {
  let count = 0;
  /** It has noted its start, and waits; whoever drove the run is gone then. */
  async function lost(kind: Kind, policy: Policy, rerunnable: boolean) {
    const at = join(folder, `${++count}`);
    const command = { name: "tell", type: "COMMAND", command: "note.sh", arguments: [`${at}-note`, `${at}-go`], rerunnable } as const;
    const scene = await stage.scene({ machines: 1, priorityGroups: [{ groups: [0], pre: [command] }] });
    const recoveryId = await start(scene, kind, policy);
    const notes = async () => (await readFile(`${at}-note`, "utf8").catch(() => "")).split("\n").filter((line) => line !== "");
    await until(async () => (await notes()).length === 1, "the command's start");
    await stage.db.database.pool.query("UPDATE recovery SET owner = NULL, lease_until = NULL, wake_at = dr_now() WHERE id = $1", [
      recoveryId,
    ]);
    return { scene, recoveryId, notes, release: () => writeFile(`${at}-go`, "") };
  }

  it("stops a run that is to pause", async () => {
    const { recoveryId, notes } = await lost("PLANNED", "PAUSE", false);
    expect((await pauses(recoveryId)).tell).toBe("FAILED");
    expect(await notes()).toHaveLength(1);
  });

  it.each<Kind>(["TEST", "PLANNED", "DISASTER"])(
    "is a WARNING OUTCOME_UNKNOWN where a run is to go on (%s), and not repeated",
    async (kind) => {
      const { scene, recoveryId, notes } = await lost(kind, "CONTINUE", false);
      const run = await goesOn(scene, recoveryId);
      expect(run).toMatchObject({ resultState: "WARNING", vmsSucceeded: 1 });
      expect(run.told.tell).toMatch(/^WARNING OUTCOME_UNKNOWN/);
      expect(await notes()).toHaveLength(1);
    },
  );

  it("is repeated by itself where it says that it may be", async () => {
    const { scene, recoveryId, notes, release } = await lost("PLANNED", "PAUSE", true);
    await until(async () => (await notes()).length === 2, "the command's second start");
    await release();
    expect(await goesOn(scene, recoveryId)).toMatchObject({ resultState: "SUCCESS", vmsSucceeded: 1 });
  });
});
