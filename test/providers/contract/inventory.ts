/** What a site tells of itself. */
import { describe, expect, it } from "vitest";
import { type ContractSetup, never, Owner } from "./setup.ts";

export function inventoryRules(setup: () => ContractSetup): void {
  describe("an inventory", () => {
    const inventory = (site = setup().recoverySite) => setup().provider.inventory(site, never());

    it("names the site's machines with the ids by which they are known everywhere", async () => {
      const { protectedSite, vms, spare, storage } = setup();
      const { virtualMachines, datastores } = await inventory(protectedSite);
      const found = new Map(virtualMachines.map((vm) => [vm.vmId, vm.name]));
      for (const { sourceVmId, name } of [...vms, ...spare]) expect(found.get(sourceVmId)).toBe(name);
      expect(datastores.map(({ name }) => name)).toContain(storage.source);
    });

    it("names networks, folders and pools as requests name them", async () => {
      const { networkId, folderId, resourcePoolId } = setup();
      const { networks, folders, resourcePools } = await inventory();
      expect(networks.map(({ name }) => name)).toContain(networkId);
      if (folderId !== null) expect(folders.map(({ path }) => path)).toContain(folderId);
      if (resourcePoolId !== null) expect(resourcePools.map(({ name }) => name)).toContain(resourcePoolId);
    });

    it("leaves out what a run has made for itself", async () => {
      const before = await inventory();
      const owner = new Owner(setup());
      const { networkId } = await owner.done("createIsolatedNetwork", { name: "isolated" });
      await owner.done("registerVm", owner.registration(setup().vms[0], await owner.snapshot(), networkId));
      expect(await inventory()).toEqual(before);
      await owner.cleanUp();
    });

    it("comes with a heartbeat, which tells whether the other site is reached", async () => {
      const { provider, protectedSite, recoverySite } = setup();
      for (const [site, peer] of [[protectedSite, recoverySite] as const, [recoverySite, protectedSite] as const]) {
        const { peerReachable, components } = await provider.heartbeat(site, peer, never());
        expect(peerReachable).toBe(true);
        expect(components.every(({ state }) => state === "CONNECTED")).toBe(true);
      }
      expect(await provider.heartbeat(recoverySite, "nowhere", never())).toMatchObject({ peerReachable: false });
      await expect(provider.heartbeat("nowhere", recoverySite, never())).rejects.toMatchObject({ code: "NOT_FOUND" });
    });

    it("is told of a known site only", async () => {
      await expect(inventory("nowhere")).rejects.toMatchObject({ failure: "PERMANENT", code: "NOT_FOUND" });
    });
  });
}
