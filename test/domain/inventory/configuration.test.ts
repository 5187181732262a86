import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { encodeId } from "../../../src/domain/ids.ts";
import { aGroup, aPair, type GroupRows, type PairRows } from "../../support/rows.ts";
import { type Asker, anAsker, at, list, text } from "../read/support.ts";

let asker: Asker;
let pair: PairRows;
let group: GroupRows;
let vmId: string;

beforeAll(async () => {
  asker = await anAsker();
});
afterAll(() => asker.drop());
let made = 0;
beforeEach(async () => {
  made++;
  pair = await aPair(asker.database, `Pair ${made}`);
  group = await aGroup(asker.database, pair, `web ${made}`, 2);
  vmId = group.vmIds[0] ?? "";
});

const query = `query ($id: ID!) { vm(id: $id) { needsConfiguration configurationReasons { code message remedy } } }`;
const reasonsOf = async (id = vmId) => {
  const answer = await asker.ask(query, { id: encodeId("VirtualMachine", id) });
  const reasons = list(answer, "vm.configurationReasons");
  expect(at(answer, "vm.needsConfiguration")).toBe(reasons.length > 0);
  for (const reason of reasons) expect(text(reason, "remedy")).toMatch(/\.$/);
  return reasons.map((reason) => `${text(reason, "code")}: ${text(reason, "message")}`);
};
const named = async (needsConfiguration: boolean) => {
  const filter = { protectionGroupId: encodeId("ProtectionGroup", group.groupId), needsConfiguration };
  const answer = await asker.ask(`query ($filter: VmFilter) { vms(filter: $filter) { totalCount nodes { name } } }`, { filter });
  const names = list(answer, "vms.nodes").map((node) => text(node, "name"));
  expect(at(answer, "vms.totalCount")).toBe(names.length);
  return names;
};

describe("a protected VM", () => {
  it("with everything mapped needs nothing", async () => {
    expect(await reasonsOf()).toEqual([]);
    expect(await named(true)).toEqual([]);
    expect(await named(false)).toHaveLength(2);
  });

  it("needs a mapping for its network, folder and resource pool", async () => {
    const { prisma } = asker.database;
    const where = { pairingId: pair.pairingId };
    await prisma.networkMapping.deleteMany({ where });
    await prisma.folderMapping.deleteMany({ where });
    await prisma.resourceMapping.deleteMany({ where });
    const [name, to] = [`web ${made}-vm-01`, `which is not mapped to Pair ${made} Recovery.`];
    expect(await reasonsOf()).toEqual([
      `MAPPING_MISSING: ${name} is in the folder /DC/vm/Production, ${to}`,
      `MAPPING_MISSING: ${name} is connected to the network VM Network, ${to}`,
      `MAPPING_MISSING: ${name} is in the resource pool Prod-RP, ${to}`,
    ]);
    expect(await named(true)).toHaveLength(2);
    expect(await named(false)).toEqual([]);
  });

  it("can do with its own network mapping in place of the inventory's", async () => {
    const { prisma } = asker.database;
    await prisma.networkMapping.deleteMany({ where: { pairingId: pair.pairingId } });
    const { sourceNetworkId, targetNetworkId } = pair;
    await prisma.vmNetworkMapping.create({ data: { vmId, sourceNetworkId, targetNetworkId } });
    expect(await reasonsOf()).toEqual([]);
    expect(await named(true)).toEqual([`web ${made}-vm-02`]);
  });

  it("is not helped by the mapping of another pair", async () => {
    const { prisma } = asker.database;
    const { id: third } = await prisma.site.create({
      data: { name: `Third ${made}`, type: "RECOVERY", provider: "lab", externalId: `third-${made}` },
    });
    const { id: pairingId } = await prisma.sitePairing.create({ data: { localSiteId: pair.protectedSiteId, remoteSiteId: third } });
    const network = await prisma.network.create({ data: { siteId: third, name: "N", type: "STANDARD" } });
    await prisma.networkMapping.create({ data: { pairingId, sourceNetworkId: pair.sourceNetworkId, targetNetworkId: network.id } });
    await prisma.networkMapping.deleteMany({ where: { pairingId: pair.pairingId } });
    expect(await reasonsOf()).toHaveLength(1);
  });

  it("that came with its datastore needs to be configured", async () => {
    await asker.database.prisma.protectedVm.update({ where: { vmId }, data: { protectionState: "NOT_CONFIGURED" } });
    expect(await reasonsOf()).toEqual([`VM_NOT_CONFIGURED: web ${made}-vm-01 has no placeholder at Pair ${made} Recovery yet.`]);
    expect(await named(true)).toEqual([`web ${made}-vm-01`]);
  });

  it("needs what the provider of its recovery site lacks, and no mapping of what that does not have", async () => {
    const { prisma } = asker.database;
    await prisma.vmRecoverySettings.create({
      data: {
        vmId,
        ipCustomizationEnabled: true,
        ipRules: { create: { position: 1, nicIndex: 0, targetIp: "10.9.0.1", prefixLength: 24 } },
        commands: { create: { phase: "POST_POWER_ON", position: 1, command: "start.bat", arguments: [], runInGuest: true } },
      },
    });
    await prisma.folderMapping.deleteMany({ where: { pairingId: pair.pairingId } });
    await prisma.resourceMapping.deleteMany({ where: { pairingId: pair.pairingId } });
    const capabilities = { ipCustomisation: "NONE", guestCommands: false, folders: false, resourcePools: false };
    await prisma.site.update({ where: { id: pair.recoverySiteId }, data: { capabilities } });
    expect(await reasonsOf()).toEqual([
      `CAPABILITY_MISSING: web ${made}-vm-01 has commands for its guest, and the provider of Pair ${made} Recovery can't run any there.`,
      `CAPABILITY_MISSING: web ${made}-vm-01 gets other addresses, and the provider of Pair ${made} Recovery can't change addresses.`,
    ]);
    expect(await named(true)).toEqual([`web ${made}-vm-01`]);
  });
});

it("a VM without protection needs nothing, whatever is not mapped", async () => {
  const { prisma } = asker.database;
  await prisma.folderMapping.deleteMany({ where: { pairingId: pair.pairingId } });
  const place = { siteId: pair.protectedSiteId, folderId: pair.sourceFolderId };
  const { id } = await prisma.virtualMachine.create({ data: { ...place, externalId: "alone", name: "alone" } });
  expect(await reasonsOf(id)).toEqual([]);
});

it("the reasons of all VMs of a page are read in one statement", async () => {
  const statements = async (first: number) => {
    const spy = vi.spyOn(asker.database.pool, "query");
    await asker.ask(`query ($first: Int) { vms(first: $first) { nodes { needsConfiguration configurationReasons { code } } } }`, { first });
    const { length } = spy.mock.calls;
    spy.mockRestore();
    return length;
  };
  expect(await statements(1)).toBe(2);
  expect(await statements(100)).toBe(2);
});
