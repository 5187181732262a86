/** The tests and recoveries of a history. */
import { v7 as uuid } from "uuid";
import type { Database } from "../../../../src/database/database.ts";
import type { Prisma } from "../../../../src/database/generated/client.ts";
import type { HistoryGroups, HistoryPlans } from "./history.ts";
import { range } from "./history.ts";
import type { Chance } from "./numbers.ts";

const results = ["SUCCESS", "WARNING", "PARTIAL", "FAILED", "CANCELLED"] as const;

/** How it went, where that is not like most; `seconds` null: it is under way. */
type Details = Partial<Omit<Prisma.RecoveryUncheckedCreateInput, "planId">> & { readonly seconds: number | null };

const good = { rtoAchievedSeconds: 600, rpoAchievedSeconds: 300, seconds: 700 };

export async function runsOf(
  database: Database,
  chance: Chance,
  pairingId: string,
  plans: HistoryPlans,
  { gone }: HistoryGroups,
): Promise<void> {
  const run = (planId: string, at: Date | string, { seconds, ...details }: Details) =>
    aRun(database, { pairingId, planId, at: new Date(at), seconds, vmsSucceeded: chance(5), vmsFailed: chance(2), ...details });
  const { busy, failing, untargeted, deleted } = plans;
  // At the borders of the range, and of the leap day in it; in another zone the first one is of the day before.
  await run(busy, range.start, good);
  await run(busy, new Date(range.start.getTime() - 1), { ...good, rtoAchievedSeconds: 9_999 });
  await run(busy, new Date(range.end.getTime() - 1), { ...good, rtoAchievedSeconds: 601 });
  await run(busy, range.end, { ...good, rpoAchievedSeconds: 99_999 });
  await run(busy, "2024-02-28T23:59:59.999Z", { ...good, seconds: 3_600 }); // over midnight, into the leap day
  await run(busy, "2024-02-29T12:00:00Z", { ...good, kind: "PLANNED", rtoAchievedSeconds: 42 });
  await run(busy, "2024-02-29T23:30:00-05:00", { ...good, kind: "DISASTER", resultState: "PARTIAL", rtoAchievedSeconds: null });
  await run(busy, "2024-03-01T10:00:00Z", { seconds: 10, kind: "CLEANUP" }); // no test, and no recovery
  for (let at = 0; at < 12; at++) {
    const resultState = results[chance(results.length)] ?? "SUCCESS";
    const allUp = resultState === "SUCCESS" || resultState === "WARNING";
    await run(busy, new Date(range.start.getTime() + chance(3 * 86_400_000)), {
      resultState,
      seconds: chance(2_000),
      rtoAchievedSeconds: allUp ? chance(1_200) : null,
      rpoAchievedSeconds: chance(900),
    });
  }
  await run(failing, "2024-02-29T00:00:00Z", { resultState: "FAILED", seconds: 5, rtoAchievedSeconds: null });
  const last = await run(failing, "2024-03-01T00:00:00Z", { resultState: "FAILED", seconds: 7, rtoAchievedSeconds: null });
  await stepsOf(database, last, new Date("2024-03-01T00:00:00Z"));
  await run(untargeted, "2024-03-01T00:00:00Z", good);
  await run(untargeted, "2024-03-01T06:00:00Z", { state: "RUNNING", seconds: null });
  const deletedRun = await run(deleted, "2024-02-29T05:00:00Z", good);
  await database.prisma.recoveryGroup.create({ data: { runId: deletedRun, groupId: gone.groupId, groupName: "gone" } });
}

type Wanted = Details & { readonly planId: string; readonly pairingId: string; readonly at: Date };

async function aRun({ prisma }: Database, { planId, at, seconds, ...details }: Wanted): Promise<string> {
  const id = uuid();
  const { name } = await prisma.recoveryPlan.findUniqueOrThrow({ where: { id: planId } });
  const resultState = details.resultState ?? "SUCCESS";
  const bad = resultState === "CANCELLED" || resultState === "FAILED";
  const over = seconds === null ? { resultState: null } : { resultState, endedAt: new Date(at.getTime() + seconds * 1_000) };
  await prisma.recovery.create({
    data: {
      kind: "TEST",
      state: bad ? "FAILED" : "COMPLETED",
      options: {},
      initiatedBy: "schedule/weekly",
      requestedAt: new Date(at.getTime() - 5_000),
      startedAt: at,
      ...details,
      ...over,
      id,
      planId,
      planName: name,
    },
  });
  await prisma.task.create({
    data: {
      id: uuid(),
      name: "t",
      type: "RECOVERY",
      state: seconds === null ? "RUNNING" : "COMPLETED",
      targetId: planId,
      targetType: "RECOVERY_PLAN",
      recoveryId: id,
      initiatedBy: "x",
      endedAt: seconds === null ? null : at,
    },
  });
  return id;
}

/** One that succeeded, one that failed, one that never began. */
async function stepsOf({ prisma }: Database, runId: string, at: Date): Promise<void> {
  const after = (seconds: number) => new Date(at.getTime() + seconds * 1_000);
  const rows = [
    { ordinal: 1, parent: null, path: "1", kind: "PRIORITY_GROUP", name: "Tier 1", status: "FAILED" },
    {
      ordinal: 2,
      parent: 1,
      path: "1.1",
      kind: "POWER_ON",
      name: "Power on web",
      status: "SUCCEEDED",
      startedAt: after(0),
      endedAt: after(2),
    },
    { ordinal: 3, parent: 1, path: "1.2", kind: "POWER_ON", name: "Power on db", status: "FAILED", startedAt: after(2), endedAt: after(6) },
    { ordinal: 4, parent: 1, path: "1.3", kind: "POWER_ON", name: "Power on app", status: "SKIPPED" },
  ] as const;
  await prisma.recoveryStep.createMany({ data: rows.map((row) => ({ ...row, runId, key: row.path, spec: {}, expectedSeconds: 1 })) });
}
