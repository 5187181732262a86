/** What a reprotect's end changes of machines that are none of its plan's, but stand at the site where its VMs are protected now. */
import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { encodeId } from "../../src/domain/ids.ts";
import { text } from "../domain/read/support.ts";
import { aPublicStage, type PublicStage } from "../support/public-stage.ts";
import { untilWaiting } from "../support/run.ts";
import { aSession, holding } from "../support/session.ts";

const machine = (name: string, datastore: string) => ({ name, cpuCount: 1, memoryMb: 1_024, diskBytes: 1_000_000, datastore });
const bytes = { capacityBytes: 10_000_000_000, freeBytes: 5_000_000_000 };
const there = { protectedSite: "A", recoverySite: "B" };
const group = { type: "CONTINUOUS", pointInTimeInstances: 3 };

/** A plan with two VMs, and two others that are protected in the other direction. */
const world = {
  version: 1,
  sites: [
    {
      name: "A",
      type: "PROTECTED",
      provider: "lab",
      datastores: [{ name: "Disks A", ...bytes }],
      virtualMachines: [machine("vm-1", "Disks A"), machine("vm-2", "Disks A")],
    },
    {
      name: "B",
      type: "RECOVERY",
      provider: "lab",
      datastores: [{ name: "Disks B", ...bytes }],
      virtualMachines: [machine("other-1", "Disks B"), machine("other-2", "Disks B")],
    },
  ],
  pairings: [{ ...there }],
  protectionGroups: [
    { name: "moved", ...group, ...there, virtualMachines: ["vm-1", "vm-2"] },
    { name: "others", ...group, protectedSite: "B", recoverySite: "A", virtualMachines: ["other-1", "other-2"] },
  ],
  recoveryPlans: [{ name: "plan", ...there, priorityGroups: [{ priority: 1, name: "All", protectionGroups: ["moved"] }] }],
};

let stage: PublicStage;
let planId: string;
beforeAll(async () => {
  stage = await aPublicStage(world);
  planId = stage.planId;
});
afterAll(() => stage?.[Symbol.asyncDispose]());

const sql = async (query: string, values: unknown[] = []) => (await stage.db.database.pool.query(query, values)).rows;
const idOfVm = async (name: string): Promise<string> => (await sql("SELECT id FROM virtual_machine WHERE name = $1", [name]))[0]?.id;

async function succeeds(mutation: string, more: object = {}): Promise<void> {
  expect(await stage.run(mutation, { planId, ...more })).toMatchObject({ resultState: "SUCCESS" });
}

const reprotect = async (): Promise<string> => {
  const answer = await stage.mutate("startReprotect", { planId }, "recovery { id }");
  return text(answer, "recovery.id");
};

async function dependOn(name: string, ids: readonly string[]): Promise<void> {
  const input = { vmId: encodeId("VirtualMachine", await idOfVm(name)), dependsOnVmIds: ids.map((id) => encodeId("VirtualMachine", id)) };
  expect(await stage.mutate("configureVmRecoverySettings", input, "vm { id }")).toEqual({ vm: { id: input.vmId } });
}

/** As it was when both ran at one site. */
async function hasDependedOn(name: string, other: string): Promise<void> {
  await sql("INSERT INTO vm_dependency (vm_id, depends_on_vm_id) VALUES ($1, $2)", [await idOfVm(name), await idOfVm(other)]);
}

async function dependenciesOf(name: string): Promise<string[]> {
  const query = `SELECT o.name FROM vm_dependency d JOIN virtual_machine v ON v.id = d.vm_id JOIN virtual_machine o ON o.id = d.depends_on_vm_id
    WHERE v.name = $1 ORDER BY o.name`;
  return (await sql(query, [name])).map((row) => row.name);
}

const newestEvent = async (): Promise<string> => (await sql("SELECT max(position)::text AS position FROM event"))[0]?.position;
const toldSince = async (position: string): Promise<string[]> => {
  const query = "SELECT payload ->> 'name' AS name FROM event WHERE kind = 'VM_CHANGED' AND position > $1 ORDER BY name";
  return (await sql(query, [position])).map((row) => row.name);
};

beforeEach(() => succeeds("startRecovery", { recoveryType: "PLANNED" }));
afterEach(async () => {
  await succeeds("startPlannedFailover");
  await succeeds("startReprotect");
});

/** A reading of the site that came between the copy and the note of it. */
async function copyIsRead(of = "vm-1", name = "copy"): Promise<string> {
  const id = randomUUID();
  await sql(
    `INSERT INTO virtual_machine (id, site_id, external_id, name, missing_since)
      SELECT $1, r.recovery_site_id, r.recovered_external_id, $3, dr_now() FROM recovered_vm r JOIN virtual_machine v ON v.id = r.vm_id WHERE v.name = $2`,
    [id, of, name],
  );
  return id;
}

describe("a copy that has a row of its own, on which others depend", () => {
  it("hands them to the VM that takes its place, and tells of all that know each other anew", async () => {
    const copy = await copyIsRead();
    await dependOn("other-1", [copy, await idOfVm("other-2")]);
    await dependOn("copy", [await idOfVm("other-2")]);
    const before = await newestEvent();
    await succeeds("startReprotect");
    expect(await dependenciesOf("other-1")).toEqual(["other-2", "vm-1"]);
    expect(await dependenciesOf("vm-1")).toEqual([]);
    expect(await toldSince(before)).toEqual(["copy", "other-1", "other-2", "vm-1", "vm-2"]);
    await dependOn("other-1", []);
  });

  it("does not hand on whom that VM waits for already, over others too, and tells them", async () => {
    const copy = await copyIsRead();
    await hasDependedOn("vm-1", "other-2");
    await dependOn("other-2", [await idOfVm("other-1")]);
    await dependOn("other-1", [copy]);
    const before = await newestEvent();
    await succeeds("startReprotect");
    expect(await Promise.all(["vm-1", "other-2", "other-1"].map(dependenciesOf))).toEqual([["other-2"], ["other-1"], []]);
    expect(await toldSince(before)).toEqual(["copy", "other-1", "vm-1", "vm-2"]);
    await dependOn("vm-1", []);
    await dependOn("other-2", []);
  });

  it("nor those who would wait for each other only when all are handed on", async () => {
    const [first, second] = [await copyIsRead(), await copyIsRead("vm-2", "other copy")];
    await hasDependedOn("vm-1", "other-2");
    await hasDependedOn("vm-2", "other-1");
    await dependOn("other-1", [first]);
    await dependOn("other-2", [second]);
    await succeeds("startReprotect");
    expect(await Promise.all(["vm-1", "vm-2", "other-1", "other-2"].map(dependenciesOf))).toEqual([["other-2"], ["other-1"], [], []]);
    await dependOn("vm-1", []);
    await dependOn("vm-2", []);
  });

  it("hands on whom only another copy has waited for", async () => {
    const [first, second] = [await copyIsRead(), await copyIsRead("vm-2", "other copy")];
    await hasDependedOn("vm-1", "other-2");
    await dependOn("other-2", [second]);
    await dependOn("other copy", [await idOfVm("other-1")]);
    await dependOn("other-1", [first]);
    await succeeds("startReprotect");
    expect(await Promise.all(["vm-1", "other-2", "vm-2", "other-1"].map(dependenciesOf))).toEqual([["other-2"], ["vm-2"], [], ["vm-1"]]);
    for (const name of ["vm-1", "other-2", "other-1"]) await dependOn(name, []);
  });

  it("also one that somebody makes depend on it at this very moment", async () => {
    const copy = await copyIsRead();
    const text = "INSERT INTO vm_dependency (vm_id, depends_on_vm_id) VALUES ($1, $2)";
    await using editor = await holding(stage.db.database, text, [await idOfVm("other-1"), copy]);
    const recoveryId = await reprotect();
    await untilWaiting(stage.db.database);
    await editor.query("COMMIT");
    expect(await stage.end(recoveryId)).toMatchObject({ resultState: "SUCCESS" });
    expect(await dependenciesOf("other-1")).toEqual(["vm-1"]);
    await dependOn("other-1", []);
  });
});

it("a machine that is set aside holds up nobody's events while its member is waited for", async () => {
  await sql("UPDATE virtual_machine SET name = 'VM-1' WHERE name = 'other-2'");
  const { database } = stage.db;
  const member = "SELECT FROM protected_vm p JOIN virtual_machine v ON v.id = p.vm_id WHERE v.name = 'VM-1' FOR UPDATE OF p";
  await using holder = await holding(database, member);
  const recoveryId = await reprotect();
  await untilWaiting(database);
  await using other = await aSession(database);
  await other.query("SET lock_timeout = '10s'");
  await other.query("SELECT FROM event_counter FOR UPDATE");
  await holder.query("COMMIT");
  expect(await stage.end(recoveryId)).toMatchObject({ resultState: "SUCCESS" });
  await sql("UPDATE virtual_machine SET name = 'other-2' WHERE name LIKE 'VM-1 (%'");
});
