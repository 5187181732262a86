import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkingInventory } from "../../../src/domain/inventory/refresh-check.ts";
import { type Current, diffing, isEmpty, type Kinds, keyOf, type Row, spellingWithin } from "../../../src/domain/inventory/refresh-diff.ts";
import { atOnce } from "../../../src/engine/pieces.ts";
import type { Inventory } from "../../../src/providers/inventory.ts";
import { anyInventory } from "./any-inventory.ts";

const nothing: Current = { datastores: [], networks: [], resourcePools: [], folders: [], virtualMachines: [] };
const empty: Inventory = { datastores: [], networks: [], resourcePools: [], folders: [], virtualMachines: [] };
const kinds = ["datastores", "networks", "resourcePools", "folders", "virtualMachines"] as const;

const vm = (vmId: string, name: string, more: Partial<Inventory["virtualMachines"][number]> = {}) => ({
  vmId,
  name,
  powerState: "POWERED_ON" as const,
  guestOs: null,
  cpuCount: 1,
  memoryMb: 1024,
  diskBytes: 0,
  cluster: null,
  host: null,
  datastore: null,
  folder: null,
  resourcePool: null,
  nics: [],
  ...more,
});
const datastore = (name: string) => ({
  name,
  type: "VMFS" as const,
  capacityBytes: 10,
  freeBytes: 5,
  arrayManager: null,
  replicatedDeviceId: null,
});
const row = <T>(id: string, value: T, more: Partial<Row<T>> = {}): Row<T> => ({ id, value, missing: false, referred: false, ...more });

const diff = (current: Current, told: Inventory) => atOnce(diffing(current, told));

/** As the database would do it. */
function applied(current: Current, told: Inventory, isReferred: (key: string) => boolean): Current {
  const difference = diff(current, told);
  const rowsOf = <K extends keyof Kinds>(kind: K): Row<Kinds[K]>[] => {
    const { added, changed, deleted, missed } = difference[kind];
    const gone = new Set(deleted.map(({ id }) => id));
    const lost = new Set(missed.map(({ id }) => id));
    const found = new Map(changed.map(({ id, value }) => [id, value]));
    const kept = current[kind].filter(({ id }) => !gone.has(id));
    return [
      ...kept.map((one) => {
        const value = found.get(one.id);
        if (value !== undefined) return { ...one, value, missing: false };
        return lost.has(one.id) ? { ...one, missing: true } : one;
      }),
      ...added.map((value) => row(`${kind} ${keyOf(kind, value)}`, value, { referred: isReferred(`${kind} ${keyOf(kind, value)}`) })),
    ];
  };
  return {
    datastores: rowsOf("datastores"),
    networks: rowsOf("networks"),
    resourcePools: rowsOf("resourcePools"),
    folders: rowsOf("folders"),
    virtualMachines: rowsOf("virtualMachines"),
  };
}

const sorted = <K extends keyof Kinds>(kind: K, values: readonly Kinds[K][]) =>
  values.toSorted((a, b) => (keyOf(kind, a) < keyOf(kind, b) ? -1 : 1));
const present = (current: Current, kind: keyof Kinds) =>
  sorted(
    kind,
    current[kind].filter(({ missing }) => !missing).map(({ value }) => value),
  );

describe("what has changed at a site", () => {
  it("gives its inventory when it is applied, whatever was there, and nothing when it is applied again", () => {
    const anyReferred = fc.func(fc.boolean());
    fc.assert(
      fc.property(fc.array(anyInventory, { minLength: 1, maxLength: 4 }), anyReferred, (inventories, isReferred) => {
        let current = nothing;
        for (const inventory of inventories) {
          const told = atOnce(spellingWithin(inventory));
          current = applied(current, told, isReferred);
          for (const kind of kinds) expect(present(current, kind)).toEqual(sorted(kind, told[kind]));
          expect(isEmpty(diff(current, told))).toBe(true);
        }
      }),
      { seed: 4, numRuns: 300 },
    );
  });

  it("keeps what is referred to and vanished as missing, and takes the rest away", () => {
    const current = { ...nothing, virtualMachines: [row("1", vm("a", "A"), { referred: true }), row("2", vm("b", "B"))] };
    const { virtualMachines } = diff(current, empty);
    expect(virtualMachines.missed.map(({ id }) => id)).toEqual(["1"]);
    expect(virtualMachines.deleted.map(({ id }) => id)).toEqual(["2"]);
  });

  it("finds a missing VM again by the provider's id, also under another name", () => {
    const missing = { ...nothing, virtualMachines: [row("1", vm("a", "A"), { referred: true, missing: true })] };
    expect(isEmpty(diff(missing, empty))).toBe(true);
    const { virtualMachines } = diff(missing, { ...empty, virtualMachines: [vm("a", "Z")] });
    expect(virtualMachines.changed).toMatchObject([{ id: "1", value: { name: "Z" } }]);
    expect(virtualMachines.added).toEqual([]);
  });

  it("keeps the place of a VM that is missing, and only that", () => {
    const at = (name: string) => vm("a", "A", { datastore: name });
    const current = {
      ...nothing,
      datastores: [row("1", datastore("ds-1")), row("2", datastore("ds-2"))],
      virtualMachines: [row("3", at("ds-1"), { referred: true })],
    };
    const { datastores } = diff(current, empty);
    expect(datastores.missed.map(({ id }) => id)).toEqual(["1"]);
    expect(datastores.deleted.map(({ id }) => id)).toEqual(["2"]);
  });

  it("is the same place in other letters, and another one by another name", () => {
    const current = { ...nothing, datastores: [row("1", datastore("Prod"))] };
    expect(diff(current, { ...empty, datastores: [datastore("PROD")] }).datastores.changed).toMatchObject([{ id: "1" }]);
    const { added, deleted } = diff(current, { ...empty, datastores: [datastore("Test")] }).datastores;
    expect([added.length, deleted.length]).toEqual([1, 1]);
  });
});

describe("an inventory that can't be taken", () => {
  it.each([
    ["a VM without a processor", { ...empty, virtualMachines: [vm("a", "A", { cpuCount: 0 })] }, "virtualMachines.0.cpuCount"],
    ["a name too long", { ...empty, folders: [{ path: "/x", name: "x".repeat(256) }] }, "folders.0.name"],
    ["a name with NUL", { ...empty, datastores: [datastore("a\0")] }, "datastores.0.name"],
    ["one name twice", { ...empty, virtualMachines: [vm("a", "A"), vm("b", "a")] }, "a is there twice"],
    ["one id twice", { ...empty, virtualMachines: [vm("a", "A"), vm("a", "B")] }, "a is there twice"],
    ["one datastore twice", { ...empty, datastores: [datastore("ds"), datastore("DS")] }, "ds is there twice"],
    [
      "one adapter twice",
      {
        ...empty,
        virtualMachines: [
          vm("a", "A", { nics: [0, 0].map((nicIndex) => ({ nicIndex, network: null, macAddress: null, ipAddresses: [] })) }),
        ],
      },
      "virtualMachines.0.nics: two adapters have one index",
    ],
  ])("is refused as a whole, and says why: %s", (_what, told, why) => {
    const refusal = { code: "PRECONDITION_FAILED", reason: "INVENTORY_UNUSABLE", message: expect.stringContaining(why) };
    expect(() => atOnce(checkingInventory("North", told))).toThrow(expect.objectContaining(refusal));
  });

  it.each([
    [null, "taken: Invalid input: expected object, received null."],
    [undefined, "taken: Invalid input: expected object, received undefined."],
    [[], "taken: Invalid input: expected object, received array."],
    [{}, "taken: datastores: "],
    [{ ...empty, virtualMachines: null }, "taken: virtualMachines: "],
    [{ ...empty, virtualMachines: [null] }, "taken: virtualMachines.0: "],
  ])("is refused like that for what is none: %o", (told, why) => {
    const refusal = { code: "PRECONDITION_FAILED", reason: "INVENTORY_UNUSABLE", message: expect.stringContaining(why) };
    expect(() => atOnce(checkingInventory("North", told as unknown as Inventory))).toThrow(expect.objectContaining(refusal));
  });
});

describe("the inventory of a site with thousands of machines", () => {
  const names = Array.from({ length: 3_000 }, (_, at) => `vm-${at}`);
  const told = { ...empty, virtualMachines: names.map((name) => vm(name, name)) };
  const piecesOf = (work: Generator<void, unknown>) => {
    let pieces = 0;
    while (!work.next().done) pieces++;
    return pieces;
  };

  it("is checked and compared in pieces of a thousand at most", () => {
    expect(piecesOf(checkingInventory("North", told))).toBeGreaterThanOrEqual(12);
    const rows = told.virtualMachines.map((value) => ({ id: value.vmId, value, missing: false, referred: false }));
    expect(piecesOf(diffing({ ...nothing, virtualMachines: rows }, told))).toBeGreaterThanOrEqual(6);
  });

  it("is refused for any of them, which is named by its place", () => {
    const wrong = told.virtualMachines.map((one, at) => (at === 2_777 ? { ...one, cpuCount: 0 } : one));
    const refusal = expect.objectContaining({ message: expect.stringContaining("virtualMachines.2777.cpuCount") });
    expect(() => atOnce(checkingInventory("North", { ...empty, virtualMachines: wrong }))).toThrow(refusal);
  });
});
