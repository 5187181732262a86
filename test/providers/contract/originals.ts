/** What is done at the site that is left: VMs are shut down or fenced, and their storage can't be written to. */
import { describe, expect, it } from "vitest";
import { aProtectedVm, notFound, refused } from "./recovered.ts";
import { type ContractSetup, Owner } from "./setup.ts";

const stale = { failure: "PERMANENT", code: "STALE_EPOCH" };

export function originalRules(setup: () => ContractSetup): void {
  const owner = () => new Owner(setup(), setup().protectedSite);
  const state = async (vmId: string) => (await owner().statusOnce(vmId, () => true)).powerState;

  describe("a VM that is shut down", () => {
    it("is off when it is done, without force where its guest is quick enough", async () => {
      const { sourceVmId: vmId } = await setup().makeVm();
      expect(await owner().done("shutDownVm", { vmId, guestTimeoutSeconds: 300 })).toEqual({ forced: false });
      expect(await state(vmId)).toBe("POWERED_OFF");
    });

    it("is forced at once when its guest gets no time", async () => {
      const { sourceVmId: vmId } = await setup().makeVm();
      expect(await owner().done("shutDownVm", { vmId, guestTimeoutSeconds: 0 })).toEqual({ forced: true });
      expect(await state(vmId)).toBe("POWERED_OFF");
    });

    it("is shut down once by one key, stays off, and is off already for another", async () => {
      const { sourceVmId: vmId } = await setup().makeVm();
      const [by, key] = [owner(), owner().newKey()];
      const request = { vmId, guestTimeoutSeconds: 0 };
      await Promise.all(Array.from({ length: 5 }, () => by.done("shutDownVm", request, key)));
      expect(await by.done("shutDownVm", request)).toEqual({ forced: false });
      await by.done("powerOn", { vmId });
      // The old key is the old operation: it does not shut down what was powered on since.
      expect(await by.done("shutDownVm", request, key)).toEqual({ forced: true });
      expect(await state(vmId)).toBe("POWERED_ON");
    });

    it("is one that is there, and an owner's whose time is not over", async () => {
      await expect(owner().order("shutDownVm", { vmId: "nothing", guestTimeoutSeconds: 0 })).rejects.toMatchObject(notFound);
      const { sourceVmId: vmId } = await setup().makeVm();
      const older = owner();
      await older.successor().observe();
      await expect(older.order("shutDownVm", { vmId, guestTimeoutSeconds: 0 })).rejects.toMatchObject(stale);
      expect(await state(vmId)).toBe("POWERED_ON");
    });
  });

  describe("fencing", () => {
    it("powers off all that are on, names them, and leaves out those that are gone", async () => {
      const [one, off] = [await setup().makeVm(), await setup().makeVm()].map(({ sourceVmId }) => sourceVmId);
      if (one === undefined || off === undefined) throw new Error("No VMs were made.");
      await owner().done("powerOff", { vmId: off });
      const vmIds = [one, off, "nothing"];
      expect(await owner().done("fenceVms", { vmIds })).toEqual({ poweredOff: [one] });
      expect(await state(one)).toBe("POWERED_OFF");
      expect(await owner().done("fenceVms", { vmIds })).toEqual({ poweredOff: [] });
    });

    it("of nothing succeeds", async () => {
      expect(await owner().done("fenceVms", { vmIds: [] })).toEqual({ poweredOff: [] });
    });
  });

  describe("storage that is read-only", () => {
    const storage = ({ groupId, sourceVmId }: { groupId: string; sourceVmId: string }, readOnly: boolean) => ({
      groupId,
      sourceVmIds: [sourceVmId],
      readOnly,
    });

    it("keeps its VMs from being powered on, until it can be written to again", async () => {
      const vm = await aProtectedVm(setup());
      const vmId = vm.sourceVmId;
      await owner().done("powerOff", { vmId });
      for (let time = 0; time < 2; time++) expect(await owner().done("setStorageReadOnly", storage(vm, true))).toEqual({});
      await expect(owner().order("powerOn", { vmId })).rejects.toMatchObject(refused);
      for (let time = 0; time < 2; time++) expect(await owner().done("setStorageReadOnly", storage(vm, false))).toEqual({});
      await owner().done("powerOn", { vmId });
      expect(await state(vmId)).toBe("POWERED_ON");
    });

    it("is replicated as before", async () => {
      const vm = await aProtectedVm(setup());
      await owner().done("powerOff", { vmId: vm.sourceVmId });
      await owner().done("setStorageReadOnly", storage(vm, true));
      expect(await new Owner(setup()).done("synchronise", { groupId: vm.groupId })).toMatchObject({ pointId: expect.any(String) });
    });

    it("is refused while one of its VMs is on, and for a VM that never was", async () => {
      const vm = await aProtectedVm(setup());
      await expect(owner().order("setStorageReadOnly", storage(vm, true))).rejects.toMatchObject(refused);
      const nothing = { ...vm, sourceVmId: "nothing" };
      await expect(owner().order("setStorageReadOnly", storage(nothing, true))).rejects.toMatchObject(notFound);
    });
  });
}
