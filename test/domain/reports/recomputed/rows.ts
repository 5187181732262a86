/** All that a report can be about, as plain rows: nothing is chosen, joined or added up by the database. */
import type { Database } from "../../../../src/database/database.ts";
import { range } from "../history/history.ts";

export type Rows = Awaited<ReturnType<typeof readRows>>;
export type RunRow = Rows["runs"][number];
export type PlanRow = Rows["plans"][number];
export type GroupRow = Rows["groups"][number];

export async function readRows({ prisma }: Database) {
  const recoveries = await prisma.recovery.findMany({ include: { task: true, steps: { orderBy: { ordinal: "asc" } } } });
  return {
    plans: await prisma.recoveryPlan.findMany({ include: { groups: true, evaluation: true, pairing: true } }),
    groups: await prisma.protectionGroup.findMany({ include: { members: true, recoveryPoints: true } }),
    sites: await prisma.site.findMany(),
    vms: await prisma.virtualMachine.findMany({ include: { protection: true } }),
    /** With the plan that each had, also when that is deleted, and the moment by which it belongs to a range. */
    runs: recoveries.map((run) => ({ ...run, of: run.planId ?? run.task?.targetId ?? "", dated: run.startedAt ?? run.requestedAt })),
    violations: await prisma.rpoViolation.findMany(),
    samples: [
      ...(await prisma.lagSample.findMany({ orderBy: { startsAt: "asc" } })),
      ...(await prisma.lagSampleOpen.findMany({ orderBy: { startsAt: "asc" } })),
    ],
    findings: await prisma.readinessFinding.findMany(),
    leftovers: await prisma.leftover.findMany(),
  };
}

/** What is compared: a plan, or several of them together; null: all that there are. */
export type Wanted = readonly string[] | null;

export const isWanted = (wanted: Wanted, id: string): boolean => wanted === null || wanted.includes(id);

export const within = (at: Date): boolean => at.getTime() >= range.start.getTime() && at.getTime() < range.end.getTime();

/** Tests and recoveries of the range. */
export const runsIn = ({ runs }: Rows, wanted: Wanted): RunRow[] =>
  runs.filter(({ kind, dated, of }) => ["TEST", "PLANNED", "DISASTER"].includes(kind) && within(dated) && isWanted(wanted, of));

export const groupsIn = ({ plans, groups }: Rows, wanted: Wanted): GroupRow[] => {
  const ids = new Set(plans.filter(({ id }) => isWanted(wanted, id)).flatMap((plan) => plan.groups.map(({ groupId }) => groupId)));
  return wanted === null ? groups : groups.filter(({ id }) => ids.has(id));
};

export interface Violated {
  readonly row: Rows["violations"][number];
  readonly seconds: number;
}

/** With their time as far as it is in the range. */
export function violationsIn({ violations }: Rows, wanted: Wanted, madeAt: Date): Violated[] {
  const end = Math.min(range.end.getTime(), madeAt.getTime());
  return violations
    .filter(({ planIds }) => wanted === null || planIds.some((id) => wanted.includes(id)))
    .map((row) => ({
      row,
      from: Math.max(row.openedAt.getTime(), range.start.getTime()),
      to: Math.min(row.closedAt?.getTime() ?? end, end),
    }))
    .filter(({ from, to }) => to > from)
    .map(({ row, from, to }) => ({ row, seconds: (to - from) / 1_000 }));
}

export const seconds = (from: Date, to: Date): number => (to.getTime() - from.getTime()) / 1_000;
export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
export const share = (part: number, whole: number): number | null => (whole === 0 ? null : Math.round((part / whole) * 1_000) / 10);
export const known = <T>(values: readonly (T | null)[]): T[] => values.filter((value) => value !== null);
export const most = (values: readonly (number | null)[]): number | null => (known(values).length === 0 ? null : Math.max(...known(values)));
export const median = (values: readonly number[]): number | null => {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]];
  return low === undefined || high === undefined ? null : Math.round((low + high) / 2);
};
