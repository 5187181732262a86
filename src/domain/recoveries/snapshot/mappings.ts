/** Mappings resolved to what the provider is told. It knows networks and pools by name, folders by path: unique per site. */
import type { SnapshotTestNetwork } from "../../../engine/run-snapshot.ts";
import type { NetworkMappingRow, PlaceMappingRow } from "./rows.ts";

export interface Networks {
  readonly all: ReadonlyMap<string, SnapshotTestNetwork>;
  /** The network of a VM's adapter: by the VM's own mapping, else by the inventory's; null where neither is. */
  idFor(vmId: string, sourceNetworkId: string): string | null;
  /** That of the recovery site with this name, for a VM that was connected to it. */
  byName(name: string): string;
}

/** One isolated network stands for one target network; a target may have several test networks, by different mappings. */
function testNetworkOf({ targetNetworkId, targetName, testName }: NetworkMappingRow): SnapshotTestNetwork {
  if (testName === null) return { id: targetNetworkId, name: targetName, testNetworkId: null };
  return { id: `${targetNetworkId}/${testName}`, name: testName, testNetworkId: testName };
}

const targetNetworkOf = ({ targetNetworkId: id, targetName: name }: NetworkMappingRow): SnapshotTestNetwork => ({
  id,
  name,
  testNetworkId: name,
});

const keyOf = (vmId: string | null, sourceNetworkId: string) => `${vmId ?? ""}/${sourceNetworkId}`;

function networksOf(
  mappings: readonly NetworkMappingRow[],
  networkOf: (mapping: NetworkMappingRow) => SnapshotTestNetwork,
  named: (name: string) => SnapshotTestNetwork,
): Networks {
  const all = new Map<string, SnapshotTestNetwork>();
  const bySource = new Map<string, string>();
  for (const mapping of mappings) {
    const network = networkOf(mapping);
    all.set(network.id, network);
    bySource.set(keyOf(mapping.vmId, mapping.sourceNetworkId), network.id);
  }
  return {
    all,
    idFor: (vmId, source) => bySource.get(keyOf(vmId, source)) ?? bySource.get(keyOf(null, source)) ?? null,
    byName(name) {
      const network = named(name);
      if (!all.has(network.id)) all.set(network.id, network);
      return network.id;
    },
  };
}

/** Those that a test's VMs are connected to: the mappings' own test networks, else isolated ones that the test makes. */
export const testNetworksOf = (mappings: readonly NetworkMappingRow[]): Networks =>
  networksOf(mappings, testNetworkOf, (name) => ({ id: `like/${name}`, name, testNetworkId: null }));

/** Those that recovered VMs are connected to for good. */
export const targetNetworksOf = (mappings: readonly NetworkMappingRow[]): Networks =>
  networksOf(mappings, targetNetworkOf, (name) => ({ id: `named/${name}`, name, testNetworkId: name }));

export interface Places {
  readonly folders: ReadonlyMap<string, string>;
  readonly resourcePools: ReadonlyMap<string, string>;
}

export function placesOf(mappings: readonly PlaceMappingRow[]): Places {
  const of = (kind: PlaceMappingRow["kind"]) =>
    new Map(mappings.filter((mapping) => mapping.kind === kind).map(({ sourceId, targetName }) => [sourceId, targetName]));
  return { folders: of("FOLDER"), resourcePools: of("RESOURCE_POOL") };
}
