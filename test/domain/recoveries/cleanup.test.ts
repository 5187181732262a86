import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { CleanupSnapshot } from "../../../src/engine/run-snapshot.ts";
import type { EffectKind, EffectRequest } from "../../../src/providers/contract.ts";
import { registration } from "../../support/lab.ts";
import { anotherPlan, aStage, aStep, endRun, operator, refusedUnchanged, row, type Stage } from "./stage.ts";

describe("cleaning up a test", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await aStage();
  });
  afterEach(() => stage.reset());
  afterAll(() => stage.close());

  const cleanup = (more: object = {}) => stage.recoveries.cleanup(operator, { planId: stage.planId, ...more });
  const test = (sql: string, ...values: unknown[]) => stage.db.database.pool.query(sql, values);

  const refused = (work: () => Promise<unknown>, error: object) => refusedUnchanged(stage, work, error);

  async function completeTest(planId = stage.planId): Promise<string> {
    const { recoveryId } = await stage.recoveries.start(operator, { planId, recoveryType: "TEST" });
    await endRun(stage, recoveryId, "TEST_COMPLETE");
    return recoveryId;
  }

  async function snapshotOf(recoveryId: string): Promise<CleanupSnapshot> {
    return (await row(stage, "SELECT content FROM recovery_snapshot WHERE run_id = $1", recoveryId)).content;
  }

  let orders = 0;
  /** What a run orders at the recovery site. */
  function order<K extends EffectKind>(runId: string, kind: K, request: EffectRequest<K>) {
    const call = { key: `order-${++orders}`, runId, epoch: 1n, signal: AbortSignal.timeout(60_000) };
    return stage.lab.provider.order(stage.sites.recoverySite, kind, request, call);
  }

  /** The first VM's copy is registered by the run and removed again. */
  async function takePlaceholder(runId: string): Promise<{ placeholderId: string; name: string }> {
    const { recoverySite, groups, vms } = stage.sites;
    const [group, vm] = [groups[0], vms[0]];
    if (group === undefined || vm === undefined) throw new Error("the lab has no group or no VM");
    const [point] = await stage.lab.provider.recoveryPoints(recoverySite, group.id, AbortSignal.timeout(60_000));
    const request = { groupId: group.id, pointId: point?.pointId ?? "", name: "snapshot" };
    const snapshot = await order(runId, "createSnapshot", request);
    const copy = await order(runId, "registerVm", registration(stage.sites, vm, Reflect.get(snapshot, "result").snapshotId));
    await order(runId, "removeVm", { vmId: Reflect.get(copy, "result").vmId });
    return { placeholderId: vm.placeholderId, name: `${vm.name}-placeholder` };
  }

  it("writes a run that takes the groups over from the test", async () => {
    const testId = await completeTest();
    const { recoveryId, taskId } = await cleanup();
    expect(await row(stage, "SELECT * FROM recovery WHERE id = $1", recoveryId)).toMatchObject({
      kind: "CLEANUP",
      state: "NOT_STARTED",
      cleans_up_id: testId,
      options: { force: false },
      last_event: 1,
    });
    expect(await row(stage, "SELECT name, type FROM task WHERE id = $1", taskId)).toEqual({ name: "Test Cleanup - plan", type: "CLEANUP" });
    const { rows } = await test("SELECT run_id FROM group_use");
    expect(rows).toEqual([{ run_id: recoveryId }, { run_id: recoveryId }]);
    expect(await row(stage, "SELECT lifecycle FROM recovery_plan")).toEqual({ lifecycle: "CLEANUP_IN_PROGRESS" });
    expect(await snapshotOf(recoveryId)).toMatchObject({
      kind: "CLEANUP",
      testRunId: testId,
      force: false,
      remains: { vms: [], snapshots: [], networks: [] },
    });
    expect(stage.hints.at(-1)).toBe(recoveryId);
  });

  it("may be repeated after an incomplete one, and takes the groups from that", async () => {
    await completeTest();
    const first = await cleanup();
    await endRun(stage, first.recoveryId, "CLEANUP_INCOMPLETE", "FAILED");
    const second = await cleanup({ force: true });
    const { rows } = await test("SELECT DISTINCT run_id FROM group_use");
    expect(rows).toEqual([{ run_id: second.recoveryId }]);
    expect(await snapshotOf(second.recoveryId)).toMatchObject({ force: true });
  });

  it("finds what the test made, also where its result was never recorded", async () => {
    const testId = await completeTest();
    const { provider } = stage.lab;
    const call = (key: string) => ({ key, runId: testId, epoch: 1n, signal: AbortSignal.timeout(60_000) });
    const site = stage.sites.recoverySite;
    const [group, groupId] = [stage.sites.groups[0], stage.groupIds[0] ?? ""];
    const [point] = await provider.recoveryPoints(site, group?.id ?? "", AbortSignal.timeout(60_000));
    const made = await provider.order(
      site,
      "createSnapshot",
      { groupId: group?.id ?? "", pointId: point?.pointId ?? "", name: "test of group-1" },
      call("1"),
    );
    const network = await provider.order(site, "createIsolatedNetwork", { name: "bubble" }, call("2"));
    await aStep(stage, testId, { ordinal: 1, kind: "CREATE_SNAPSHOT", status: "FAILED", groupId, spec: { name: "test of group-1" } });
    await aStep(stage, testId, {
      ordinal: 2,
      kind: "CREATE_TEST_NETWORK",
      status: "SUCCEEDED",
      spec: { name: "gone" },
      result: { networkId: "gone" },
    });
    const { remains } = await snapshotOf((await cleanup()).recoveryId);
    expect(remains.snapshots).toEqual([{ groupId, groupName: "group-1", snapshotId: Reflect.get(made, "result").snapshotId }]);
    expect(remains.networks).toEqual([{ name: "bubble", networkId: Reflect.get(network, "result").networkId }]);
  });

  it("restores a placeholder that is taken, also when no VM is known in its place", async () => {
    const testId = await completeTest();
    const vmId = stage.vmIds.get("vm-1") ?? "";
    const placeholder = await takePlaceholder(testId);
    const spec = { name: "copy", placeholderId: placeholder.placeholderId };
    await aStep(stage, testId, { ordinal: 1, kind: "REGISTER_VM", status: "FAILED", vmId, spec });
    const { remains } = await snapshotOf((await cleanup()).recoveryId);
    expect(remains).toMatchObject({ vms: [], placeholders: [placeholder] });
  });

  it("asks the site, and is refused with SERVICE_UNAVAILABLE while that does not answer", async () => {
    await completeTest();
    await stage.lab.faults.partition(stage.sites.recoverySite);
    await refused(cleanup, { code: "SERVICE_UNAVAILABLE", message: expect.stringContaining("site-b") });
  });

  it("goes on by force from what the test has recorded, with a warning", async () => {
    const testId = await completeTest();
    const vmId = stage.vmIds.get("vm-1") ?? "";
    const spec = { name: "vm-1", placeholderId: "placeholder-1" };
    await aStep(stage, testId, { ordinal: 1, kind: "REGISTER_VM", status: "SUCCEEDED", vmId, spec, result: { vmId: "copy" } });
    await stage.lab.faults.partition(stage.sites.recoverySite);
    const { recoveryId } = await cleanup({ force: true });
    const { remains, warnings } = await snapshotOf(recoveryId);
    expect(remains.vms).toEqual([{ vmId, name: "vm-1", placeholderId: "placeholder-1", recoveryVmId: "copy" }]);
    expect(warnings).toEqual([{ code: "SITE_NOT_ASKED", message: expect.stringContaining("site-b") }]);
    expect(await row(stage, "SELECT vm_count FROM recovery WHERE id = $1", recoveryId)).toEqual({ vm_count: 1 });
  });

  it.each(["READY", "TEST_IN_PROGRESS", "CLEANUP_IN_PROGRESS", "RECOVERY_IN_PROGRESS", "RECOVERY_COMPLETE", "REPROTECT_INCOMPLETE"])(
    "is refused while the plan is %s, unless a test was left behind",
    async (lifecycle) => {
      if (lifecycle.endsWith("_IN_PROGRESS")) await completeTest();
      await test("UPDATE recovery_plan SET lifecycle = $1", lifecycle);
      await refused(cleanup, { code: "CONFLICT", details: { lifecycle, planName: "plan" } });
    },
  );

  describe("of a plan that is READY", () => {
    /** A test whose forced cleanup left a network. */
    async function forcedTest(): Promise<string> {
      const testId = await completeTest();
      const { recoveryId } = await cleanup({ force: true });
      await endRun(stage, recoveryId, "READY");
      await leave(testId);
      return testId;
    }

    const leave = (testId: string, externalId = "left") =>
      test(
        `INSERT INTO leftover (id, plan_id, run_id, site_id, kind, external_id, name)
          SELECT gen_random_uuid(), plan_id, id, (SELECT recovery_site_id FROM protection_group LIMIT 1), 'NETWORK', $2, $2
          FROM recovery WHERE id = $1`,
        testId,
        externalId,
      );

    it("removes the leftovers of the oldest test that has some, and holds its groups meanwhile", async () => {
      const oldest = await forcedTest();
      const made = await order(oldest, "createIsolatedNetwork", { name: "left" });
      await test("UPDATE leftover SET found_at = found_at - interval '1 hour'");
      const newer = await completeTest();
      await endRun(stage, (await cleanup({ force: true })).recoveryId, "READY");
      await leave(newer, "newer");
      const { recoveryId } = await cleanup();
      expect(await row(stage, "SELECT cleans_up_id FROM recovery WHERE id = $1", recoveryId)).toEqual({ cleans_up_id: oldest });
      expect(await row(stage, "SELECT lifecycle FROM recovery_plan")).toEqual({ lifecycle: "CLEANUP_IN_PROGRESS" });
      const { rows } = await test("SELECT run_id, state FROM group_use JOIN protection_group g ON g.id = group_id");
      expect(rows).toEqual([1, 2].map(() => ({ run_id: recoveryId, state: "TESTING" })));
      const { testRunId, remains } = await snapshotOf(recoveryId);
      expect(testRunId).toBe(oldest);
      expect(remains.networks).toEqual([{ name: "left", networkId: Reflect.get(made, "result").networkId }]);
      await endRun(stage, recoveryId, "CLEANUP_INCOMPLETE", "FAILED");
      expect(await snapshotOf((await cleanup()).recoveryId)).toMatchObject({ testRunId: oldest });
    });

    it("takes that test by its id and no other, and none once the leftovers are gone", async () => {
      const testId = await forcedTest();
      const newer = await completeTest();
      await endRun(stage, (await cleanup()).recoveryId, "READY");
      await refused(() => cleanup({ recoveryId: newer }), { code: "CONFLICT", details: { activeRecoveryId: testId } });
      await expect(cleanup({ recoveryId: testId })).resolves.toBeDefined();
    });

    it("is refused once the leftovers are gone, and told that there is nothing to do", async () => {
      await forcedTest();
      await test("UPDATE leftover SET gone_at = dr_now()");
      const message = expect.stringMatching(/^There is nothing to clean up/);
      await refused(cleanup, { code: "CONFLICT", message, remedy: "Nothing has to be done.", details: { lifecycle: "READY" } });
    });

    it("is refused while another plan's run has a group of the test, also one that is no longer the plan's", async () => {
      await forcedTest();
      const [, second = ""] = stage.groupIds;
      await test("DELETE FROM plan_protection_group WHERE group_id = $1", second);
      const other = await anotherPlan(stage, [second]);
      const { recoveryId } = await stage.recoveries.start(operator, { planId: other, recoveryType: "TEST" });
      await refused(cleanup, { code: "CONFLICT", details: { planName: "other plan", activeRecoveryId: recoveryId } });
      await endRun(stage, recoveryId, "TEST_COMPLETE");
      await refused(cleanup, { code: "CONFLICT", message: expect.stringContaining("not been cleaned up") });
    });

    it("is refused while a group is in a state that the cleanup's end would overwrite", async () => {
      await forcedTest();
      await test("UPDATE protection_group SET state = 'ERROR' WHERE id = $1", stage.groupIds[0]);
      await refused(cleanup, { code: "PRECONDITION_FAILED", message: expect.stringContaining("is ERROR") });
    });
  });

  it("is refused while the test still runs, and names it", async () => {
    const { recoveryId } = await stage.recoveries.start(operator, { planId: stage.planId, recoveryType: "TEST" });
    await refused(cleanup, { code: "CONFLICT", details: { lifecycle: "TEST_IN_PROGRESS", activeRecoveryId: recoveryId } });
  });

  it("takes the last test by its id, no other run, and none that is unknown", async () => {
    const testId = await completeTest();
    const first = await cleanup({ recoveryId: testId });
    await endRun(stage, first.recoveryId, "READY");
    await completeTest();
    await refused(() => cleanup({ recoveryId: testId }), { code: "CONFLICT", message: expect.stringContaining("not the last test") });
    await refused(() => cleanup({ recoveryId: "01900000-0000-7000-8000-000000000000" }), { code: "NOT_FOUND", resource: "Recovery" });
  });

  it("is refused for an unknown plan", () =>
    refused(() => cleanup({ planId: "01900000-0000-7000-8000-000000000000" }), { code: "NOT_FOUND", resource: "RecoveryPlan" }));

  it("lets one of two that come at once win", async () => {
    await completeTest();
    const results = await Promise.allSettled([cleanup(), cleanup()]);
    const won = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    const lost = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
    expect(won).toHaveLength(1);
    expect(lost).toMatchObject([{ code: "CONFLICT", details: { activeRecoveryId: won[0]?.recoveryId, lifecycle: "CLEANUP_IN_PROGRESS" } }]);
  });

  it("gives the first answer to the same key", async () => {
    await completeTest();
    const first = await cleanup({ idempotencyKey: "k" });
    await endRun(stage, first.recoveryId, "READY");
    expect(await cleanup({ idempotencyKey: "k" })).toEqual(first);
    await refused(() => cleanup({ idempotencyKey: "k", force: true }), { code: "CONFLICT" });
  });

  it("does not stand in the way of another plan's test on the pair", async () => {
    const [, second = ""] = stage.groupIds;
    await test("DELETE FROM plan_protection_group WHERE group_id = $1", second);
    const other = await anotherPlan(stage, [second]);
    await completeTest();
    await cleanup();
    await expect(stage.recoveries.start(operator, { planId: other, recoveryType: "TEST" })).resolves.toBeDefined();
  });
});
