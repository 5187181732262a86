import { v7 as uuid } from "uuid";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { changeEventKinds, subjects } from "../../../src/domain/events/types-kinds.ts";
import { encodeId } from "../../../src/domain/ids.ts";
import { schema } from "../../../src/domain/schema.ts";
import { appendChanges, type Change, type ChangeKind, changeKinds } from "../../../src/events/changes.ts";
import { encodeLogCursor, encodeRecoveryCursor } from "../../../src/events/cursor.ts";
import { aGroup, aPair, aPlan, aRun, type PairRows } from "../../support/rows.ts";
import { type Asker, anAsker, at, generation, list, text } from "../read/support.ts";

let asker: Asker;
let pair: PairRows;
let [planId, other, groupId, vmId, taskId] = ["", "", "", "", ""];
let after = "";
beforeAll(async () => {
  asker = await anAsker();
  pair = await aPair(asker.database);
  const web = await aGroup(asker.database, pair, "web", 1);
  [groupId, vmId] = [web.groupId, web.vmIds[0] ?? ""];
  planId = await aPlan(asker.database, pair, "Payroll", [{ groupIds: [groupId] }]);
  other = await aPlan(asker.database, pair, "Shop", [{ groupIds: [] }]);
  taskId = (await aRun(asker.database, pair, planId, [{ kind: "PROMPT", name: "ask" }])).taskId;
});
afterAll(() => asker.drop());
beforeEach(async () => {
  after = text(await asker.ask("{ eventCursor }"), "eventCursor");
});

const watch = `subscription ($filter: ChangeEventFilter, $after: String) { events(filter: $filter, after: $after) { cursor serverTime events {
  __typename cursor occurredAt kind change subjectId subjectType name
  ... on PlanChangedEvent { plan { name state } } ... on ProtectionGroupChangedEvent { protectionGroup { name } }
  ... on VmChangedEvent { vm { name } } ... on TaskChangedEvent { task { name state } } ... on SiteChangedEvent { site { name } }
  ... on PairingChangedEvent { pairing { pairingState } } ... on RpoViolationChangedEvent { violation { cause } vm { name } protectionGroup { name } }
  ... on ReadinessChangedEvent { plan { name } before after opened resolved } } } }`;

const open: AsyncIterator<unknown>[] = [];
afterEach(async () => {
  for (const stream of open.splice(0)) await stream.return?.();
  expect(asker.feeds.counts()).toEqual({ feeds: 0, tails: 0 });
});

async function stream(variables: Record<string, unknown>) {
  const answer = await asker.watch(watch, variables);
  if (!("next" in answer)) throw answer.errors?.[0]?.originalError ?? new Error("no stream");
  open.push(answer);
  return answer;
}

/** Deliveries until there are so many events. */
async function take(variables: Record<string, unknown>, count: number): Promise<unknown[]> {
  const source = await stream(variables);
  const events: unknown[] = [];
  while (events.length < count) {
    const { value } = await source.next();
    if (value.errors?.[0]) throw value.errors[0];
    events.push(...list(value.data, "events.events"));
  }
  return events;
}

const change = (kind: ChangeKind, id: string, more: Partial<Change> = {}): Change => ({ kind, id, change: "UPDATED", ...more });
async function log(...changes: Change[]): Promise<void> {
  await appendChanges(asker.database.pool, changes);
  asker.wake();
}
const idsOf = (events: readonly unknown[]) => events.map((event) => at(event, "subjectId"));

describe("events", () => {
  it("leads from each kind to what has changed, as it is now", async () => {
    const { pool } = asker.database;
    const violation = { vmId, vmName: "v", groupId, groupName: "web", rpoMinutes: 5, cause: "LAG", openedAt: new Date() } as const;
    const { id } = await asker.database.prisma.rpoViolation.create({ data: { ...violation, worstLagSeconds: 9, currentLagSeconds: 9 } });
    await log(
      change("SITE_CHANGED", pair.protectedSiteId),
      change("PAIRING_CHANGED", pair.pairingId),
      change("PLAN_CHANGED", planId, { name: "Payroll" }),
      change("PLAN_CHANGED", other),
      change("PROTECTION_GROUP_CHANGED", groupId),
      change("VM_CHANGED", vmId),
      change("TASK_CHANGED", taskId, { change: "CREATED", name: "Test" }),
      change("RPO_VIOLATION_CHANGED", id),
      change("READINESS_CHANGED", planId, { details: { before: "READY", after: "AT_RISK", opened: ["NEVER_TESTED"], resolved: [] } }),
    );
    await pool.query("UPDATE recovery_plan SET name = 'Payroll 2' WHERE id = $1", [planId]);
    const events = await take({ after }, 9);
    expect(events).toMatchObject([
      { __typename: "SiteChangedEvent", subjectType: "Site", site: { name: "Pair Primary" } },
      { __typename: "PairingChangedEvent", subjectType: "SitePairing", pairing: { pairingState: "PAIRED" } },
      { __typename: "PlanChangedEvent", kind: "PLAN_CHANGED", name: "Payroll", plan: { name: "Payroll 2", state: "READY" } },
      { __typename: "PlanChangedEvent", subjectType: "RecoveryPlan", name: "Shop", plan: { name: "Shop" } },
      { __typename: "ProtectionGroupChangedEvent", subjectType: "ProtectionGroup", protectionGroup: { name: "web" } },
      { __typename: "VmChangedEvent", subjectType: "VirtualMachine", vm: { name: "web-vm-01" } },
      { __typename: "TaskChangedEvent", subjectType: "Task", change: "CREATED", name: "Test", task: { state: "RUNNING" } },
      { __typename: "RpoViolationChangedEvent", violation: { cause: "LAG" }, vm: { name: "web-vm-01" }, protectionGroup: { name: "web" } },
      {
        __typename: "ReadinessChangedEvent",
        plan: { name: "Payroll 2" },
        before: "READY",
        after: "AT_RISK",
        opened: ["NEVER_TESTED"],
        resolved: [],
      },
    ]);
    const found = await asker.ask("query ($ids: [ID!]!) { nodes(ids: $ids) { __typename } }", { ids: idsOf(events) });
    expect(list(found, "nodes").map((node) => at(node, "__typename"))).toEqual(events.map((event) => at(event, "subjectType")));
    await pool.query("UPDATE recovery_plan SET name = 'Payroll' WHERE id = $1", [planId]);
  });

  it("names subjects that can be queried", () => {
    for (const kind of changeEventKinds) expect(schema.getType(subjects[kind].type)).toBeDefined();
  });

  it("loads the objects of a delivery with one statement for each kind", async () => {
    const groups = await Promise.all([1, 2, 3, 4, 5].map((n) => aGroup(asker.database, pair, `many-${n}`, 4)));
    await log(
      ...groups.flatMap((group) => [
        change("PROTECTION_GROUP_CHANGED", group.groupId),
        ...group.vmIds.map((id) => change("VM_CHANGED", id)),
      ]),
    );
    const { pool } = asker.database;
    const sent: string[] = [];
    const send = pool.query.bind(pool);
    const [first] = await take({ after }, 1); // the tail is open, and the rest in memory
    Reflect.set(pool, "query", (...args: Parameters<typeof send>) => {
      sent.push(JSON.stringify(args[0]).slice(0, 60));
      return send(...args);
    });
    try {
      expect(await take({ after: text(first, "cursor") }, 24)).toHaveLength(24);
      expect(sent.length).toBeLessThanOrEqual(4); // the cursor's end, a page, groups, VMs
    } finally {
      Reflect.deleteProperty(pool, "query");
    }
  });

  it("tells of something deleted by its id and name, and leads to nothing", async () => {
    const gone = uuid();
    await log(change("VM_CHANGED", gone, { change: "DELETED", name: "old-vm" }));
    expect(await take({ after }, 1)).toMatchObject([
      { change: "DELETED", name: "old-vm", vm: null, subjectId: encodeId("VirtualMachine", gone), subjectType: "VirtualMachine" },
    ]);
  });

  it("never shows an audit record, to an administrator neither", async () => {
    await log(...changeKinds.map((kind) => change(kind, uuid())));
    const kinds = (await take({ after }, changeKinds.length - 1)).map((event) => at(event, "kind"));
    expect(kinds).toEqual(changeKinds.filter((kind) => kind !== "AUDIT_RECORDED"));
    const document = "subscription { events(filter: { kinds: [AUDIT_RECORDED] }) { cursor } }";
    await expect(asker.answer(document)).rejects.toThrow("AUDIT_RECORDED");
  });

  it("starts now without a cursor, with an empty delivery at once", async () => {
    await log(change("PLAN_CHANGED", planId));
    const source = await stream({});
    const { value } = await source.next();
    expect(value.data).toMatchObject({ events: { events: [] } });
    const next = source.next();
    await log(change("PLAN_CHANGED", other));
    expect(idsOf(list((await next).value.data, "events.events"))).toEqual([encodeId("RecoveryPlan", other)]);
  });
});

describe("a filter of events", () => {
  it("by kinds and by subjects leaves out the rest, and both must hold", async () => {
    await log(change("PLAN_CHANGED", planId), change("TASK_CHANGED", taskId), change("PLAN_CHANGED", other));
    const [plan, task] = [encodeId("RecoveryPlan", planId), encodeId("Task", taskId)];
    expect(idsOf(await take({ after, filter: { kinds: ["TASK_CHANGED"] } }, 1))).toEqual([task]);
    expect(idsOf(await take({ after, filter: { subjectIds: [plan, task] } }, 2))).toEqual([plan, task]);
    expect(idsOf(await take({ after, filter: { subjectIds: [plan, task], kinds: ["PLAN_CHANGED"] } }, 1))).toEqual([plan]);
  });

  it("by a plan keeps the plan, its groups, their VMs, and its tasks", async () => {
    await log(
      change("PLAN_CHANGED", other),
      change("VM_CHANGED", uuid()),
      change("VM_CHANGED", vmId),
      change("TASK_CHANGED", uuid()),
      change("TASK_CHANGED", taskId),
      change("SITE_CHANGED", pair.protectedSiteId),
    );
    const events = await take({ after, filter: { planId: encodeId("RecoveryPlan", planId) } }, 4);
    const expected = [
      encodeId("VirtualMachine", vmId),
      encodeId("Task", taskId),
      encodeId("ProtectionGroup", groupId),
      encodeId("RecoveryPlan", planId),
    ];
    expect(new Set(idsOf(events))).toEqual(new Set(expected));
  });

  it("by a plan tells of what leaves it by the plan's own event", async () => {
    const leaving = await aGroup(asker.database, pair, "leaving", 1);
    const plan = await aPlan(asker.database, pair, "Leaving", [{ groupIds: [leaving.groupId] }]);
    await asker.database.pool.query("DELETE FROM plan_protection_group WHERE plan_id = $1", [plan]);
    await log(change("PROTECTION_GROUP_CHANGED", leaving.groupId), change("PLAN_CHANGED", plan));
    expect(idsOf(await take({ after, filter: { planId: encodeId("RecoveryPlan", plan) } }, 1))).toEqual([encodeId("RecoveryPlan", plan)]);
  });

  it.each([
    ["no kind", { kinds: [] }, "INVALID_REQUEST", ["filter", "kinds"]],
    ["no subject", { subjectIds: [] }, "INVALID_REQUEST", ["filter", "subjectIds"]],
    ["501 subjects", { subjectIds: Array(501).fill(encodeId("Task", uuid())) }, "INVALID_REQUEST", ["filter", "subjectIds"]],
    ["what is no id", { subjectIds: ["x"] }, "INVALID_REQUEST", ["filter", "subjectIds", "0"]],
    ["something without events", { subjectIds: [encodeId("Recovery", uuid())] }, "INVALID_REQUEST", ["filter", "subjectIds", "0"]],
    ["a plan that is none", { planId: encodeId("Site", uuid()) }, "INVALID_REQUEST", ["filter", "planId"]],
    ["an unknown plan", { planId: encodeId("RecoveryPlan", uuid()) }, "NOT_FOUND", null],
  ])("with %s is refused at once", async (_what, filter, code, path) => {
    const refused = { code, ...(path === null ? {} : { fieldErrors: [{ path }] }) };
    await expect(stream({ filter })).rejects.toMatchObject(refused);
  });
});

describe("a cursor of events", () => {
  it("is resumed at a delivery's, and at an event's own", async () => {
    await log(change("PLAN_CHANGED", planId), change("PLAN_CHANGED", other), change("TASK_CHANGED", taskId));
    const [first] = await take({ after }, 1);
    expect(idsOf(await take({ after: text(first, "cursor") }, 2))).toEqual([encodeId("RecoveryPlan", other), encodeId("Task", taskId)]);
    const source = await stream({ after });
    const { value } = await source.next();
    const siteId = uuid();
    await log(change("SITE_CHANGED", siteId));
    expect(idsOf(await take({ after: text(value.data, "events.cursor") }, 1))).toEqual([encodeId("Site", siteId)]);
  });

  it("fits promptEvents too, and the other way round", async () => {
    const answer = await asker.watch("subscription ($after: String) { promptEvents(after: $after) { cursor } }", { after });
    if (!("next" in answer)) throw answer.errors?.[0];
    const { value } = await answer.next();
    await answer.return?.();
    await log(change("PLAN_CHANGED", other));
    expect(idsOf(await take({ after: text(value.data, "promptEvents.cursor") }, 1))).toEqual([encodeId("RecoveryPlan", other)]);
  });

  it.each([
    ["of one run", encodeRecoveryCursor({ generation, recoveryId: uuid(), sequence: 1 }), "INVALID_REQUEST"],
    ["that is none", "nonsense", "INVALID_REQUEST"],
    ["of an older database", encodeLogCursor({ generation: generation - 1, position: 1n }), "PRECONDITION_FAILED"],
    ["beyond the end", encodeLogCursor({ generation, position: 10n ** 9n }), "PRECONDITION_FAILED"],
  ])("%s is refused at once", async (_what, cursor, code) => {
    await expect(stream({ after: cursor })).rejects.toMatchObject({ code });
  });
});
