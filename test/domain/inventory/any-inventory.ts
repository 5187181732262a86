/** Arbitrary inventories from a few names, so that things vanish, come back, move, and take each other's names. */
import fc from "fast-check";
import type { Inventory, InventoryVm } from "../../../src/providers/inventory.ts";

/** Written in large or small letters, which means the same. */
const anyName = (prefix: string, most: number) =>
  fc.tuple(fc.integer({ min: 1, max: most }), fc.boolean()).map(([at, large]) => {
    const name = `${prefix}-${at}`;
    return large ? name.toUpperCase() : name;
  });
const uniqueBy = <T>(one: fc.Arbitrary<T>, key: (value: T) => string, maxLength: number) =>
  fc.uniqueArray(one, { selector: key, maxLength });
const maybe = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: null });
const limit = maybe(fc.integer({ min: 0, max: 3 }));

const anyDatastore = fc.record({
  name: anyName("ds", 4),
  type: fc.constantFrom("VMFS" as const, "NFS" as const),
  capacityBytes: fc.constantFrom(0, 2 ** 40),
  freeBytes: fc.constantFrom(0, 2 ** 39),
  arrayManager: fc.constantFrom(null, "SRA"),
  replicatedDeviceId: fc.constantFrom(null, "lun-1"),
});
const anyNetwork = fc.record({ name: anyName("net", 4), type: fc.constantFrom("STANDARD" as const, "ISOLATED" as const), vlanId: limit });
const anyPool = fc.record({
  name: anyName("pool", 3),
  cluster: fc.constantFrom("c1", "c2"),
  cpuLimitMhz: limit,
  cpuReservationMhz: limit,
  memoryLimitMb: limit,
  memoryReservationMb: limit,
});
const anyFolder = fc.record({ path: anyName("/vm/folder", 3), name: fc.constantFrom("folder", "other") });
const anyNic = fc.record({
  nicIndex: fc.integer({ min: 0, max: 2 }),
  network: maybe(anyName("net", 5)),
  macAddress: fc.constantFrom(null, "52:54:00:00:00:01"),
  ipAddresses: fc.subarray(["10.0.0.1", "10.0.0.2"]),
});
const anyVm: fc.Arbitrary<InventoryVm> = fc.record({
  vmId: fc.integer({ min: 1, max: 5 }).map((at) => `id-${at}`),
  name: anyName("vm", 5),
  powerState: fc.constantFrom("POWERED_ON" as const, "POWERED_OFF" as const),
  guestOs: fc.constantFrom(null, "Debian"),
  cpuCount: fc.integer({ min: 1, max: 2 }),
  memoryMb: fc.constant(1024),
  diskBytes: fc.constantFrom(0, 2 ** 35),
  cluster: fc.constantFrom(null, "c1"),
  host: fc.constantFrom(null, "h1", "h2"),
  datastore: maybe(anyName("ds", 5)),
  folder: maybe(anyName("/vm/folder", 4)),
  resourcePool: maybe(anyName("pool", 4)),
  nics: uniqueBy(anyNic, ({ nicIndex }) => String(nicIndex), 2),
});

/** Names of places that a VM mentions need not be among the places. */
export const anyInventory: fc.Arbitrary<Inventory> = fc.record({
  datastores: uniqueBy(anyDatastore, ({ name }) => name.toLowerCase(), 4),
  networks: uniqueBy(anyNetwork, ({ name }) => name.toLowerCase(), 4),
  resourcePools: uniqueBy(anyPool, ({ name }) => name.toLowerCase(), 3),
  folders: uniqueBy(anyFolder, ({ path }) => path.toLowerCase(), 3),
  virtualMachines: fc
    .uniqueArray(anyVm, { selector: ({ vmId }) => vmId, maxLength: 5 })
    .map((vms) => [...new Map(vms.map((vm) => [vm.name.toLowerCase(), vm])).values()]),
});
