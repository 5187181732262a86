/** Rows of the statements that are typed by hand say what Prisma's model says. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { aGroup, aPair, aPlan, aRun } from "../../support/rows.ts";
import { type Asker, anAsker } from "./support.ts";

let asker: Asker;
let ids: { plan: string; group: string; vm: string; run: string };

beforeAll(async () => {
  asker = await anAsker();
  const { database } = asker;
  const pair = await aPair(database);
  const { groupId, vmIds } = await aGroup(database, pair, "g", 1);
  const planId = await aPlan(database, pair, "p", [{ groupIds: [groupId] }]);
  const { runId } = await aRun(database, pair, planId, [
    { kind: "COMMAND", name: "c", status: "FAILED", errors: ["e"], after: [1], needs: [1] },
  ]);
  ids = { plan: planId, group: groupId, vm: vmIds[0] ?? "", run: runId };
});
afterAll(() => asker.drop());

/** What both have is equal; what only the statement has is named. */
function agree(row: object | null, model: object, own: readonly string[]): void {
  expect(row).not.toBeNull();
  const known = Object.fromEntries(Object.entries(model));
  const extra = Object.keys(row ?? {}).filter((key) => !(key in known));
  expect(extra.sort()).toEqual([...own].sort());
  for (const [key, value] of Object.entries(row ?? {})) if (!own.includes(key)) expect([key, value]).toEqual([key, known[key]]);
}

it("of plans", async () => {
  const { prisma } = asker.database;
  agree(await asker.context().loaders.plan.load(ids.plan), await prisma.recoveryPlan.findUniqueOrThrow({ where: { id: ids.plan } }), []);
});

it("of protection groups", async () => {
  const { prisma } = asker.database;
  agree(
    await asker.context().loaders.group.load(ids.group),
    await prisma.protectionGroup.findUniqueOrThrow({ where: { id: ids.group } }),
    [],
  );
});

it("of VMs with their membership", async () => {
  const { prisma } = asker.database;
  const vm = await prisma.virtualMachine.findUniqueOrThrow({ where: { id: ids.vm } });
  const member = await prisma.protectedVm.findUniqueOrThrow({ where: { vmId: ids.vm } });
  const model = { ...member, ...vm, diskBytes: Number(vm.diskBytes) };
  agree(await asker.context().loaders.vm.load(ids.vm), model, ["lagSeconds"]);
});

it("of runs", async () => {
  const { prisma } = asker.database;
  agree(await asker.context().loaders.recovery.load(ids.run), await prisma.recovery.findUniqueOrThrow({ where: { id: ids.run } }), [
    "elapsedSeconds",
  ]);
});

it("of steps, alone and in their tree", async () => {
  const { loaders } = asker.context();
  const { startedAt, endedAt, dueAt, ...step } = await asker.database.prisma.recoveryStep.findFirstOrThrow({ where: { runId: ids.run } });
  const model = { ...step, startedAt: startedAt?.getTime(), endedAt: endedAt?.getTime(), dueAt: dueAt?.getTime() ?? null };
  agree(await loaders.step.load(`${ids.run}/1`), model, ["now", "skipReason", "warnReason"]);
  agree((await loaders.runTree.load(ids.run)).step(1), model, ["now", "skipReason", "warnReason"]);
});

it("hold what the pages of lists hold", async () => {
  const { loaders } = asker.context();
  const page = await loaders.vmList.rows({ kind: "group", id: ids.group }, {});
  const vm = await loaders.vm.load(ids.vm);
  expect(page.edges[0]?.node).toMatchObject({ ...vm, lagSeconds: expect.any(Number) });
});
