import { expect, it } from "vitest";
import type { CallKind } from "../../src/providers/lab/lab.ts";
import { freshDatabase } from "../support/database.ts";
import { groupRows } from "../support/groups.ts";
import { aLab, effects, labSites } from "../support/lab.ts";
import { ended, eventsOf } from "../support/run.ts";
import { killAtEach } from "./kill-at-effects.ts";
import { aVictim, type Victim } from "./victim.ts";

const calls: readonly CallKind[] = ["protectGroup", "createPlaceholder", "synchronise"];

/** A group of three VMs, made by an engine process that `disturb` kills on the way. */
async function create(disturb: (scene: { readonly lab: Awaited<ReturnType<typeof aLab>>; readonly victim: Victim }) => Promise<void>) {
  const db = await freshDatabase();
  const sites = labSites({ vms: 0, spare: 3 });
  const lab = await aLab(db.url, sites);
  await using victim = await aVictim(db.url);
  try {
    const rows = await groupRows(db.database, sites);
    const disturbed = disturb({ lab, victim });
    await victim.start();
    const { runId, groupId } = await rows.create({ name: "Shop", vms: [0, 1, 2] });
    const run = await ended(db.database, runId, 120);
    await disturbed;
    const ledger = await lab.ledger();
    const events = await eventsOf(db.database, runId);
    const { prisma } = db.database;
    return {
      result: run.resultState,
      statuses: run.steps.map(({ name, status }) => `${name}: ${status}`),
      effects: (await effects(lab)).sort(),
      keys: ledger.map(({ key }) => key),
      sequences: events.map(({ sequence }) => sequence),
      group: await prisma.protectionGroup.findUnique({ where: { id: groupId }, select: { state: true, faultCode: true, use: true } }),
      members: await prisma.protectedVm.findMany({
        where: { groupId, placeholderExternalId: { not: null } },
        select: { placeholderName: true, protectionState: true, replicationState: true },
        orderBy: { placeholderName: "asc" },
      }),
      points: await prisma.recoveryPoint.count({ where: { groupId } }),
      placeholders: (await lab.provider.artefacts(sites.recoverySite, runId, AbortSignal.timeout(60_000))).length,
    };
  } finally {
    await victim.kill();
    await lab.close();
    await db.drop();
  }
}

it("a group is made as if nothing had been, and once, when the engine is killed at each kind of effect", async () => {
  const { keys: _, sequences: __, ...undisturbed } = await create(async () => {});
  expect(undisturbed).toMatchObject({ result: "SUCCESS", group: { state: "READY" }, points: 1, placeholders: 3 });
  const deaths: CallKind[] = [];
  const { keys, sequences, ...killed } = await create((scene) => killAtEach(scene, "AFTER", deaths, calls));
  expect(new Set(deaths)).toEqual(new Set(calls));
  expect(killed).toEqual(undisturbed);
  expect(new Set(keys).size).toBe(keys.length);
  expect(sequences).toEqual(sequences.map((_sequence, index) => index + 1));
}, 600_000);
