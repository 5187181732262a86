/** What a test makes before its VMs: points, writable snapshots, networks. */
import type { SnapshotVm, TestSnapshot } from "../run-snapshot.ts";
import { CompileError } from "./error.ts";
import { siteRef } from "./sites.ts";
import type { Tree } from "./tree.ts";
import type { VmPlace } from "./vm.ts";

/** What VMs are brought up on. */
export interface Storage {
  /** Settled before anything of a priority group starts. */
  readonly first: readonly number[];
  /** Settled before the first step of a priority group that is no VM's. */
  readonly containers: readonly number[];
  /** By group: the step that makes its snapshot, or its storage the recovery site's own. */
  readonly made: ReadonlyMap<string, number>;
  nicsOf(vm: SnapshotVm): VmPlace["nics"];
}

export function addTestStorage(tree: Tree, snapshot: TestSnapshot): Storage {
  const containers: number[] = [];
  const container = (kind: "SYNCHRONISE_STORAGE" | "CREATE_SNAPSHOTS" | "PREPARE_TEST_NETWORKS", name: string) => {
    const ordinal = tree.container(null, kind, { name });
    containers.push(ordinal);
    return ordinal;
  };
  const synchronised = new Map<string, number>();
  const snapshots = new Map<string, number>();
  const site = siteRef(snapshot.recoverySite);
  const { siteId } = site;
  if (snapshot.groups.length > 0 && snapshot.options.syncData) {
    const parent = container("SYNCHRONISE_STORAGE", "Synchronise storage");
    for (const { id, name, externalId } of snapshot.groups) {
      const content = { kind: "SYNCHRONISE", spec: { site, groupId: externalId } } as const;
      synchronised.set(id, tree.leaf(parent, content, { of: [id], name: `Synchronise ${name}`, siteId, groupId: id }));
    }
  }
  if (snapshot.groups.length > 0) {
    const parent = container("CREATE_SNAPSHOTS", "Create writable snapshots");
    for (const { id, name, externalId, pointId } of snapshot.groups) {
      const pointFrom = synchronised.get(id) ?? null;
      const asked = typeof pointId === "string" ? { pointId } : {};
      const spec = { site, groupId: externalId, ...asked, pointFrom, name: `${snapshot.plan.name} test: ${name}` };
      const after = pointFrom === null ? [] : [pointFrom];
      const details = { of: [id], name: `Create snapshot of ${name}`, siteId, groupId: id, after };
      snapshots.set(id, tree.leaf(parent, { kind: "CREATE_SNAPSHOT", spec }, details));
    }
  }
  const nicsOf = addNetworks(tree, snapshot, () => container("PREPARE_TEST_NETWORKS", "Prepare test networks"));
  return { first: [], containers, made: snapshots, nicsOf };
}

/** Makes those networks that a VM needs and that no mapping gives. */
function addNetworks(tree: Tree, snapshot: TestSnapshot, container: () => number): Storage["nicsOf"] {
  const site = siteRef(snapshot.recoverySite);
  const needed = new Set(snapshot.vms.flatMap(({ nics }) => nics.map(({ testNetwork }) => testNetwork)));
  const networks = new Map(snapshot.testNetworks.map((network) => [network.id, network]));
  const made = new Map<string, number>();
  let parent: number | null = null;
  for (const { id, name, testNetworkId } of networks.values()) {
    if (testNetworkId !== null || !needed.has(id)) continue;
    parent ??= container();
    const spec = { site, name: `${snapshot.plan.name} test: ${name}` };
    made.set(
      id,
      tree.leaf(
        parent,
        { kind: "CREATE_TEST_NETWORK", spec },
        { of: [id], name: `Create isolated network for ${name}`, siteId: site.siteId },
      ),
    );
  }
  return (vm) =>
    vm.nics.map(({ nicIndex, testNetwork }) => {
      const madeBy = made.get(testNetwork);
      if (madeBy !== undefined) return { nicIndex, network: { madeBy } };
      const id = networks.get(testNetwork)?.testNetworkId ?? null;
      if (id === null) throw new CompileError(`Adapter ${nicIndex} of ${vm.name} has no test network.`);
      return { nicIndex, network: { id } };
    });
}
