/** The violations of a history, and the samples of its lag. */
import { v7 as uuid } from "uuid";
import type { Database } from "../../../../src/database/database.ts";
import type { HistoryGroups, HistoryPlans } from "./history.ts";
import type { Chance } from "./numbers.ts";

export async function lagOf(
  { prisma }: Database,
  chance: Chance,
  plans: HistoryPlans,
  { shared, own, gone }: HistoryGroups,
): Promise<void> {
  const { busy, failing, untargeted, deleted } = plans;
  const had = new Map([
    [shared.groupId, [busy, failing]],
    [own.groupId, [busy, untargeted]],
    [gone.groupId, [deleted]],
  ]);
  const violation = (groupId: string, vmId: string, from: string, to: string | null, critical = false, planIds = had.get(groupId) ?? []) =>
    prisma.rpoViolation.create({
      data: {
        vmId,
        vmName: `vm ${vmId}`,
        groupId,
        groupName: "g",
        planIds,
        rpoMinutes: 15,
        cause: "LAG",
        openedAt: new Date(from),
        closedAt: to === null ? null : new Date(to),
        criticalSince: critical ? new Date(from) : null,
        worstLagSeconds: 900 + chance(9_000),
        currentLagSeconds: 0,
      },
    });
  const [first = "", second = ""] = shared.vmIds;
  await violation(shared.groupId, first, "2024-02-27T23:00:00Z", "2024-02-28T00:00:00Z"); // closed as the range begins: not of it
  await violation(shared.groupId, first, "2024-02-27T23:00:00Z", "2024-02-28T00:30:00Z", true); // half of it within
  await violation(shared.groupId, second, "2024-02-28T23:50:00Z", "2024-02-29T00:10:00Z");
  await violation(shared.groupId, uuid(), "2024-03-01T23:00:00Z", "2024-03-05T00:00:00Z"); // of a VM that is no more, and past the end
  await violation(shared.groupId, second, "2024-03-02T00:00:00Z", "2024-03-03T00:00:00Z"); // opened at the end: not of it
  await violation(own.groupId, own.vmIds[0] ?? "", "2024-03-01T12:00:00Z", null, true); // still open
  await violation(gone.groupId, gone.vmIds[0] ?? "", "2024-02-29T00:00:00Z", "2024-02-29T01:00:00Z");
  await violation(shared.groupId, first, "2024-02-29T03:00:00Z", "2024-02-29T03:20:00Z", false, [failing]); // before it was in the other plan
  await violation(uuid(), uuid(), "2024-02-29T04:00:00Z", "2024-02-29T05:00:00Z", false, []); // of a group that was in no plan, and is no more

  // Of the coarsest steps, which alone reach back so far: within the range, before it, and of a finer step that must not count too.
  const sample = (subjectId: string, startsAt: string, stepSeconds = 21_600) =>
    prisma.lagSample.create({
      data: {
        subjectId,
        stepSeconds,
        startsAt: new Date(startsAt),
        minLagSeconds: 0,
        maxLagSeconds: chance(5_000),
        worstPercent: 10,
        vmSeconds: 21_600 * 3,
        lagVmSeconds: chance(9_999_999),
        lateVmSeconds: chance(21_600),
      },
    });
  for (const at of ["2024-02-27T18:00:00Z", "2024-02-28T00:00:00Z", "2024-02-29T06:00:00Z", "2024-03-01T18:00:00Z", "2024-03-02T00:00:00Z"])
    await sample(plans.busy, at);
  await sample(plans.failing, "2024-02-29T00:00:00Z");
  await sample(plans.busy, "2024-02-29T00:00:00Z", 3_600);
}
