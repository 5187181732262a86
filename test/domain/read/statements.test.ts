/** The number of SQL statements does not depend on the number of rows. */
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { encodeId } from "../../../src/domain/ids.ts";
import { aGroup, aPair, aPlan, aRun } from "../../support/rows.ts";
import { type Asker, anAsker, list } from "./support.ts";

let small: Asker;
let large: Asker;

beforeAll(async () => {
  [small, large] = await Promise.all([anAsker(), anAsker()]);
  await plans(small, 1, 1, 5);
  await plans(large, 20, 1, 25);
});
afterAll(() => Promise.all([small.drop(), large.drop()]));

async function plans({ database }: Asker, count: number, groups: number, vms: number): Promise<void> {
  const pair = await aPair(database);
  for (let plan = 0; plan < count; plan++) {
    const made = await Promise.all(Array.from({ length: groups }, (_, group) => aGroup(database, pair, `g-${plan}-${group}`, vms)));
    await aPlan(database, pair, `plan-${plan}`, [
      { groupIds: made.map(({ groupId }) => groupId), steps: [{ type: "COMMAND", name: "c" }] },
    ]);
  }
}

/** Everything that goes through the pool: our own statements and Prisma's. */
async function statements(
  asker: Asker,
  query: string,
  variables: Record<string, unknown> = {},
): Promise<{ count: number; answer: unknown }> {
  const spy = vi.spyOn(asker.database.pool, "query");
  const answer = await asker.ask(query, variables);
  const count = spy.mock.calls.length;
  spy.mockRestore();
  return { count, answer };
}

const nested = `{ recoveryPlans(first: 50) { totalCount nodes { name state vmCount
  priorityGroups { name prePowerOnSteps { name } }
  protectionGroups(first: 50) { totalCount nodes { name protectionState vmCount datastoreCount recoveryPlanCount
    protectedSite { name pairing { replicationHealth } } recoverySite { name summary { protectedVmsCount } }
    vms(first: 500) { totalCount nodes { name rpoViolation replicationInfo { lagMinutes state } placeholder { name } sourceSite { site { name } datastore { name } }
      recoverySite { site { name } folder { name } resourcePool { name } networks { source targetNetwork { name } testNetwork { name } } }
      recoverySettings { priority ipCustomizationRules { targetIp } commands { command } dependsOnVms { name } }
      nics { network { name } } networkMappings { targetNetwork { name } } protectionGroup { name } } } } } } } }`;

it("is the same for 1 plan with 5 VMs and for 20 plans with 500 VMs together", async () => {
  const few = await statements(small, nested);
  const many = await statements(large, nested);
  const vms = list(many.answer, "recoveryPlans.nodes").flatMap((plan) =>
    list(plan, "protectionGroups.nodes").flatMap((group) => list(group, "vms.nodes")),
  );
  expect(vms).toHaveLength(500);
  expect(many.count).toBe(few.count);
  expect(many.count).toBeLessThan(40);
});

it("reads a plain nested query in three statements", async () => {
  const query = `{ recoveryPlans(first: 50) { nodes { name protectionGroups { nodes { name vms(first: 100) { nodes { name powerState } } } } } } }`;
  expect((await statements(large, query)).count).toBe(3);
});

async function aTest({ database }: Asker, vms: number): Promise<string> {
  const pair = await aPair(database, "Tested");
  const group = await aGroup(database, pair, "tested", vms);
  const planId = await aPlan(database, pair, "tested", [{ groupIds: [group.groupId] }]);
  const children = group.vmIds.map((vmId) => ({
    kind: "VM",
    name: "vm",
    vmId,
    children: [{ kind: "POWER_ON", name: "on", siteId: pair.recoverySiteId }],
  }));
  const { runId } = await aRun(database, pair, planId, [{ kind: "PRIORITY_GROUP", name: "Tier", key: "PRIORITY_GROUP:1", children }]);
  return encodeId("Recovery", runId);
}

it("is the same for a run with 2 VMs and one with 60, down to the VM of each step", async () => {
  const query = `query ($id: ID!) { recovery(id: $id) { eventCursor state plan { name } openPrompts { message }
    steps { number childCounts { pending } children(first: 100) { nodes { number vm { name replicationInfo { state } } expectedEndTime waitingFor { kind }
      output { tail } children { nodes { number site { name } parent { number } recovery { state } } } } } }
    priorityGroups { vmRecoveries { vmName vm { name } recoveryVmId } } } }`;
  const few = await statements(small, query, { id: await aTest(small, 2) });
  const many = await statements(large, query, { id: await aTest(large, 60) });
  expect(list(list(many.answer, "recovery.steps")[0], "children.nodes")).toHaveLength(60);
  expect(many.count).toBe(few.count);
});
