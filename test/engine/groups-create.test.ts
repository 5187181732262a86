import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { effects } from "../support/lab.ts";
import { operator } from "../support/node.ts";
import { ended, eventsOf, until } from "../support/run.ts";
import {
  aGroupStage,
  aPlanOf,
  artefactsOf,
  changesOf,
  datastoreOf,
  type GroupStage,
  groupOf,
  membersOf,
  placeholder,
  pointsOf,
  statuses,
  taskOf,
} from "./groups-stage.ts";

let stage: GroupStage;

beforeEach(async () => {
  stage = await aGroupStage();
});
afterEach(() => stage[Symbol.asyncDispose]());

describe("a creation", () => {
  it("replicates the VMs, keeps their places, copies them once, and makes the group ready", async () => {
    const run = await stage.end(stage.rows.create({ name: "Shop", vms: [0, 1], storage: true }));
    expect(statuses(run)).toEqual([
      "Discover datastores: WARNING",
      "Configure replication: SUCCEEDED",
      "Create placeholders: SUCCEEDED",
      "Create placeholder of vm-1: SUCCEEDED",
      "Create placeholder of vm-2: SUCCEEDED",
      "Synchronise for the first time: SUCCEEDED",
    ]);
    expect(run).toMatchObject({ state: "COMPLETED", resultState: "WARNING", vmsSucceeded: 2, vmsFailed: 0, progressPercent: 100 });
    expect(await groupOf(stage, run.groupId)).toMatchObject({ state: "READY", peerState: "READY", faultCode: null, use: null });
    for (const member of await membersOf(stage, run.groupId)) {
      expect(member).toMatchObject({
        protectionState: "SHADOWING",
        replicationState: "SYNCED",
        faultCode: null,
      });
      expect(member.placeholderExternalId).toMatch(/^placeholder-/);
      expect(member.lastSyncAt).not.toBeNull();
    }
    const atSite = await stage.lab.provider.recoveryPoints(stage.sites.recoverySite, run.groupId, AbortSignal.timeout(60_000));
    expect((await pointsOf(stage, run.groupId)).map(({ externalId, complete }) => [externalId, complete])).toEqual([
      [atSite[0]?.pointId, true],
    ]);
    expect(await datastoreOf(stage)).toMatchObject({ replicationState: "SYNCED" });
    const made = await effects(stage.lab, run.runId);
    expect([made[0], made[3]]).toEqual(["protectGroup Shop", "synchronise Shop"]);
    expect(made.slice(1, 3).sort()).toEqual([`createPlaceholder ${placeholder(1)}`, `createPlaceholder ${placeholder(2)}`]);
  });

  it("names VMs on its datastores that it does not protect, in its run and its task", async () => {
    const run = await stage.end(stage.rows.create({ vms: [0, 1], storage: true }));
    const warning = (number: number) => ({
      code: "UNPROTECTED_VM",
      message: `1 Discover datastores: vm-${number} is on ds-a and not a member of the group`,
    });
    const { warnings } = await stage.prisma.recovery.findUniqueOrThrow({ where: { id: run.runId } });
    expect(warnings).toEqual([warning(3), warning(4)]);
    expect(await taskOf(stage, run.runId)).toMatchObject({
      state: "COMPLETED",
      warnings: [warning(3), warning(4)],
      errors: [],
      progressPercent: 100,
    });
  });

  it("shows what it does by the same events as any run", async () => {
    const run = await stage.end(stage.rows.create({ vms: [0] }));
    const events = await eventsOf(stage.db.database, run.runId);
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
    expect(events[0]?.event).toMatchObject({ kind: "RECOVERY_STATE_CHANGED", state: "NOT_STARTED" });
    expect(events.at(-1)?.event).toMatchObject({ kind: "RECOVERY_ENDED", resultState: "SUCCESS", vmsSucceeded: 1 });
    const { id } = await taskOf(stage, run.runId);
    expect(await changesOf(stage)).toMatchObject([
      { kind: "PROTECTION_GROUP_CHANGED", id: run.groupId, change: "UPDATED" },
      { kind: "TASK_CHANGED", id, change: "UPDATED" },
      { kind: "VM_CHANGED", id: stage.rows.vmIds[0], change: "UPDATED", name: "vm-1" },
    ]);
  });

  it("makes a group that can be tested and cleaned up like any other", async () => {
    const { groupId } = await stage.end(stage.rows.create({ vms: [0, 1] }));
    const planId = await aPlanOf(stage, groupId);
    const test = await stage.recoveries.start(operator, { planId, recoveryType: "TEST" });
    expect(await ended(stage.db.database, test.recoveryId)).toMatchObject({ resultState: "SUCCESS", vmsSucceeded: 2 });
    const cleanup = await stage.recoveries.cleanup(operator, { planId });
    expect(await ended(stage.db.database, cleanup.recoveryId)).toMatchObject({ resultState: "SUCCESS" });
    expect(await groupOf(stage, groupId)).toMatchObject({ state: "READY", use: null });
  });

  it("of a group without VMs is ready too", async () => {
    const run = await stage.end(stage.rows.create({ vms: [] }));
    expect(statuses(run)).toEqual(["Configure replication: SUCCEEDED", "Synchronise for the first time: SUCCEEDED"]);
    expect(await groupOf(stage, run.groupId)).toMatchObject({ state: "READY" });
  });

  it("leaves a VM whose placeholder fails in ERROR with its fault, and the group ready", async () => {
    await stage.lab.faults.fail({ kind: "createPlaceholder", target: placeholder(2), failure: "PERMANENT", message: "The name is taken." });
    const run = await stage.end(stage.rows.create({ vms: [0, 1] }));
    expect(run).toMatchObject({ state: "COMPLETED", resultState: "PARTIAL", vmsSucceeded: 1, vmsFailed: 1 });
    expect(await groupOf(stage, run.groupId)).toMatchObject({ state: "READY", faultCode: null });
    expect(await membersOf(stage, run.groupId)).toMatchObject([
      { protectionState: "SHADOWING" },
      {
        protectionState: "ERROR",
        faultCode: "PLACEHOLDER_FAILED",
        faultMessage: "The name is taken.",
        placeholderExternalId: null,
        replicationState: "SYNCED",
      },
    ]);
    expect(await taskOf(stage, run.runId)).toMatchObject({
      state: "COMPLETED",
      errors: ["Create placeholder of vm-2: The name is taken."],
    });
  });

  it.each([
    { what: "replication", kind: "protectGroup", step: "Configure replication", state: "NOT_CONFIGURED", replication: "NOT_REPLICATED" },
    {
      what: "the first synchronisation",
      kind: "synchronise",
      step: "Synchronise for the first time",
      state: "NOT_SHADOWING",
      replication: "ERROR",
    },
  ] as const)("puts the group in ERROR when $what fails", async ({ kind, step, state, replication }) => {
    await stage.lab.faults.fail({ kind, failure: "PERMANENT", message: "No route." });
    const run = await stage.end(stage.rows.create({ vms: [0, 1], storage: true }));
    expect(run).toMatchObject({ state: "FAILED", resultState: "FAILED" });
    const fault = { faultCode: "REPLICATION_FAILED", faultMessage: `${step}: No route.`, faultSince: expect.any(Date) };
    expect(await groupOf(stage, run.groupId)).toMatchObject({ state: "ERROR", peerState: "ERROR", use: null, ...fault });
    for (const member of await membersOf(stage, run.groupId))
      expect(member).toMatchObject({ protectionState: state, replicationState: replication });
    expect(await pointsOf(stage, run.groupId)).toEqual([]);
    expect(await datastoreOf(stage)).toMatchObject({ replicationState: replication });
    expect(await taskOf(stage, run.runId)).toMatchObject({ state: "FAILED", errors: [`${step}: No route.`] });
  });

  it("fails before it changes anything when a datastore is not at the site", async () => {
    await stage.lab.takeAway(stage.sites.protectedSite, "DATASTORE", stage.sites.sourceDatastore);
    const run = await stage.end(stage.rows.create({ vms: [0], storage: true }));
    expect(await groupOf(stage, run.groupId)).toMatchObject({
      state: "ERROR",
      faultMessage: "Discover datastores: site-a has no datastore ds-a",
    });
    expect(await effects(stage.lab)).toEqual([]);
  });

  it("fails as a whole when no VM gets its placeholder", async () => {
    await stage.lab.faults.fail({ kind: "createPlaceholder", failure: "PERMANENT", message: "Full.", times: Infinity });
    const run = await stage.end(stage.rows.create({ vms: [0, 1] }));
    expect(await groupOf(stage, run.groupId)).toMatchObject({ state: "ERROR", faultCode: "PLACEHOLDER_FAILED" });
  });
});

describe("a cancelled creation", () => {
  it("is rolled back, and the group is gone", async () => {
    const held = await stage.lab.faults.hold({ kind: "createPlaceholder", target: placeholder(2), when: "BEFORE" });
    const { runId, groupId } = await stage.rows.create({ vms: [0, 1], storage: true });
    await held.arrived;
    await stage.rows.cancel(runId);
    await until(async () => (await stage.prisma.recovery.findUniqueOrThrow({ where: { id: runId } })).state === "CANCELLING");
    await held.release();
    expect(await ended(stage.db.database, runId)).toMatchObject({ state: "FAILED", resultState: "CANCELLED" });
    expect(await taskOf(stage, runId)).toMatchObject({ state: "CANCELLED" });
    await until(async () => (await groupOf(stage, groupId)) === null, "the end of the group");
    const [rollBack] = await stage.prisma.recovery.findMany({ where: { kind: "GROUP_DELETE" }, include: { task: true } });
    expect(rollBack).toMatchObject({ resultState: "SUCCESS", task: null, initiatedBy: "olga", options: { force: true } });
    expect(await artefactsOf(stage, runId)).toEqual([]);
    expect(await membersOf(stage, groupId)).toEqual([]);
    expect(await datastoreOf(stage)).toMatchObject({ replicationState: "NOT_REPLICATED" });
    expect((await stage.end(stage.rows.create({ vms: [0, 1] }))).resultState).toBe("SUCCESS");
  });

  it("also takes back a placeholder that it has never heard of", async () => {
    await stage.replaceNode(300);
    const lost = await stage.lab.faults.hold({ kind: "createPlaceholder", when: "AFTER" });
    const { runId, groupId } = await stage.rows.create({ vms: [0] });
    await lost.arrived;
    for (const kind of ["observe", "createPlaceholder"] as const) await stage.lab.faults.fail({ kind, times: Infinity });
    await stage.rows.cancel(runId);
    expect((await ended(stage.db.database, runId)).steps.map(({ kind, status }) => [kind, status])).toContainEqual([
      "CREATE_PLACEHOLDER",
      "FAILED",
    ]);
    await until(async () => (await groupOf(stage, groupId)) === null, "the end of the group");
    expect(await effects(stage.lab)).toContain(`removePlaceholder ${placeholder(1)}`);
    expect(await artefactsOf(stage, runId)).toEqual([]);
  });
});
