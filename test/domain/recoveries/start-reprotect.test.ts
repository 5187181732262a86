/** Reprotecting and accepting what was recovered: what is written, and what stands in the way. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ReprotectSnapshot } from "../../../src/engine/run-snapshot.ts";
import { aStage, copiesOf, endRun, operator, refusedUnchanged, row, type Stage } from "./stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await aStage();
});
afterEach(() => stage.reset());
afterAll(() => stage.close());

const sql = (text: string, ...values: unknown[]) => stage.db.database.pool.query(text, values);
const start = (recoveryType: "PLANNED") => stage.recoveries.start(operator, { planId: stage.planId, recoveryType });
const reprotect = (more: object = {}) => stage.recoveries.startReprotect(operator, { planId: stage.planId, ...more });
const lifecycle = (name: string) => sql("UPDATE recovery_plan SET lifecycle = $1", name);
const snapshotOf = async <S>(recoveryId: string): Promise<S> =>
  (await row(stage, "SELECT content FROM recovery_snapshot WHERE run_id = $1", recoveryId)).content;
const refused = (work: () => Promise<unknown>, error: object) => refusedUnchanged(stage, work, error);

async function recovered(): Promise<void> {
  const { recoveryId } = await start("PLANNED");
  await endRun(stage, recoveryId, "RECOVERY_COMPLETE");
  await copiesOf(stage, recoveryId);
}

describe("a reprotect", () => {
  it("works on the recovered VMs, from where they run to where they come from, under new ids of their groups", async () => {
    await recovered();
    const { recoveryId } = await reprotect();
    const { groups, protectedSite, recoverySite, options } = await snapshotOf<ReprotectSnapshot>(recoveryId);
    expect([protectedSite.name, recoverySite.name]).toEqual(["site-b", "site-a"]);
    expect(options).toEqual({ syncData: true, reverseReplication: true, force: false });
    expect(groups.map(({ name }) => name)).toEqual(["group-1", "group-2"]);
    for (const { externalId, formerExternalId } of groups) expect(externalId).not.toBe(formerExternalId);
    const [vm] = groups[0]?.vms ?? [];
    expect(vm).toMatchObject({ name: "vm-1", externalId: "copy-of-vm-1", placeholderName: "vm-1-placeholder" });
    expect(await row(stage, "SELECT type, name FROM task WHERE recovery_id = $1", recoveryId)).toEqual({
      type: "REPROTECT",
      name: "Reprotect - plan",
    });
    expect(await row(stage, "SELECT DISTINCT state FROM protection_group")).toEqual({ state: "REPROTECTING" });
  });

  it("is refused while a machine runs on both sites, by name", async () => {
    await recovered();
    await sql("UPDATE recovered_vm SET both_on_since = dr_now() WHERE recovered_external_id = 'copy-of-vm-2'");
    await refused(() => reprotect(), { reason: "SPLIT_BRAIN", message: expect.stringContaining("vm-2") });
  });

  it("to a site that is away is refused, unless that is gone for good", async () => {
    await recovered();
    await sql("UPDATE site SET state = 'DISCONNECTED' WHERE type = 'PROTECTED'");
    await refused(() => reprotect(), { reason: "SITE_DISCONNECTED", remedy: expect.stringContaining("reverseReplication: false") });
    await expect(reprotect({ reverseReplication: false })).resolves.toMatchObject({ recoveryId: expect.any(String) });
  });

  it("of a plan that was not recovered is CONFLICT", () =>
    refused(() => reprotect(), { code: "CONFLICT", details: { lifecycle: "READY" } }));
});

describe("accepting a recovery", () => {
  const accept = (comment: string, idempotencyKey?: string) =>
    stage.recoveries.accept(operator, { planId: stage.planId, comment, idempotencyKey });

  it("takes an incomplete one as it is, and records who and why", async () => {
    const { recoveryId } = await start("PLANNED");
    await endRun(stage, recoveryId, "RECOVERY_INCOMPLETE", "PARTIAL");
    await copiesOf(stage, recoveryId);
    await expect(accept("vm-3 is not needed", "k")).resolves.toEqual({ recoveryId });
    await expect(accept("vm-3 is not needed", "k")).resolves.toEqual({ recoveryId });
    await expect(accept("vm-3 is not needed", "another key")).rejects.toMatchObject({ code: "CONFLICT" });
    expect(await row(stage, "SELECT lifecycle FROM recovery_plan")).toEqual({ lifecycle: "RECOVERY_COMPLETE" });
    expect(await row(stage, "SELECT count(*)::int AS held FROM group_use")).toEqual({ held: 0 });
    expect(await row(stage, "SELECT accepted_by, accepted_comment FROM recovery WHERE id = $1", recoveryId)).toEqual({
      accepted_by: "olga",
      accepted_comment: "vm-3 is not needed",
    });
  });

  it("leaves groups that can be deleted where none of their VMs is recovered, and the plan READY if that is so of all", async () => {
    const { recoveryId } = await start("PLANNED");
    await endRun(stage, recoveryId, "RECOVERY_INCOMPLETE", "PARTIAL");
    await copiesOf(stage, recoveryId);
    await sql("UPDATE protection_group SET state = 'PARTIALLY_RECOVERED'");
    await sql("DELETE FROM recovered_vm WHERE recovered_external_id IN ('copy-of-vm-2', 'copy-of-vm-4')");
    await accept("The others are not needed.");
    const groups = "SELECT array_agg(concat(state, ' ', fault_code) ORDER BY name) AS groups FROM protection_group";
    expect(await row(stage, groups)).toEqual({ groups: ["PARTIALLY_RECOVERED ", "NOT_READY PROTECTION_ENDED"] });
    expect(await row(stage, "SELECT lifecycle FROM recovery_plan")).toEqual({ lifecycle: "RECOVERY_COMPLETE" });
    await lifecycle("RECOVERY_INCOMPLETE");
    await sql("DELETE FROM recovered_vm");
    await accept("None is needed.");
    expect(await row(stage, groups)).toEqual({ groups: ["NOT_READY PROTECTION_ENDED", "NOT_READY PROTECTION_ENDED"] });
    expect(await row(stage, "SELECT lifecycle FROM recovery_plan")).toEqual({ lifecycle: "READY" });
  });

  it("needs a comment", async () => {
    await lifecycle("RECOVERY_INCOMPLETE");
    await refused(() => accept(" "), { fieldErrors: [{ path: ["comment"] }] });
  });

  it("of any other plan is CONFLICT", () => refused(() => accept("why"), { code: "CONFLICT", details: { lifecycle: "READY" } }));
});
