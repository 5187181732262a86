/** The way back: replication in the other direction, and VMs that become placeholders of what they were recovered to. */
import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { EffectRequest } from "../../../src/providers/contract.ts";
import { aProtectedVm, aRecoveredVm, notFound, permanently, refused } from "./recovered.ts";
import { type ContractSetup, type ContractVm, never, Owner } from "./setup.ts";

export function reversalRules(setup: () => ContractSetup): void {
  const back = (sourceVmId: string, formerVmId: string, sourceSiteId = setup().recoverySite): EffectRequest<"reverseGroup"> => ({
    groupId: `group-${randomUUID()}`,
    name: "on the way back",
    sourceSiteId,
    members: [{ sourceVmId, formerVmId }],
    storageGroups: [],
  });
  const former = () => new Owner(setup(), setup().protectedSite);

  describe("a group that is reversed", () => {
    it("is configured once, and copies less than all: the former disk is the seed", async () => {
      const { vmId, sourceVmId, groupId: old } = await aRecoveredVm(setup());
      await new Owner(setup()).done("powerOn", { vmId });
      const wanted = back(vmId, sourceVmId);
      const { groupId } = wanted;
      for (let time = 0; time < 2; time++) expect(await former().done("reverseGroup", wanted)).toEqual({});
      const vms = (await setup().provider.inventory(setup().recoverySite, never())).virtualMachines;
      const size = vms.find((vm) => vm.vmId === vmId)?.diskBytes ?? 0;
      const { sizeBytes } = await former().done("synchronise", { groupId });
      expect(sizeBytes).toBeLessThan(size);
      await new Owner(setup()).done("unprotectGroup", { groupId: old });
      expect(await former().done("synchronise", { groupId })).toMatchObject({ pointId: expect.any(String) });
    });

    it("is refused while a former VM is on, for one that never was, and for VMs that another group replicates", async () => {
      const { vmId, sourceVmId } = await aRecoveredVm(setup());
      await former().done("powerOn", { vmId: sourceVmId });
      await expect(former().order("reverseGroup", back(vmId, sourceVmId))).rejects.toMatchObject(refused);
      await former().done("powerOff", { vmId: sourceVmId });
      await expect(former().order("reverseGroup", back(vmId, "nothing"))).rejects.toMatchObject(notFound);
      await former().done("reverseGroup", back(vmId, sourceVmId));
      await expect(former().order("reverseGroup", back(vmId, sourceVmId))).rejects.toMatchObject(refused);
    });

    it("keeps the former VM off: its disks are the replica", async () => {
      const { vmId, sourceVmId } = await aRecoveredVm(setup());
      await former().done("reverseGroup", back(vmId, sourceVmId));
      await expect(former().order("powerOn", { vmId: sourceVmId })).rejects.toMatchObject(refused);
    });
  });

  describe("a VM that is demoted", () => {
    it("becomes the placeholder of what it was recovered to, once, and belongs to no run", async () => {
      const { name, vmId, sourceVmId } = await aRecoveredVm(setup());
      const owner = former();
      const request = { vmId: sourceVmId, sourceVmId: vmId, name };
      const { placeholderId } = await owner.done("demoteVm", request);
      expect(await owner.done("demoteVm", request)).toEqual({ placeholderId });
      const { virtualMachines } = await setup().provider.inventory(setup().protectedSite, never());
      expect(virtualMachines.find((vm) => vm.vmId === sourceVmId)).toBeUndefined();
      expect(await setup().provider.vmStatus(setup().protectedSite, [sourceVmId], never())).toEqual(new Map());
      expect(await owner.artefacts()).toEqual([]);
      await expect(owner.order("powerOn", { vmId: sourceVmId })).rejects.toMatchObject(notFound);
    });

    it("is off, no member of a group that is replicated, and takes no other VM's name", async () => {
      const { name, vmId, sourceVmId } = await aRecoveredVm(setup());
      const request = { vmId: sourceVmId, sourceVmId: vmId, name };
      const { sourceVmId: onlyProtected } = await aProtectedVm(setup());
      await former().done("powerOff", { vmId: onlyProtected });
      await expect(former().order("demoteVm", { ...request, name: setup().spare[0].name })).rejects.toMatchObject(refused);
      await expect(former().order("demoteVm", { ...request, sourceVmId: "nothing" })).rejects.toMatchObject(notFound);
      await expect(former().order("demoteVm", { ...request, vmId: onlyProtected, name: `${name}-free` })).rejects.toMatchObject(refused);
      await former().done("powerOn", { vmId: sourceVmId });
      await expect(former().order("demoteVm", request)).rejects.toMatchObject(refused);
    });
  });

  it("a VM goes there and back as often as it is wanted, under its own name", async () => {
    const { name, ...first } = await aRecoveredVm(setup());
    const { protectedSite, recoverySite, networkId } = setup();
    const { networks } = await setup().provider.inventory(protectedSite, never());
    let here = { site: recoverySite, vmId: first.vmId, groupId: first.groupId };
    let there = { site: protectedSite, vmId: first.sourceVmId };
    for (let way = 0; way < 4; way++) {
      const [target, source] = [new Owner(setup(), there.site), new Owner(setup(), here.site)];
      await source.done("powerOn", { vmId: here.vmId });
      const wanted = back(here.vmId, there.vmId, here.site);
      const { groupId } = wanted;
      await target.done("reverseGroup", wanted);
      await source.done("unprotectGroup", { groupId: here.groupId });
      const { placeholderId } = await target.done("demoteVm", { vmId: there.vmId, sourceVmId: here.vmId, name: `${name}-placeholder` });
      await target.done("synchronise", { groupId });
      await source.done("shutDownVm", { vmId: here.vmId, guestTimeoutSeconds: 0 });
      await source.done("setStorageReadOnly", { groupId, sourceVmIds: [here.vmId], readOnly: true });
      const { pointId } = await target.done("synchronise", { groupId });
      const { snapshotId } = await target.done("promote", { groupId, pointId });
      const vm: ContractVm = { name, sourceVmId: here.vmId, placeholderId };
      const network = there.site === recoverySite ? networkId : networks[0]?.name;
      const place = there.site === recoverySite ? {} : { folderId: null, resourcePoolId: null };
      const nics = network === undefined ? [] : [{ nicIndex: 0, networkId: network }];
      const { vmId } = await target.done("registerVm", { ...permanently(setup(), vm, snapshotId), ...place, nics });
      [here, there] = [{ site: there.site, vmId, groupId }, here];
    }
    const of = async (site: string) => (await setup().provider.inventory(site, never())).virtualMachines.filter((vm) => vm.name === name);
    expect(await of(recoverySite)).toMatchObject([{ vmId: here.vmId }]);
    // The one before it is still there, off, until it is demoted in its turn.
    expect(await of(protectedSite)).toMatchObject([{ vmId: there.vmId, powerState: "POWERED_OFF" }]);
  });
}
