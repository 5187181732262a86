/** What a real recovery does at the recovery site: storage and VMs that stay. */
import { describe, expect, it } from "vitest";
import { aProtectedVm, aRecoveredVm, notFound, permanently, refused } from "./recovered.ts";
import { type ContractSetup, never, Owner } from "./setup.ts";

export function recoveryRules(setup: () => ContractSetup): void {
  const points = (groupId: string) => setup().provider.recoveryPoints(setup().recoverySite, groupId, never());
  const told = async (site = setup().recoverySite) => (await setup().provider.inventory(site, never())).virtualMachines;

  describe("a group that is promoted", () => {
    it("becomes storage once, whatever the key, and keeps its points", async () => {
      const { groupId, pointId } = await aProtectedVm(setup());
      const owner = new Owner(setup());
      const before = await points(groupId);
      const { snapshotId } = await owner.done("promote", { groupId, pointId });
      expect(await owner.done("promote", { groupId, pointId })).toEqual({ snapshotId });
      expect(await points(groupId)).toEqual(before);
      expect(await owner.artefacts()).toEqual([]);
    });

    it("is replicated no more", async () => {
      const { groupId, pointId } = await aProtectedVm(setup());
      const owner = new Owner(setup());
      await owner.done("promote", { groupId, pointId });
      const sourceSiteId = setup().protectedSite;
      const { sourceVmId } = setup().spare[0];
      await expect(owner.order("synchronise", { groupId })).rejects.toMatchObject(refused);
      await expect(owner.order("addToGroup", { groupId, sourceSiteId, sourceVmIds: [sourceVmId] })).rejects.toMatchObject(refused);
      await expect(owner.order("changeStorage", { groupId, sourceSiteId, storageGroups: [] })).rejects.toMatchObject(refused);
    });

    it("takes another point only as long as no VM is registered on it", async () => {
      const vm = await aProtectedVm(setup());
      const { groupId } = vm;
      const owner = new Owner(setup());
      const { pointId } = await owner.done("synchronise", { groupId });
      const first = await owner.done("promote", { groupId, pointId });
      const older = await owner.done("promote", { groupId, pointId: vm.pointId });
      await expect(owner.order("registerVm", permanently(setup(), vm, first.snapshotId))).rejects.toMatchObject(notFound);
      await owner.done("registerVm", permanently(setup(), vm, older.snapshotId));
      await expect(owner.order("promote", { groupId, pointId })).rejects.toMatchObject(refused);
      expect(await owner.done("promote", { groupId, pointId: vm.pointId })).toEqual(older);
    });

    it("leaves the snapshots of tests as they are", async () => {
      const vm = await aProtectedVm(setup());
      const { groupId, pointId } = vm;
      const test = new Owner(setup());
      const { snapshotId } = await test.done("createSnapshot", { groupId, pointId, name: "a test" });
      await new Owner(setup()).done("promote", { groupId, pointId });
      await test.done("registerVm", test.registration(vm, snapshotId));
      await test.cleanUp();
      expect(await test.artefacts()).toEqual([]);
    });

    it("needs a group and a point of it", async () => {
      const [one, other] = [await aProtectedVm(setup()), await aProtectedVm(setup())];
      const owner = new Owner(setup());
      await expect(owner.order("promote", { groupId: "nothing", pointId: one.pointId })).rejects.toMatchObject(notFound);
      await expect(owner.order("promote", { groupId: one.groupId, pointId: other.pointId })).rejects.toMatchObject(notFound);
    });

    it("stays storage with its VMs when its protection ends", async () => {
      const { groupId, vmId } = await aRecoveredVm(setup());
      const owner = new Owner(setup());
      for (let time = 0; time < 2; time++) expect(await owner.done("unprotectGroup", { groupId })).toEqual({});
      await expect(points(groupId)).rejects.toMatchObject(notFound);
      await owner.done("powerOn", { vmId });
      expect(await owner.statusOnce(vmId, () => true)).toMatchObject({ powerState: "POWERED_ON" });
    });
  });

  describe("a VM that is registered for good", () => {
    it("is told of as any other, with its source's size, and is nobody's leftover", async () => {
      const { name, vmId, sourceVmId } = await aRecoveredVm(setup());
      const source = (await told(setup().protectedSite)).find((vm) => vm.vmId === sourceVmId);
      const { cpuCount, memoryMb, diskBytes, guestOs } = source ?? {};
      expect((await told()).find((vm) => vm.vmId === vmId)).toMatchObject({ name, cpuCount, memoryMb, diskBytes, guestOs });
      const owner = new Owner(setup());
      await owner.done("powerOn", { vmId });
      expect(await owner.statusOnce(vmId, ({ heartbeatAt }) => heartbeatAt !== null)).toMatchObject({ powerState: "POWERED_ON" });
      await owner.done("powerOff", { vmId });
      await expect(owner.order("removeVm", { vmId })).rejects.toMatchObject(refused);
    });

    it("consumes its placeholder, which takes no other", async () => {
      const vm = await aProtectedVm(setup());
      const owner = new Owner(setup());
      const { snapshotId } = await owner.done("promote", vm);
      await owner.done("registerVm", permanently(setup(), vm, snapshotId));
      expect(await owner.artefacts()).toEqual([]);
      const again = { ...permanently(setup(), vm, snapshotId), name: "another" };
      await expect(owner.order("registerVm", again)).rejects.toMatchObject(refused);
      expect((await told()).filter(({ name }) => name === "another")).toEqual([]);
    });

    it("is on promoted storage, and a test's VM on a snapshot", async () => {
      const vm = await aProtectedVm(setup());
      const { groupId, pointId } = vm;
      const owner = new Owner(setup());
      const { snapshotId } = await owner.done("createSnapshot", { groupId, pointId, name: "a test" });
      await expect(owner.order("registerVm", permanently(setup(), vm, snapshotId))).rejects.toMatchObject(refused);
      const promoted = await owner.done("promote", vm);
      await expect(owner.order("registerVm", owner.registration(vm, promoted.snapshotId))).rejects.toMatchObject(refused);
      await expect(owner.order("discardSnapshot", promoted)).rejects.toMatchObject(refused);
      await owner.cleanUp();
    });

    it("never overwrites a VM", async () => {
      const vm = await aProtectedVm(setup());
      const other = await aRecoveredVm(setup());
      const owner = new Owner(setup());
      const { snapshotId } = await owner.done("promote", vm);
      const request = { ...permanently(setup(), vm, snapshotId), name: other.name };
      await expect(owner.order("registerVm", request)).rejects.toMatchObject(refused);
    });

    it("takes place and name from a test's VM, which the test can still remove", async () => {
      const vm = await aProtectedVm(setup());
      const { groupId, pointId } = vm;
      const test = new Owner(setup());
      const snapshot = await test.done("createSnapshot", { groupId, pointId, name: "a test" });
      const drill = await test.done("registerVm", test.registration(vm, snapshot.snapshotId));
      await test.done("powerOn", { vmId: drill.vmId });

      const owner = new Owner(setup());
      const { snapshotId } = await owner.done("promote", vm);
      const { vmId } = await owner.done("registerVm", permanently(setup(), vm, snapshotId));
      await owner.done("powerOn", { vmId });
      const moved = (await test.artefacts()).find(({ kind }) => kind === "VM");
      expect(moved?.id).toBe(drill.vmId);
      expect(moved?.name).not.toBe(vm.name);
      expect(await test.kinds()).toEqual(["PLACEHOLDER_IN_USE", "SNAPSHOT", "VM"]);

      await test.cleanUp();
      expect(await test.artefacts()).toEqual([]);
      expect((await told()).find((found) => found.vmId === vmId)).toMatchObject({ name: vm.name, powerState: "POWERED_ON" });
    });
  });

  describe("a recovery point that is discarded", () => {
    it("is gone, and the newest is not discarded", async () => {
      const { groupId, pointId } = await aProtectedVm(setup());
      const owner = new Owner(setup());
      await expect(owner.order("discardPoint", { groupId, pointId })).rejects.toMatchObject(refused);
      const newest = await owner.done("synchronise", { groupId });
      for (let time = 0; time < 2; time++) expect(await owner.done("discardPoint", { groupId, pointId })).toEqual({});
      expect((await points(groupId)).map((point) => point.pointId)).toEqual([newest.pointId]);
      await expect(owner.order("discardPoint", { groupId: "nothing", pointId })).rejects.toMatchObject(notFound);
    });

    it("is kept while a snapshot of it exists", async () => {
      const { groupId, pointId } = await aProtectedVm(setup());
      const owner = new Owner(setup());
      await owner.done("createSnapshot", { groupId, pointId, name: "a test" });
      await owner.done("synchronise", { groupId });
      await expect(owner.order("discardPoint", { groupId, pointId })).rejects.toMatchObject(refused);
      await owner.cleanUp();
      await owner.done("discardPoint", { groupId, pointId });
    });
  });
}
