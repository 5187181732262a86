/** How the lab's sites come into being, and stay. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { openLab } from "../../src/providers/lab/lab.ts";
import { freshDatabase } from "../support/database.ts";
import { aLab, labSites, registration } from "../support/lab.ts";

let db: Awaited<ReturnType<typeof freshDatabase>>;

beforeAll(async () => {
  db = await freshDatabase();
});
afterAll(() => db.drop());

const signal = new AbortController().signal;
const newest = (version: number) => db.database.pool.query("UPDATE lab.settings SET version = $1", [version]);

it("its schema appears once, though several gateways open it at the same time", async () => {
  const labs = await Promise.all(Array.from({ length: 4 }, () => openLab({ url: db.url, guestServices: false })));
  await Promise.all(labs.map((lab) => lab.close()));
  const { rows } = await db.database.pool.query("SELECT version FROM lab.settings");
  expect(rows).toEqual([{ version: 7 }]);
});

it("a schema of a newer release is refused", async () => {
  await newest(8);
  await expect(openLab({ url: db.url, guestServices: false })).rejects.toThrow("start a newer release");
  await newest(7);
});

it("speed and seed stay as they were when they are not given", async () => {
  await (await openLab({ url: db.url, speed: 7, seed: "mine", guestServices: false })).close();
  await (await openLab({ url: db.url, guestServices: false })).close();
  const { rows } = await db.database.pool.query("SELECT speed, seed FROM lab.settings");
  expect(rows).toEqual([{ speed: 7, seed: "mine" }]);
});

it("a group starts with one complete recovery point, and a second definition adds none", async () => {
  await using lab = await aLab(db.url, labSites({ vms: 4, groups: 2, prefix: "twice-" }));
  await lab.define(lab.sites.definition);
  for (const { id } of lab.sites.groups) {
    const points = await lab.provider.recoveryPoints(lab.sites.recoverySite, id, signal);
    expect(points).toEqual([expect.objectContaining({ complete: true })]);
  }
});

it("a definition renames what is there and takes nothing from a run", async () => {
  const sites = labSites({ vms: 1, prefix: "kept-" });
  await using lab = await aLab(db.url, sites);
  const [vm] = sites.vms;
  const [point] = await lab.provider.recoveryPoints(sites.recoverySite, vm?.groupId ?? "", signal);
  if (vm === undefined || point === undefined) throw new Error("The lab has no VM or no recovery point.");
  const call = (key: string) => ({ key, runId: "run-kept", epoch: 1n, signal });
  const request = { groupId: vm.groupId, pointId: point.pointId, name: "a test" };
  const snapshot = await lab.provider.order(sites.recoverySite, "createSnapshot", request, call("snapshot"));
  if (snapshot.state !== "SUCCEEDED") throw new Error("There is no snapshot.");
  await lab.provider.order(sites.recoverySite, "registerVm", registration(sites, vm, snapshot.result.snapshotId), call("vm"));
  const before = await lab.provider.artefacts(sites.recoverySite, "run-kept", signal);
  expect(before.map(({ kind }) => kind).sort()).toEqual(["PLACEHOLDER_IN_USE", "SNAPSHOT", "VM"]);

  const [first, second] = sites.definition.sites;
  if (first === undefined || second === undefined) throw new Error("There are no two sites.");
  const placeholders = (second.placeholders ?? []).map((placeholder) => ({ ...placeholder, name: "kept-renamed" }));
  await lab.define({ ...sites.definition, sites: [first, { ...second, placeholders }] });
  const after = await lab.provider.artefacts(sites.recoverySite, "run-kept", signal);
  expect(after).toEqual(before.map((one) => (one.kind === "PLACEHOLDER_IN_USE" ? { ...one, name: "kept-renamed" } : one)));
});

it("an id that belongs to another site is refused, and nothing is defined", async () => {
  const sites = labSites({ vms: 1, prefix: "moved-" });
  await using lab = await aLab(db.url, sites);
  const moved = [{ id: "moved-new", name: "new", vms: [{ id: sites.vms[0]?.id ?? "", name: "new" }] }];
  await expect(lab.define({ sites: moved, groups: [] })).rejects.toThrow("belongs to another site");
  await expect(lab.provider.capabilities("moved-new", signal)).rejects.toMatchObject({ code: "NOT_FOUND" });
});

it("a site has the capabilities that its definition names, and all others", async () => {
  await using lab = await openLab({ url: db.url, guestServices: false });
  await lab.define({ sites: [{ id: "bare", name: "bare", capabilities: { guestCommands: false, ipCustomisation: "NONE" } }], groups: [] });
  const others = { folders: true, resourcePools: true, minimumRpoMinutes: 1, maximumPointInTimeInstances: 64 };
  const capabilities = { ipCustomisation: "NONE", guestCommands: false, ...others };
  expect(await lab.provider.capabilities("bare", signal)).toEqual(capabilities);
});
