import { v7 as uuid } from "uuid";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { appendChanges, type Change } from "../../src/events/changes.ts";
import { readChanges } from "../../src/events/log.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { aGroup, aPair, aPlan, aRun, type PairRows } from "../support/rows.ts";
import { lastPosition } from "./support.ts";

let db: TestDatabase;
let pair: PairRows;
let [web, sql, alone] = ["", "", ""];
let [vmId, plan, other] = ["", "", ""];
let before = 0n;
beforeAll(async () => {
  db = await freshDatabase();
  pair = await aPair(db.database);
  const rows = await aGroup(db.database, pair, "web", 2);
  [web, vmId] = [rows.groupId, rows.vmIds[0] ?? ""];
  sql = (await aGroup(db.database, pair, "sql", 1)).groupId;
  alone = (await aGroup(db.database, pair, "alone", 1)).groupId;
  plan = await aPlan(db.database, pair, "Payroll", [{ groupIds: [web] }, { groupIds: [sql] }]);
  other = await aPlan(db.database, pair, "Shop", [{ groupIds: [web] }]);
  const elsewhere = await aPair(db.database, "Elsewhere");
  await aPlan(db.database, elsewhere, "Elsewhere", [{ groupIds: [] }]);
});
afterAll(() => db.drop());
beforeEach(async () => {
  before = await lastPosition(db.database.pool);
});

const update = (kind: Change["kind"], id: string): Change => ({ kind, id, change: "UPDATED" });

async function logged(...changes: Change[]): Promise<readonly (readonly [string, string])[]> {
  await appendChanges(db.database.pool, changes);
  const { entries, upTo } = await readChanges(db.database.pool, before, 100);
  expect(entries.map(({ position }) => position - before)).toEqual(entries.map((_, at) => BigInt(at + 1)));
  expect(upTo).toBe(before + BigInt(entries.length));
  return entries.map(({ change }) => [change.kind, change.id] as const);
}

it("a change is logged with the plans that it belongs to then", async () => {
  const { taskId } = await aRun(db.database, pair, other, [{ kind: "PROMPT", name: "ask" }]);
  const groupTask = { name: "Delete", type: "PROTECTION_GROUP_DELETE", targetType: "PROTECTION_GROUP", initiatedBy: "admin" } as const;
  const { id: groupTaskId } = await db.database.prisma.task.create({ data: { id: uuid(), targetId: sql, ...groupTask } });
  const violation = { vmId, vmName: "v", groupId: web, groupName: "web", rpoMinutes: 5, cause: "LAG", openedAt: new Date() } as const;
  const { id: violationId } = await db.database.prisma.rpoViolation.create({
    data: { ...violation, planIds: [other], worstLagSeconds: 400, currentLagSeconds: 400 },
  });
  await appendChanges(db.database.pool, [
    update("TASK_CHANGED", taskId),
    update("TASK_CHANGED", groupTaskId),
    update("VM_CHANGED", vmId),
    update("RPO_VIOLATION_CHANGED", violationId),
    update("SITE_CHANGED", uuid()),
    update("PROTECTION_GROUP_CHANGED", alone),
  ]);
  const { entries } = await readChanges(db.database.pool, before, 6);
  expect(entries.map(({ change }) => change.plans && [...change.plans].sort())).toEqual([
    [other],
    [plan],
    [plan, other].sort(),
    [other],
    undefined,
    undefined,
  ]);
});

describe("a change is logged with what is computed from it", () => {
  it("a group's with its plans, each once, behind what was given", async () => {
    const [first, second, ...plans] = await logged(update("PROTECTION_GROUP_CHANGED", sql), update("PROTECTION_GROUP_CHANGED", web));
    expect([first, second]).toEqual([
      ["PROTECTION_GROUP_CHANGED", sql],
      ["PROTECTION_GROUP_CHANGED", web],
    ]);
    expect(plans.map(([kind]) => kind)).toEqual(["PLAN_CHANGED", "PLAN_CHANGED"]);
    expect(plans.map(([, id]) => id).sort()).toEqual([plan, other].sort());
  });

  it("a VM's with its group and that group's plans", async () => {
    expect(new Set((await logged(update("VM_CHANGED", vmId))).map(([, id]) => id))).toEqual(new Set([vmId, web, plan, other]));
  });

  it("a site's and a pairing's with the plans of the pair", async () => {
    expect((await logged(update("SITE_CHANGED", pair.recoverySiteId))).map(([, id]) => id).sort()).toEqual(
      [pair.recoverySiteId, plan, other].sort(),
    );
    before = await lastPosition(db.database.pool);
    expect((await logged(update("PAIRING_CHANGED", pair.pairingId))).map(([, id]) => id).sort()).toEqual(
      [pair.pairingId, plan, other].sort(),
    );
  });

  it("and nothing twice: what is given is not computed again", async () => {
    const deleted: Change = { kind: "PLAN_CHANGED", id: plan, change: "DELETED", name: "Payroll" };
    const found = await logged(update("PROTECTION_GROUP_CHANGED", web), deleted);
    expect(found).toEqual([
      ["PROTECTION_GROUP_CHANGED", web],
      ["PLAN_CHANGED", plan],
      ["PLAN_CHANGED", other],
    ]);
  });

  it("a group without a plan, a task, an audit record and something deleted stand alone", async () => {
    const given = [
      update("PROTECTION_GROUP_CHANGED", alone),
      update("TASK_CHANGED", uuid()),
      update("AUDIT_RECORDED", uuid()),
      { ...update("PROTECTION_GROUP_CHANGED", uuid()), change: "DELETED" } as const,
    ];
    expect(await logged(...given)).toEqual(given.map(({ kind, id }) => [kind, id]));
  });

  it("names what was computed, as it is called now", async () => {
    await appendChanges(db.database.pool, [{ ...update("PROTECTION_GROUP_CHANGED", sql), name: "sql\0" }]);
    const { entries } = await readChanges(db.database.pool, before, 10);
    expect(entries.map(({ change }) => change)).toEqual([
      { kind: "PROTECTION_GROUP_CHANGED", id: sql, change: "UPDATED", name: "sql\uFFFD", plans: [plan] },
      { kind: "PLAN_CHANGED", id: plan, change: "UPDATED", name: "Payroll", plans: [plan] },
    ]);
  });
});
