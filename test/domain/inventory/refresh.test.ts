import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { encodeId, idOf } from "../../../src/domain/ids.ts";
import { checkedInventory } from "../../../src/domain/inventory/refresh-check.ts";
import { type Kinds, keyOf } from "../../../src/domain/inventory/refresh-diff.ts";
import { readInventory } from "../../../src/domain/inventory/refresh-read.ts";
import { writeReading } from "../../../src/domain/inventory/service-refresh.ts";
import { refreshDueSites, startRefresher } from "../../../src/domain/inventory/service-refresher.ts";
import { inTransaction } from "../../../src/domain/transaction.ts";
import { importFile } from "../../../src/import/import-file.ts";
import type { Inventory } from "../../../src/providers/inventory.ts";
import { freshDatabase, type TestDatabase } from "../../support/database.ts";
import { aGroup, aPair } from "../../support/rows.ts";
import { serviceContext } from "../../support/services.ts";
import { at, list, text } from "../read/support.ts";
import { aStage, type Stage } from "../sites/stage.ts";
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
        for (const told of inventories.map((inventory) => checkedInventory("it", inventory))) {
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

describe("refreshing an inventory", () => {
  let stage: Stage;
  let siteId: string;
  beforeEach(async () => {
    stage = await aStage();
    siteId = (await stage.registered()).protectedSite;
  });
  afterEach(() => stage.close());
  const refresh = (selection = "site { id }", roles?: Parameters<Stage["run"]>[3]) =>
    stage.run("refreshInventory", { siteId }, selection, roles);
  const names = async () => list(await stage.asker.ask(`{ vms { nodes { name } } }`), "vms.nodes").map((node) => text(node, "name"));
  const context = () => serviceContext(stage.asker.database, { providers: new Map([["lab", stage.lab.provider]]) });
  const due = () => stage.asker.database.pool.query("UPDATE site SET refresh_due_at = NULL");

  it("takes over what has changed at the site, and tells who watches", async () => {
    const before = (await stage.changes()).length;
    const site = { id: stage.sites.protectedSite, name: stage.sites.protectedSite };
    await stage.lab.takeAway(site.id, "VM", "vm-a-3");
    await stage.lab.define({
      sites: [
        {
          ...site,
          vms: [
            { id: "vm-a-1", name: "renamed" },
            { id: "vm-a-9", name: "new" },
          ],
        },
      ],
      groups: [],
    });
    const { rows } = await stage.asker.database.pool.query("SELECT refreshed_at FROM site");
    const first = rows[0]?.refreshed_at;
    expect(new Date(text(await refresh("site { refreshedAt }", ["EDITOR"]), "site.refreshedAt")).getTime()).toBeGreaterThan(
      first.getTime(),
    );
    expect(await names()).toEqual(["new", "renamed", "vm-2"]);
    const changes = (await stage.changes()).slice(before).map(({ kind, change, name }) => `${kind} ${change} ${name ?? ""}`.trim());
    expect(changes).toEqual(["SITE_CHANGED UPDATED", "VM_CHANGED CREATED", "VM_CHANGED UPDATED", "VM_CHANGED DELETED vm-3"]);
  });

  it("shows a protected VM that vanished as a fault, at the VM and at the site", async () => {
    const { prisma } = stage.asker.database;
    const sites = await prisma.site.findMany({ orderBy: { name: "asc" } });
    const [protectedSiteId = "", recoverySiteId = ""] = sites.map(({ id }) => id);
    const kind = { type: "CONTINUOUS", replicationType: "CONTINUOUS" } as const;
    const group = await prisma.protectionGroup.create({ data: { name: "g", externalId: "g", ...kind, protectedSiteId, recoverySiteId } });
    const vm = await prisma.virtualMachine.findFirstOrThrow({ where: { name: "vm-1" } });
    await prisma.protectedVm.create({ data: { vmId: vm.id, groupId: group.id } });
    await stage.lab.takeAway(stage.sites.protectedSite, "VM", "vm-a-1");
    await stage.lab.takeAway(stage.sites.protectedSite, "DATASTORE", "ds-a");
    await refresh();
    const query = `query ($id: ID!) { vm(id: $id) { missingSince faults { code } sourceSite { datastore { missingSince fault { code remedy } } } } sites { nodes { summary { issues { code message } issuesCount } } } }`;
    expect(await stage.asker.ask(query, { id: encodeId("VirtualMachine", vm.id) })).toMatchObject({
      vm: {
        missingSince: expect.any(String),
        faults: [{ code: "MISSING_AT_SOURCE" }],
        sourceSite: { datastore: { missingSince: expect.any(String), fault: { code: "INVENTORY_MISSING" } } },
      },
      sites: {
        nodes: [
          {
            summary: {
              issuesCount: 2,
              issues: [
                { code: "INVENTORY_MISSING", message: "ds-a is no longer listed at its site, and something refers to it." },
                { code: "MISSING_AT_SOURCE", message: "The protected VM vm-1 is no longer listed at its site." },
              ],
            },
          },
          { summary: { issuesCount: 0 } },
        ],
      },
    });
  });

  it("changes nothing while the site does not answer, or is no longer known there", async () => {
    const heal = await stage.lab.faults.partition(stage.sites.protectedSite);
    expect(await refresh()).toMatchObject({ code: "SERVICE_UNAVAILABLE" });
    await heal();
    await stage.asker.database.pool.query("UPDATE site SET external_id = 'atlantis' WHERE external_id = $1", [stage.sites.protectedSite]);
    expect(await refresh()).toMatchObject({ code: "PRECONDITION_FAILED", reason: "SITE_UNKNOWN" });
    expect(await names()).toEqual(["vm-1", "vm-2", "vm-3"]);
    const nobody = encodeId("Site", "0190aaaa-0000-7000-8000-000000000000");
    expect(await stage.run("refreshInventory", { siteId: nobody })).toMatchObject({ code: "NOT_FOUND" });
    expect(await refresh("__typename", ["OPERATOR"])).toMatchObject({ code: "FORBIDDEN" });
  });

  it("leaves out placeholders and what a run has made", async () => {
    const before = await names();
    const { lab, sites } = stage;
    const vm = sites.vms[0];
    if (vm === undefined) throw new Error("there is no VM");
    const call = (key: string) => ({ key, runId: "run", epoch: 1n, signal: AbortSignal.timeout(5000) });
    const point = await lab.provider.recoveryPoints(sites.recoverySite, vm.groupId, AbortSignal.timeout(5000));
    await lab.provider.order(
      sites.recoverySite,
      "createSnapshot",
      { groupId: vm.groupId, pointId: point[0]?.pointId ?? "", name: "s" },
      call("1"),
    );
    await lab.provider.order(sites.recoverySite, "createIsolatedNetwork", { name: "isolated" }, call("2"));
    const recoverySite = await stage.asker.database.prisma.site.findFirstOrThrow({ where: { type: "RECOVERY" } });
    await stage.run("refreshInventory", { siteId: encodeId("Site", recoverySite.id) });
    expect(await names()).toEqual(before);
    expect(at(await stage.asker.ask(`{ networks(filter: { name: "isolated" }) { totalCount } }`), "networks.totalCount")).toBe(0);
  });

  describe("by itself", () => {
    it("is done by one of several nodes", async () => {
      await due();
      const asked = vi.spyOn(stage.lab.provider, "inventory");
      await Promise.all([refreshDueSites(context()), refreshDueSites(context()), refreshDueSites(context())]);
      expect(asked.mock.calls.map(([site]) => site).toSorted()).toEqual([stage.sites.protectedSite, stage.sites.recoverySite]);
      await refreshDueSites(context());
      expect(asked).toHaveBeenCalledTimes(2);
      asked.mockRestore();
    });

    it("is due again a minute after it was read, whoever asked for that", async () => {
      await due();
      await refreshDueSites(context());
      await stage.asker.shiftClock(30);
      await refresh();
      const asked = vi.spyOn(stage.lab.provider, "inventory");
      await stage.asker.shiftClock(65);
      await refreshDueSites(context());
      expect(asked.mock.calls.map(([site]) => site)).toEqual([stage.sites.recoverySite]);
      await stage.asker.shiftClock(91);
      await refreshDueSites(context());
      expect(asked.mock.calls.map(([site]) => site)).toEqual([stage.sites.recoverySite, stage.sites.protectedSite]);
      asked.mockRestore();
    });

    it("leaves a site that does not answer alone, reads the others, and tries again when it is due", async () => {
      const site = { id: stage.sites.recoverySite, name: stage.sites.recoverySite };
      await stage.lab.define({ sites: [{ ...site, vms: [{ id: "vm-b-1", name: "new" }] }], groups: [] });
      const heal = await stage.lab.faults.partition(stage.sites.protectedSite);
      await stage.lab.takeAway(stage.sites.protectedSite, "VM", "vm-a-3");
      await due();
      const warned: unknown[] = [];
      const quiet = { ...context(), log: { info() {}, warn: (details: object) => void warned.push(details) } };
      await refreshDueSites(quiet);
      expect(await names()).toEqual(["new", "vm-1", "vm-2", "vm-3"]);
      expect(warned).toMatchObject([{ siteId: idOf("Site", siteId), reason: expect.stringContaining("does not answer") }]);
      await heal();
      await stage.asker.shiftClock(61);
      await refreshDueSites(quiet);
      expect(await names()).toEqual(["new", "vm-1", "vm-2"]);
    });

    it("finds the inventory of an import as it was imported", async () => {
      await stage.asker.database.pool.query("UPDATE site SET refresh_due_at = 'infinity'");
      await importFile({ database: stage.asker.database, lab: stage.lab, path: "demo/demo.yaml" });
      const before = (await stage.changes()).length;
      await refreshDueSites(context());
      // What their provider can do is new, and nothing else; plans follow from their sites.
      const kinds = (await stage.changes()).slice(before).map(({ kind }) => kind);
      expect(kinds.filter((kind) => kind !== "PLAN_CHANGED")).toEqual(["SITE_CHANGED", "SITE_CHANGED"]);
    });

    it("goes on for as long as the node runs, and tells who watches", async () => {
      await stage.lab.takeAway(stage.sites.protectedSite, "VM", "vm-a-3");
      await due();
      const announced = Promise.withResolvers<void>();
      const refresher = startRefresher({ ...context(), announce: () => announced.resolve() }, 10);
      await announced.promise;
      await refresher.close();
      expect(await names()).toEqual(["vm-1", "vm-2"]);
    });
  });
});
