/** How protection begins and ends at a site. */
import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { EffectRequest } from "../../../src/providers/contract.ts";
import { type ContractSetup, never, Owner, type SourceVm } from "./setup.ts";

const refused = { failure: "PERMANENT", code: "REFUSED" };
const notFound = { failure: "PERMANENT", code: "NOT_FOUND" };

export function protectionRules(setup: () => ContractSetup): void {
  const group = (...vms: readonly SourceVm[]): EffectRequest<"protectGroup"> => ({
    groupId: `group-${randomUUID()}`,
    name: "protected by a test",
    sourceSiteId: setup().protectedSite,
    sourceVmIds: vms.map(({ sourceVmId }) => sourceVmId),
    storageGroups: [{ sources: [setup().storage.source], target: setup().storage.target }],
  });
  const placeholder = ({ name, sourceVmId }: SourceVm): EffectRequest<"createPlaceholder"> => {
    const { folderId, resourcePoolId } = setup();
    return { sourceVmId, name: `${name}-placeholder`, folderId, resourcePoolId };
  };
  const points = (groupId: string) => setup().provider.recoveryPoints(setup().recoverySite, groupId, never());

  describe("replication of a group", () => {
    it("begins without points, is synchronised, and drops its points when it ends", async () => {
      const owner = new Owner(setup());
      const wanted = group(...setup().spare);
      const { groupId } = wanted;
      expect(await owner.done("protectGroup", wanted)).toEqual({});
      expect(await points(groupId)).toEqual([]);
      const { pointId, sizeBytes } = await owner.done("synchronise", { groupId });
      expect(sizeBytes).toBeGreaterThan(0);
      expect(await points(groupId)).toEqual([expect.objectContaining({ pointId, complete: true })]);
      expect(await owner.done("unprotectGroup", { groupId })).toEqual({});
      await expect(points(groupId)).rejects.toMatchObject(notFound);
      await expect(owner.order("synchronise", { groupId })).rejects.toMatchObject(notFound);
    });

    it("is configured once, under whatever key it is asked for again, and ends once", async () => {
      const owner = new Owner(setup());
      const wanted = group(setup().spare[0]);
      await owner.done("protectGroup", wanted);
      await owner.done("synchronise", { groupId: wanted.groupId });
      await owner.done("protectGroup", wanted);
      expect(await points(wanted.groupId)).toHaveLength(1);
      for (let time = 0; time < 2; time++) expect(await owner.done("unprotectGroup", { groupId: wanted.groupId })).toEqual({});
      expect(await owner.done("unprotectGroup", { groupId: "nothing" })).toEqual({});
    });

    it("has a VM in one group only, and an id stands for one set of VMs", async () => {
      const owner = new Owner(setup());
      const [one, other] = setup().spare;
      const wanted = group(one);
      await owner.done("protectGroup", wanted);
      await expect(owner.order("protectGroup", group(one, other))).rejects.toMatchObject(refused);
      await expect(owner.order("protectGroup", { ...wanted, sourceVmIds: [other.sourceVmId] })).rejects.toMatchObject(refused);
      const { groupId, sourceSiteId } = wanted;
      await expect(owner.order("addToGroup", { groupId, sourceSiteId, sourceVmIds: [setup().vms[0].sourceVmId] })).rejects.toMatchObject(
        refused,
      );
      await owner.done("unprotectGroup", { groupId });
    });

    it("takes VMs in and lets them go, and what is already so succeeds", async () => {
      const owner = new Owner(setup());
      const [one, other] = setup().spare;
      const { groupId, sourceSiteId, ...wanted } = group(one);
      await owner.done("protectGroup", { groupId, sourceSiteId, ...wanted });
      const sourceVmIds = [other.sourceVmId];
      for (let time = 0; time < 2; time++) expect(await owner.done("addToGroup", { groupId, sourceSiteId, sourceVmIds })).toEqual({});
      const both = await owner.done("synchronise", { groupId });
      expect(both.sizeBytes).toBeGreaterThan(0);
      for (let time = 0; time < 2; time++) expect(await owner.done("removeFromGroup", { groupId, sourceVmIds })).toEqual({});
      const another = group(other);
      await owner.done("protectGroup", another);
      await owner.done("unprotectGroup", { groupId: another.groupId });
      await owner.done("unprotectGroup", { groupId });
    });

    it("takes other storage groups in place of those before, as often as it is asked", async () => {
      const owner = new Owner(setup());
      const { storageGroups, ...wanted } = group(setup().spare[0]);
      const { groupId, sourceSiteId } = wanted;
      await owner.done("protectGroup", { ...wanted, storageGroups: [] });
      for (let time = 0; time < 2; time++) expect(await owner.done("changeStorage", { groupId, sourceSiteId, storageGroups })).toEqual({});
      const nowhere = [{ sources: ["nothing"], target: setup().storage.target }];
      await expect(owner.order("changeStorage", { groupId, sourceSiteId, storageGroups: nowhere })).rejects.toMatchObject(notFound);
      await owner.done("unprotectGroup", { groupId });
      await expect(owner.order("changeStorage", { groupId, sourceSiteId, storageGroups })).rejects.toMatchObject(notFound);
    });

    it("does not end while a snapshot of it is in use", async () => {
      const owner = new Owner(setup());
      const wanted = group(setup().spare[0]);
      const { groupId } = wanted;
      await owner.done("protectGroup", wanted);
      const { pointId } = await owner.done("synchronise", { groupId });
      await owner.done("createSnapshot", { groupId, pointId, name: "a test" });
      await expect(owner.order("unprotectGroup", { groupId })).rejects.toMatchObject(refused);
      await owner.cleanUp();
      await owner.done("unprotectGroup", { groupId });
    });

    it("needs VMs, datastores, a site and a group that there are", async () => {
      const owner = new Owner(setup());
      const wanted = group(setup().spare[0]);
      const nothing = { sourceVmIds: ["nothing"] };
      await expect(owner.order("protectGroup", { ...wanted, ...nothing })).rejects.toMatchObject(notFound);
      await expect(owner.order("protectGroup", { ...wanted, sourceSiteId: "nowhere" })).rejects.toMatchObject(notFound);
      const storageGroups = [{ sources: ["nothing"], target: setup().storage.target }];
      await expect(owner.order("protectGroup", { ...wanted, storageGroups })).rejects.toMatchObject(notFound);
      const { groupId, sourceSiteId, sourceVmIds } = wanted;
      await expect(owner.order("addToGroup", { groupId, sourceSiteId, sourceVmIds })).rejects.toMatchObject(notFound);
      await expect(owner.order("removeFromGroup", { groupId, sourceVmIds })).rejects.toMatchObject(notFound);
    });
  });

  describe("a placeholder", () => {
    it("keeps a VM's place, belongs to the run that made it, and is removed once", async () => {
      const owner = new Owner(setup());
      const wanted = placeholder(setup().spare[0]);
      const { placeholderId } = await owner.done("createPlaceholder", wanted);
      expect(await owner.artefacts()).toEqual([{ kind: "PLACEHOLDER", id: placeholderId, name: wanted.name }]);
      for (let time = 0; time < 2; time++) expect(await owner.done("removePlaceholder", { placeholderId })).toEqual({});
      expect(await owner.artefacts()).toEqual([]);
      expect(await owner.done("removePlaceholder", { placeholderId: "nothing" })).toEqual({});
    });

    it("is one for each VM, under the name that was asked for last", async () => {
      const [one, other] = [new Owner(setup()), new Owner(setup())];
      const wanted = placeholder(setup().spare[0]);
      const { placeholderId } = await one.done("createPlaceholder", wanted);
      expect(await other.done("createPlaceholder", wanted)).toEqual({ placeholderId });
      expect(await other.done("createPlaceholder", { ...wanted, name: "renamed" })).toEqual({ placeholderId });
      expect(await one.artefacts()).toEqual([{ kind: "PLACEHOLDER", id: placeholderId, name: "renamed" }]);
      await one.done("removePlaceholder", { placeholderId });
    });

    it("never overwrites a VM or another VM's placeholder", async () => {
      const owner = new Owner(setup());
      const [one, other] = setup().spare;
      const { placeholderId } = await owner.done("createPlaceholder", placeholder(one));
      await expect(owner.order("createPlaceholder", { ...placeholder(other), name: placeholder(one).name })).rejects.toMatchObject(refused);
      const test = new Owner(setup());
      await test.done("registerVm", test.registration(setup().vms[0], await test.snapshot()));
      await expect(owner.order("createPlaceholder", { ...placeholder(other), name: setup().vms[0].name })).rejects.toMatchObject(refused);
      await test.cleanUp();
      await owner.done("removePlaceholder", { placeholderId });
    });

    it("stays while a test VM stands in its place", async () => {
      const test = new Owner(setup());
      const { placeholderId, name, sourceVmId } = setup().vms[0];
      await test.done("registerVm", test.registration(setup().vms[0], await test.snapshot()));
      const owner = new Owner(setup());
      await expect(owner.order("removePlaceholder", { placeholderId })).rejects.toMatchObject(refused);
      await expect(owner.order("createPlaceholder", placeholder({ name: `${name}-new`, sourceVmId }))).rejects.toMatchObject(refused);
      await test.cleanUp();
    });

    it("needs a VM, and a folder and a pool where the provider has such things", async () => {
      const owner = new Owner(setup());
      const wanted = placeholder(setup().spare[0]);
      await expect(owner.order("createPlaceholder", { ...wanted, sourceVmId: "nothing" })).rejects.toMatchObject(notFound);
      const { folders, resourcePools } = await setup().provider.capabilities(setup().recoverySite, never());
      if (folders) await expect(owner.order("createPlaceholder", { ...wanted, folderId: "nowhere" })).rejects.toMatchObject(notFound);
      if (!resourcePools) return;
      await expect(owner.order("createPlaceholder", { ...wanted, resourcePoolId: "nowhere" })).rejects.toMatchObject(notFound);
    });
  });
}
