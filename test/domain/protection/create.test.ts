import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { decodeId, encodeId } from "../../../src/domain/ids.ts";
import { aMaker } from "./making.ts";
import { aStage, everything, type Stage } from "./stage.ts";

describe("making a protection group", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await aStage({ quotas: { vmsPerGroup: 3 } });
  });
  afterEach(() => stage.reset());
  afterAll(() => stage.close());

  const create = (specification: object, more: object = {}) => aMaker(stage).create(specification, more);
  const storage = (sources: string[], target: string) => aMaker(stage).storage(sources, target);
  const continuous = (...names: Parameters<Stage["vm"]>) => aMaker(stage).continuous(...names);
  const refusedFor = (specification: object, more: object = {}) => aMaker(stage).refusedFor(specification, more);
  const from = () => aMaker(stage).from();

  it("of datastores: its VMs are those on them, and their replicas go to the storage group's target", async () => {
    const storageGroups = [storage(["ds-web"], "dr-1"), storage(["ds-db"], "dr-2")];
    const { protectionGroup, task } = await create({ replication: { storageGroups } }, { description: "Everything", rpoMinutes: 5 });
    expect(protectionGroup).toMatchObject({
      name: "Shop",
      description: "Everything",
      type: "REPLICATION",
      replicationType: "SAN",
      state: "CONFIGURING",
      peerState: "CONFIGURING",
      protectionState: "NOT_PROTECTED",
      rpoMinutes: 5,
      pointInTimeInstances: 1,
      version: 1,
      vmCount: 3,
      datastoreCount: 2,
      datastores: expect.arrayContaining([{ name: "ds-web" }, { name: "ds-db" }]),
    });
    expect(protectionGroup.vms.nodes).toEqual([
      { name: "db-1", protectionState: "CONFIGURING", placeholder: null, recoverySite: { datastore: { name: "dr-2" } } },
      { name: "web-1", protectionState: "CONFIGURING", placeholder: null, recoverySite: { datastore: { name: "dr-1" } } },
      { name: "web-2", protectionState: "CONFIGURING", placeholder: null, recoverySite: { datastore: { name: "dr-1" } } },
    ]);
    expect(task).toMatchObject({
      name: "Create Protection Group - Shop",
      type: "PROTECTION_GROUP_CREATE",
      state: "QUEUED",
      target: { name: "Shop" },
    });
    const snapshot = await stage.db.database.prisma.recoverySnapshot.findFirstOrThrow();
    expect(snapshot.content).toMatchObject({
      kind: "GROUP_CREATE",
      storageGroups: [
        { sources: ["ds-web"], target: "dr-1" },
        { sources: ["ds-db"], target: "dr-2" },
      ],
      vms: [{ name: "db-1", externalId: "vm-db-1", placeholderName: "db-1-placeholder" }, { name: "web-1" }, { name: "web-2" }],
    });
    const { id } = decodeId(protectionGroup.id);
    expect(snapshot.content).toMatchObject({ group: { id, externalId: id, name: "Shop" } });
    expect(stage.hints).toEqual([snapshot.runId]);
  });

  it("of VMs by the hypervisor", async () => {
    const { protectionGroup } = await create({ replication: { vmIds: stage.vm("web-1", "app-1") } }, { pointInTimeInstances: 4 });
    expect(protectionGroup).toMatchObject({
      type: "REPLICATION",
      replicationType: "HOST",
      vmCount: 2,
      pointInTimeInstances: 4,
      rpoMinutes: 15,
    });
  });

  it("of snapshots: as many points as snapshots are kept", async () => {
    const snapshot = { vmIds: stage.vm("web-1"), intervalMinutes: 10, retention: 24 };
    const { protectionGroup } = await create({ snapshot }, { name: "  Night  " });
    expect(protectionGroup).toMatchObject({
      name: "Night",
      type: "SNAPSHOT",
      replicationType: "SNAPSHOT",
      snapshotIntervalMinutes: 10,
      snapshotRetention: 24,
      pointInTimeInstances: 24,
    });
  });

  it("of continuous replication, with its settings", async () => {
    const settings = { rpoMinutes: 1, pointInTimeInstances: 24 };
    const { protectionGroup } = await create({ continuous: { vmIds: stage.vm("app-1", "app-2"), consistencyGroups: true } }, settings);
    expect(protectionGroup).toMatchObject({ type: "CONTINUOUS", replicationType: "CONTINUOUS", consistencyGroups: true, ...settings });
  });

  it("puts placeholders where the VMs' folders are mapped to, and warns of those that are not", async () => {
    const { prisma } = stage.db.database;
    await create(continuous("app-1", "web-1"));
    const mapped = await prisma.recoverySnapshot.findFirstOrThrow();
    expect(mapped.content).toMatchObject({
      vms: [
        { name: "app-1", folderId: "/dr/apps" },
        { name: "web-1", folderId: null },
      ],
      warnings: [],
    });
    await stage.reset();
    await prisma.folderMapping.deleteMany();
    const { task } = await stage.send("createProtectionGroup", "task { warnings { code message } }", {
      name: "Shop",
      ...from(),
      specification: continuous("app-1"),
    });
    expect(task.warnings).toEqual([{ code: "MAPPING_MISSING", message: "app-1 is in the folder /apps, which is not mapped to south." }]);
  });

  it("says of every field at once what is wrong with it", async () => {
    expect(
      await refusedFor(
        { snapshot: { vmIds: [], intervalMinutes: 0, retention: 65 } },
        { name: " ", description: "x".repeat(4_097), rpoMinutes: 10_081, pointInTimeInstances: 0, recoverySiteId: stage.site("north") },
      ),
    ).toEqual({
      name: "A name has at least one character.",
      description: "It may have 4096 characters, and has 4097.",
      rpoMinutes: "This is from 1 to 10080, and 10081 is not.",
      pointInTimeInstances: expect.stringContaining("leave it out, or give 65"),
      recoverySiteId: "A group is recovered at another site than the one that it is protected at.",
      "specification.snapshot.vmIds": "Name at least one.",
      "specification.snapshot.intervalMinutes": "This is from 1 to 10080, and 0 is not.",
      "specification.snapshot.retention": "This is from 1 to 64, and 65 is not.",
    });
  });

  it("wants snapshots as often as the RPO, and no other number of points", async () => {
    const snapshot = { vmIds: stage.vm("web-1"), intervalMinutes: 60, retention: 3 };
    expect(await refusedFor({ snapshot })).toEqual({
      "specification.snapshot.intervalMinutes": expect.stringContaining("every 60 minutes can't keep an RPO of 15 minutes"),
    });
    expect(await refusedFor({ snapshot }, { rpoMinutes: 60, pointInTimeInstances: 4 })).toEqual({
      pointInTimeInstances: expect.stringContaining("give 3"),
    });
  });

  it("wants at least one of what it protects, and each once", async () => {
    expect(await refusedFor({ replication: { storageGroups: [] } })).toEqual({
      "specification.replication.storageGroups": "Name at least one storage group.",
    });
    expect(
      await refusedFor({ replication: { storageGroups: [storage([], "dr-1"), storage(["ds-web"], "dr-1"), storage(["ds-web"], "dr-2")] } }),
    ).toEqual({
      "specification.replication.storageGroups.0.sourceDatastoreIds": "Name at least one.",
      "specification.replication.storageGroups.2.sourceDatastoreIds.0": "It is named twice.",
    });
    expect(await refusedFor(continuous("web-1", "web-2", "web-1"))).toEqual({ "specification.continuous.vmIds.2": "It is named twice." });
  });

  it("takes ids of what belongs there only", async () => {
    const unknown = encodeId("VirtualMachine", "01900000-0000-7000-8000-000000000000");
    expect(await refusedFor({ continuous: { vmIds: ["nonsense", stage.site("north"), unknown] } })).toEqual({
      "specification.continuous.vmIds.0": expect.stringContaining("not an id"),
      "specification.continuous.vmIds.1": expect.stringContaining("id of a Site"),
    });
    expect(await refusedFor({ continuous: { vmIds: [unknown] } })).toEqual({
      "specification.continuous.vmIds.0": "There is no VM with this id.",
    });
    const noDatastore = encodeId("Datastore", "01900000-0000-7000-8000-000000000000");
    expect(
      await refusedFor({ replication: { storageGroups: [{ sourceDatastoreIds: [noDatastore], targetDatastoreId: noDatastore }] } }),
    ).toEqual({
      "specification.replication.storageGroups.0.sourceDatastoreIds.0": "There is no datastore with this id.",
      "specification.replication.storageGroups.0.targetDatastoreId": "There is no datastore with this id.",
    });
    const noSite = encodeId("Site", "01900000-0000-7000-8000-000000000000");
    expect(await refusedFor(continuous("web-1"), { protectedSiteId: noSite })).toEqual({
      protectedSiteId: "There is no site with this id.",
    });
    expect(await refusedFor(continuous("web-1"), { recoverySiteId: noSite })).toEqual({ recoverySiteId: "There is no site with this id." });
  });

  it("wants two sites that are paired", async () => {
    expect(await refusedFor({ continuous: { vmIds: stage.vm("east-1") } }, { protectedSiteId: stage.site("east") })).toEqual({
      recoverySiteId: "The sites east and south are not paired.",
    });
  });

  it("wants datastores at the right sites, and VMs at the protected one", async () => {
    const storageGroups = [storage(["ds-web", "dr-1"], "ds-db"), storage(["ds-east"], "ds-east")];
    expect(await refusedFor({ replication: { storageGroups } })).toEqual({
      "specification.replication.storageGroups.0.sourceDatastoreIds.1": "dr-1 is not at the protected site north.",
      "specification.replication.storageGroups.0.targetDatastoreId": "ds-db is not at the recovery site south.",
      "specification.replication.storageGroups.1.sourceDatastoreIds.0": "ds-east is not at the protected site north.",
      "specification.replication.storageGroups.1.targetDatastoreId": "ds-east is not at the recovery site south.",
    });
    expect(await refusedFor(continuous("web-1", "east-1"))).toEqual({
      "specification.continuous.vmIds.1": "east-1 is not at the protected site north.",
    });
  });

  it("takes nothing that another group has, and no name that another has", async () => {
    await create({ replication: { storageGroups: [storage(["ds-db"], "dr-1")] } }, { name: "Data" });
    await create(continuous("web-1"), { name: "Web" });
    expect(await refusedFor({ replication: { storageGroups: [storage(["ds-db", "ds-web"], "dr-1")] } }, { name: "DATA" })).toEqual({
      name: "A protection group named DATA exists already.",
      "specification.replication.storageGroups.0.sourceDatastoreIds.0": "ds-db is replicated by the protection group Data already.",
      "specification.replication.storageGroups.0.sourceDatastoreIds.1": "web-1 on ds-web is in the protection group Web already.",
    });
    const { prisma } = stage.db.database;
    await prisma.protectedVm.delete({ where: { vmId: stage.vmId("db-1") } });
    expect(await refusedFor(continuous("web-1", "db-1", "app-1"))).toEqual({
      "specification.continuous.vmIds.0": "web-1 is in the protection group Web already.",
      "specification.continuous.vmIds.1": "db-1 is on the datastore ds-db, which the protection group Data replicates: configure it there.",
    });
  });

  it("takes no VM and no datastore that its site no longer lists", async () => {
    const { prisma } = stage.db.database;
    await prisma.virtualMachine.update({ where: { id: stage.vmId("app-1") }, data: { missingSince: new Date() } });
    await prisma.datastore.updateMany({ where: { name: { in: ["ds-db", "dr-1"] } }, data: { missingSince: new Date() } });
    expect(await refusedFor(continuous("app-1"))).toEqual({ "specification.continuous.vmIds.0": "app-1 is no longer listed at its site." });
    expect(await refusedFor({ replication: { storageGroups: [storage(["ds-db"], "dr-1")] } })).toEqual({
      "specification.replication.storageGroups.0.sourceDatastoreIds.0": "ds-db is no longer listed at its site.",
      "specification.replication.storageGroups.0.targetDatastoreId": "dr-1 is no longer listed at its site.",
    });
  });

  it("has no more VMs than a group may have", async () => {
    const before = await everything(stage);
    expect(await create({ replication: { storageGroups: [storage(["ds-web", "ds-app"], "dr-1")] } })).toMatchObject({
      code: "CONFLICT",
      limit: 3,
      current: 0,
      message: expect.stringContaining("3 VMs in the protection group Shop"),
    });
    expect(await everything(stage)).toBe(before);
  });
});
