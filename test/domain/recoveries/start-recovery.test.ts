/** Starting real recoveries: what is written, and what stands in the way. */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { endReprotect } from "../../../src/domain/recoveries/start/way-back.ts";
import type { CleanupSnapshot, RecoverySnapshot } from "../../../src/engine/run-snapshot.ts";
import { readHeads } from "../../../src/events/heads.ts";
import { aStage, aStep, copiesOf, endRun, operator, refusedUnchanged, row, type Stage } from "./stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await aStage();
});
afterEach(() => stage.reset());
afterAll(() => stage.close());

const sql = (text: string, ...values: unknown[]) => stage.db.database.pool.query(text, values);
const start = (recoveryType: "TEST" | "PLANNED" | "DISASTER", more: object = {}) =>
  stage.recoveries.start(operator, { planId: stage.planId, recoveryType, ...more });
const lifecycle = (name: string) => sql("UPDATE recovery_plan SET lifecycle = $1", name);
const snapshotOf = async <S>(recoveryId: string): Promise<S> =>
  (await row(stage, "SELECT content FROM recovery_snapshot WHERE run_id = $1", recoveryId)).content;

const refused = (work: () => Promise<unknown>, error: object) => refusedUnchanged(stage, work, error);

const aPoint = (externalId: string, minutesAgo: number) =>
  sql(
    `INSERT INTO recovery_point (id, group_id, external_id, taken_at, complete)
      SELECT gen_random_uuid(), id, $1 || name, dr_now() - $2 * interval '1 minute', true FROM protection_group`,
    externalId,
    minutesAgo,
  );

describe("a planned recovery", () => {
  it("is written with the target networks, how long guests may shut down, and PAUSE as its policy", async () => {
    const { recoveryId, taskId } = await start("PLANNED");
    const { options, vms, testNetworks, ...snapshot } = await snapshotOf<RecoverySnapshot>(recoveryId);
    expect(snapshot).toMatchObject({ kind: "PLANNED", protectedSiteCondition: "CONNECTED", rerunOf: null });
    expect(options).toMatchObject({ failurePolicy: "PAUSE", syncData: true, shutdownSourceVms: true, unfencedAcceptedBy: null });
    expect(testNetworks).toEqual([expect.objectContaining({ name: "net-b", testNetworkId: "net-b" })]);
    expect(new Set(vms.map(({ shutdownDelaySeconds }) => shutdownDelaySeconds))).toEqual(new Set([300]));
    expect(await row(stage, "SELECT name, type FROM task WHERE id = $1", taskId)).toEqual({
      name: "Planned Recovery - plan",
      type: "RECOVERY",
    });
    expect(await row(stage, "SELECT DISTINCT state FROM protection_group")).toEqual({ state: "RECOVERING" });
    expect(await row(stage, "SELECT lifecycle FROM recovery_plan")).toEqual({ lifecycle: "RECOVERY_IN_PROGRESS" });
  });

  it("forces a VM off at once whose settings skip the guest's shutdown", async () => {
    await sql("INSERT INTO vm_recovery_settings (vm_id, skip_guest_shutdown) VALUES ($1, true)", stage.vmIds.get("vm-2"));
    const { vms } = await snapshotOf<RecoverySnapshot>((await start("PLANNED")).recoveryId);
    const seconds = vms.map(({ name, shutdownDelaySeconds }) => [name, shutdownDelaySeconds]);
    expect(Object.fromEntries(seconds)).toEqual({ "vm-1": 300, "vm-2": 0, "vm-3": 300, "vm-4": 300 });
  });

  it("goes in the direction that its groups have now: protected is the site that they are protected at", async () => {
    await sql("UPDATE protection_group SET protected_site_id = recovery_site_id, recovery_site_id = protected_site_id");
    const { rows } = await sql("SELECT id FROM network WHERE name = 'net-a'");
    await sql(
      "INSERT INTO network_mapping (id, pairing_id, source_network_id, target_network_id) SELECT gen_random_uuid(), $1, id, $2 FROM network WHERE name = 'net-b'",
      stage.pairingId,
      rows[0].id,
    );
    await sql("UPDATE vm_nic SET network_id = (SELECT id FROM network WHERE name = 'net-b')");
    const { recoveryId } = await stage.recoveries.startPlannedFailover(operator, { planId: stage.planId });
    const { protectedSite, recoverySite } = await snapshotOf<RecoverySnapshot>(recoveryId);
    expect([protectedSite.name, recoverySite.name]).toEqual(["site-b", "site-a"]);
  });

  it("is refused while the protected site is DISCONNECTED, with the way out", async () => {
    await sql("UPDATE site SET state = 'DISCONNECTED' WHERE type = 'PROTECTED'");
    await refused(() => start("PLANNED"), { reason: "SITE_DISCONNECTED", remedy: expect.stringContaining("DISASTER") });
  });

  it("uses the latest point only", () =>
    refused(() => start("PLANNED", { recoveryPoint: { pointInTime: new Date() } }), { fieldErrors: [{ path: ["recoveryPoint"] }] }));

  it("that did not recover everything is run again as a rerun of it", async () => {
    const first = await start("PLANNED");
    await endRun(stage, first.recoveryId, "RECOVERY_INCOMPLETE", "PARTIAL");
    const { recoveryId } = await start("PLANNED");
    expect(await row(stage, "SELECT rerun_of_id FROM recovery WHERE id = $1", recoveryId)).toEqual({ rerun_of_id: first.recoveryId });
    expect((await snapshotOf<RecoverySnapshot>(recoveryId)).rerunOf).toBe(first.recoveryId);
  });

  it.each(["PLANNED", "DISASTER"] as const)("run again, %s, leaves a VM alone whose original was kept", async (kind) => {
    const { recoveryId } = await start("PLANNED");
    await endRun(stage, recoveryId, "RECOVERY_INCOMPLETE", "PARTIAL");
    for (const [index, name] of ["vm-1", "vm-2", "vm-4"].entries()) {
      const vmId = stage.vmIds.get(name) ?? "";
      await aStep(stage, recoveryId, { ordinal: index + 1, kind: "REGISTER_VM", status: "SUCCEEDED", vmId, result: { vmId: name } });
    }
    await copiesOf(stage, recoveryId);
    await sql("DELETE FROM recovered_vm WHERE recovered_external_id <> 'copy-of-vm-1'");
    const { vms, groups, warnings } = await snapshotOf<RecoverySnapshot>((await start(kind)).recoveryId);
    expect([vms.map(({ name }) => name), groups.map(({ name }) => name)]).toEqual([["vm-1", "vm-3"], ["group-1"]]);
    const of = (name: string) => ({ code: "VM_NOT_RECOVERED", message: expect.stringContaining(name) });
    expect(warnings).toEqual([of("vm-2"), of("vm-4")]);
  });

  it("can't go on with an incomplete disaster recovery", async () => {
    const { recoveryId } = await start("DISASTER");
    await endRun(stage, recoveryId, "RECOVERY_INCOMPLETE", "PARTIAL");
    await refused(() => start("PLANNED"), { code: "CONFLICT", message: expect.stringContaining("disaster") });
  });

  it("without a shutdown is refused while a protected VM is not off, by name", async () => {
    const failover = (more: object) => stage.recoveries.startPlannedFailover(operator, { planId: stage.planId, ...more });
    await sql("UPDATE virtual_machine SET power_state = 'POWERED_ON' WHERE name = 'vm-2'");
    await refused(() => failover({ shutdownSourceVms: false }), { reason: "SOURCE_VMS_RUNNING", message: expect.stringContaining("vm-2") });
    await sql("UPDATE virtual_machine SET power_state = 'POWERED_OFF'");
    const { taskId } = await failover({ shutdownSourceVms: false });
    expect(await row(stage, "SELECT type FROM task WHERE id = $1", taskId)).toEqual({ type: "PLANNED_FAILOVER" });
  });

  it("without synchronising needs acceptDataLoss, by whichever name it is started", async () => {
    await refused(() => start("PLANNED", { syncData: false }), { fieldErrors: [{ path: ["acceptDataLoss"] }] });
    await refused(() => stage.recoveries.startPlannedFailover(operator, { planId: stage.planId, syncData: false }), {
      fieldErrors: [{ path: ["acceptDataLoss"] }],
    });
  });
});

describe("a disaster recovery", () => {
  it("needs acceptUnfenced where the protected site can't be reached, and records who gave it", async () => {
    await sql("UPDATE site SET state = 'DISCONNECTED' WHERE type = 'PROTECTED'");
    await aPoint("p-", 3);
    await refused(() => start("DISASTER"), { code: "PRECONDITION_FAILED", reason: "UNFENCED" });
    const { recoveryId } = await start("DISASTER", { acceptUnfenced: true });
    const snapshot = await snapshotOf<RecoverySnapshot>(recoveryId);
    expect(snapshot).toMatchObject({ protectedSiteCondition: "DISCONNECTED", options: { syncData: false, unfencedAcceptedBy: "olga" } });
    expect(snapshot.warnings.map(({ code }) => code)).toContain("UNFENCED");
  });

  it("goes on at a failure unless it is told to pause, as a test does and a planned recovery does not", async () => {
    const policyOf = async (kind: "TEST" | "PLANNED" | "DISASTER", more: object = {}) => {
      const { options } = await snapshotOf<RecoverySnapshot>((await start(kind, more)).recoveryId);
      await stage.reset();
      return options.failurePolicy;
    };
    expect([await policyOf("TEST"), await policyOf("PLANNED"), await policyOf("DISASTER")]).toEqual(["CONTINUE", "PAUSE", "CONTINUE"]);
    expect([await policyOf("PLANNED", { failurePolicy: "CONTINUE" }), await policyOf("DISASTER", { failurePolicy: "PAUSE" })]).toEqual([
      "CONTINUE",
      "PAUSE",
    ]);
  });

  it("takes a site that does not answer now for suspect", async () => {
    await stage.lab.faults.partition("site-a");
    const { recoveryId } = await start("DISASTER", { acceptUnfenced: true });
    expect((await snapshotOf<RecoverySnapshot>(recoveryId)).protectedSiteCondition).toBe("SUSPECT");
  });

  it("goes back to the newest complete point at or before a moment, per group", async () => {
    await aPoint("old-", 60);
    await aPoint("new-", 5);
    const pointInTime = new Date(Date.now() - 30 * 60_000);
    const { recoveryId } = await start("DISASTER", { recoveryPoint: { pointInTime } });
    const { groups, options } = await snapshotOf<RecoverySnapshot>(recoveryId);
    expect(groups.map(({ pointId }) => pointId)).toEqual(["old-group-1", "old-group-2"]);
    expect(options.syncData).toBe(false);
  });

  it("goes back to one specific complete point per group, and says which group has none", async () => {
    await aPoint("old-", 60);
    await aPoint("new-", 5);
    const { rows } = await sql(
      "SELECT id, group_id AS group, external_id AS name FROM recovery_point WHERE external_id LIKE 'old-%' ORDER BY name",
    );
    const specific = rows.map(({ id, group }) => ({ groupId: group, recoveryPointId: id }));
    await sql("UPDATE recovery_point SET complete = false WHERE external_id = 'old-group-2'");
    await refused(() => start("DISASTER", { recoveryPoint: { specific } }), {
      code: "PRECONDITION_FAILED",
      reason: "NO_RECOVERY_POINT",
      message: expect.stringContaining("group-2"),
    });
    await refused(() => start("DISASTER", { recoveryPoint: { specific: specific.slice(0, 1) } }), {
      fieldErrors: [{ path: ["recoveryPoint", "specific"], message: expect.stringContaining("group-2") }],
    });
    await sql("UPDATE recovery_point SET complete = true");
    const { recoveryId } = await start("DISASTER", { recoveryPoint: { specific } });
    const { groups } = await snapshotOf<RecoverySnapshot>(recoveryId);
    expect(groups.map(({ pointId }) => pointId)).toEqual(["old-group-1", "old-group-2"]);
  });

  it("with an older point and synchronising is refused, by field", () =>
    refused(() => start("DISASTER", { recoveryPoint: { pointInTime: new Date() }, syncData: true }), {
      fieldErrors: [{ path: ["syncData"] }],
    }));

  it("names the group that has no such point", async () => {
    await aPoint("new-", 5);
    const pointInTime = new Date(Date.now() - 3_600_000);
    await refused(() => start("DISASTER", { recoveryPoint: { pointInTime } }), {
      reason: "NO_RECOVERY_POINT",
      message: expect.stringContaining("group-1"),
    });
  });

  it("ends a test that is under way at once, and leaves what it made to a cleanup", async () => {
    const test = await start("TEST");
    await aStep(stage, test.recoveryId, { ordinal: 1, kind: "PROMPT", status: "WAITING" });
    await sql("UPDATE recovery SET epoch = 7, owner = gen_random_uuid(), lease_until = dr_now() WHERE id = $1", test.recoveryId);
    const info = vi.spyOn(stage.context.log, "info");
    const { recoveryId } = await start("DISASTER");
    expect(
      await row(
        stage,
        "SELECT state, result_state, cancel_reason, cancel_requested_by, epoch, owner FROM recovery WHERE id = $1",
        test.recoveryId,
      ),
    ).toEqual({
      state: "FAILED",
      result_state: "CANCELLED",
      cancel_reason: "DISASTER_STARTED",
      cancel_requested_by: "olga",
      epoch: "8",
      owner: null,
    });
    expect(await row(stage, "SELECT status FROM recovery_step WHERE run_id = $1", test.recoveryId)).toEqual({ status: "CANCELLED" });
    expect(await row(stage, "SELECT state FROM task WHERE recovery_id = $1", test.recoveryId)).toEqual({ state: "CANCELLED" });
    const { rows } = await sql("SELECT kind FROM event WHERE recovery_id = $1 ORDER BY sequence", test.recoveryId);
    expect(rows.map(({ kind }) => kind)).toEqual(["RECOVERY_STATE_CHANGED", "RECOVERY_STATE_CHANGED", "STEP_CHANGED", "RECOVERY_ENDED"]);
    expect(await row(stage, "SELECT DISTINCT run_id FROM group_use")).toEqual({ run_id: recoveryId });
    // Its head leaves the database as that of every run does.
    const [head] = await readHeads(stage.db.database.pool, [test.recoveryId]);
    expect(head).toMatchObject({ eventCount: 4, headHash: expect.stringMatching(/^[0-9a-f]{64}$/) });
    const ends = info.mock.calls.filter(([, message]) => message === "a run has ended").map(([details]) => details);
    const said = { runId: test.recoveryId, kind: "TEST", resultState: "CANCELLED", events: 4, headHash: head?.headHash };
    expect(ends).toEqual([{ ...said, plan: expect.any(String) }]);
    info.mockRestore();
  });

  it("that left a test behind lets it be cleaned up in every lifecycle, which stays as it is, and so do the groups", async () => {
    const test = await start("TEST");
    const { recoveryId } = await start("DISASTER");
    const cleanup = () => stage.recoveries.cleanup(operator, { planId: stage.planId });
    await refused(cleanup, { code: "CONFLICT", details: { activeRecoveryId: recoveryId } });
    await endRun(stage, recoveryId, "RECOVERY_COMPLETE");
    const cleaning = await cleanup();
    expect(await row(stage, "SELECT cleans_up_id FROM recovery WHERE id = $1", cleaning.recoveryId)).toEqual({
      cleans_up_id: test.recoveryId,
    });
    expect(await row(stage, "SELECT lifecycle FROM recovery_plan")).toEqual({ lifecycle: "RECOVERY_COMPLETE" });
    expect(await row(stage, "SELECT DISTINCT run_id FROM group_use")).toEqual({ run_id: recoveryId });
    expect((await snapshotOf<CleanupSnapshot>(cleaning.recoveryId)).keepsPlan).toBe(true);
    await endRun(stage, cleaning.recoveryId, "RECOVERY_COMPLETE");
    await refused(cleanup, { code: "CONFLICT" });
  });

  it("finds a reprotect ended that ends by itself while it is about to be cancelled", async () => {
    const { recoveryId } = await start("PLANNED");
    await endRun(stage, recoveryId, "RECOVERY_COMPLETE");
    await copiesOf(stage, recoveryId);
    const reprotect = await stage.recoveries.startReprotect(operator, { planId: stage.planId });
    const ends = () => endRun(stage, reprotect.recoveryId, "READY");
    await expect(endReprotect(stage.context, operator, stage.planId, ends)).resolves.toBeUndefined();
  });

  it("of a plan that was recovered is refused until a reprotect brings its data back", async () => {
    await lifecycle("RECOVERY_COMPLETE");
    await refused(() => start("DISASTER", { acceptDataLoss: true }), {
      reason: "NO_RECOVERY_POINT",
      remedy: expect.stringContaining("Reprotect"),
    });
  });
});
