/** Protection groups on a pair of lab sites with spare VMs, and a node that drives their runs. */
import type { PrismaClient } from "../../src/database/generated/client.ts";
import { type Lab, openLab } from "../../src/providers/lab/lab.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { type GroupRows, groupRows, type StartedGroupRun } from "../support/groups.ts";
import { type LabSites, labSites } from "../support/lab.ts";
import { aNode, type TestNode } from "../support/node.ts";
import { ended, type ReadRun } from "../support/run.ts";

export interface GroupStage extends AsyncDisposable {
  readonly db: TestDatabase;
  readonly lab: Lab;
  readonly sites: LabSites;
  readonly rows: GroupRows;
  readonly prisma: PrismaClient;
  readonly recoveries: TestNode["recoveries"];
  /** Another node in place of the first one, which loses patience with a call after so long. */
  replaceNode(callTimeoutMs: number): Promise<void>;
  /** Waits for the run's end. */
  end(started: Promise<StartedGroupRun>): Promise<ReadRun & StartedGroupRun>;
}

export async function aGroupStage(): Promise<GroupStage> {
  const db = await freshDatabase();
  const sites = labSites({ vms: 0, spare: 4 });
  const lab = await openLab({ url: db.url, speed: "instant", guestServices: false, poolSize: 3 });
  await lab.define(sites.definition);
  let node: TestNode = await aNode(db.database, lab.provider, { tickMs: 20 });
  return {
    db,
    lab,
    sites,
    rows: await groupRows(db.database, sites),
    prisma: db.database.prisma,
    recoveries: node.recoveries,
    async replaceNode(callTimeoutMs) {
      await node.close();
      node = await aNode(db.database, lab.provider, { tickMs: 20, callTimeoutMs });
    },
    async end(started) {
      const { runId, groupId } = await started;
      return { ...(await ended(db.database, runId)), runId, groupId };
    },
    async [Symbol.asyncDispose]() {
      await node.close();
      await lab.close();
      await db.drop();
    },
  };
}

export const groupOf = ({ prisma }: GroupStage, id: string) => prisma.protectionGroup.findUnique({ where: { id }, include: { use: true } });
export const membersOf = ({ prisma }: GroupStage, groupId: string) =>
  prisma.protectedVm.findMany({ where: { groupId }, orderBy: { placeholderName: "asc" } });
export const taskOf = ({ prisma }: GroupStage, runId: string) => prisma.task.findUniqueOrThrow({ where: { recoveryId: runId } });
export const pointsOf = ({ prisma }: GroupStage, groupId: string) => prisma.recoveryPoint.findMany({ where: { groupId } });
export const datastoreOf = ({ prisma, rows }: GroupStage) => prisma.datastore.findUniqueOrThrow({ where: { id: rows.sourceDatastoreId } });
/** A plan of this group alone. */
export async function aPlanOf({ prisma, rows }: GroupStage, groupId: string): Promise<string> {
  const plan = await prisma.recoveryPlan.create({ data: { name: "Plan", pairingId: rows.pairingId } });
  const tier = await prisma.planPriorityGroup.create({ data: { planId: plan.id, priority: 1, name: "Tier" } });
  await prisma.planProtectionGroup.create({ data: { planId: plan.id, groupId, priorityGroupId: tier.id } });
  return plan.id;
}

/** What whoever watches is told to read again, since the newest run ended or began to: by kind, without what came before. */
export async function changesOf({ db }: GroupStage): Promise<{ kind: string; id: string; change: string; name?: string }[]> {
  const { rows } = await db.database.pool.query(
    `SELECT payload FROM event WHERE recovery_id IS NULL
      AND position > (SELECT max(position) FROM event WHERE kind = 'RECOVERY_ENDED') ORDER BY payload ->> 'kind', payload ->> 'name'`,
  );
  return rows.map(({ payload }) => payload);
}
/** What the site still has of a run. */
export const artefactsOf = ({ lab, sites }: GroupStage, runId: string) =>
  lab.provider.artefacts(sites.recoverySite, runId, AbortSignal.timeout(60_000));

export const statuses = ({ steps }: ReadRun) => steps.map(({ name, status }) => `${name}: ${status}`);
export const placeholder = (number: number) => `vm-${number}-placeholder`;
