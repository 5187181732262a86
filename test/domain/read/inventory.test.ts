import { v7 as uuid } from "uuid";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeId } from "../../../src/domain/ids.ts";
import { protectionState } from "../../../src/domain/protection/types.ts";
import { aGroup, aPair, aPlan, type GroupRows, type PairRows } from "../../support/rows.ts";
import { type Asker, anAsker } from "./support.ts";

let asker: Asker;
let pair: PairRows;
let group: GroupRows;
let vmId: string;

beforeAll(async () => {
  asker = await anAsker();
  pair = await aPair(asker.database);
  group = await aGroup(asker.database, pair, "web", 2);
  vmId = group.vmIds[0] ?? "";
  await aPlan(asker.database, pair, "Plan", [{ groupIds: [group.groupId] }]);
});
afterAll(() => asker.drop());

describe("a VM", () => {
  const query = `query ($id: ID!) { vm(id: $id) { name protectionState needsConfiguration placeholder { vmId name } replicationState rpoViolation lastSyncTime diskBytes
    fault { code } protectionGroup { name } sourceSite { site { name vcenterServer datacenter } cluster host datastore { name } }
    recoverySite { site { name } cluster resourcePool { name } folder { name } datastore { name } networks { source sourceNetwork { name } targetNetwork { name } testNetwork { name } } }
    replicationInfo { replicationType rpoMinutes lagSeconds lagMinutes state } nics { nicIndex ipAddresses network { name vlanId } } networkMappings { targetNetwork { name } } } }`;

  it("shows where it is, where it goes and how it is replicated; lag in minutes is rounded up", async () => {
    expect(await asker.ask(query, { id: encodeId("VirtualMachine", vmId) })).toMatchObject({
      vm: {
        name: "web-vm-01",
        protectionState: "SHADOWING",
        placeholder: { vmId: `ph-${vmId}`, name: "web-vm-01-placeholder" },
        rpoViolation: false,
        diskBytes: 40_000_000_000,
        fault: null,
        sourceSite: {
          site: { name: "Pair Primary", datacenter: "DC" },
          cluster: "Prod-Cluster",
          host: "host-01",
          datastore: { name: "Prod-DS" },
        },
        recoverySite: {
          site: { name: "Pair Recovery" },
          cluster: "DR-Cluster",
          resourcePool: { name: "DR-RP" },
          folder: { name: "Recovered" },
          datastore: { name: "DR-DS" },
          networks: [
            {
              source: "INVENTORY",
              sourceNetwork: { name: "VM Network" },
              targetNetwork: { name: "DR Network" },
              testNetwork: { name: "Test Network" },
            },
          ],
        },
        replicationInfo: { replicationType: "SAN", rpoMinutes: 15, lagSeconds: expect.any(Number), lagMinutes: 5, state: "SYNCED" },
        nics: [{ nicIndex: 0, ipAddresses: ["10.0.1.1"], network: { name: "VM Network", vlanId: 100 } }],
        networkMappings: [],
      },
    });
  });

  it("goes by its own network mapping first, and says what is wrong with it", async () => {
    const { prisma } = asker.database;
    const targetNetworkId = pair.testNetworkId;
    await prisma.vmNetworkMapping.create({ data: { vmId, sourceNetworkId: pair.sourceNetworkId, targetNetworkId } });
    await prisma.virtualMachine.update({ where: { id: vmId }, data: { missingSince: new Date() } });
    await prisma.rpoViolation.create({
      data: {
        vmId,
        vmName: "web-vm-01",
        groupId: group.groupId,
        groupName: "web",
        rpoMinutes: 15,
        cause: "LAG",
        openedAt: new Date(),
        worstLagSeconds: 1,
        currentLagSeconds: 1,
      },
    });
    expect(await asker.ask(query, { id: encodeId("VirtualMachine", vmId) })).toMatchObject({
      vm: {
        fault: { code: "MISSING_AT_SOURCE" },
        rpoViolation: true,
        recoverySite: { networks: [{ source: "VM", targetNetwork: { name: "Test Network" }, testNetwork: null }] },
        networkMappings: [{ targetNetwork: { name: "Test Network" } }],
      },
    });
  });

  it("without protection has no recovery site", async () => {
    const vm = await asker.database.prisma.virtualMachine.create({
      data: { siteId: pair.protectedSiteId, externalId: uuid(), name: "alone" },
    });
    expect(await asker.ask(query, { id: encodeId("VirtualMachine", vm.id) })).toMatchObject({
      vm: {
        protectionState: "NOT_CONFIGURED",
        protectionGroup: null,
        recoverySite: null,
        replicationInfo: null,
        replicationState: "NOT_REPLICATED",
      },
    });
  });
});

describe("a protection group", () => {
  it("shows its reference's fields", async () => {
    await asker.database.prisma.recoveryPoint.createMany({
      data: [1, 2, 3].map((day) => ({
        groupId: group.groupId,
        externalId: `p${day}`,
        takenAt: new Date(Date.UTC(2026, 0, day)),
        complete: day < 3,
        sizeBytes: 5n,
      })),
    });
    const query = `query ($id: ID!) { protectionGroup(id: $id) { type replicationType state peerState protectionState vmCount datastoreCount recoveryPlanCount fault { code }
      protectedSite { name } recoverySite { name } datastores { name capacityBytes freeBytes replicationState } recoveryPlans { name } usedBy { id } rpoMinutes
      recoveryPoints(filter: { complete: true }) { totalCount nodes { takenAt complete pinned sizeBytes } } } }`;
    expect(await asker.ask(query, { id: encodeId("ProtectionGroup", group.groupId) })).toMatchObject({
      protectionGroup: {
        type: "REPLICATION",
        replicationType: "SAN",
        protectionState: "PROTECTED",
        vmCount: 2,
        datastoreCount: 1,
        recoveryPlanCount: 1,
        datastores: [{ name: "Prod-DS", capacityBytes: 536_870_912_000, replicationState: "SYNCED" }],
        recoveryPlans: [{ name: "Plan" }],
        usedBy: null,
        recoveryPoints: {
          totalCount: 2,
          nodes: [{ takenAt: "2026-01-02T00:00:00.000Z", pinned: false }, { takenAt: "2026-01-01T00:00:00.000Z" }],
        },
      },
    });
  });

  it.each([
    [0, 0, 0, "NOT_CONFIGURED"],
    [3, 0, 0, "NOT_CONFIGURED"],
    [3, 2, 2, "PARTIALLY_CONFIGURED"],
    [3, 3, 2, "NOT_PROTECTED"],
    [3, 3, 3, "PROTECTED"],
  ])("with %i VMs, %i of them configured and %i shadowing, is %s", (vms, configured, shadowing, state) => {
    expect(protectionState({ groupId: "g", vms, configured, shadowing })).toBe(state);
  });
});

describe("a site", () => {
  it("shows its pairing with managers and servers, its mappings and its numbers", async () => {
    const query = `{ sites { totalCount nodes { name type state pairing { localSite { name } remoteSite { name } pairingState connectionState replicationHealth
      arrayManagers { name type state replicatedDevices } replicationServers { name replicatedVms }
      networkMappings { sourceNetwork { name } targetNetwork { name } testNetwork { name } } folderMappings { targetFolder { path } } resourceMappings { targetResource { cluster } } }
      summary { protectionGroupsCount recoveryPlansCount protectedVmsCount placeholderVmsCount rpoViolationsCount issuesCount issues { code message } } } } }`;
    const pairing = {
      localSite: { name: "Pair Primary" },
      remoteSite: { name: "Pair Recovery" },
      replicationHealth: "HEALTHY",
      arrayManagers: [{ name: "SRA", type: "SAN", state: "CONNECTED", replicatedDevices: 10 }],
      replicationServers: [{ name: "VR", replicatedVms: 25 }],
      networkMappings: [
        { sourceNetwork: { name: "VM Network" }, targetNetwork: { name: "DR Network" }, testNetwork: { name: "Test Network" } },
      ],
      folderMappings: [{ targetFolder: { path: "/DR/vm/Recovered" } }],
      resourceMappings: [{ targetResource: { cluster: "DR-Cluster" } }],
    };
    expect(await asker.ask(query)).toMatchObject({
      sites: {
        totalCount: 2,
        nodes: [
          {
            name: "Pair Primary",
            type: "PROTECTED",
            pairing,
            summary: {
              protectionGroupsCount: 1,
              recoveryPlansCount: 1,
              protectedVmsCount: 2,
              placeholderVmsCount: 0,
              rpoViolationsCount: 1,
              issuesCount: 2,
              issues: [{ code: "MISSING_AT_SOURCE" }, { code: "RPO_VIOLATION" }],
            },
          },
          { name: "Pair Recovery", type: "RECOVERY", pairing, summary: { protectedVmsCount: 0, placeholderVmsCount: 2, issuesCount: 0 } },
        ],
      },
    });
  });

  it("lists its inventory", async () => {
    const query = `query ($site: ID!) { datastores(filter: { siteId: $site, replicationState: SYNCED }) { nodes { name type protectionGroup { name } site { name } } }
      networks(filter: { siteId: $site }) { nodes { name type vlanId } } resourcePools(filter: { siteId: $site }) { nodes { name cluster vmCount cpuLimitMhz } }
      folders(filter: { siteId: $site, name: "prod" }) { nodes { name path type } } }`;
    const storage = await asker.database.prisma.storageGroup.create({
      data: { groupId: group.groupId, targetDatastoreId: pair.targetDatastoreId },
    });
    await asker.database.prisma.storageGroupSource.create({ data: { datastoreId: pair.sourceDatastoreId, storageGroupId: storage.id } });
    expect(await asker.ask(query, { site: encodeId("Site", pair.protectedSiteId) })).toMatchObject({
      datastores: { nodes: [{ name: "Prod-DS", type: "VMFS", protectionGroup: { name: "web" }, site: { name: "Pair Primary" } }] },
      networks: { nodes: [{ name: "VM Network", type: "STANDARD", vlanId: 100 }] },
      resourcePools: { nodes: [{ name: "Prod-RP", vmCount: 2, cpuLimitMhz: null }] },
      folders: { nodes: [{ path: "/DC/vm/Production", type: "VM" }] },
    });
  });
});
