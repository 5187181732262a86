import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { inTransaction } from "../../../src/database/transaction.ts";
import { checkingInventory } from "../../../src/domain/inventory/refresh-check.ts";
import { type Kinds, keyOf } from "../../../src/domain/inventory/refresh-diff.ts";
import { readInventory } from "../../../src/domain/inventory/refresh-read.ts";
import { writeReading } from "../../../src/domain/inventory/service-refresh.ts";
import { atOnce } from "../../../src/engine/pieces.ts";
import type { Inventory } from "../../../src/providers/inventory.ts";
import { freshDatabase, type TestDatabase } from "../../support/database.ts";
import { aGroup, aPair } from "../../support/rows.ts";
import { anyInventory } from "./any-inventory.ts";

const capabilities = {
  ipCustomisation: "BEFORE_POWER_ON",
  guestCommands: true,
  folders: true,
  resourcePools: true,
  minimumRpoMinutes: 1,
  maximumPointInTimeInstances: 64,
} as const;

describe("writing what a site has told", () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await freshDatabase();
  });
  afterAll(() => db.drop());
  let made = 0;

  const aSite = async () => {
    const name = `site ${++made}`;
    return (await db.database.prisma.site.create({ data: { name, type: "PROTECTED", provider: "lab", externalId: name } })).id;
  };
  const write = (siteId: string, inventory: Inventory, askedAt = new Date()) =>
    inTransaction(db.database.pool, (client) =>
      writeReading(client, siteId, { askedAt, inventory, capabilities, providerVersion: "1" }, { vmsPerGroup: 500 }),
    );
  const rowsOf = async (siteId: string) => {
    const client = await db.database.pool.connect();
    return readInventory(client, siteId).finally(() => client.release());
  };
  const sorted = <K extends keyof Kinds>(kind: K, values: readonly Kinds[K][]) =>
    values.toSorted((a, b) => (keyOf(kind, a) < keyOf(kind, b) ? -1 : 1));
  const kinds = ["datastores", "networks", "resourcePools", "folders", "virtualMachines"] as const;

  it("gives the site's inventory, whatever was there, and changes nothing the second time", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyInventory, { minLength: 2, maxLength: 4 }), async (inventories) => {
        const siteId = await aSite();
        for (const told of inventories.map((inventory) => atOnce(checkingInventory("it", inventory)))) {
          await write(siteId, told);
          const rows = await rowsOf(siteId);
          for (const kind of kinds)
            expect(
              sorted(
                kind,
                rows[kind].map(({ value }) => value),
              ),
            ).toEqual(sorted(kind, told[kind]));
          expect(await write(siteId, told)).toEqual([]);
        }
      }),
      { seed: 7, numRuns: 40 },
    );
  }, 60_000);

  const vms = (count: number): Inventory => ({
    datastores: [{ name: "ds", type: "VMFS", capacityBytes: 1, freeBytes: 1, arrayManager: null, replicatedDeviceId: null }],
    networks: [{ name: "net", type: "STANDARD", vlanId: null }],
    resourcePools: [],
    folders: [],
    virtualMachines: Array.from({ length: count }, (_, index) => ({
      vmId: `id-${index}`,
      name: `vm-${index}`,
      powerState: "POWERED_ON",
      guestOs: null,
      cpuCount: 1,
      memoryMb: 1024,
      diskBytes: 1,
      cluster: null,
      host: null,
      datastore: "ds",
      folder: null,
      resourcePool: null,
      nics: [{ nicIndex: 0, network: "net", macAddress: null, ipAddresses: ["10.0.0.1"] }],
    })),
  });

  it("takes as many statements for 300 VMs as for 3, and for as many that change or vanish", async () => {
    const client = await db.database.pool.connect();
    const spy = vi.spyOn(client, "query");
    const reading = { capabilities, providerVersion: "1" };
    const statements = async (siteId: string, inventory: Inventory) => {
      const before = spy.mock.calls.length;
      await writeReading(client, siteId, { ...reading, askedAt: new Date(), inventory }, { vmsPerGroup: 500 });
      return spy.mock.calls.length - before;
    };
    const grown = (inventory: Inventory): Inventory => ({
      ...inventory,
      virtualMachines: inventory.virtualMachines.map((vm) => ({ ...vm, name: `${vm.name}-b`, cpuCount: 2, nics: [] })),
    });
    const counts: number[][] = [];
    for (const count of [3, 300]) {
      const siteId = await aSite();
      const inventory = vms(count);
      counts.push([
        await statements(siteId, inventory),
        await statements(siteId, grown(inventory)),
        await statements(siteId, inventory),
        await statements(siteId, { ...inventory, virtualMachines: [] }),
      ]);
    }
    client.release();
    expect(counts[1]).toEqual(counts[0]);
    expect(Math.max(...(counts[0] ?? []))).toBeLessThan(20);
  });

  it("lets two VMs swap their names, and one take the name of another that vanished", async () => {
    const siteId = await aSite();
    const named = (...names: string[]): Inventory => {
      const { virtualMachines, ...rest } = vms(names.length);
      return { ...rest, virtualMachines: virtualMachines.map((vm, index) => ({ ...vm, name: names[index] ?? "" })) };
    };
    await write(siteId, named("a", "b", "c"));
    await write(siteId, named("b", "c", "a"));
    const gone = named("x", "y", "b");
    await write(siteId, { ...gone, virtualMachines: gone.virtualMachines.slice(2) });
    const rows = await db.database.prisma.virtualMachine.findMany({ where: { siteId } });
    expect(rows.map(({ name, externalId }) => `${externalId} ${name}`)).toEqual(["id-2 b"]);
  });

  it("leaves an earlier reading out when a later one has been written", async () => {
    const siteId = await aSite();
    const later = new Date();
    await write(siteId, vms(2), later);
    expect(await write(siteId, vms(0), new Date(later.getTime() - 1))).toEqual([]);
    expect((await rowsOf(siteId)).virtualMachines).toHaveLength(2);
  });

  describe("with what refers to it", () => {
    /** A protected VM of a real pair, and the inventory that its site would tell. */
    const aProtectedSite = async () => {
      const pair = await aPair(db.database, `pair ${++made}`);
      const group = await aGroup(db.database, pair, `group ${made}`, 1);
      const siteId = pair.protectedSiteId;
      const rows = await rowsOf(siteId);
      const told: Inventory = {
        datastores: rows.datastores.map(({ value }) => value),
        networks: rows.networks.map(({ value }) => value),
        resourcePools: rows.resourcePools.map(({ value }) => value),
        folders: rows.folders.map(({ value }) => value),
        virtualMachines: rows.virtualMachines.map(({ value }) => value),
      };
      return { pair, group, siteId, told };
    };
    const empty: Inventory = { datastores: [], networks: [], resourcePools: [], folders: [], virtualMachines: [] };

    it("keeps a protected VM that vanished, and its mapped places, as missing; they are found again", async () => {
      const { siteId, told, group, pair } = await aProtectedSite();
      expect((await write(siteId, told)).map(({ kind }) => kind)).toEqual(["SITE_CHANGED"]);
      const [vmId = ""] = group.vmIds;
      const changes = await write(siteId, empty);
      expect(changes).toEqual([
        { kind: "SITE_CHANGED", id: siteId, change: "UPDATED" },
        { kind: "VM_CHANGED", id: vmId, change: "UPDATED", name: undefined },
      ]);
      const { prisma } = db.database;
      const missing = { missingSince: expect.any(Date) };
      expect(await prisma.virtualMachine.findUnique({ where: { id: vmId } })).toMatchObject({
        ...missing,
        datastoreId: pair.sourceDatastoreId,
      });
      expect(await prisma.network.findUnique({ where: { id: pair.sourceNetworkId } })).toMatchObject(missing);
      expect(await prisma.folder.findUnique({ where: { id: pair.sourceFolderId } })).toMatchObject(missing);
      expect(await prisma.resourcePool.findUnique({ where: { id: pair.sourcePoolId } })).toMatchObject(missing);
      expect(await prisma.datastore.findUnique({ where: { id: pair.sourceDatastoreId } })).toMatchObject(missing);
      const since = (await prisma.virtualMachine.findUnique({ where: { id: vmId } }))?.missingSince;
      expect(await write(siteId, empty)).toEqual([]);
      expect((await prisma.virtualMachine.findUnique({ where: { id: vmId } }))?.missingSince).toEqual(since);
      await write(siteId, told);
      expect(await prisma.virtualMachine.findUnique({ where: { id: vmId } })).toMatchObject({ missingSince: null });
      expect(await prisma.network.count({ where: { siteId, missingSince: { not: null } } })).toBe(0);
    });

    it("keeps a VM that a protected one depends on, and lets go what only an unprotected one depends on", async () => {
      const { siteId, told, group } = await aProtectedSite();
      const { prisma } = db.database;
      const [vmId = ""] = group.vmIds;
      const vm = (name: string) => prisma.virtualMachine.create({ data: { siteId, name, externalId: name } });
      const [needed, other, loose] = [await vm("needed"), await vm("other"), await vm("loose")];
      await prisma.vmDependency.createMany({
        data: [
          { vmId, dependsOnVmId: needed.id },
          { vmId: other.id, dependsOnVmId: loose.id },
        ],
      });
      await write(siteId, told);
      const left = await prisma.virtualMachine.findMany({ where: { siteId, id: { not: vmId } } });
      expect(left).toMatchObject([{ name: "needed", missingSince: expect.any(Date) }]);
    });

    it("tells of a VM that can be removed from its group now, or not for another reason: who depended on it is gone, or has another name", async () => {
      const { siteId, told, group } = await aProtectedSite();
      const { prisma } = db.database;
      const [dependsOnVmId = ""] = group.vmIds;
      const [vm] = told.virtualMachines;
      if (vm === undefined) throw new Error("there is no VM");
      const all = (name: string) => ({ ...told, virtualMachines: [vm, { ...vm, vmId: "other", name }] });
      await write(siteId, all("other"));
      const other = await prisma.virtualMachine.findFirstOrThrow({ where: { siteId, name: "other" } });
      await prisma.vmDependency.create({ data: { vmId: other.id, dependsOnVmId } });
      const tells = async (inventory: Inventory) => (await write(siteId, inventory)).slice(1).map(({ id, change }) => `${id} ${change}`);
      expect(await tells(all("renamed"))).toEqual([`${other.id} UPDATED`, `${dependsOnVmId} UPDATED`]);
      expect(await tells(told)).toEqual([`${other.id} DELETED`, `${dependsOnVmId} UPDATED`]);
    });

    it("lets a new VM have the name of a protected one that vanished", async () => {
      const { siteId, told, group } = await aProtectedSite();
      const [vm] = told.virtualMachines;
      if (vm === undefined) throw new Error("there is no VM");
      await write(siteId, { ...told, virtualMachines: [{ ...vm, vmId: "reborn" }] });
      const rows = await db.database.prisma.virtualMachine.findMany({ where: { siteId }, orderBy: { missingSince: "asc" } });
      expect(rows.map(({ id, name, missingSince }) => [id === group.vmIds[0], name, missingSince !== null])).toEqual([
        [true, vm.name, true],
        [false, vm.name, false],
      ]);
    });

    describe("a VM that comes to a datastore which a group replicates", () => {
      const replicated = async () => {
        const made = await aProtectedSite();
        const { prisma } = db.database;
        const { sourceDatastoreId: datastoreId, targetDatastoreId } = made.pair;
        const data = { groupId: made.group.groupId, targetDatastoreId, sources: { create: { datastoreId } } };
        await prisma.storageGroup.create({ data });
        const [vm] = made.told.virtualMachines;
        if (vm === undefined) throw new Error("there is no VM");
        const newcomer = (name: string, datastore: string | null = vm.datastore) => ({ ...vm, vmId: name, name, datastore });
        return { ...made, told: (...more: (typeof vm)[]) => ({ ...made.told, virtualMachines: [vm, ...more] }), newcomer };
      };
      const members = async (groupId: string) =>
        (await db.database.prisma.protectedVm.findMany({ where: { groupId }, include: { vm: true } }))
          .map(({ vm, protectionState }) => `${vm.name} ${protectionState}`)
          .filter((member) => member.startsWith("new"))
          .toSorted();

      it("is its member, not configured, whether it is new or has moved there", async () => {
        const { siteId, group, told, newcomer } = await replicated();
        await write(siteId, told(newcomer("new-1", null)));
        expect(await members(group.groupId)).toEqual([]);
        const changes = await write(siteId, told(newcomer("new-1"), newcomer("new-2")));
        expect(await members(group.groupId)).toEqual(["new-1 NOT_CONFIGURED", "new-2 NOT_CONFIGURED"]);
        expect(changes.at(-1)).toEqual({ kind: "PROTECTION_GROUP_CHANGED", id: group.groupId, change: "UPDATED" });
        const stays = await write(siteId, told());
        expect(stays.map(({ kind, change }) => `${kind} ${change}`)).toEqual([
          "SITE_CHANGED UPDATED",
          "VM_CHANGED UPDATED",
          "VM_CHANGED UPDATED",
        ]);
      });

      it("stays outside when somebody has taken it out, when the group is full, or when it is being changed", async () => {
        const { siteId, group, told, newcomer } = await replicated();
        const { prisma } = db.database;
        await write(siteId, told(newcomer("new-1")));
        await prisma.protectedVm.deleteMany({ where: { groupId: group.groupId, vm: { name: "new-1" } } });
        await write(siteId, told(newcomer("new-1")));
        expect(await members(group.groupId)).toEqual([]);

        const full = { askedAt: new Date(), inventory: told(newcomer("new-1"), newcomer("new-2"), newcomer("new-3")), capabilities };
        await inTransaction(db.database.pool, (client) =>
          writeReading(client, siteId, { ...full, providerVersion: "1" }, { vmsPerGroup: 2 }),
        );
        expect(await members(group.groupId)).toEqual(["new-2 NOT_CONFIGURED"]);

        await prisma.protectionGroup.update({ where: { id: group.groupId }, data: { state: "DELETING" } });
        await write(siteId, told(newcomer("new-1"), newcomer("new-2"), newcomer("new-3"), newcomer("new-4")));
        expect(await members(group.groupId)).toEqual(["new-2 NOT_CONFIGURED"]);
      });
    });
  });
});
