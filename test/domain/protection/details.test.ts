import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { encodeId } from "../../../src/domain/ids.ts";
import { aGroup, aPair, type GroupRows, type PairRows } from "../../support/rows.ts";
import { type Asker, anAsker, at, list } from "../read/support.ts";

describe("what a protection group shows", () => {
  let asker: Asker;
  let pair: PairRows;
  let shop: GroupRows;
  const prisma = () => asker.database.prisma;
  beforeAll(async () => {
    asker = await anAsker();
    pair = await aPair(asker.database);
  });
  beforeEach(async () => {
    await prisma().protectedVm.deleteMany();
    await prisma().protectionGroup.deleteMany();
    await prisma().virtualMachine.deleteMany();
    shop = await aGroup(asker.database, pair, "Shop", 3);
  });
  afterAll(() => asker.drop());

  const show = async (fields: string) =>
    at(
      await asker.ask(`query ($id: ID!) { protectionGroup(id: $id) { ${fields} } }`, { id: encodeId("ProtectionGroup", shop.groupId) }),
      "protectionGroup",
    );
  const vm = (at: number) => shop.vmIds[at] ?? "";
  const member = (at: number, data: Parameters<ReturnType<typeof prisma>["protectedVm"]["update"]>[0]["data"]) =>
    prisma().protectedVm.update({ where: { vmId: vm(at) }, data });
  const storage = () =>
    prisma().storageGroup.create({
      data: {
        groupId: shop.groupId,
        targetDatastoreId: pair.targetDatastoreId,
        sources: { create: { datastoreId: pair.sourceDatastoreId } },
      },
    });

  it("its faults: what its last run left first, then everything that can be seen by itself", async () => {
    expect(await show("fault { code } faults { code }")).toEqual({ fault: null, faults: [] });
    await storage();
    const stored = { faultCode: "REPLICATION_FAILED", faultMessage: "The array is full.", faultSince: new Date("2026-01-01T00:00:00Z") };
    await prisma().protectionGroup.update({ where: { id: shop.groupId }, data: { ...stored, state: "ERROR" } });
    await prisma().site.update({
      where: { id: pair.recoverySiteId },
      data: { state: "DISCONNECTED", stateSince: new Date("2026-01-02T00:00:00Z") },
    });
    await member(0, { faultCode: "PLACEHOLDER_FAILED", faultMessage: "no", protectionState: "ERROR" });
    await member(1, { protectionState: "NOT_CONFIGURED" });
    await prisma().virtualMachine.update({ where: { id: vm(2) }, data: { missingSince: new Date("2026-01-03T00:00:00Z") } });
    const stray = { siteId: pair.protectedSiteId, datastoreId: pair.sourceDatastoreId };
    await prisma().virtualMachine.create({ data: { ...stray, name: "stray", externalId: "stray" } });
    const store = { where: { id: pair.targetDatastoreId }, data: { missingSince: new Date("2026-01-03T12:00:00Z") } };
    await prisma().datastore.update(store);
    const violation = {
      vmId: vm(0),
      vmName: "Shop-vm-01",
      groupId: shop.groupId,
      groupName: "Shop",
      rpoMinutes: 15,
      cause: "LAG",
    } as const;
    const lag = { worstLagSeconds: 1000, currentLagSeconds: 1000 };
    await prisma().rpoViolation.create({ data: { ...violation, ...lag, openedAt: new Date("2026-01-04T00:00:00Z") } });
    expect(await show("fault { code remedy } faults { code message since }")).toEqual({
      fault: { code: "REPLICATION_FAILED", remedy: expect.stringContaining("created anew") },
      faults: [
        { code: "REPLICATION_FAILED", message: "The array is full.", since: "2026-01-01T00:00:00.000Z" },
        { code: "SITE_DISCONNECTED", message: "A site of the group can't be reached: Pair Recovery.", since: "2026-01-02T00:00:00.000Z" },
        { code: "VM_FAULT", message: "VMs of the group have faults: Shop-vm-01.", since: null },
        { code: "VM_NOT_CONFIGURED", message: "VMs of the group are not configured: Shop-vm-02.", since: null },
        { code: "UNPROTECTED_VM", message: "VMs are on datastores that the group replicates, and not in the group: stray.", since: null },
        {
          code: "MISSING_AT_SOURCE",
          message: "VMs of the group are no longer listed at their site: Shop-vm-03.",
          since: "2026-01-03T00:00:00.000Z",
        },
        {
          code: "INVENTORY_MISSING",
          message: "Datastores of the group are no longer listed at their site: DR-DS.",
          since: "2026-01-03T12:00:00.000Z",
        },
        { code: "RPO_VIOLATION", message: "Replication lags behind the RPO: Shop-vm-01.", since: "2026-01-04T00:00:00.000Z" },
      ],
    });
    await prisma().datastore.update({ ...store, data: { missingSince: null } });
    await prisma().rpoViolation.deleteMany();
    await prisma().site.update({ where: { id: pair.recoverySiteId }, data: { state: "CONNECTED" } });
  });

  it("of a VM on its datastores that another group protects: a fault too", async () => {
    await storage();
    const other = await aGroup(asker.database, pair, "Other", 7);
    expect(await show("faults { code message }")).toEqual({
      faults: [
        {
          code: "UNPROTECTED_VM",
          message:
            "VMs are on datastores that the group replicates, and not in the group: Other-vm-01, Other-vm-02, Other-vm-03, Other-vm-04, Other-vm-05 and 2 more.",
        },
      ],
    });
    await prisma().protectedVm.deleteMany({ where: { groupId: other.groupId } });
  });

  it("how many of its VMs need configuration", async () => {
    expect(await show("needsConfigurationCount")).toEqual({ needsConfigurationCount: 0 });
    await member(0, { protectionState: "NOT_CONFIGURED" });
    const network = { siteId: pair.protectedSiteId, name: `unmapped ${shop.groupId}`, type: "STANDARD" } as const;
    const { id: networkId } = await prisma().network.create({ data: network });
    await prisma().vmNic.create({ data: { vmId: vm(1), nicIndex: 1, networkId } });
    expect(await show("needsConfigurationCount vms(filter: { needsConfiguration: true }) { totalCount }")).toEqual({
      needsConfigurationCount: 2,
      vms: { totalCount: 2 },
    });
  });

  it("its storage groups, with where their data goes", async () => {
    expect(await show("storageGroups { targetDatastore { name } }")).toEqual({ storageGroups: [] });
    await storage();
    expect(
      await show("storageGroups { sourceDatastores { name } targetDatastore { name } } datastores { name capacityBytes replicationState }"),
    ).toEqual({
      storageGroups: [{ sourceDatastores: [{ name: "Prod-DS" }], targetDatastore: { name: "DR-DS" } }],
      datastores: [{ name: "Prod-DS", capacityBytes: 536_870_912_000, replicationState: "SYNCED" }],
    });
  });

  it.each([
    ["PROTECTED", ["SHADOWING", "SHADOWING", "SHADOWING"]],
    ["PARTIALLY_CONFIGURED", ["SHADOWING", "NOT_CONFIGURED", "SHADOWING"]],
    ["PARTIALLY_CONFIGURED", ["ERROR", "NOT_CONFIGURED", "NOT_CONFIGURED"]],
    ["NOT_CONFIGURED", ["NOT_CONFIGURED", "NOT_CONFIGURED", "NOT_CONFIGURED"]],
    ["NOT_CONFIGURED", []],
    ["NOT_PROTECTED", ["SHADOWING", "NOT_SHADOWING", "SHADOWING"]],
    ["NOT_PROTECTED", ["CONFIGURING", "CONFIGURING", "ERROR"]],
  ] as const)("is %s with VMs that are %j, and is found by that alone", async (state, members) => {
    for (const [place, protectionState] of members.entries()) await member(place, { protectionState });
    if (members.length === 0) await prisma().protectedVm.deleteMany();
    expect(await show("protectionState")).toEqual({ protectionState: state });
    for (const wanted of ["PROTECTED", "PARTIALLY_CONFIGURED", "NOT_CONFIGURED", "NOT_PROTECTED"]) {
      const answer = await asker.ask(`{ protectionGroups(filter: { protectionState: ${wanted} }) { totalCount } }`);
      expect([wanted, at(answer, "protectionGroups.totalCount")]).toEqual([wanted, wanted === state ? 1 : 0]);
    }
  });

  it("is found by its type, its replication and its peer's state, and listed by type and age", async () => {
    const common = { protectedSiteId: pair.protectedSiteId, recoverySiteId: pair.recoverySiteId };
    const kind = { type: "CONTINUOUS", replicationType: "CONTINUOUS", peerState: "ERROR" } as const;
    await prisma().protectionGroup.create({
      data: { ...common, ...kind, name: "Data", externalId: "Data", createdAt: new Date("2020-01-01") },
    });
    const names = async (args: string) =>
      list(await asker.ask(`{ protectionGroups(${args}) { nodes { name } } }`), "protectionGroups.nodes").map((group) => at(group, "name"));
    expect(await names("filter: { type: CONTINUOUS }")).toEqual(["Data"]);
    expect(await names("filter: { replicationType: SAN }")).toEqual(["Shop"]);
    expect(await names("filter: { peerState: ERROR }")).toEqual(["Data"]);
    expect(await names("orderBy: { field: TYPE, direction: DESC }")).toEqual(["Shop", "Data"]);
    expect(await names("orderBy: { field: CREATED_AT }")).toEqual(["Data", "Shop"]);
  });
});
