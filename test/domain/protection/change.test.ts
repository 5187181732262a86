import { describe, expect, it } from "vitest";
import { encodeId } from "../../../src/domain/ids.ts";
import { aPlanWith, fieldErrors, lastSnapshot, made, ofDatastores, ofVms, playOnStage, stage, storage, update } from "./changing.ts";
import { everything } from "./stage.ts";

playOnStage();

const nowhere = "01900000-0000-7000-8000-000000000000";

describe("changing a protection group", () => {
  describe("its settings", () => {
    it("changes what is given, leaves the rest, and raises the version", async () => {
      const id = await ofVms("Shop", "web-1");
      const { protectionGroup } = await update(id, { name: " Store ", description: "All of it", rpoMinutes: 30 });
      expect(protectionGroup).toMatchObject({
        name: "Store",
        description: "All of it",
        rpoMinutes: 30,
        pointInTimeInstances: 1,
        version: 2,
        state: "READY",
      });
      expect((await update(id, { pointInTimeInstances: 8 })).protectionGroup).toMatchObject({
        name: "Store",
        pointInTimeInstances: 8,
        version: 3,
      });
      expect((await update(id, { name: "STORE" })).protectionGroup).toMatchObject({ name: "STORE" });
    });

    it("stay with their version, without an event, where nothing differs", async () => {
      const id = await ofVms("Shop", "web-1");
      const before = await everything(stage);
      const same = { name: "Shop", description: "", rpoMinutes: 15, pointInTimeInstances: 1 };
      for (const given of [{}, { expectedVersion: 1 }, same])
        expect(await update(id, given)).toMatchObject({ protectionGroup: { name: "Shop", version: 1, state: "READY" } });
      expect(await update(id, { expectedVersion: 2 })).toMatchObject({ code: "CONFLICT", version: 1 });
      expect(await everything(stage)).toBe(before);
    });

    it("of snapshots go together", async () => {
      const id = await made("Night", { snapshot: { vmIds: stage.vm("web-1"), intervalMinutes: 10, retention: 3 } });
      const { protectionGroup } = await update(id, { snapshot: { retention: 5 } });
      expect(protectionGroup).toMatchObject({ snapshotRetention: 5, pointInTimeInstances: 5, snapshotIntervalMinutes: 10 });
      const before = await everything(stage);
      expect(await fieldErrors(update(id, { rpoMinutes: 5 }), before)).toEqual({
        "snapshot.intervalMinutes": expect.stringContaining("RPO of 5 minutes"),
      });
      expect(await fieldErrors(update(id, { pointInTimeInstances: 4 }), before)).toEqual({
        pointInTimeInstances: expect.stringContaining("give 5"),
      });
      expect(await update(id, { rpoMinutes: 5, snapshot: { intervalMinutes: 5 } })).toMatchObject({ protectionGroup: { rpoMinutes: 5 } });
    });

    it("says of every field at once what is wrong with it", async () => {
      const id = await ofVms("Shop", "web-1");
      await ofVms("Data", "db-1");
      const before = await everything(stage);
      const wrong = {
        name: "a\tb",
        description: "\0",
        rpoMinutes: 0,
        pointInTimeInstances: 65,
        snapshot: { intervalMinutes: 0, retention: 0 },
      };
      expect(Object.keys(await fieldErrors(update(id, { ...wrong, storageGroups: [] }), before)).sort()).toEqual(
        [
          "description",
          "name",
          "pointInTimeInstances",
          "rpoMinutes",
          "snapshot.intervalMinutes",
          "snapshot.retention",
          "storageGroups",
        ].sort(),
      );
      expect(
        await fieldErrors(update(id, { name: "data", snapshot: { retention: 2 }, storageGroups: [storage(["ds-web"], "dr-1")] }), before),
      ).toEqual({
        name: "A protection group named data exists already.",
        snapshot: "Shop is a CONTINUOUS group, which takes no snapshots.",
        storageGroups: "Shop does not replicate datastores, so it has no storage groups.",
      });
      expect(await fieldErrors(update("nonsense", {}), before)).toEqual({ groupId: expect.stringContaining("not an id") });
      expect(await update(encodeId("ProtectionGroup", nowhere), { name: "x" })).toMatchObject({
        code: "NOT_FOUND",
        resource: "ProtectionGroup",
      });
    });

    it("can be renamed while a site is away, and no more than that", async () => {
      const id = await ofVms("Shop", "web-1");
      await stage.db.database.prisma.site.update({ where: { id: stage.siteId("south") }, data: { state: "DISCONNECTED" } });
      expect(await update(id, { name: "Store" })).toMatchObject({ protectionGroup: { name: "Store" } });
      expect(await update(id, { rpoMinutes: 5 })).toMatchObject({ code: "PRECONDITION_FAILED", reason: "SITE_DISCONNECTED" });
    });

    it("of two who read the same version, one wins; among 100 no change is lost", async () => {
      const id = await ofVms("Shop", "web-1");
      expect(await update(id, { rpoMinutes: 20, expectedVersion: 1 })).toMatchObject({ protectionGroup: { version: 2 } });
      expect(await update(id, { rpoMinutes: 25, expectedVersion: 1 })).toMatchObject({ code: "CONFLICT", version: 2 });
      const answers = await Promise.all(
        Array.from({ length: 100 }, async (_, editor) => update(id, { description: `by ${editor}`, expectedVersion: 2 })),
      );
      const won = answers.filter(({ protectionGroup }) => protectionGroup);
      expect(won).toHaveLength(1);
      for (const answer of answers) if (!answer.protectionGroup) expect(answer).toMatchObject({ code: "CONFLICT", version: 3 });
      const { rows } = await stage.db.database.pool.query("SELECT version, description FROM protection_group");
      expect(rows).toEqual([{ version: 3, description: won[0]?.protectionGroup.description }]);
    });
  });

  describe("its storage groups", () => {
    it("brings in the VMs of new datastores, and lets those of the old ones go", async () => {
      const id = await ofDatastores("Web", ["ds-web", "ds-db"]);
      const { protectionGroup } = await update(id, { storageGroups: [storage(["ds-db"], "dr-1"), storage(["ds-app"], "dr-2")] });
      expect(protectionGroup).toMatchObject({ state: "CONFIGURING", version: 2 });
      expect(await lastSnapshot()).toMatchObject({
        kind: "GROUP_UPDATE",
        storageGroups: [
          { sources: ["ds-db"], target: "dr-1" },
          { sources: ["ds-app"], target: "dr-2" },
        ],
        added: [{ name: "app-1" }, { name: "app-2" }, { name: "app-3" }],
        removed: [{ name: "web-1", placeholderId: `ph-${stage.vmId("web-1")}` }, { name: "web-2" }],
      });
      const { rows } = await stage.db.database.pool.query(
        "SELECT d.name FROM storage_group_source s JOIN datastore d ON d.id = s.datastore_id ORDER BY 1",
      );
      expect(rows.map(({ name }) => name)).toEqual(["ds-app", "ds-db"]);
    });

    it("stay as they are where they are the same, whatever plan has the group, unless the site has refused them", async () => {
      const id = await ofDatastores("Web", ["ds-web", "ds-db"]);
      await aPlanWith(id);
      const before = await everything(stage);
      stage.hints.length = 0;
      const same = { storageGroups: [storage(["ds-db", "ds-web"], "dr-1")] };
      expect(await update(id, same)).toMatchObject({ protectionGroup: { state: "READY", version: 1 } });
      expect(await everything(stage)).toBe(before);
      expect(stage.hints).toEqual([]);
      const { prisma } = stage.db.database;
      await prisma.planProtectionGroup.deleteMany();
      await prisma.protectionGroup.updateMany({ data: { faultCode: "REPLICATION_FAILED", faultMessage: "The site refused." } });
      expect(await update(id, same)).toMatchObject({ protectionGroup: { state: "CONFIGURING", version: 2 } });
    });

    it("are told to the site also where no VM comes or goes", async () => {
      await stage.db.database.prisma.virtualMachine.updateMany({ where: { name: "db-1" }, data: { datastoreId: null } });
      const id = await ofDatastores("Web", ["ds-web"]);
      expect(await update(id, { storageGroups: [storage(["ds-web", "ds-db"], "dr-1")] })).toMatchObject({
        protectionGroup: { state: "CONFIGURING" },
      });
      const storageGroups = [{ sources: ["ds-web", "ds-db"], target: "dr-1" }];
      expect(await lastSnapshot()).toMatchObject({ kind: "GROUP_UPDATE", storageGroups, added: [], removed: [] });
    });

    it("is checked like a new group's, and keeps the target of what is replicated", async () => {
      const id = await ofDatastores("Web", ["ds-web"]);
      await ofDatastores("Data", ["ds-db"]);
      const before = await everything(stage);
      const wanted = { storageGroups: [storage(["ds-web"], "dr-2"), storage(["ds-db", "dr-1"], "dr-1")] };
      expect(await fieldErrors(update(id, wanted), before)).toEqual({
        "storageGroups.0.targetDatastoreId": expect.stringContaining("ds-web is replicated to another datastore already"),
        "storageGroups.1.sourceDatastoreIds.0": "ds-db is replicated by the protection group Data already.",
        "storageGroups.1.sourceDatastoreIds.1": "dr-1 is not at the protected site north.",
      });
    });

    it("is refused while a plan has the group, for VMs that others depend on, and beyond the quota", async () => {
      const id = await ofDatastores("Web", ["ds-web"]);
      const { prisma } = stage.db.database;
      await prisma.vmDependency.create({ data: { vmId: stage.vmId("app-1"), dependsOnVmId: stage.vmId("web-1") } });
      let before = await everything(stage);
      expect(await update(id, { storageGroups: [storage(["ds-db"], "dr-1")] })).toMatchObject({
        code: "CONFLICT",
        message: "web-1 would leave the protection group while others depend on it: app-1.",
      });
      expect(await update(id, { storageGroups: [storage(["ds-web", "ds-app", "ds-db"], "dr-1")] })).toMatchObject({
        code: "CONFLICT",
        limit: 5,
        current: 2,
      });
      expect(await everything(stage)).toBe(before);
      await aPlanWith(id);
      before = await everything(stage);
      expect(await update(id, { storageGroups: [storage(["ds-web", "ds-db"], "dr-1")] })).toMatchObject({
        code: "CONFLICT",
        message: "The storage groups of Web can't be changed while it is part of recovery plans: All.",
      });
      expect(await everything(stage)).toBe(before);
    });
  });
});
