import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { decodeId, encodeId } from "../../../src/domain/ids.ts";
import { until } from "../../support/run.ts";
import { type Answer, aStage, endRun, everything, type Stage } from "./stage.ts";

const nowhere = "01900000-0000-7000-8000-000000000000";

describe("changing a protection group", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await aStage({ quotas: { vmsPerGroup: 5 } });
  });
  beforeEach(() => stage.reset());
  afterAll(() => stage.close());

  const group =
    "protectionGroup { id name description state rpoMinutes pointInTimeInstances snapshotIntervalMinutes snapshotRetention version vmCount }";
  const storage = (sources: string[], target: string) => ({
    sourceDatastoreIds: stage.datastore(...sources),
    targetDatastoreId: stage.datastore(target)[0],
  });
  const update = (groupId: string, changes: object) => stage.send("updateProtectionGroup", group, { groupId, ...changes });
  const add = (groupId: string, vmIds: readonly string[], more: object = {}) =>
    stage.send("addProtectedVms", group, { groupId, vmIds, ...more });
  const remove = (vmId: string | undefined, more: object = {}) =>
    stage.send("removeProtectedVm", `vm { name protectionState protectionGroup { name } } ${group}`, { vmId, ...more });
  const deleteGroup = (groupId: string, more: object = {}) =>
    stage.send("deleteProtectionGroup", `${group} task { name type state }`, { groupId, ...more });

  /** A group whose creation has ended well. */
  async function made(name: string, specification: object, more: object = {}): Promise<string> {
    const input = { name, protectedSiteId: stage.site("north"), recoverySiteId: stage.site("south"), specification, ...more };
    const { protectionGroup } = await stage.send("createProtectionGroup", "protectionGroup { id }", input);
    await endRun(stage, decodeId(protectionGroup.id).id);
    return protectionGroup.id;
  }
  const ofVms = (name: string, ...names: Parameters<Stage["vm"]>) => made(name, { continuous: { vmIds: stage.vm(...names) } });
  const ofDatastores = (name: string, sources: string[], target = "dr-1") =>
    made(name, { replication: { storageGroups: [storage(sources, target)] } });
  const lastSnapshot = async () =>
    (await stage.db.database.prisma.recoverySnapshot.findFirstOrThrow({ orderBy: { runId: "desc" } })).content;

  /** The message at each path, when that and nothing else is wrong; nothing was changed. */
  async function fieldErrors(mutation: Promise<{ fieldErrors: { path: string[]; message: string }[] }>, before: string) {
    const answer = await mutation;
    expect(answer).toMatchObject({ __typename: "InvalidRequestError" });
    expect(await everything(stage)).toBe(before);
    return Object.fromEntries(answer.fieldErrors.map(({ path, message }) => [path.join("."), message]));
  }

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

  async function aPlanWith(groupId: string): Promise<void> {
    const { prisma } = stage.db.database;
    const plan = await prisma.recoveryPlan.create({ data: { name: "All", pairingId: stage.pairingId } });
    const priorityGroup = await prisma.planPriorityGroup.create({ data: { planId: plan.id, priority: 1, name: "First" } });
    await prisma.planProtectionGroup.create({
      data: { planId: plan.id, groupId: decodeId(groupId).id, priorityGroupId: priorityGroup.id },
    });
  }

  /** Both have asked the sites and wait for the pair's row, which is held until then. */
  async function atOnce(...mutations: (() => Promise<Answer>)[]): Promise<Answer[]> {
    const { pool } = stage.db.database;
    const holder = await pool.connect();
    try {
      await holder.query("BEGIN");
      await holder.query("SELECT 1 FROM site_pairing WHERE id = $1 FOR UPDATE", [stage.pairingId]);
      const answers = mutations.map((mutation) => mutation());
      await until(async () => {
        const { rows } = await pool.query(
          "SELECT count(*)::int4 AS count FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        );
        return rows[0].count === mutations.length;
      }, "both waiting");
      await holder.query("COMMIT");
      return await Promise.all(answers);
    } finally {
      holder.release();
    }
  }

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
