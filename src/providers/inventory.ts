/**
 * What a site has, as its provider tells it, but for what runs have made there for themselves. Datastores, networks and resource pools
 * are known by their names, folders by their paths, each unique at its site without regard to case: requests name them so.
 */
export interface Inventory {
  readonly datastores: readonly InventoryDatastore[];
  readonly networks: readonly InventoryNetwork[];
  readonly resourcePools: readonly InventoryResourcePool[];
  readonly folders: readonly InventoryFolder[];
  readonly virtualMachines: readonly InventoryVm[];
}

export interface InventoryDatastore {
  readonly name: string;
  readonly type: "VMFS" | "NFS" | "VSAN" | "DIRECTORY" | "LVM";
  readonly capacityBytes: number;
  readonly freeBytes: number;
  /** Name of the array manager that replicates its device; null: none does. */
  readonly arrayManager: string | null;
  readonly replicatedDeviceId: string | null;
}

export interface InventoryNetwork {
  readonly name: string;
  readonly type: "STANDARD" | "DISTRIBUTED" | "NAT" | "ISOLATED";
  readonly vlanId: number | null;
}

/** A limit that is null is none. */
export interface InventoryResourcePool {
  readonly name: string;
  readonly cluster: string;
  readonly cpuLimitMhz: number | null;
  readonly cpuReservationMhz: number | null;
  readonly memoryLimitMb: number | null;
  readonly memoryReservationMb: number | null;
}

export interface InventoryFolder {
  readonly path: string;
  readonly name: string;
}

export interface InventoryVm {
  /** The provider's own, and the same for as long as the machine exists. */
  readonly vmId: string;
  /** Unique at its site without regard to case. */
  readonly name: string;
  readonly powerState: "POWERED_ON" | "POWERED_OFF" | "SUSPENDED" | "UNKNOWN";
  readonly guestOs: string | null;
  readonly cpuCount: number;
  readonly memoryMb: number;
  readonly diskBytes: number;
  readonly cluster: string | null;
  readonly host: string | null;
  /** Name of the datastore that its disks are on. */
  readonly datastore: string | null;
  /** Path of its folder. */
  readonly folder: string | null;
  /** Name of its resource pool. */
  readonly resourcePool: string | null;
  /** In the order of their index. */
  readonly nics: readonly InventoryNic[];
}

export interface InventoryNic {
  /** Position of the adapter, from 0. */
  readonly nicIndex: number;
  /** Name of the network that it is connected to. */
  readonly network: string | null;
  readonly macAddress: string | null;
  readonly ipAddresses: readonly string[];
}
