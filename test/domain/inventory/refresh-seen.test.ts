/** Machines that a site tells as before, of which the log has no news, are not read from the database again. */
import pg from "pg";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createSeen, type SeenMachines } from "../../../src/domain/inventory/refresh-seen.ts";
import { refreshDueSites } from "../../../src/domain/inventory/service-refresher.ts";
import { withoutRest } from "../../../src/jobs/pace.ts";
import { serviceContext } from "../../support/services.ts";
import { list, text } from "../read/support.ts";
import { aStage, type Stage } from "../sites/stage.ts";

let stage: Stage;
let seen: SeenMachines;
let nowMs: number;
let ids: Awaited<ReturnType<Stage["registered"]>>;
beforeEach(async () => {
  stage = await aStage();
  ids = await stage.registered();
  nowMs = 0;
  seen = createSeen(() => nowMs);
});
afterEach(() => stage.close());

const sql = (statement: string) => stage.asker.database.pool.query(statement);
const told = async (events: number, kind: string) => {
  await sql(`INSERT INTO event (position, kind, occurred_at, version, payload)
    SELECT value + n, '${kind}', dr_now(), 1, '{}' FROM event_counter, generate_series(1, ${events}) AS n`);
  await sql(`UPDATE event_counter SET value = value + ${events}`);
};
const names = async () => list(await stage.asker.ask("{ vms { nodes { name } } }"), "vms.nodes").map((node) => text(node, "name"));

/** Reads the protected site; how often its machines were read from the database. */
async function compared(): Promise<number> {
  await sql("UPDATE site SET refresh_due_at = CASE WHEN type = 'RECOVERY' THEN dr_now() + interval '1 day' END");
  const query = vi.spyOn(pg.Client.prototype, "query");
  const context = serviceContext(stage.asker.database, { providers: new Map([["lab", stage.lab.provider]]) });
  await refreshDueSites(context, undefined, withoutRest, seen);
  const sent = query.mock.calls.filter(([first]) => Object(first).name === "inventory-virtualMachines").length;
  query.mockRestore();
  return sent;
}

it("they are read once, and once more after ten minutes", async () => {
  expect([await compared(), await compared(), await compared()]).toEqual([1, 0, 0]);
  nowMs += 600_000;
  expect([await compared(), await compared()]).toEqual([1, 0]);
  const { rows } = await sql("SELECT refresh_due_at > dr_now() AS noted FROM site WHERE type = 'PROTECTED'");
  expect(rows, "it is noted as read all the same").toEqual([{ noted: true }]);
});

it("what the site tells of a machine is taken over, as is a place that comes or goes", async () => {
  expect(await compared()).toBe(1);
  const site = { id: stage.sites.protectedSite, name: stage.sites.protectedSite };
  await stage.lab.define({ sites: [{ ...site, vms: [{ id: "vm-a-1", name: "renamed" }] }], groups: [] });
  expect(await compared(), "and again under the site's lock").toBe(2);
  expect(await names()).toEqual(["renamed", "vm-2", "vm-3"]);
  expect([await compared(), await compared()], "the log tells of the site").toEqual([1, 0]);
  const networks = async () => text(await stage.asker.ask('{ networks(filter: { name: "net-a" }) { totalCount } }'), "networks.totalCount");
  await stage.lab.define({ sites: [{ ...site, networks: [{ name: "net-a-2" }] }], groups: [] });
  await compared();
  expect(await networks()).toBe("2");
  expect([await compared(), await compared()]).toEqual([1, 0]);
  await stage.lab.takeAway(site.id, "NETWORK", "net-a-2");
  await compared();
  expect(await networks()).toBe("1");
});

it("what anybody changes is compared, by what the log tells of sites, pairs and machines; a log that is another one tells nothing", async () => {
  expect([await compared(), await compared()]).toEqual([1, 0]);
  await stage.run("updatePairing", { pairingId: ids.pairing, powersOffOriginals: false });
  expect([await compared(), await compared()]).toEqual([1, 0]);
  await stage.run("updateSite", { siteId: ids.protectedSite, name: "North" });
  expect([await compared(), await compared()]).toEqual([1, 0]);
  // Another node has read the site, and what it wrote is not what this one knows.
  await stage.lab.takeAway(stage.sites.protectedSite, "VM", "vm-a-3");
  await stage.run("refreshInventory", { siteId: ids.protectedSite });
  const site = { id: stage.sites.protectedSite, name: stage.sites.protectedSite };
  await stage.lab.define({ sites: [{ ...site, vms: [{ id: "vm-a-3", name: "vm-3" }] }], groups: [] });
  await compared();
  expect(await names()).toEqual(["vm-1", "vm-2", "vm-3"]);
  expect([await compared(), await compared()]).toEqual([1, 0]);
  for (const _round of [1, 2]) {
    await told(4_999, "TASK_CHANGED");
    expect(await compared()).toBe(0);
  }
  await told(5_000, "TASK_CHANGED");
  expect(await compared(), "more than is looked through").toBe(1);
  await sql("UPDATE event_counter SET value = 1");
  expect(await compared()).toBe(1);
});

it("a machine that is missing keeps its place, and goes once nothing needs it, although the site tells the same", async () => {
  const { rows } = await sql("SELECT id FROM virtual_machine WHERE external_id = 'vm-a-3'");
  const group = `INSERT INTO protection_group (id, name, external_id, type, replication_type, protected_site_id, recovery_site_id)
    SELECT gen_random_uuid(), 'g', 'g', 'CONTINUOUS', 'CONTINUOUS', a.id, b.id FROM site a, site b WHERE a.type = 'PROTECTED' AND b.type = 'RECOVERY' RETURNING id`;
  const groupId = (await sql(group)).rows[0].id;
  await sql(`INSERT INTO protected_vm (vm_id, group_id) VALUES ('${rows[0].id}', '${groupId}')`);
  await stage.lab.takeAway(stage.sites.protectedSite, "VM", "vm-a-3");
  await compared();
  expect(await names()).toContain("vm-3");
  expect([await compared(), await compared()]).toEqual([1, 0]);
  await sql("DELETE FROM protected_vm");
  await told(1, "VM_CHANGED");
  await compared();
  expect(await names()).not.toContain("vm-3");
});
