import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { inTransaction } from "../../../src/database/transaction.ts";
import { encodeId, idOf } from "../../../src/domain/ids.ts";
import { readSite, writeReading } from "../../../src/domain/inventory/service-refresh.ts";
import { refreshDueSites, startRefresher } from "../../../src/domain/inventory/service-refresher.ts";
import { defaultQuotas } from "../../../src/domain/quotas.ts";
import { importFile } from "../../../src/import/import-file.ts";
import { base, someFiles } from "../../import/stage.ts";
import { serviceContext } from "../../support/services.ts";
import { holding } from "../../support/session.ts";
import { at, list, text } from "../read/support.ts";
import { aStage, type Stage } from "../sites/stage.ts";

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
    const changes = (await stage.changes())
      .slice(before)
      .map(({ kind, change, name }) => `${kind} ${change}${change === "DELETED" ? ` ${name}` : ""}`);
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
    const call = (key: string) => ({ key, runId: "run", epoch: 1n, signal: AbortSignal.timeout(60_000) });
    const point = await lab.provider.recoveryPoints(sites.recoverySite, vm.groupId, AbortSignal.timeout(60_000));
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

    it("leaves a site to the node that claims it just now, and takes it when that one is gone", async () => {
      await due();
      const asked = vi.spyOn(stage.lab.provider, "inventory");
      await using rival = await holding(stage.asker.database, "UPDATE site SET refresh_due_at = dr_now() + interval '60 s'");
      await refreshDueSites(context());
      expect(asked).not.toHaveBeenCalled();
      await rival.query("ROLLBACK");
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
      await importFile({ database: stage.asker.database, lab: stage.lab, quotas: defaultQuotas, path: "demo/demo.yaml" });
      const before = (await stage.changes()).length;
      await refreshDueSites(context());
      // What their provider can do is new, and nothing else; plans follow from their sites.
      const kinds = (await stage.changes()).slice(before).map(({ kind }) => kind);
      expect(kinds.filter((kind) => kind !== "PLAN_CHANGED")).toEqual(["SITE_CHANGED", "SITE_CHANGED"]);
    });

    it("takes nothing away that was imported while the site was being asked", async () => {
      await stage.asker.database.prisma.network.deleteMany(); // an import does not share their names
      const files = await someFiles();
      const { database } = stage.asker;
      const file = base();
      await importFile({ database, lab: stage.lab, quotas: defaultQuotas, path: await files.write(file) });
      const site = await database.prisma.site.findFirstOrThrow({ where: { name: "A" } });
      const reading = await readSite(context(), site);
      file.sites[0]?.virtualMachines?.push({ name: "new", datastore: "ds", nics: [] });
      await importFile({ database, lab: stage.lab, quotas: defaultQuotas, path: await files.write(file) });
      const changes = await inTransaction(database.pool, (client) => writeReading(client, site.id, reading, context().quotas));
      expect(changes).toEqual([]);
      expect(await names()).toContain("new");
      await files.remove();
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
