/** How the plans of a history were evaluated, what was found, and what tests left behind. */
import { v7 as uuid } from "uuid";
import type { Database } from "../../../../src/database/database.ts";
import type { Prisma } from "../../../../src/database/generated/client.ts";
import { type HistoryPlans, range } from "./history.ts";

export async function readinessOf({ prisma }: Database, { busy, failing }: HistoryPlans, siteId: string): Promise<void> {
  const evaluation = (planId: string, data: Omit<Prisma.ReadinessEvaluationUncheckedCreateInput, "planId">) =>
    prisma.readinessEvaluation.upsert({ where: { planId }, create: { planId, ...data }, update: data });
  const evaluatedAt = new Date("2024-03-01T23:59:59Z");
  const untestedSteps = [{ kind: "COMMAND", id: uuid() }];
  await evaluation(busy, { readiness: "AT_RISK", score: 85, evaluatedAt, forecastRtoSeconds: 601, untestedSteps });
  const changes = [{ kind: "VM_ADDED" }, { kind: "STEP_CHANGED" }];
  await evaluation(failing, { readiness: "NOT_READY", score: 40, evaluatedAt, forecastRtoSeconds: 450, changes });

  const finding = (planId: string, severity: "BLOCKER" | "WARNING", code: string, from: Date | string, to: string | null = null) =>
    prisma.readinessFinding.create({
      data: {
        planId,
        severity,
        code,
        objectType: "RecoveryPlan",
        objectName: "the plan",
        message: "Its last test failed.",
        remedy: "Test the plan.",
        openedAt: new Date(from),
        resolvedAt: to === null ? null : new Date(to),
      },
    });
  await finding(busy, "WARNING", "TEST_TOO_OLD", range.start);
  await finding(busy, "WARNING", "RTO_FORECAST", new Date(range.start.getTime() - 1), "2024-02-28T01:00:00Z"); // opened before the range
  await finding(busy, "BLOCKER", "SITE_LOST", "2024-02-29T00:00:00Z", "2024-02-29T00:05:00Z");
  await finding(busy, "WARNING", "RPO_LATE", new Date(range.end.getTime() - 1));
  await finding(failing, "BLOCKER", "LAST_TEST_FAILED", range.end); // opened as the range ends: open now, and not of it
  await finding(failing, "BLOCKER", "NO_PLACEHOLDER", "2024-02-20T00:00:00Z");

  const run = await prisma.recovery.findFirstOrThrow({ where: { planId: failing, kind: "TEST" } });
  for (const [at, goneAt] of [null, null, evaluatedAt].entries())
    await prisma.leftover.create({
      data: { planId: failing, runId: run.id, siteId, kind: "VM", externalId: `${siteId}-${at}`, name: `copy-${at}`, goneAt },
    });
}
