/** Rows of what proves that recoveries work: drills, reports, and who is told. */
import { v7 as uuid } from "uuid";
import type { Database } from "../../src/database/database.ts";

type Prisma = Pick<Database, "prisma">;

/** On a schedule that is not due for years, and once started by hand: its test and that test's cleanup. */
export async function aDrill({ prisma }: Prisma, planId: string, runId: string, cleanupRunId: string): Promise<void> {
  const now = new Date();
  const blackoutWindows = [
    { kind: "WEEKLY", fromDay: "FRIDAY", fromTime: "22:00", untilDay: "SATURDAY", untilTime: "06:00", reason: null },
    { kind: "ABSOLUTE", from: "2026-12-24T18:00", until: "2026-12-26T06:00", reason: "holidays" },
  ];
  const options = { powerOnVms: true, runScripts: true, syncData: true };
  const schedule = { cron: "0 3 1 1 *", timeZone: "UTC", nextRunAt: new Date("2099-01-01T03:00:00Z") };
  const drill = await prisma.drill.create({
    data: {
      planId,
      name: `yearly ${planId}`,
      ...schedule,
      options,
      promptPolicy: "CONTINUE",
      maxDurationSeconds: 3_600,
      owner: "ada",
      blackoutWindows,
    },
  });
  const run = { runId, promptPolicy: "CONTINUE", deadlineAt: now, outcome: "SUCCEEDED", endedAt: now, resultState: "SUCCESS" } as const;
  await prisma.drillOccurrence.create({
    data: { drillId: drill.id, dueAt: now, requestedBy: "ada", ...run, cleanup: "DONE", cleanupRunId, cleanupAttempts: 1, settledAt: now },
  });
}

/** A webhook and a user that were told of something, and a report that somebody has asked for. */
export async function toldAbout({ prisma }: Prisma, name: string, userId: string): Promise<void> {
  const now = new Date();
  const webhook = await prisma.webhook.create({
    data: { name, url: "https://hooks.example.com/dr", kinds: ["SITE_LOST"], secret: "none of anybody's" },
  });
  const notification = await prisma.notification.create({
    data: {
      id: uuid(),
      kind: "SITE_LOST",
      key: name,
      position: 1n,
      occurredAt: now,
      content: { title: "A site is lost", message: "It does not answer." },
    },
  });
  const delivery = { notificationId: notification.id, state: "DELIVERED", attempts: 1, giveUpAt: now, endedAt: now } as const;
  await prisma.notificationDelivery.createMany({
    data: [
      { ...delivery, id: uuid(), channel: "WEBHOOK", targetId: webhook.id, targetName: name },
      { ...delivery, id: uuid(), channel: "EMAIL", targetId: userId, targetName: name },
    ],
  });
  await prisma.report.create({
    data: {
      type: "TEST_HISTORY",
      format: "CSV",
      planIds: [],
      rangeStart: now,
      rangeEnd: new Date(now.getTime() + 1_000),
      requestedBy: "ada",
    },
  });
}
