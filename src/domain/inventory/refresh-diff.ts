/**
 * What has changed at a site since its inventory was last read. Pure. Places are matched by name (folders by path) without regard to case,
 * VMs by the provider's id. What vanished is taken away, unless something refers to it: then it stays, marked as missing, until it is back.
 */
import { isDeepStrictEqual } from "node:util";
import { inPieces, mapInPieces, type Pieces } from "../../engine/pieces.ts";
import type {
  Inventory,
  InventoryDatastore,
  InventoryFolder,
  InventoryNetwork,
  InventoryResourcePool,
  InventoryVm,
} from "../../providers/inventory.ts";

/** What the database has, as the provider would tell it. */
export interface Row<T> {
  readonly id: string;
  readonly value: T;
  readonly missing: boolean;
  /** Something that a reading does not take away refers to it: protection, mappings, storage groups. Not: the VMs at a place. */
  readonly referred: boolean;
}

/** Each kind of thing that an inventory has. */
export interface Kinds {
  readonly datastores: InventoryDatastore;
  readonly networks: InventoryNetwork;
  readonly resourcePools: InventoryResourcePool;
  readonly folders: InventoryFolder;
  readonly virtualMachines: InventoryVm;
}

export type Current = { readonly [K in keyof Kinds]: readonly Row<Kinds[K]>[] };

export interface Changes<T> {
  readonly added: readonly T[];
  readonly changed: readonly { readonly id: string; readonly before: T; readonly value: T }[];
  /** Vanished, and nothing refers to it. */
  readonly deleted: readonly Row<T>[];
  /** Vanished just now, and something does. */
  readonly missed: readonly Row<T>[];
}

export type Difference = { readonly [K in keyof Kinds]: Changes<Kinds[K]> };

const keys: { readonly [K in keyof Kinds]: (value: Kinds[K]) => string } = {
  datastores: ({ name }) => name.toLowerCase(),
  networks: ({ name }) => name.toLowerCase(),
  resourcePools: ({ name }) => name.toLowerCase(),
  folders: ({ path }) => path.toLowerCase(),
  virtualMachines: ({ vmId }) => vmId,
};
export const keyOf = <K extends keyof Kinds>(kind: K, value: Kinds[K]): string => keys[kind](value);

/** References spelled as what they mean, and none to what the site does not have: so that the same inventory is never a change. */
export function* spellingWithin(told: Inventory): Pieces<Inventory> {
  const spelled = (names: readonly string[]) => {
    const byKey = new Map(names.map((name) => [name.toLowerCase(), name]));
    return (name: string | null) => (name === null ? null : (byKey.get(name.toLowerCase()) ?? null));
  };
  const datastore = spelled(told.datastores.map(({ name }) => name));
  const folder = spelled(told.folders.map(({ path }) => path));
  const resourcePool = spelled(told.resourcePools.map(({ name }) => name));
  const network = spelled(told.networks.map(({ name }) => name));
  const virtualMachines = yield* mapInPieces(told.virtualMachines, (vm) => ({
    ...vm,
    datastore: datastore(vm.datastore),
    folder: folder(vm.folder),
    resourcePool: resourcePool(vm.resourcePool),
    nics: vm.nics.map((nic) => ({ ...nic, network: network(nic.network) })).sort((a, b) => a.nicIndex - b.nicIndex),
  }));
  return { ...told, virtualMachines };
}

/** `told` refers to nothing outside itself (`spellingWithin`). */
export function* diffing(current: Current, told: Inventory): Pieces<Difference> {
  const virtualMachines = yield* changesOf("virtualMachines", current.virtualMachines, told.virtualMachines, () => false);
  // Where a VM was that stays although it is gone, a place stays with it.
  const gone = new Set(virtualMachines.deleted.map(({ id }) => id));
  const there = new Set(told.virtualMachines.map(({ vmId }) => vmId));
  const kept = current.virtualMachines.filter(({ id, value }) => !gone.has(id) && !there.has(value.vmId)).map(({ value }) => value);
  const usedBy = (names: readonly (string | null)[]) => {
    const used = new Set(names.map((name) => name?.toLowerCase()));
    return (key: string) => used.has(key);
  };
  return {
    datastores: yield* changesOf("datastores", current.datastores, told.datastores, usedBy(kept.map((vm) => vm.datastore))),
    networks: yield* changesOf(
      "networks",
      current.networks,
      told.networks,
      usedBy(kept.flatMap((vm) => vm.nics.map((nic) => nic.network))),
    ),
    resourcePools: yield* changesOf("resourcePools", current.resourcePools, told.resourcePools, usedBy(kept.map((vm) => vm.resourcePool))),
    folders: yield* changesOf("folders", current.folders, told.folders, usedBy(kept.map((vm) => vm.folder))),
    virtualMachines,
  };
}

function* changesOf<K extends keyof Kinds>(
  kind: K,
  current: readonly Row<Kinds[K]>[],
  told: readonly Kinds[K][],
  isUsed: (key: string) => boolean,
): Pieces<Changes<Kinds[K]>> {
  const rows = new Map<string, Row<Kinds[K]>>();
  yield* inPieces(current, (row) => rows.set(keyOf(kind, row.value), row));
  const there = new Set<string>();
  const added: Kinds[K][] = [];
  const changed: Changes<Kinds[K]>["changed"][number][] = [];
  yield* inPieces(told, (value) => {
    const key = keyOf(kind, value);
    there.add(key);
    const row = rows.get(key);
    if (row === undefined) added.push(value);
    else if (row.missing || !isDeepStrictEqual(row.value, value)) changed.push({ id: row.id, before: row.value, value });
  });
  const vanished = current.filter(({ value }) => !there.has(keyOf(kind, value)));
  const stays = (row: Row<Kinds[K]>) => row.referred || isUsed(keyOf(kind, row.value));
  return {
    added,
    changed,
    deleted: vanished.filter((row) => !stays(row)),
    missed: vanished.filter((row) => stays(row) && !row.missing),
  };
}

/** Nothing has changed. */
export const isEmpty = (difference: Difference): boolean =>
  Object.values(difference).every(
    ({ added, changed, deleted, missed }) => added.length + changed.length + deleted.length + missed.length === 0,
  );
