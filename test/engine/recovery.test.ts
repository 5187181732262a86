import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isRollBack } from "../../src/engine/roll-back.ts";
import { until } from "../support/run.ts";
import { aRecoveryStage, type RecoveryScene, type RecoveryStage } from "./recovery-stage.ts";

let stage: RecoveryStage;
beforeAll(async () => {
  stage = await aRecoveryStage();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

const one = async <T extends object>(text: string, values: unknown[]): Promise<T> =>
  (await stage.db.database.pool.query(text, values)).rows[0];

const standing = ({ planId, groupIds }: RecoveryScene) =>
  one<{ lifecycle: string; result: string | null; state: string; used: boolean; fault: string | null }>(
    `SELECT p.lifecycle, p.last_recovery_result AS result, g.state, g.fault_code AS fault,
      EXISTS (SELECT FROM group_use u WHERE u.group_id = g.id) AS used
      FROM recovery_plan p, protection_group g WHERE p.id = $1 AND g.id = $2`,
    [planId, groupIds[0]],
  );

interface Copy {
  readonly originalId: string;
  readonly copyId: string;
  readonly off: Date | null;
}
const copyOf = (scene: RecoveryScene, number: number) =>
  one<Copy>(
    `SELECT original_external_id AS "originalId", recovered_external_id AS "copyId", original_off_since AS off FROM recovered_vm WHERE vm_id = $1`,
    [scene.vmIds.get(scene.sites.vms[number]?.name ?? "")],
  );

const powered = async (siteId: string, vmId: string) =>
  (await stage.lab.provider.vmStatus(siteId, [vmId], AbortSignal.timeout(60_000))).get(vmId)?.powerState;

/** What the original had written when it went off, as the copy has it. */
const historyOf = async (vmId: string, history: string) => (await stage.lab.content(vmId))?.find((part) => part.history === history);

describe("a planned recovery", () => {
  it("brings up all that was written, shuts the originals down, and says where they were and what runs now", async () => {
    const scene = await stage.scene();
    const run = await scene.recover("PLANNED");
    expect(run.steps.filter((step) => !isRollBack(step) && step.status !== "SUCCEEDED")).toEqual([]);
    expect(run).toMatchObject({ resultState: "SUCCESS", vmsSucceeded: 2, vmsFailed: 0 });
    const { originalId, copyId, off } = await copyOf(scene, 0);
    expect([await powered(scene.sites.protectedSite, originalId), await powered(scene.sites.recoverySite, copyId)]).toEqual([
      "POWERED_OFF",
      "POWERED_ON",
    ]);
    expect(off).toBeInstanceOf(Date);
    const written = await historyOf(originalId, originalId);
    expect(await historyOf(copyId, originalId)).toEqual(written);
    expect(await standing(scene)).toEqual({
      lifecycle: "RECOVERY_COMPLETE",
      result: "SUCCESS",
      state: "RECOVERED",
      used: false,
      fault: null,
    });
    const figures = await one("SELECT rpo_achieved_seconds AS rpo, rto_achieved_seconds AS rto FROM recovery WHERE id = $1", [run.id]);
    expect(figures).toEqual({ rpo: 0, rto: expect.any(Number) });
    const place = await one("SELECT nics FROM vm_place WHERE vm_id = $1", [scene.vmIds.get(scene.sites.vms[0]?.name ?? "")]);
    expect(place).toEqual({ nics: [{ nicIndex: 0, network: scene.sites.sourceNetwork, ipAddresses: [scene.sites.vms[0]?.ip] }] });
    const group = await one("SELECT result_state, point_external_id IS NOT NULL AS pointed FROM recovery_group WHERE run_id = $1", [
      run.id,
    ]);
    expect(group).toEqual({ result_state: "SUCCESS", pointed: true });
  });

  it("that stops at a machine is incomplete, and goes on where it stopped when it is run again", async () => {
    const scene = await stage.scene();
    await stage.lab.faults.fail({
      site: scene.sites.recoverySite,
      kind: "powerOn",
      target: scene.sites.vms[1]?.name ?? "",
      failure: "PERMANENT",
    });
    const first = await scene.recover("PLANNED", { options: { failurePolicy: "CONTINUE" } });
    expect(first).toMatchObject({ resultState: "PARTIAL", vmsSucceeded: 1, vmsFailed: 1 });
    expect(await standing(scene)).toMatchObject({ lifecycle: "RECOVERY_INCOMPLETE", state: "PARTIALLY_RECOVERED", used: true });
    // Found on since then: that it was shut down before is no proof any more.
    const seenOn = scene.vmIds.get(scene.sites.vms[0]?.name ?? "");
    await stage.db.database.pool.query("UPDATE recovered_vm SET original_off_since = NULL WHERE vm_id = $1", [seenOn]);
    const again = await scene.recover("PLANNED", { rerunOf: first.id });
    expect(again).toMatchObject({ resultState: "SUCCESS", vmsSucceeded: 2, vmsFailed: 0 });
    expect(await one("SELECT original_off_since AS off FROM recovered_vm WHERE vm_id = $1", [seenOn])).toEqual({ off: null });
    const done = again.steps.filter((step) => !isRollBack(step) && step.status !== "ALREADY_DONE" && step.status !== "SUCCEEDED");
    expect(done).toEqual([]);
    expect([again.status("PROMOTE_STORAGE"), again.status("REGISTER_VM", "vm-2"), again.status("POWER_ON", "vm-2")]).toEqual([
      "ALREADY_DONE",
      "ALREADY_DONE",
      "SUCCEEDED",
    ]);
    expect(await standing(scene)).toMatchObject({ lifecycle: "RECOVERY_COMPLETE", state: "RECOVERED", used: false });
    const rto = await one(
      "SELECT rto_achieved_seconds AS rto, extract(epoch FROM ended_at - requested_at) AS own FROM recovery WHERE id = $1",
      [again.id],
    );
    expect(rto).toMatchObject({ rto: expect.any(Number) });
  });

  it("that is run again still knows the addresses of a machine that it has shut down, which tells none any more", async () => {
    const scene = await stage.scene();
    const target = scene.sites.vms[1]?.name ?? "";
    await stage.lab.faults.fail({ site: scene.sites.recoverySite, kind: "registerVm", target, failure: "PERMANENT", times: 1 });
    const vmId = scene.vmIds.get(target);
    const addresses = async () =>
      (
        await one<{ ips: unknown }>("SELECT jsonb_path_query_array(nics, '$[*].ipAddresses[*]') AS ips FROM vm_place WHERE vm_id = $1", [
          vmId,
        ])
      )?.ips;
    await one("UPDATE vm_nic SET ip_addresses = '{192.0.2.7}' WHERE vm_id = $1", [vmId]);
    const first = await scene.recover("PLANNED", { options: { failurePolicy: "CONTINUE" } });
    expect([first.resultState, await addresses()]).toEqual(["PARTIAL", ["192.0.2.7"]]);
    await one("UPDATE vm_nic SET ip_addresses = '{}' WHERE vm_id = $1", [vmId]);
    expect((await scene.recover("PLANNED", { rerunOf: first.id })).resultState).toBe("SUCCESS");
    expect(await addresses()).toEqual(["192.0.2.7"]);
  });

  it("that pauses at a failure before anything was changed, and is cancelled, leaves the plan READY", async () => {
    const scene = await stage.scene();
    await stage.lab.faults.fail({ site: scene.sites.recoverySite, kind: "synchronise", failure: "PERMANENT" });
    const ending = scene.recover("PLANNED");
    const paused = () => one("SELECT id FROM recovery WHERE plan_id = $1 AND state = 'PAUSED'", [scene.planId]);
    await until(async () => (await paused()) !== undefined);
    await one("UPDATE recovery SET cancel_requested_at = dr_now(), wake_at = dr_now() WHERE plan_id = $1 RETURNING id", [scene.planId]);
    const run = await ending;
    expect(run.resultState).toBe("CANCELLED");
    expect(run.status("SHUT_DOWN_VM")).toBe("CANCELLED");
    expect(await standing(scene)).toMatchObject({ lifecycle: "READY", state: "READY", used: false, fault: null });
  });
});

describe("a disaster recovery", () => {
  it("asks a site that is away nothing, and brings up exactly what the point holds", async () => {
    const scene = await stage.scene();
    const { protectedSite, recoverySite, groups } = scene.sites;
    const [point] = await stage.lab.provider.recoveryPoints(recoverySite, groups[0]?.id ?? "", AbortSignal.timeout(60_000));
    const before = (await stage.lab.ledger()).length;
    const run = await scene.recover("DISASTER", { protectedSiteCondition: "DISCONNECTED" });
    expect(run).toMatchObject({ resultState: "WARNING", vmsSucceeded: 2 });
    expect(["SYNCHRONISE", "SHUT_DOWN_VM", "SET_STORAGE_READ_ONLY"].map((kind) => run.status(kind))).toEqual([
      "WARNING",
      "WARNING",
      "WARNING",
    ]);
    const entries = (await stage.lab.ledger()).slice(before);
    expect(entries.filter(({ siteId, kind }) => siteId === protectedSite || kind === "synchronise")).toEqual([]);
    const { originalId, copyId, off } = await copyOf(scene, 0);
    expect([off, await powered(protectedSite, originalId)]).toEqual([null, "POWERED_ON"]);
    const [written, kept] = [await historyOf(originalId, originalId), await historyOf(copyId, originalId)];
    expect(Date.parse(kept?.to ?? "")).toBe(Date.parse(point?.takenAt ?? ""));
    expect(Date.parse(written?.to ?? "")).toBeGreaterThan(Date.parse(kept?.to ?? ""));
    const used = await one("SELECT point_taken_at AS point FROM recovery_group WHERE run_id = $1", [run.id]);
    expect(used).toEqual({ point: new Date(point?.takenAt ?? "") });
  });

  it("brings up from its replica what has vanished at its source", async () => {
    const scene = await stage.scene();
    const [gone] = scene.sites.vms;
    expect(await stage.lab.takeAway(scene.sites.protectedSite, "VM", gone?.id ?? "")).toBe(true);
    const run = await scene.recover("DISASTER");
    expect(run).toMatchObject({ vmsSucceeded: 2, vmsFailed: 0 });
    const { copyId } = await copyOf(scene, 0);
    expect(await powered(scene.sites.recoverySite, copyId)).toBe("POWERED_ON");
    expect(await historyOf(copyId, gone?.id ?? "")).toBeDefined();
  });

  it("waits no longer for a suspect site than all its steps may take together", async () => {
    const scene = await stage.scene();
    const heal = await stage.lab.faults.hang({ site: scene.sites.protectedSite, kind: "fenceVms", times: Number.POSITIVE_INFINITY });
    const run = await scene.recover("DISASTER", { protectedSiteCondition: "SUSPECT", options: { protectedSiteBudgetSeconds: 1 } });
    await heal();
    expect(run).toMatchObject({ resultState: "WARNING", vmsSucceeded: 2 });
    const theirs = run.steps.filter(({ kind }) => ["FENCE_SITE", "SHUT_DOWN_VM", "SET_STORAGE_READ_ONLY"].includes(kind));
    expect(theirs.map(({ status, message }) => `${status} ${message}`)).toEqual(
      theirs.map(() => "WARNING Given up: the protected site is suspect, and the 1 s for all that is done with it are over"),
    );
  });

  it("fences the site first where it can be reached, and takes its failures as warnings", async () => {
    const scene = await stage.scene();
    await stage.lab.faults.fail({ site: scene.sites.protectedSite, kind: "setStorageReadOnly", failure: "PERMANENT" });
    const run = await scene.recover("DISASTER");
    expect(run).toMatchObject({ resultState: "WARNING", vmsSucceeded: 2 });
    expect([run.status("FENCE_SITE"), run.status("SET_STORAGE_READ_ONLY")]).toEqual(["SUCCEEDED", "WARNING"]);
    const { originalId, off } = await copyOf(scene, 0);
    expect([await powered(scene.sites.protectedSite, originalId), off]).toEqual(["POWERED_OFF", expect.any(Date)]);
    expect(await standing(scene)).toMatchObject({ lifecycle: "RECOVERY_COMPLETE", result: "WARNING" });
  });
});

describe("a reprotect", () => {
  it("turns the group: direction, replicated set, VMs and placeholders", async () => {
    const scene = await stage.scene();
    await scene.recover("PLANNED");
    const { originalId, copyId } = await copyOf(scene, 0);
    const run = await scene.reprotect();
    expect(run.steps.filter(({ status }) => status !== "SUCCEEDED")).toEqual([]);
    expect(run).toMatchObject({ resultState: "SUCCESS", vmsSucceeded: 2 });
    expect(await standing(scene)).toMatchObject({ lifecycle: "READY", state: "READY", used: false, fault: null });
    const group = await one("SELECT protected_site_id, recovery_site_id, external_id, turned FROM protection_group WHERE id = $1", [
      scene.groupIds[0],
    ]);
    expect(group).toEqual({
      protected_site_id: scene.recoverySiteId,
      recovery_site_id: scene.protectedSiteId,
      external_id: `${scene.sites.groups[0]?.id}-back`,
      turned: true,
    });
    const vmId = scene.vmIds.get(scene.sites.vms[0]?.name ?? "");
    const moved = await one(
      `SELECT v.site_id, v.external_id, n.name AS network, p.placeholder_name, p.protection_state, p.replication_state,
        EXISTS (SELECT FROM recovered_vm r WHERE r.vm_id = v.id) AS recovered
        FROM virtual_machine v JOIN protected_vm p ON p.vm_id = v.id JOIN vm_nic c ON c.vm_id = v.id LEFT JOIN network n ON n.id = c.network_id
        WHERE v.id = $1`,
      [vmId],
    );
    expect(moved).toEqual({
      site_id: scene.recoverySiteId,
      external_id: copyId,
      network: scene.sites.targetNetwork,
      placeholder_name: `${scene.sites.vms[0]?.name}-old`,
      protection_state: "SHADOWING",
      replication_state: "SYNCED",
      recovered: false,
    });
    const { virtualMachines } = await stage.lab.provider.inventory(scene.sites.protectedSite, AbortSignal.timeout(60_000));
    expect(virtualMachines.some((machine) => machine.vmId === originalId)).toBe(false);
    const points = await one<{ count: number }>("SELECT count(*)::int AS count FROM recovery_point WHERE group_id = $1", [
      scene.groupIds[0],
    ]);
    expect(points.count).toBe(1);
  });

  it("takes over what a reading of the site has found of a copy meanwhile", async () => {
    const scene = await stage.scene({ machines: 1 });
    await scene.recover("PLANNED");
    const { copyId } = await copyOf(scene, 0);
    const name = scene.sites.vms[0]?.name ?? "";
    await stage.db.database.prisma.virtualMachine.create({
      data: { siteId: scene.recoverySiteId, externalId: copyId, name, powerState: "POWERED_ON", host: "host-9" },
    });
    expect(await scene.reprotect()).toMatchObject({ resultState: "SUCCESS" });
    const rows = await stage.db.database.prisma.virtualMachine.findMany({ where: { siteId: scene.recoverySiteId } });
    expect(rows).toMatchObject([{ id: scene.vmIds.get(name), externalId: copyId, host: "host-9", powerState: "POWERED_ON" }]);
  });

  const groupsOf = async ({ groupIds }: RecoveryScene) => {
    const text = "SELECT state, fault_code AS fault FROM protection_group WHERE id = ANY($1) ORDER BY array_position($1, id)";
    return (await stage.db.database.pool.query(text, [groupIds])).rows;
  };
  const halfTurned = async () => {
    const scene = await stage.scene({ groups: 2 });
    await scene.recover("PLANNED");
    const failing = { site: scene.sites.protectedSite, kind: "demoteVm", failure: "PERMANENT", times: 1, skip: 1 } as const;
    const heal = await stage.lab.faults.fail(failing);
    return { scene, heal };
  };

  it("reports each group for itself; again it touches only what failed", async () => {
    const { scene } = await halfTurned();
    const run = await scene.reprotect();
    expect(run.resultState).toBe("PARTIAL");
    const turned = { state: "READY", fault: null };
    expect((await groupsOf(scene)).sort((a, b) => (a.state < b.state ? -1 : 1))).toEqual([
      turned,
      { state: "RECOVERED", fault: "REPROTECT_FAILED" },
    ]);
    expect(await standing(scene)).toMatchObject({ lifecycle: "REPROTECT_INCOMPLETE" });
    const again = await scene.reprotect({}, run.id);
    expect(again.steps.filter(({ kind }) => kind === "REVERSE_GROUP")).toHaveLength(1);
    expect(["REVERSE_REPLICATION", "DEMOTE_VM", "STOP_REPLICATION", "SYNCHRONISE"].map((kind) => again.status(kind))).toEqual([
      "ALREADY_DONE",
      "SUCCEEDED",
      "ALREADY_DONE",
      "ALREADY_DONE",
    ]);
    expect(await groupsOf(scene)).toEqual([turned, turned]);
    expect(await standing(scene)).toMatchObject({ lifecycle: "READY" });
  });

  it("with force ends READY, and what failed is NOT_READY with a fault", async () => {
    const { scene } = await halfTurned();
    await scene.reprotect({ force: true });
    expect(await standing(scene)).toMatchObject({ lifecycle: "READY", used: false });
    expect((await groupsOf(scene)).map(({ state }) => state).sort()).toEqual(["NOT_READY", "READY"]);
  });

  it("that ends protection for good leaves its groups NOT_READY, and says so", async () => {
    const scene = await stage.scene();
    await scene.recover("DISASTER", { protectedSiteCondition: "DISCONNECTED" });
    const run = await scene.reprotect({ reverseReplication: false });
    expect(run).toMatchObject({ resultState: "SUCCESS" });
    expect(await standing(scene)).toMatchObject({ lifecycle: "READY", state: "NOT_READY", fault: "PROTECTION_ENDED", used: false });
  });
});
