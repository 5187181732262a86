import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { TestSnapshot } from "../../../src/engine/run-snapshot.ts";
import { until } from "../../support/run.ts";
import { anotherPlan, aStage, endRun, operator, refusedUnchanged, row, type Stage } from "./stage.ts";

describe("starting a test", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await aStage();
  });
  afterEach(() => stage.reset());
  afterAll(() => stage.close());

  const start = (more: object = {}, planId = stage.planId) => stage.recoveries.start(operator, { planId, recoveryType: "TEST", ...more });
  const test = (sql: string, ...values: unknown[]) => stage.db.database.pool.query(sql, values);

  /** Rejects with this, and everything is as it was. */
  const refused = (work: () => Promise<unknown>, error: object) => refusedUnchanged(stage, work, error);

  it("writes the run with its snapshot, task, groups, first event, and the plan's lifecycle", async () => {
    const { recoveryId, taskId } = await start({ notes: "Quarterly" });
    expect(await row(stage, "SELECT * FROM recovery WHERE id = $1", recoveryId)).toMatchObject({
      plan_id: stage.planId,
      plan_name: "plan",
      kind: "TEST",
      state: "NOT_STARTED",
      failure_policy: "CONTINUE",
      options: { powerOnVms: true, runScripts: true, syncData: true, failurePolicy: "CONTINUE" },
      notes: "Quarterly",
      initiated_by: "olga",
      initiated_by_id: operator.userId,
      vm_count: 4,
      last_event: 1,
      owner: null,
      epoch: "0",
    });
    expect(await row(stage, "SELECT * FROM task WHERE id = $1", taskId)).toMatchObject({
      name: "Test Recovery - plan",
      type: "RECOVERY",
      state: "QUEUED",
      recovery_id: recoveryId,
      target_id: stage.planId,
    });
    const { rows: uses } = await test("SELECT group_id FROM group_use WHERE run_id = $1 ORDER BY group_id", recoveryId);
    expect(uses.map(({ group_id }) => group_id)).toEqual([...stage.groupIds].sort());
    expect(await row(stage, "SELECT count(*)::int AS n FROM recovery_group WHERE run_id = $1", recoveryId)).toEqual({ n: 2 });
    const { rows: states } = await test("SELECT DISTINCT state FROM protection_group");
    expect(states).toEqual([{ state: "TESTING" }]);
    expect(await row(stage, "SELECT lifecycle FROM recovery_plan")).toEqual({ lifecycle: "TEST_IN_PROGRESS" });
    expect(await row(stage, "SELECT sequence, kind, payload ->> 'state' AS state, payload ->> 'by' AS by FROM event")).toEqual({
      sequence: 1,
      kind: "RECOVERY_STATE_CHANGED",
      state: "NOT_STARTED",
      by: "olga",
    });
    expect(stage.hints).toEqual([recoveryId]);
  });

  it("takes the options that it is given into the snapshot", async () => {
    const options = { powerOnVms: false, runScripts: false, syncData: false };
    await test(
      "INSERT INTO recovery_point (id, group_id, external_id, taken_at, complete) SELECT gen_random_uuid(), id, 'p', dr_now(), true FROM protection_group",
    );
    const { recoveryId } = await start(options);
    const { content } = await row(stage, "SELECT content FROM recovery_snapshot WHERE run_id = $1", recoveryId);
    const snapshot: TestSnapshot = content;
    expect(snapshot.options).toMatchObject(options);
    expect(snapshot.vms.map(({ name, placeholderId }) => [name, placeholderId])).toContainEqual(["vm-1", "placeholder-1"]);
    expect(snapshot.testNetworks).toEqual([expect.objectContaining({ name: "net-b-test", testNetworkId: "net-b-test" })]);
    expect(snapshot.recoverySite.capabilities.ipCustomisation).toBe("BEFORE_POWER_ON");
  });

  it("lets one of two that come at once win, and tells the other which run is in the way", async () => {
    const results = await Promise.allSettled([start(), start(), start()]);
    const won = results.filter((result) => result.status === "fulfilled");
    expect(won).toHaveLength(1);
    const details = {
      planId: stage.planId,
      planName: "plan",
      lifecycle: "TEST_IN_PROGRESS",
      activeRecoveryId: won[0]?.value.recoveryId,
      activeTaskId: won[0]?.value.taskId,
    };
    for (const result of results) if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "CONFLICT", details });
    expect(await row(stage, "SELECT count(*)::int AS n FROM recovery")).toEqual({ n: 1 });
  });

  it.each([
    "TEST_IN_PROGRESS",
    "TEST_COMPLETE",
    "CLEANUP_IN_PROGRESS",
    "CLEANUP_INCOMPLETE",
    "RECOVERY_IN_PROGRESS",
    "RECOVERY_INCOMPLETE",
    "RECOVERY_COMPLETE",
    "REPROTECT_IN_PROGRESS",
    "REPROTECT_INCOMPLETE",
  ])("is refused while the plan is %s", async (lifecycle) => {
    await test("UPDATE recovery_plan SET lifecycle = $1", lifecycle);
    await refused(start, { code: "CONFLICT", details: { lifecycle, planName: "plan" } });
  });

  it("is refused for a plan that does not exist", () =>
    refused(() => start({}, "01900000-0000-7000-8000-000000000000"), { code: "NOT_FOUND", resource: "RecoveryPlan" }));

  it("keeps the failure policy that it is given", async () => {
    const { recoveryId } = await start({ failurePolicy: "PAUSE" });
    expect(await row(stage, "SELECT failure_policy FROM recovery WHERE id = $1", recoveryId)).toEqual({ failure_policy: "PAUSE" });
  });

  it("refuses texts that can't be stored, by field", () =>
    refused(() => start({ notes: "x".repeat(5000), idempotencyKey: "" }), {
      code: "INVALID_REQUEST",
      fieldErrors: [{ path: ["notes"] }, { path: ["idempotencyKey"] }],
    }));

  it("is refused while a test of another plan runs on the pair, with the limit", async () => {
    const [first = "", second = ""] = stage.groupIds;
    await test("DELETE FROM plan_protection_group WHERE group_id = $1", second);
    const other = await anotherPlan(stage, [second]);
    const running = await start({}, other);
    expect(first).not.toBe("");
    await refused(start, {
      code: "CONFLICT",
      details: { planName: "other plan", activeRecoveryId: running.recoveryId, limit: 1, current: 1 },
    });
  });

  it("lets one of two plans of a pair that start at once win", async () => {
    const [, second = ""] = stage.groupIds;
    await test("DELETE FROM plan_protection_group WHERE group_id = $1", second);
    const other = await anotherPlan(stage, [second]);
    const results = await Promise.allSettled([start(), start({}, other)]);
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });

  it("gives the same conflict when only a constraint stops it", async () => {
    const rival = await stage.db.database.connectDirect("rival");
    try {
      await rival.query("BEGIN");
      const insert = `INSERT INTO recovery (id, plan_name, pairing_id, kind, options, initiated_by) VALUES (gen_random_uuid(), 'rival', $1, 'TEST', '{}', 'x')`;
      await rival.query(insert, [stage.pairingId]);
      const outcome = start().catch((error: unknown) => error);
      const waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
      await until(async () => (await test(waiting)).rowCount === 1, "the wait for the rival");
      await rival.query("COMMIT");
      expect(await outcome).toMatchObject({ code: "CONFLICT", details: { planName: "rival", limit: 1 } });
    } finally {
      await rival.end();
    }
  });

  it("may start beside a test of the pair that is complete and only waits for its cleanup", async () => {
    const [, second = ""] = stage.groupIds;
    await test("DELETE FROM plan_protection_group WHERE group_id = $1", second);
    const other = await anotherPlan(stage, [second]);
    const { recoveryId } = await start({}, other);
    await endRun(stage, recoveryId, "TEST_COMPLETE");
    await expect(start()).resolves.toMatchObject({ recoveryId: expect.any(String) });
  });

  it("is refused beside a real recovery on the pair", async () => {
    const other = await anotherPlan(stage, []);
    await test(
      `INSERT INTO recovery (id, plan_id, plan_name, pairing_id, kind, state, options, initiated_by)
        VALUES (gen_random_uuid(), $1, 'other plan', $2, 'DISASTER', 'RUNNING', '{}', 'olga')`,
      other,
      stage.pairingId,
    );
    await refused(start, { code: "CONFLICT", message: expect.stringContaining("real recovery of the plan other plan") });
  });

  it("is refused while another plan has one of its groups, which it names", async () => {
    const other = await anotherPlan(stage, [stage.groupIds[0] ?? ""]);
    const { recoveryId } = await start({}, other);
    await endRun(stage, recoveryId, "TEST_COMPLETE");
    await refused(start, {
      code: "CONFLICT",
      message: expect.stringMatching(/group-1 is in use by a run of the plan other plan .*cleaned up/),
    });
  });

  it.each([
    ["NOT_READY", "GROUP_NOT_READY"],
    ["RECOVERED", "GROUP_RECOVERED_ELSEWHERE"],
  ])("is refused with a group that is %s", async (state, reason) => {
    await test("UPDATE protection_group SET state = $1 WHERE name = 'group-2'", state);
    await refused(start, { code: "PRECONDITION_FAILED", reason, message: expect.stringContaining("group-2") });
  });

  it("is refused for an empty plan", async () => {
    const empty = await anotherPlan(stage, []);
    await refused(() => start({}, empty), { code: "PRECONDITION_FAILED", reason: "EMPTY" });
  });

  it("is refused with a network that is not mapped, by name", async () => {
    await test("DELETE FROM network_mapping");
    await refused(start, {
      code: "PRECONDITION_FAILED",
      reason: "MAPPING_MISSING",
      message: expect.stringContaining("vm-1 uses the network net-a"),
    });
  });

  it("is refused with groups of opposite directions", async () => {
    await test(
      "UPDATE protection_group SET protected_site_id = recovery_site_id, recovery_site_id = protected_site_id WHERE name = 'group-2'",
    );
    await refused(start, { code: "PRECONDITION_FAILED", reason: "MIXED_DIRECTION" });
  });

  it("is refused while the recovery site is disconnected", async () => {
    await test("UPDATE site SET state = 'DISCONNECTED' WHERE type = 'RECOVERY'");
    await refused(start, { code: "PRECONDITION_FAILED", reason: "SITE_DISCONNECTED", message: expect.stringContaining("site-b") });
  });

  it("ignores syncData with a warning while the protected site is disconnected", async () => {
    await test("UPDATE site SET state = 'DISCONNECTED' WHERE type = 'PROTECTED'");
    await refused(start, { code: "PRECONDITION_FAILED", reason: "NO_RECOVERY_POINT", message: expect.stringContaining("group-1") });
    await test(
      "INSERT INTO recovery_point (id, group_id, external_id, taken_at, complete) SELECT gen_random_uuid(), id, 'p', dr_now(), true FROM protection_group",
    );
    const { recoveryId } = await start();
    expect(await row(stage, "SELECT options ->> 'syncData' AS sync, warnings FROM recovery WHERE id = $1", recoveryId)).toEqual({
      sync: "false",
      warnings: [{ code: "SYNC_IGNORED", message: expect.stringContaining("site-a is disconnected") }],
    });
  });

  it("is refused with SERVICE_UNAVAILABLE when the recovery site can't be reached", async () => {
    await stage.lab.faults.partition(stage.sites.recoverySite);
    await refused(start, { code: "SERVICE_UNAVAILABLE", message: expect.stringContaining("site-b") });
  });

  it("does without a protected site that can't be reached", async () => {
    await stage.lab.faults.partition(stage.sites.protectedSite);
    await expect(start()).resolves.toMatchObject({ recoveryId: expect.any(String) });
  });

  it("gives the first answer to the same key and input, also at once and after the end", async () => {
    const [one, two] = await Promise.all([start({ idempotencyKey: "k" }), start({ idempotencyKey: "k" })]);
    expect(two).toEqual(one);
    await endRun(stage, one.recoveryId, "TEST_COMPLETE");
    expect(await start({ idempotencyKey: "k" })).toEqual(one);
    expect(await row(stage, "SELECT count(*)::int AS n FROM recovery")).toEqual({ n: 1 });
  });

  it("refuses the same key with other input", async () => {
    await start({ idempotencyKey: "k" });
    await refused(() => start({ idempotencyKey: "k", notes: "other" }), {
      code: "CONFLICT",
      message: expect.stringContaining("idempotency key"),
    });
  });

  it("forgets a key whose request was refused", async () => {
    await test("UPDATE recovery_plan SET lifecycle = 'TEST_COMPLETE'");
    await expect(start({ idempotencyKey: "k" })).rejects.toMatchObject({ code: "CONFLICT" });
    await test("UPDATE recovery_plan SET lifecycle = 'READY'");
    await expect(start({ idempotencyKey: "k" })).resolves.toMatchObject({ recoveryId: expect.any(String) });
  });

  it("waits for the database three times on its connections, however many its statements are", async () => {
    const original = pg.Client.prototype.query;
    const underWay = new Map<pg.Client, number>();
    let waits = 0;
    const query = vi.spyOn(pg.Client.prototype, "query").mockImplementation(function (this: pg.Client, ...args: unknown[]) {
      const answer: unknown = Reflect.apply(original, this, args);
      if (!(answer instanceof Promise)) return;
      const before = underWay.get(this) ?? 0;
      if (before === 0) waits++;
      underWay.set(this, before + 1);
      void answer.finally(() => underWay.set(this, (underWay.get(this) ?? 1) - 1));
      return answer as never;
    });
    await start().finally(() => query.mockRestore());
    expect(waits).toBe(3);
  });

  it("keeps a key for 24 hours", async () => {
    const first = await start({ idempotencyKey: "k" });
    await endRun(stage, first.recoveryId, "READY");
    await stage.db.shiftClock(24 * 3600 + 60);
    expect(await start({ idempotencyKey: "k" })).not.toEqual(first);
  });
});
