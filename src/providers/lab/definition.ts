/**
 * What the lab's sites consist of, as the import file says it. Ids of VMs, placeholders and groups are the lab's own, each unique over
 * all sites; a site's places are known by name, folders by path.
 */
import type { Capabilities } from "../contract.ts";
import type { InventoryDatastore, InventoryFolder, InventoryNetwork, InventoryResourcePool, InventoryVm } from "../inventory.ts";

interface LabThing {
  readonly id: string;
  readonly name: string;
}

export interface LabService {
  readonly port: number;
  /** What a guest says when somebody connects; by default "NAME ready", with the VM's name. */
  readonly banner?: string;
}

export interface LabNic {
  readonly nicIndex: number;
  /** The network's name. */
  readonly networkId: string | null;
  readonly macAddress?: string | null;
  readonly ipAddresses: readonly string[];
}

export interface LabVm extends LabThing, Partial<Omit<InventoryVm, "vmId" | "name" | "powerState" | "nics">> {
  /** On by default. */
  readonly on?: boolean;
  readonly nics?: readonly LabNic[];
  /** TCP ports that the guest of a test copy serves once it has booted. */
  readonly services?: readonly LabService[];
  readonly changeBytesPerSecond?: number;
}

/** What is not said of a place has a plain default. */
type Named<T extends { readonly name: string }> = Partial<T> & { readonly name: string };

export interface LabSite extends LabThing {
  /** What is not said: addresses before power-on, and all else that there is. */
  readonly capabilities?: Partial<Capabilities>;
  readonly datastores?: readonly Named<InventoryDatastore>[];
  readonly networks?: readonly Named<InventoryNetwork>[];
  readonly folders?: readonly InventoryFolder[];
  readonly resourcePools?: readonly Named<InventoryResourcePool>[];
  readonly vms?: readonly LabVm[];
  /** At the recovery site: what keeps a VM's place there. */
  readonly placeholders?: readonly (LabThing & { readonly sourceVmId: string })[];
}

export interface LabGroup extends LabThing {
  readonly recoverySiteId: string;
  readonly sourceVmIds: readonly string[];
  /** Names of datastores: where the sources' VMs come to be. Left out: as it is. */
  readonly storageGroups?: readonly { readonly sources: readonly string[]; readonly target: string }[];
}

/** What replicates between two sites, by name. */
export interface LabPair {
  readonly siteIds: readonly [string, string];
  readonly arrayManagers?: readonly string[];
  readonly replicationServers?: readonly string[];
}

export interface LabDefinition {
  readonly sites: readonly LabSite[];
  readonly groups: readonly LabGroup[];
  readonly pairs?: readonly LabPair[];
}

const allCapabilities: Capabilities = {
  ipCustomisation: "BEFORE_POWER_ON",
  guestCommands: true,
  folders: true,
  resourcePools: true,
  minimumRpoMinutes: 1,
  maximumPointInTimeInstances: 64,
};
const gibibyte = 2 ** 30;

const plainDatastore = { type: "VMFS", capacityBytes: 1024 * gibibyte, freeBytes: 512 * gibibyte };
const plainVm = { on: true, nics: [], services: [], diskBytes: 20 * gibibyte, changeBytesPerSecond: 50_000, cpuCount: 1, memoryMb: 1024 };

/** One flat list for each kind of thing, each with its site: what the SQL function lab.define takes. */
export function flatten({ sites, groups, pairs = [] }: LabDefinition): object {
  const placed = <T>(of: (site: LabSite) => readonly T[] | undefined, plain: object = {}) =>
    sites.flatMap((site) => (of(site) ?? []).map((thing) => ({ ...plain, ...thing, siteId: site.id })));
  return {
    sites: sites.map(({ id, name, capabilities }) => ({ id, name, capabilities: { ...allCapabilities, ...capabilities } })),
    datastores: placed((site) => site.datastores, plainDatastore),
    networks: placed((site) => site.networks, { type: "STANDARD" }),
    folders: placed((site) => site.folders),
    resourcePools: placed((site) => site.resourcePools, { cluster: "lab" }),
    placeholders: placed((site) => site.placeholders),
    vms: placed((site) => site.vms, plainVm),
    groups,
    pairs: pairs.map(({ siteIds: [siteId, peerId], arrayManagers = [], replicationServers = [] }) => ({
      siteId,
      peerId,
      components: [
        ...arrayManagers.map((name) => ({ kind: "ARRAY_MANAGER", name })),
        ...replicationServers.map((name) => ({ kind: "REPLICATION_SERVER", name })),
      ],
    })),
  };
}
