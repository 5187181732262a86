import { describe, expect, it } from "vitest";
import type { Inventory } from "../../src/providers/inventory.ts";
import { importScene } from "./scene.ts";
import { base } from "./stage.ts";

describe("the sites of an import tell the inventory that was imported", () => {
  const scene = importScene();

  const told = (site: string) => scene.lab().provider.inventory(site, AbortSignal.timeout(60_000));
  const imported = (path: string) => scene.importPath(path);

  /** The rows of a site as an inventory would tell them. */
  async function rowsOf(externalId: string): Promise<Inventory> {
    const { prisma } = scene.db().database;
    const site = await prisma.site.findFirstOrThrow({ where: { externalId } });
    const where = { siteId: site.id };
    const vms = await prisma.virtualMachine.findMany({
      where,
      include: { datastore: true, folder: true, resourcePool: true, nics: { include: { network: true }, orderBy: { nicIndex: "asc" } } },
    });
    return {
      datastores: (await prisma.datastore.findMany({ where })).map(
        ({ id: _, siteId: __, replicationState: ___, missingSince: ____, capacityBytes, freeBytes, ...row }) => ({
          ...row,
          capacityBytes: Number(capacityBytes),
          freeBytes: Number(freeBytes),
        }),
      ),
      networks: (await prisma.network.findMany({ where })).map(({ name, type, vlanId }) => ({ name, type, vlanId })),
      resourcePools: (await prisma.resourcePool.findMany({ where })).map(({ id: _, siteId: __, missingSince: ___, ...row }) => row),
      folders: (await prisma.folder.findMany({ where })).map(({ path, name }) => ({ path, name })),
      virtualMachines: vms.map((vm) => ({
        vmId: vm.externalId,
        name: vm.name,
        powerState: vm.powerState,
        guestOs: vm.guestOs,
        cpuCount: vm.cpuCount,
        memoryMb: vm.memoryMb,
        diskBytes: Number(vm.diskBytes),
        cluster: vm.cluster,
        host: vm.host,
        datastore: vm.datastore?.name ?? null,
        folder: vm.folder?.path ?? null,
        resourcePool: vm.resourcePool?.name ?? null,
        nics: vm.nics.map(({ nicIndex, network, macAddress, ipAddresses }) => ({
          nicIndex,
          network: network?.name ?? null,
          macAddress,
          ipAddresses,
        })),
      })),
    };
  }

  /** Without regard to order, which is nobody's promise. */
  const sorted = (inventory: Inventory) => {
    const of = <T extends object>(list: readonly T[]) => list.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
    const { datastores, networks, resourcePools, folders, virtualMachines } = inventory;
    const plain = { datastores: of(datastores), networks: of(networks), resourcePools: of(resourcePools), folders: of(folders) };
    return { ...plain, virtualMachines: virtualMachines.toSorted((a, b) => a.vmId.localeCompare(b.vmId)) };
  };
  async function expectSame(site: string): Promise<void> {
    const [site1, rows] = [await told(site), await rowsOf(site)];
    expect(sorted(site1)).toEqual(sorted(rows));
  }

  it("the demo's, with everything that there is of it", async () => {
    await imported("demo/demo.yaml");
    await expectSame("primary");
    await expectSame("recovery");
    const { virtualMachines, datastores, resourcePools } = await told("primary");
    expect(virtualMachines).toHaveLength(15);
    expect(datastores).toHaveLength(3);
    expect(resourcePools[0]).toMatchObject({ cluster: "Production-Cluster", cpuLimitMhz: 100_000 });
  });

  it("any other's, also when both sites call their networks the same", async () => {
    const file = base();
    const [a, b] = file.sites;
    b?.networks.push({ name: "NET-A" });
    const vm = {
      name: "spare",
      externalId: "spare-7",
      powerState: "POWERED_OFF",
      datastore: "DS",
      nics: [
        { network: "NET-A", macAddress: "00:50:56:00:00:01", ipAddresses: ["10.0.1.9"] },
        { network: null, ipAddresses: [] },
      ],
    };
    Object.assign(a ?? {}, { virtualMachines: [...(a?.virtualMachines ?? []), vm] });
    await imported(await scene.write(file));
    await expectSame("A");
    await expectSame("B");
  });

  it("again when the sites have lost it, though the database has all of it", async () => {
    const path = await scene.write(base());
    await imported(path);
    await scene.lab().takeAway("A", "VM", "A/db-1");
    const { changes } = await imported(path);
    expect(changes).toEqual([]);
    await expectSame("A");
  });
});
