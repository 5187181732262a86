import { describe, expect, it } from "vitest";
import { encodeId } from "../../../src/domain/ids.ts";
import {
  add,
  aPlanWith,
  atOnce,
  deleteGroup,
  fieldErrors,
  lastSnapshot,
  ofDatastores,
  ofVms,
  playOnStage,
  remove,
  stage,
} from "./changing.ts";
import { everything } from "./stage.ts";

playOnStage();

const nowhere = "01900000-0000-7000-8000-000000000000";

describe("changing a protection group", () => {
  describe("adding VMs", () => {
    it("has them configured by a run", async () => {
      const id = await ofVms("Shop", "web-1");
      const { protectionGroup } = await add(id, stage.vm("web-2", "app-1"));
      expect(protectionGroup).toMatchObject({ state: "CONFIGURING", vmCount: 3, version: 2 });
      expect(await lastSnapshot()).toMatchObject({
        kind: "GROUP_UPDATE",
        added: [
          { name: "web-2", externalId: "vm-web-2", placeholderName: "web-2-placeholder", folderId: null },
          { name: "app-1", folderId: "/dr/apps" },
        ],
        removed: [],
      });
      const members = await stage.db.database.prisma.protectedVm.findMany({ where: { protectionState: "CONFIGURING" } });
      expect(members.map(({ vmId }) => vmId).sort()).toEqual([stage.vmId("web-2"), stage.vmId("app-1")].sort());
    });

    it("takes all of them or none, and says of each why not", async () => {
      const id = await ofVms("Shop", "web-1");
      await ofVms("Data", "db-1");
      await stage.db.database.prisma.virtualMachine.update({ where: { id: stage.vmId("app-3") }, data: { missingSince: new Date() } });
      const before = await everything(stage);
      const unknown = encodeId("VirtualMachine", nowhere);
      expect(await fieldErrors(add(id, [...stage.vm("app-1", "web-1", "db-1", "east-1", "app-3"), unknown]), before)).toEqual({
        "vmIds.1": "web-1 is in the group already.",
        "vmIds.2": "db-1 is in the protection group Data already.",
        "vmIds.3": "east-1 is not at the protected site north.",
        "vmIds.4": "app-3 is no longer listed at its site.",
        "vmIds.5": "There is no VM with this id.",
      });
      expect(await fieldErrors(add(id, []), before)).toEqual({ vmIds: "Name at least one." });
      expect(await fieldErrors(add(id, [...stage.vm("app-1", "app-1"), "x"]), before)).toEqual({
        "vmIds.1": "It is named twice.",
        "vmIds.2": expect.stringContaining("not an id"),
      });
      expect(await add(encodeId("ProtectionGroup", nowhere), stage.vm("app-1"))).toMatchObject({ code: "NOT_FOUND" });
    });

    it("is refused when VMs of a plan would wait for each other, and names the shortest cycle", async () => {
      const id = await ofVms("Shop", "web-1");
      await aPlanWith(id);
      const { prisma } = stage.db.database;
      const [first, second] = [stage.vmId("web-1"), stage.vmId("web-2")];
      await prisma.vmRecoverySettings.create({ data: { vmId: second, priority: "LOW" } });
      await prisma.vmDependency.create({ data: { vmId: first, dependsOnVmId: second } });
      expect(await fieldErrors(add(id, stage.vm("web-2")), await everything(stage))).toEqual({
        vmIds: expect.stringContaining("web-1 waits for web-2 (depends on), web-2 waits for web-1 (tier LOW comes after NORMAL)"),
      });
    });

    it("to a group that replicates datastores: only those on them, and to their storage group's target", async () => {
      const id = await ofDatastores("Web", ["ds-web"], "dr-2");
      const { prisma } = stage.db.database;
      await prisma.virtualMachine.update({ where: { id: stage.vmId("app-2") }, data: { datastoreId: null } });
      const before = await everything(stage);
      expect(await fieldErrors(add(id, stage.vm("app-1", "app-2")), before)).toEqual({
        "vmIds.0": "app-1 is on the datastore ds-app, and the protection group Web replicates others.",
        "vmIds.1": "app-2 is on no known datastore, and the protection group Web replicates others.",
      });
      await prisma.protectedVm.delete({ where: { vmId: stage.vmId("web-2") } });
      expect(await add(id, stage.vm("web-2"))).toMatchObject({ protectionGroup: { vmCount: 2 } });
      const member = await prisma.protectedVm.findUniqueOrThrow({
        where: { vmId: stage.vmId("web-2") },
        include: { recoveryDatastore: true },
      });
      expect(member).toMatchObject({ protectionState: "CONFIGURING", recoveryDatastore: { name: "dr-2" } });
    });

    it("configures members that are not, also in a group that is full", async () => {
      const id = await ofDatastores("Web", ["ds-web", "ds-app"]);
      const { prisma } = stage.db.database;
      const failed = { faultCode: "PLACEHOLDER_FAILED", faultMessage: "no" } as const;
      await prisma.protectedVm.update({ where: { vmId: stage.vmId("web-1") }, data: { protectionState: "NOT_CONFIGURED" } });
      await prisma.protectedVm.update({ where: { vmId: stage.vmId("web-2") }, data: { protectionState: "ERROR", ...failed } });
      expect(await add(id, stage.vm("web-1", "web-2"))).toMatchObject({ protectionGroup: { vmCount: 5, state: "CONFIGURING" } });
      const member = await prisma.protectedVm.findUniqueOrThrow({ where: { vmId: stage.vmId("web-2") } });
      expect(member).toMatchObject({ protectionState: "CONFIGURING", faultCode: null, placeholderName: "web-2-placeholder" });
    });

    it("has no more VMs than a group may have", async () => {
      const id = await ofVms("Shop", "web-1", "web-2", "app-1", "app-2");
      const before = await everything(stage);
      expect(await add(id, stage.vm("app-3", "db-1"))).toMatchObject({ code: "CONFLICT", limit: 5, current: 4 });
      expect(await everything(stage)).toBe(before);
      expect(await add(id, stage.vm("app-3"))).toMatchObject({ protectionGroup: { vmCount: 5 } });
    });

    it("by two at once: the second finds the group being changed, though it was free when its sites were asked", async () => {
      const id = await ofVms("Shop", "web-1");
      const answers = await atOnce(
        () => add(id, stage.vm("web-2")),
        () => add(id, stage.vm("app-1")),
      );
      expect(answers.filter(({ protectionGroup }) => protectionGroup)).toHaveLength(1);
      expect(answers.find(({ code }) => code)).toMatchObject({ code: "CONFLICT", message: "The protection group Shop is being changed." });
      expect(await stage.db.database.prisma.protectedVm.count()).toBe(2);
    });

    it("can demand the version that was read, and is done once for a key", async () => {
      const id = await ofVms("Shop", "web-1");
      expect(await add(id, stage.vm("web-2"), { expectedVersion: 2 })).toMatchObject({ code: "CONFLICT", version: 1 });
      await add(id, stage.vm("web-2"), { idempotencyKey: "k" });
      const runs = await stage.db.database.prisma.recovery.count();
      expect(await add(id, stage.vm("web-2"), { idempotencyKey: "k" })).toMatchObject({ protectionGroup: { vmCount: 2 } });
      expect(await stage.db.database.prisma.recovery.count()).toBe(runs);
    });
  });

  describe("removing a VM", () => {
    it("has its protection taken back by a run", async () => {
      const id = await ofVms("Shop", "web-1", "web-2");
      const answer = await remove(stage.vm("web-1")[0]);
      expect(answer).toMatchObject({
        vm: { name: "web-1", protectionGroup: { name: "Shop" } },
        protectionGroup: { id, state: "CONFIGURING", version: 2 },
      });
      expect(await lastSnapshot()).toMatchObject({
        kind: "GROUP_UPDATE",
        added: [],
        removed: [{ name: "web-1", externalId: "vm-web-1", placeholderId: `ph-${stage.vmId("web-1")}` }],
      });
    });

    it("is refused for one that others depend on, is in no group, or is not there", async () => {
      await ofVms("Shop", "web-1", "web-2");
      const dependsOn = { dependsOnVmId: stage.vmId("web-1") };
      await stage.db.database.prisma.vmDependency.createMany({
        data: [
          { vmId: stage.vmId("web-2"), ...dependsOn },
          { vmId: stage.vmId("app-1"), ...dependsOn },
        ],
      });
      const before = await everything(stage);
      expect(await remove(stage.vm("web-1")[0])).toMatchObject({
        code: "CONFLICT",
        message: "web-1 can't be removed while others depend on it: app-1, web-2.",
      });
      expect(await remove(stage.vm("db-1")[0])).toMatchObject({ code: "CONFLICT", message: "db-1 is in no protection group." });
      expect(await remove(encodeId("VirtualMachine", nowhere))).toMatchObject({ code: "NOT_FOUND", resource: "VirtualMachine" });
      expect(await fieldErrors(remove("nonsense"), before)).toEqual({ vmId: expect.stringContaining("not an id") });
      expect(await remove(stage.vm("web-2")[0], { expectedVersion: 9 })).toMatchObject({ code: "CONFLICT", version: 1 });
      expect(await everything(stage)).toBe(before);
    });
  });

  describe("deleting it", () => {
    it("needs force for one with VMs or plans, and names them", async () => {
      const id = await ofVms("Shop", "web-1", "web-2");
      await aPlanWith(id);
      const before = await everything(stage);
      expect(await deleteGroup(id)).toMatchObject({
        code: "CONFLICT",
        planName: "All",
        message: "The protection group Shop protects web-1, web-2 and is part of the recovery plans All.",
      });
      expect(await everything(stage)).toBe(before);
      const { protectionGroup, task } = await deleteGroup(id, { force: true });
      expect(protectionGroup).toMatchObject({ state: "DELETING" });
      expect(task).toEqual({ name: "Delete Protection Group - Shop", type: "PROTECTION_GROUP_DELETE", state: "QUEUED" });
      expect(await lastSnapshot()).toMatchObject({
        kind: "GROUP_DELETE",
        force: true,
        rollsBack: null,
        vms: [{ name: "web-1" }, { name: "web-2" }],
      });
    });

    it("takes an empty one without force", async () => {
      const id = await ofVms("Shop", "web-1");
      await stage.db.database.prisma.protectedVm.deleteMany();
      expect(await deleteGroup(id, { expectedVersion: 2 })).toMatchObject({ code: "CONFLICT", version: 1 });
      expect(await deleteGroup(id, { expectedVersion: 1 })).toMatchObject({ protectionGroup: { state: "DELETING" } });
      expect(await deleteGroup(id)).toMatchObject({
        code: "CONFLICT",
        message: "The protection group Shop is being deleted.",
        activeTaskId: expect.any(String),
      });
      expect(await deleteGroup(encodeId("ProtectionGroup", nowhere))).toMatchObject({ code: "NOT_FOUND" });
      expect(await deleteGroup("nonsense")).toMatchObject({ code: "INVALID_REQUEST" });
    });
  });
});
