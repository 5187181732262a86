import { v7 as uuid } from "uuid";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeId, type NodeType } from "../../../src/domain/ids.ts";
import { measureLag } from "../../../src/engine/lag/measure.ts";
import { readChanges } from "../../../src/events/log.ts";
import { lastPosition } from "../../events/support.ts";
import { aGroup, aPair, aPlan, type GroupRows, type PairRows } from "../../support/rows.ts";
import { type Asker, anAsker, at, list } from "../read/support.ts";

const minute = 60;
const hour = 60 * minute;
let asker: Asker;
let pair: PairRows;
let [web, db]: GroupRows[] = [];
let planId = "";
/** The newest points: of the web group 20 and a half minutes, of the database's an hour and a half before the end of the measured day. */
let ages: ReadonlyMap<string, number>;
let now = 0;
beforeAll(async () => {
  asker = await anAsker();
  pair = await aPair(asker.database);
  [web, db] = [await aGroup(asker.database, pair, "web", 2), await aGroup(asker.database, pair, "db", 1)];
  planId = await aPlan(asker.database, pair, "Payroll", [{ groupIds: [web.groupId] }]);
  ages = new Map([
    [web.groupId, 20.5 * minute],
    [db.groupId, 90 * minute],
  ]);
  now = Date.now();
  const rows = [...ages].flatMap(([groupId, age]) =>
    [24 * hour, age].map((ago) => ({ groupId, ago, externalId: uuid(), complete: true, takenAt: new Date(now - ago * 1000) })),
  );
  await asker.shiftClock(-24 * hour);
  await points(rows.filter(({ ago }) => ago === 24 * hour));
  await measureLag(asker.database.pool);
  await points(rows.filter(({ ago }) => ago < 24 * hour));
  await asker.shiftClock(0);
  await measureLag(asker.database.pool);
});
afterAll(() => asker.drop());

const points = (rows: readonly { readonly groupId: string; readonly ago: number; readonly externalId: string; readonly takenAt: Date }[]) =>
  asker.database.prisma.recoveryPoint.createMany({ data: rows.map(({ ago: _, ...row }) => ({ ...row, complete: true })) });

const violations = async (filter: object, more = "") =>
  at(
    await asker.ask(
      `query ($filter: RpoViolationFilter) { rpoViolations(filter: $filter${more}) { totalCount nodes {
      vmName protectionGroupName severity } } }`,
      { filter },
    ),
    "rpoViolations",
  );
const since = (value: unknown) => Math.round((now - new Date(String(value)).getTime()) / 1000);

describe("RPO violations", () => {
  it("are listed with VM, group, RPO, lag, times, cause and severity, the newest first, and are nodes", async () => {
    const query = `{ rpoViolations(first: 2) { totalCount nodes { __typename id vm { id name rpoViolation } vmName protectionGroup { name }
      protectionGroupName configuredRpoMinutes currentLagMinutes currentLagSeconds worstLagMinutes startTime endTime criticalSince severity cause } } }`;
    const found = await asker.ask(query);
    expect(at(found, "rpoViolations.totalCount")).toBe(6);
    const [newest, second] = list(found, "rpoViolations.nodes");
    expect(newest).toMatchObject({
      vm: { rpoViolation: true },
      protectionGroup: { name: "web" },
      protectionGroupName: "web",
      configuredRpoMinutes: 15,
      currentLagMinutes: 21,
      worstLagMinutes: 21,
      endTime: null,
      criticalSince: null,
      severity: "WARNING",
      cause: "LAG",
    });
    expect(since(at(newest, "startTime"))).toBe(5.5 * minute);
    expect(new Set([newest, second].map((one) => at(one, "vmName")))).toEqual(new Set(["web-vm-01", "web-vm-02"]));
    const again = await asker.ask("query ($id: ID!) { node(id: $id) { ... on RpoViolation { vmName startTime } } }", {
      id: at(newest, "id"),
    });
    expect(at(again, "node")).toEqual({ vmName: at(newest, "vmName"), startTime: at(newest, "startTime") });
  });

  it("are found by plan, group, VM, site, whether they are open, severity and time", async () => {
    const open = (name: string, group: string, severity: string) => ({ vmName: name, protectionGroupName: group, severity });
    expect(await violations({ open: true, protectionGroupId: encodeId("ProtectionGroup", db?.groupId ?? "") })).toEqual({
      totalCount: 1,
      nodes: [open("db-vm-01", "db", "CRITICAL")],
    });
    const counted = async (filter: object) => at(await violations(filter), "totalCount");
    expect(await counted({ planId: encodeId("RecoveryPlan", planId), open: true })).toBe(2);
    expect(await counted({ vmId: encodeId("VirtualMachine", web?.vmIds[0] ?? "") })).toBe(2);
    expect(await counted({ siteId: encodeId("Site", pair.recoverySiteId) })).toBe(0);
    expect(await counted({ siteId: encodeId("Site", pair.protectedSiteId), severity: "WARNING" })).toBe(2);
    expect(await counted({ open: false, severity: "CRITICAL" })).toBe(3);
    const ago = (seconds: number) => new Date(now - seconds * 1000).toISOString();
    expect(await counted({ from: ago(30 * minute) })).toBe(5); // those of the database ended before
    expect(await counted({ to: ago(hour) })).toBe(4);
    expect(await counted({ from: ago(15 * minute), to: ago(10 * minute) })).toBe(1);
  });

  it("are sorted by their worst lag and by VM", async () => {
    const names = async (orderBy: string) =>
      list(await violations({ open: true }, `, orderBy: ${orderBy}`), "nodes").map((one) => at(one, "vmName"));
    expect((await names("{ field: WORST_LAG, direction: DESC }"))[0]).toBe("db-vm-01");
    expect(await names("{ field: VM_NAME }")).toEqual(["db-vm-01", "web-vm-01", "web-vm-02"]);
  });

  it.each([
    ["an id of another type", { planId: encodeId("Site", uuid()) }, "planId", expect.any(String)],
    [
      "a time that ends before it begins",
      { from: "2026-01-02T00:00:00Z", to: "2026-01-01T00:00:00Z" },
      "to",
      "`to` has to be later than `from`.",
    ],
  ])("refuse %s, and name the field", async (_what, filter, field, message) => {
    await expect(violations(filter)).rejects.toMatchObject({
      code: "INVALID_REQUEST",
      fieldErrors: [{ path: ["filter", field], message }],
    });
  });
});

describe("a lag series", () => {
  const fields = "from to stepSeconds points { time minLagSeconds averageLagSeconds maxLagSeconds worstPercentOfRpo withinRpoPercent }";
  const series = (args: string) => `lagSeries${args} { ${fields} }`;
  const all = async (args = "") => {
    const query = `query ($plan: ID!, $group: ID!, $site: ID!, $vm: ID!) { recoveryPlan(id: $plan) { ${series(args)} } protectionGroup(id: $group) { ${series(args)} }
      site(id: $site) { ${series(args)} } vm(id: $vm) { replicationInfo { ${series(args)} } } }`;
    return asker.ask(query, {
      plan: encodeId("RecoveryPlan", planId),
      group: encodeId("ProtectionGroup", web?.groupId ?? ""),
      site: encodeId("Site", pair.protectedSiteId),
      vm: encodeId("VirtualMachine", web?.vmIds[0] ?? ""),
    });
  };

  it("is the group's for a VM and a plan of one group, and the VMs' together for a site", async () => {
    const found = await all();
    const points = list(found, "protectionGroup.lagSeries.points");
    expect(list(found, "vm.replicationInfo.lagSeries.points")).toEqual(points);
    expect(list(found, "recoveryPlan.lagSeries.points")).toEqual(points);
    expect(at(found, "protectionGroup.lagSeries.stepSeconds")).toBe(600);
    expect(points.length).toBeGreaterThanOrEqual(144);
    expect(points.length).toBeLessThanOrEqual(146);
    const [before, last] = [points.at(-5), points.at(-1)]; // whole before the newest point, wherever in its step it is now
    expect(at(before, "withinRpoPercent")).toBe(0);
    expect(Number(at(last, "maxLagSeconds"))).toBeGreaterThanOrEqual(20 * minute);
    expect(at(last, "worstPercentOfRpo")).toBe(Math.ceil((Number(at(last, "maxLagSeconds")) * 100) / (15 * minute)));
    const [ofSite] = list(found, "site.lagSeries.points").slice(-1);
    const [lag, theirs] = [Number(at(last, "averageLagSeconds")), 69.5 * minute];
    expect(Math.abs(Number(at(ofSite, "averageLagSeconds")) - (lag + theirs / 3))).toBeLessThanOrEqual(1);
    expect(Number(at(ofSite, "maxLagSeconds"))).toBe(Number(at(last, "maxLagSeconds")) + theirs);
  });

  it("has as many points as are asked for at most, from what is still kept of that time", async () => {
    const ago = (seconds: number) => new Date(now - seconds * 1000).toISOString();
    const steps = async (args: string) => {
      const found = await all(args);
      const points = list(found, "site.lagSeries.points");
      return [at(found, "site.lagSeries.stepSeconds"), points.length];
    };
    expect((await steps(`(from: "${ago(hour)}", points: 100)`))[0]).toBe(60);
    expect(await steps(`(from: "${ago(24 * hour)}", to: "${ago(0)}", points: 5)`)).toEqual([21_600, 5]);
    const [step, length] = await steps(`(from: "${ago(24 * hour)}", to: "${ago(23 * hour)}", points: 500)`);
    expect([step, Number(length) >= 12]).toEqual([300, true]);
    expect((await steps(`(from: "${ago(30 * 24 * hour)}", to: "${ago(23 * hour)}", points: 500)`))[0]).toBe(7_200);
    expect((await steps(`(from: "${ago(300 * 24 * hour)}", points: 500)`))[0]).toBe(64_800);
  });

  it.each([
    ["(points: 1)", "points"],
    ["(points: 501)", "points"],
    ['(from: "2026-01-02T00:00:00Z", to: "2026-01-01T00:00:00Z")', "to", "`to` has to be later than `from`."],
  ])("%s is refused, and names the field", async (args, field, message = expect.any(String)) => {
    await expect(all(args)).rejects.toMatchObject({ code: "INVALID_REQUEST", fieldErrors: [{ path: [field], message }] });
  });
});

/** The violations that a measurement's events name, with the plans that `events(filter: { planId })` finds them by. */
async function told(): Promise<(readonly [string | undefined, readonly string[] | undefined])[]> {
  const { pool } = asker.database;
  const before = await lastPosition(pool);
  await measureLag(pool);
  const { entries } = await readChanges(pool, before, 100);
  const found = entries.map(({ change }) => change).filter(({ kind }) => kind === "RPO_VIOLATION_CHANGED");
  return found.map(({ name, plans }) => [name, plans] as const).sort(([a], [b]) => (a ?? "").localeCompare(b ?? ""));
}

describe("an RPO violation that is over", () => {
  it("stays with the plan, the group and the protected site that it had, and so do its events; one that goes on is of the plans that get the group, too", async () => {
    const { prisma } = asker.database;
    const of = async (type: NodeType, id: string, open?: boolean) => {
      const field = { RecoveryPlan: "planId", Site: "siteId", ProtectionGroup: "protectionGroupId" }[String(type)] ?? "";
      return at(await violations({ [field]: encodeId(type, id), open }), "totalCount");
    };
    const [webId, dbId] = [web?.groupId ?? "", db?.groupId ?? ""];
    await prisma.planProtectionGroup.deleteMany({ where: { planId } });
    const laterPlan = await aPlan(asker.database, pair, "Ledger", [{ groupIds: [webId, dbId] }]);
    const both = [planId, laterPlan].sort();
    expect(await told()).toEqual([
      ["db-vm-01", [laterPlan]],
      ["web-vm-01", both],
      ["web-vm-02", both],
    ]);
    expect(await told()).toEqual([]);
    expect([await of("RecoveryPlan", planId, false), await of("RecoveryPlan", planId, true)]).toEqual([2, 2]);
    expect([await of("RecoveryPlan", laterPlan, false), await of("RecoveryPlan", laterPlan, true)]).toEqual([0, 3]);
    // Turned round, as by a reprotect; and a group that leaves its plan and is deleted.
    const turned = { protectedSiteId: pair.recoverySiteId, recoverySiteId: pair.protectedSiteId };
    await prisma.protectionGroup.update({ where: { id: webId }, data: turned });
    await prisma.protectedVm.deleteMany({ where: { groupId: dbId } });
    await prisma.planProtectionGroup.deleteMany({ where: { groupId: dbId } });
    await prisma.protectionGroup.delete({ where: { id: dbId } });
    expect(await told()).toEqual([["db-vm-01", [laterPlan]]]);
    expect([await of("Site", pair.protectedSiteId, false), await of("Site", pair.recoverySiteId)]).toEqual([4, 0]);
    expect(await of("ProtectionGroup", dbId, false)).toBe(2);
  });
});
