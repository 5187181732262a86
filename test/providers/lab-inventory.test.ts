/** How the inventory of the lab's sites changes, and what a lab of the release before tells. */
import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Lab, openLab } from "../../src/providers/lab/lab.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { type LabSites, labSites } from "../support/lab.ts";
import { done } from "../support/lab-recovery.ts";

let db: TestDatabase;
let sites: LabSites;
const labs: Lab[] = [];

beforeEach(async () => {
  db = await freshDatabase();
  sites = labSites({ vms: 2 });
});
afterEach(async () => {
  for (const lab of labs.splice(0)) await lab.close();
  await db.drop();
});

async function open(): Promise<Lab> {
  const lab = await openLab({ url: db.url, speed: "instant", guestServices: false });
  labs.push(lab);
  return lab;
}
const told = (lab: Lab, site = sites.protectedSite) => lab.provider.inventory(site, AbortSignal.timeout(60_000));
const names = (things: readonly { readonly name: string }[]) => things.map(({ name }) => name);

it("what is defined again has changed, and what is new is there", async () => {
  const lab = await open();
  await lab.define(sites.definition);
  const site = { id: sites.protectedSite, name: sites.protectedSite };
  const grown = { id: "vm-a-1", name: "vm-1", cpuCount: 8, memoryMb: 4096, guestOs: "Debian", datastore: "ds-new", on: false };
  const datastores = [{ name: "ds-new", capacityBytes: 10, freeBytes: 1, type: "NFS" as const }];
  await lab.define({ sites: [{ ...site, vms: [grown, { id: "vm-new", name: "newcomer" }], datastores }], groups: [] });
  const { virtualMachines, datastores: found } = await told(lab);
  expect(names(virtualMachines)).toEqual(["newcomer", "vm-1", "vm-2"]);
  expect(virtualMachines.find(({ vmId }) => vmId === "vm-a-1")).toMatchObject({
    cpuCount: 8,
    memoryMb: 4096,
    guestOs: "Debian",
    datastore: "ds-new",
    // A definition does not power on or off what is there.
    powerState: "POWERED_ON",
  });
  expect(found).toContainEqual({
    name: "ds-new",
    type: "NFS",
    capacityBytes: 10,
    freeBytes: 1,
    arrayManager: null,
    replicatedDeviceId: null,
  });
});

it("what is taken away is told no more, and its replica can still be recovered", async () => {
  const lab = await open();
  await lab.define(sites.definition);
  const { protectedSite, recoverySite, sourceNetwork, sourceDatastore, folder, resourcePool } = sites;
  expect(await lab.takeAway(protectedSite, "VM", "vm-a-1")).toBe(true);
  expect(await lab.takeAway(protectedSite, "NETWORK", sourceNetwork)).toBe(true);
  expect(await lab.takeAway(protectedSite, "DATASTORE", sourceDatastore)).toBe(true);
  expect(await lab.takeAway(recoverySite, "FOLDER", folder)).toBe(true);
  expect(await lab.takeAway(recoverySite, "RESOURCE_POOL", resourcePool)).toBe(true);
  expect(await lab.takeAway(recoverySite, "VM", "vm-a-2")).toBe(false);
  expect(await told(lab)).toMatchObject({ networks: [], datastores: [], virtualMachines: [{ name: "vm-2" }] });
  expect(await told(lab, recoverySite)).toMatchObject({ folders: [], resourcePools: [] });
  expect(await lab.provider.recoveryPoints(recoverySite, "group-1", AbortSignal.timeout(60_000))).toHaveLength(1);
  await lab.define(sites.definition);
  expect(names((await told(lab)).virtualMachines)).toEqual(["vm-1", "vm-2"]);
});

it("two sites may have places of one name; at one site they are one in whatever case", async () => {
  const lab = await open();
  const site = (id: string, name: string) => ({ id, name: id, networks: [{ name }], folders: [{ path: name, name }] });
  await lab.define({ sites: [site("north", "LAN"), site("south", "LAN")], groups: [] });
  await lab.define({ sites: [site("south", "lan")], groups: [] });
  expect(names((await told(lab, "north")).networks)).toEqual(["LAN"]);
  expect(await told(lab, "south")).toMatchObject({ networks: [{ name: "lan" }], folders: [{ path: "lan" }] });
});

it("a site that is cut off tells nothing", async () => {
  const lab = await open();
  await lab.define(sites.definition);
  await lab.faults.fail({ kind: "inventory" });
  await expect(told(lab)).rejects.toMatchObject({ failure: "TRANSIENT" });
  await lab.faults.partition(sites.protectedSite);
  await expect(told(lab)).rejects.toMatchObject({ code: "SITE_UNREACHABLE" });
});

it("what the last release copied can be recovered, and is copied on", async () => {
  const { pool } = db.database;
  await pool.query("DROP SCHEMA lab CASCADE");
  for (const name of ["1-tables.sql", "1-tables-2.sql"]) await pool.query(await readFile(`src/providers/lab/sql/${name}`, "utf8"));
  await pool.query(`
    UPDATE lab.settings SET version = 2;
    INSERT INTO lab.site SELECT s, s, '{}' FROM unnest(ARRAY['old', 'other']) s;
    INSERT INTO lab.vm (id, site_id, name, made_at, on_at, booted_at, disk_bytes, change_bytes_per_second)
      SELECT 'vm', 'old', 'vm', t, t, t, 1000000, 10 FROM (SELECT lab.now() - interval '100 seconds') x (t);
    INSERT INTO lab.replica_group (id, site_id, name) VALUES ('group', 'other', 'group');
    INSERT INTO lab.group_vm VALUES ('group', 'vm');
    INSERT INTO lab.placeholder (id, site_id, name, source_vm_id) VALUES ('placeholder', 'other', 'vm-placeholder', 'vm');
    INSERT INTO lab.point SELECT 'point', 'group', on_at + interval '60 seconds', on_at + interval '60 seconds', 1000000 FROM lab.vm`);
  const lab = await open();
  const { sizeBytes } = await done(lab, "other", "synchronise", { groupId: "group" });
  expect(sizeBytes).toBeGreaterThanOrEqual(400);
  expect(sizeBytes).toBeLessThan(1_000);
  const { snapshotId } = await done(lab, "other", "promote", { groupId: "group", pointId: "point" });
  const place = { name: "vm", placeholderId: "placeholder", sourceVmId: "vm", folderId: null, resourcePoolId: null, nics: [] };
  const { vmId } = await done(lab, "other", "registerVm", { ...place, snapshotId, permanent: true });
  expect(await lab.content(vmId)).toMatchObject([{ history: "vm", seconds: expect.closeTo(60, 1) }]);
});

it("a lab of an older release is brought up to date and keeps what it has", async () => {
  const { pool } = db.database;
  await pool.query("DROP SCHEMA lab CASCADE");
  await pool.query(await readFile("src/providers/lab/sql/1-tables.sql", "utf8"));
  const capabilities = { ipCustomisation: "NONE", guestCommands: false, folders: false, resourcePools: false };
  await pool.query("INSERT INTO lab.site VALUES ('old', 'Old', $1)", [JSON.stringify(capabilities)]);
  await pool.query("INSERT INTO lab.network VALUES ('LAN', 'old', 'LAN', NULL, lab.now())");
  await pool.query(
    "INSERT INTO lab.vm (id, site_id, name, made_at, on_at, booted_at) VALUES ('vm', 'old', 'vm', lab.now(), lab.now(), lab.now())",
  );
  const lab = await open();
  expect(await told(lab, "old")).toMatchObject({
    networks: [{ name: "LAN", type: "STANDARD", vlanId: null }],
    virtualMachines: [{ vmId: "vm", powerState: "POWERED_ON" }],
  });
  const limits = { minimumRpoMinutes: 1, maximumPointInTimeInstances: 64 };
  expect(await lab.provider.capabilities("old", AbortSignal.timeout(60_000))).toEqual({ ...capabilities, ...limits });
});

it("what the last release wrote into its ledger stays there, before all that comes", async () => {
  const { pool } = db.database;
  await pool.query("DROP SCHEMA lab CASCADE");
  for (const number of ["", "-2", "-3", "-4", "-5", "-6"])
    await pool.query(await readFile(`src/providers/lab/sql/1-tables${number}.sql`, "utf8"));
  await pool.query(`
    UPDATE lab.settings SET version = 6, speed = 0;
    INSERT INTO lab.site VALUES ('old', 'Old', '{}');
    INSERT INTO lab.operation SELECT 'old', k, 'run', 'createIsolatedNetwork', '{}', t, t + interval '1 second', '{}'
      FROM (SELECT lab.now()) now (t), unnest(ARRAY['nothing', 'first', 'second']) k;
    INSERT INTO lab.ledger (site_id, key, run_id, kind, target, ordered_at, effective_at)
      SELECT site_id, key, run_id, kind, 'net ' || key, ordered_at, completes_at FROM lab.operation WHERE key <> 'nothing' ORDER BY key DESC`);
  const lab = await open();
  await done(lab, "old", "createIsolatedNetwork", { name: "net third" });
  const ledger = await lab.ledger();
  expect(ledger.map(({ target }) => target)).toEqual(["net second", "net first", "net third"]);
  expect(ledger.map(({ orderedAt, effectiveAt }) => effectiveAt.getTime() - orderedAt.getTime())).toEqual([1_000, 1_000, 0]);
});
