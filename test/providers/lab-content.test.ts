/** What the simulated disks hold, and which of it comes up: here the sites' clock stands still until a test moves it. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { openLab } from "../../src/providers/lab/lab.ts";
import { freshDatabase } from "../support/database.ts";
import { aLab, LabClock, type LabSitesVm, labSites, registration } from "../support/lab.ts";
import { contentOf, done, type LabWithSites, recoverAll, registerForGood, secondsLost } from "../support/lab-recovery.ts";

let db: Awaited<ReturnType<typeof freshDatabase>>;
let clock: LabClock;
let lab: LabWithSites;
let pair = 0;
const bytesPerSecond = 50_000;

beforeAll(async () => {
  db = await freshDatabase();
  await (await openLab({ url: db.url, guestServices: false })).close();
  clock = await LabClock.stopped(db.url);
});
beforeEach(async () => {
  lab = await aLab(db.url, labSites({ vms: 2, prefix: `pair-${++pair}-` }));
});
afterEach(() => lab.close());
afterAll(async () => {
  await clock[Symbol.asyncDispose]();
  await db.drop();
});

const protectedSite = () => lab.sites.protectedSite;
const recoverySite = () => lab.sites.recoverySite;
function vmAt(index: number): LabSitesVm {
  const vm = lab.sites.vms[index];
  if (vm === undefined) throw new Error(`There is no VM ${index}.`);
  return vm;
}
const content = (vmId: string) => contentOf(lab, vmId);
const synchronise = () => done(lab, recoverySite(), "synchronise", { groupId: vmAt(0).groupId });

it("a VM writes as long as it is on", async () => {
  const { id: vmId } = vmAt(0);
  await clock.advance(30);
  const to = clock.now.toISOString();
  expect(await content(vmId)).toEqual([{ history: vmId, to, seconds: 30 }]);
  await done(lab, protectedSite(), "powerOff", { vmId });
  await clock.advance(100);
  expect(await content(vmId)).toEqual([{ history: vmId, to, seconds: 30 }]);
  await done(lab, protectedSite(), "powerOn", { vmId });
  await clock.advance(5);
  expect(await content(vmId)).toEqual([{ history: vmId, to: clock.now.toISOString(), seconds: 35 }]);
});

it("shutdown, final synchronisation and promotion lose nothing", async () => {
  const vm = vmAt(0);
  await synchronise();
  await clock.advance(100);
  await done(lab, protectedSite(), "shutDownVm", { vmId: vm.id, guestTimeoutSeconds: 60 });
  const written = await content(vm.id);
  await clock.advance(50);
  const { pointId } = await synchronise();
  const { snapshotId } = await done(lab, recoverySite(), "promote", { groupId: vm.groupId, pointId });
  const copy = await registerForGood(lab, vm, snapshotId);
  expect(await content(copy)).toEqual(written);
  await done(lab, recoverySite(), "powerOn", { vmId: copy });
  await clock.advance(10);
  expect(await content(copy)).toEqual([...written, { history: copy, to: clock.now.toISOString(), seconds: 10 }]);
  expect(secondsLost(written, await content(copy))).toBe(0);
});

it("a synchronisation before the shutdown is not enough", async () => {
  const vm = vmAt(0);
  const { pointId } = await synchronise();
  await clock.advance(7);
  await done(lab, protectedSite(), "shutDownVm", { vmId: vm.id, guestTimeoutSeconds: 60 });
  const { snapshotId } = await done(lab, recoverySite(), "promote", { groupId: vm.groupId, pointId });
  const copy = await registerForGood(lab, vm, snapshotId);
  expect(secondsLost(await content(vm.id), await content(copy))).toBe(7);
});

it("promotion of an older point has exactly what the point has, with one moment for all members", async () => {
  await clock.advance(20);
  const older = await synchronise();
  const then = await Promise.all(lab.sites.vms.map(({ id }) => content(id)));
  await clock.advance(60);
  await synchronise();
  await clock.advance(30);
  const { groupId } = vmAt(0);
  const { snapshotId } = await done(lab, recoverySite(), "promote", { groupId, pointId: older.pointId });
  for (const [index, vm] of lab.sites.vms.entries()) {
    const held = await content(await registerForGood(lab, vm, snapshotId));
    expect(held).toEqual(then[index]);
    expect(held.at(-1)?.to).toBe(older.takenAt);
    expect(secondsLost(await content(vm.id), held)).toBe(90);
  }
});

it("what a test writes is in its own copy only", async () => {
  const vm = vmAt(0);
  await clock.advance(20);
  const { pointId } = await synchronise();
  const then = await content(vm.id);
  const copies = [];
  for (let test = 0; test < 2; test++) {
    const { snapshotId } = await done(lab, recoverySite(), "createSnapshot", { groupId: vm.groupId, pointId, name: "a test" });
    const { vmId } = await done(lab, recoverySite(), "registerVm", registration(lab.sites, vm, snapshotId));
    expect(await content(vmId)).toEqual(then);
    await done(lab, recoverySite(), "powerOn", { vmId });
    await clock.advance(5);
    await done(lab, recoverySite(), "powerOff", { vmId });
    copies.push((await content(vmId)).at(-1));
    await done(lab, recoverySite(), "removeVm", { vmId });
    await done(lab, recoverySite(), "restorePlaceholder", { placeholderId: vm.placeholderId });
  }
  expect(copies).toMatchObject([{ seconds: 5 }, { seconds: 5 }]);
  expect(copies[0]?.history).not.toBe(copies[1]?.history);
});

it("a synchronisation copies what was written since the last one, and nothing of a VM that is off", async () => {
  await synchronise();
  await clock.advance(10);
  await done(lab, protectedSite(), "powerOff", { vmId: vmAt(1).id });
  await clock.advance(30);
  expect(await synchronise()).toMatchObject({ sizeBytes: (40 + 10) * bytesPerSecond });
  await clock.advance(1);
  expect(await synchronise()).toMatchObject({ sizeBytes: bytesPerSecond });
});

it("the first one on the way back copies what both sides have written since they parted, and the data comes home", async () => {
  const vm = vmAt(0);
  const { pointId } = await synchronise();
  await clock.advance(40);
  const { snapshotId } = await done(lab, recoverySite(), "promote", { groupId: vm.groupId, pointId });
  const copy = await registerForGood(lab, vm, snapshotId);
  await done(lab, recoverySite(), "powerOn", { vmId: copy });
  await clock.advance(5);
  await done(lab, protectedSite(), "fenceVms", { vmIds: [vm.id] });
  await clock.advance(20);

  const groupId = `${vm.groupId}-back`;
  const members = [{ sourceVmId: copy, formerVmId: vm.id }];
  const wanted = { groupId, name: "back", sourceSiteId: recoverySite(), members, storageGroups: [] };
  await done(lab, protectedSite(), "reverseGroup", wanted);
  const { placeholderId } = await done(lab, protectedSite(), "demoteVm", { vmId: vm.id, sourceVmId: copy, name: vm.name });
  const back = () => done(lab, protectedSite(), "synchronise", { groupId });
  expect(await back()).toMatchObject({ sizeBytes: (45 + 25) * bytesPerSecond });
  await clock.advance(3);
  expect(await back()).toMatchObject({ sizeBytes: 3 * bytesPerSecond });

  await done(lab, recoverySite(), "shutDownVm", { vmId: copy, guestTimeoutSeconds: 60 });
  const written = await content(copy);
  const home = await done(lab, protectedSite(), "promote", { groupId, pointId: (await back()).pointId });
  const request = {
    ...registration(lab.sites, vm, home.snapshotId),
    ...{ placeholderId, sourceVmId: copy, permanent: true, folderId: null, resourcePoolId: null },
    nics: [{ nicIndex: 0, networkId: lab.sites.sourceNetwork }],
  };
  const { vmId: returned } = await done(lab, protectedSite(), "registerVm", request);
  expect(await content(returned)).toEqual(written);
  expect(written.map(({ history }) => history)).toEqual([vm.id, copy]);
});

it("a VM that vanished at its source stays recoverable as it was copied last", async () => {
  const vm = vmAt(0);
  await clock.advance(10);
  await synchronise();
  const copied = await content(vm.id);
  await clock.advance(10);
  await lab.takeAway(protectedSite(), "VM", vm.id);
  const { pointId } = await synchronise();
  const { snapshotId } = await done(lab, recoverySite(), "promote", { groupId: vm.groupId, pointId });
  expect(await content(await registerForGood(lab, vm, snapshotId))).toEqual(copied);
});

it("a definition that is read again leaves what was recovered as it is", async () => {
  const copies = await recoverAll(lab);
  const [vm, copy] = [vmAt(0), copies.get(vmAt(0).id) ?? ""];
  await clock.advance(5);
  const before = await content(copy);
  const group = { groupId: "back-again", name: "back again", sourceSiteId: recoverySite(), storageGroups: [] };
  await done(lab, protectedSite(), "reverseGroup", { ...group, members: [{ sourceVmId: copy, formerVmId: vm.id }] });
  await done(lab, recoverySite(), "unprotectGroup", { groupId: vm.groupId });
  await done(lab, protectedSite(), "demoteVm", { vmId: vm.id, sourceVmId: copy, name: vm.name });
  await lab.define(lab.sites.definition);
  const told = async (site: string) => (await lab.provider.inventory(site, AbortSignal.timeout(60_000))).virtualMachines;
  expect((await told(protectedSite())).map(({ vmId }) => vmId)).not.toContain(vm.id);
  expect((await told(recoverySite())).map(({ vmId, datastore }) => [vmId, datastore])).toEqual(
    [...copies.values()].map((vmId) => [vmId, lab.sites.targetDatastore]),
  );
  expect(await content(copy)).toEqual(before);
  expect(await lab.content("nothing")).toBeNull();
});
