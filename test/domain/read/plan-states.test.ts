/** A list of plans by their state says what each plan says of itself, whatever is in the way. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Database } from "../../../src/database/database.ts";
import type { PlanLifecycle } from "../../../src/database/generated/enums.ts";
import { aGroup, aPair, aPlan, aRun, type GroupRows, type PairRows } from "../../support/rows.ts";
import { type Asker, anAsker, at, list } from "./support.ts";

interface Place {
  readonly db: Database;
  readonly pair: PairRows;
  readonly group: GroupRows;
  readonly planId: string;
}

const during = { kind: "PAUSE", name: "p", status: "RUNNING" } as const;
const lifecycle =
  (value: PlanLifecycle) =>
  ({ db, planId }: Place): Promise<unknown> =>
    db.prisma.recoveryPlan.update({ where: { id: planId }, data: { lifecycle: value } });
const groupIs =
  (state: "ERROR" | "NOT_READY" | "RECOVERED" | "PARTIALLY_RECOVERED" | "TESTING") =>
  ({ db, group }: Place): Promise<unknown> =>
    db.prisma.protectionGroup.update({ where: { id: group.groupId }, data: { state } });
const site =
  (data: { state: "DISCONNECTED" | "PARTIALLY_CONNECTED" }) =>
  ({ db, pair }: Place): Promise<unknown> =>
    db.prisma.site.update({ where: { id: pair.recoverySiteId }, data });
const unmap =
  (capabilities: object = {}) =>
  async ({ db, pair }: Place): Promise<void> => {
    await db.prisma.folderMapping.deleteMany({ where: { pairingId: pair.pairingId } });
    await db.prisma.site.update({ where: { id: pair.recoverySiteId }, data: { capabilities } });
  };

/** A plan for each, with its state. */
const plans: Readonly<Record<string, readonly [state: string, make: (place: Place) => Promise<unknown>]>> = {
  ready: ["READY", async () => {}],
  "with a lost group": [
    "READY",
    ({ db, planId }) => db.prisma.recoveryPlan.update({ where: { id: planId }, data: { lostGroups: ["Gone"] } }),
  ],
  "with a site that answers in part": ["READY", site({ state: "PARTIALLY_CONNECTED" })],
  "with a folder that its site has none of": ["READY", unmap({ folders: false })],
  "with an unmapped folder": ["NOT_READY", unmap()],
  "with a VM of its own mapping": [
    "NOT_READY",
    async ({ db, pair: { pairingId, sourceNetworkId, targetNetworkId }, group: { vmIds } }) => {
      await db.prisma.networkMapping.deleteMany({ where: { pairingId } });
      const [vmId = ""] = vmIds; // the other VM has none
      await db.prisma.vmNetworkMapping.create({ data: { vmId, sourceNetworkId, targetNetworkId } });
    },
  ],
  "with a site that is away": ["NOT_READY", site({ state: "DISCONNECTED" })],
  "without a configured VM": [
    "NOT_READY",
    ({ db, group: { groupId } }) => db.prisma.protectedVm.updateMany({ where: { groupId }, data: { placeholderExternalId: null } }),
  ],
  "without a group": ["NOT_READY", ({ db, planId }) => db.prisma.planProtectionGroup.deleteMany({ where: { planId } })],
  "in two directions": [
    "NOT_READY",
    async ({ db, pair, planId }) => {
      const { groupId } = await aGroup(db, pair, `back ${planId}`, 0);
      const { protectedSiteId, recoverySiteId } = pair;
      const turned = { protectedSiteId: recoverySiteId, recoverySiteId: protectedSiteId };
      await db.prisma.protectionGroup.update({ where: { id: groupId }, data: turned });
      const { id: priorityGroupId } = await db.prisma.planPriorityGroup.findFirstOrThrow({ where: { planId } });
      await db.prisma.planProtectionGroup.create({ data: { planId, groupId, priorityGroupId } });
    },
  ],
  "with a group in error": ["NOT_READY", groupIs("ERROR")],
  "with a group that is not ready": ["NOT_READY", groupIs("NOT_READY")],
  "with a group that was recovered": ["NOT_READY", groupIs("RECOVERED")],
  "with a group that was recovered in part": ["NOT_READY", groupIs("PARTIALLY_RECOVERED")],
  "with a group in a test": ["READY", groupIs("TESTING")],
  "with a group that another uses": [
    "NOT_READY",
    async ({ db, pair, group: { groupId }, planId }) => {
      const other = await aPlan(db, pair, `other of ${planId}`, [{ groupIds: [] }]);
      const { runId } = await aRun(db, pair, other, [during]);
      await db.prisma.groupUse.create({ data: { groupId, runId } });
    },
  ],
  "with a group of its own run": [
    "RUNNING",
    async (place) => {
      const { runId } = await aRun(place.db, place.pair, place.planId, [during]);
      await place.db.prisma.groupUse.create({ data: { groupId: place.group.groupId, runId } });
      await lifecycle("TEST_IN_PROGRESS")(place);
    },
  ],
  "with a prompt": [
    "PROMPTING",
    async (place) => {
      const { runId } = await aRun(place.db, place.pair, place.planId, [during]);
      await place.db.prisma.recovery.update({ where: { id: runId }, data: { state: "PROMPTING" } });
      await lifecycle("TEST_IN_PROGRESS")(place);
    },
  ],
  "after a test": ["NOT_READY", lifecycle("TEST_COMPLETE")],
  "after a recovery": [
    "NOT_READY",
    async (place) => {
      await lifecycle("RECOVERY_COMPLETE")(place);
      await groupIs("RECOVERED")(place);
    },
  ],
  ...Object.fromEntries(
    (["CLEANUP", "RECOVERY", "REPROTECT"] as const).flatMap((kind) => [
      [`during ${kind}`, ["RUNNING", lifecycle(`${kind}_IN_PROGRESS`)]],
      [`after half a ${kind}`, ["ERROR", lifecycle(`${kind}_INCOMPLETE`)]],
    ]),
  ),
};

describe("plans by state", () => {
  let asker: Asker;
  beforeAll(async () => {
    asker = await anAsker();
    const db = asker.database;
    for (const [name, [, make]] of Object.entries(plans)) {
      const pair = await aPair(db, name);
      const group = await aGroup(db, pair, name, 2);
      await make({ db, pair, group, planId: await aPlan(db, pair, name, [{ groupIds: [group.groupId] }]) });
    }
  });
  afterAll(() => asker.drop());

  const query = `query ($filter: RecoveryPlanFilter) { recoveryPlans(first: 500, filter: $filter) { totalCount nodes { name state } } }`;
  const read = async (filter: object) => {
    const answer = await asker.ask(query, { filter });
    const nodes = list(answer, "recoveryPlans.nodes").map((plan) => [String(at(plan, "name")), String(at(plan, "state"))] as const);
    return { totalCount: at(answer, "recoveryPlans.totalCount"), states: Object.fromEntries(nodes) };
  };

  it("are those that say it of themselves, and are counted", async () => {
    const wanted = Object.fromEntries(Object.entries(plans).map(([name, [state]]) => [name, state]));
    const all = await read({});
    expect(all.states).toMatchObject(wanted);
    for (const state of ["READY", "NOT_READY", "RUNNING", "PROMPTING", "ERROR"]) {
      const states = Object.fromEntries(Object.entries(all.states).filter(([, own]) => own === state));
      expect(await read({ state })).toEqual({ totalCount: Object.keys(states).length, states });
    }
  });

  it("go together with the other conditions", async () => {
    expect(await read({ state: "NOT_READY", name: "after a test" })).toEqual({ totalCount: 1, states: { "after a test": "NOT_READY" } });
    expect(await read({ state: "READY", lifecycle: "TEST_COMPLETE" })).toEqual({ totalCount: 0, states: {} });
  });
});
