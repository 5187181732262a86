/** Scenes whose groups are replicated in cycles, and what a test asks of them. */
import { randomUUID } from "node:crypto";
import { v7 as uuid } from "uuid";
import type { EngineSettings } from "../../../src/engine/settings.ts";
import { aNode, type TestNode } from "../../support/node.ts";
import { until } from "../../support/run.ts";
import { aStage, type Scene, type Stage } from "../scene.ts";

export const cycling = { replicationMinimumSeconds: 30, replicationTickMs: 20 } as const satisfies Partial<EngineSettings>;

export interface CycleRow {
  readonly cycleId: string | null;
  readonly epoch: bigint;
  readonly startedAt: Date | null;
  readonly nextAt: Date;
  readonly lastSuccessAt: Date | null;
  readonly owner: string | null;
  readonly error: string | null;
  readonly failures: number;
}

export interface Replicated extends Scene {
  /** Of the scene's only, or first, group. */
  readonly groupId: string;
  readonly externalId: string;
  cycle(): Promise<CycleRow>;
  /** A cycle that is due now, and its end; it may fail. */
  again(): Promise<CycleRow>;
  due(): Promise<void>;
  /** External ids of complete points, newest first: in the catalogue, at the site. */
  points(): Promise<readonly string[]>;
  pointsAtSite(): Promise<readonly string[]>;
  states(): Promise<readonly string[]>;
}

export interface ReplicationStage {
  readonly stage: Stage;
  another(settings?: Partial<EngineSettings>): Promise<TestNode>;
  /** A scene after its first cycle. */
  replicated(wish?: Parameters<Stage["scene"]>[0]): Promise<Replicated>;
  close(): Promise<void>;
}

export async function aReplicationStage(): Promise<ReplicationStage> {
  const stage = await aStage(cycling);
  const others: TestNode[] = [];
  return {
    stage,
    async another(settings = {}) {
      const node = await aNode(stage.db.database, stage.lab.provider, { ...cycling, ...settings });
      others.push(node);
      return node;
    },
    async replicated(wish = { machines: 2 }) {
      const scene = replicationOf(stage, await stage.scene(wish));
      await until(async () => (await scene.cycle().catch(() => null))?.lastSuccessAt, "the first cycle");
      await over(scene);
      return scene;
    },
    async close() {
      for (const node of others) await node.close();
      await stage[Symbol.asyncDispose]();
    },
  };
}

const over = (scene: Pick<Replicated, "cycle">): Promise<CycleRow> =>
  until(async () => {
    const row = await scene.cycle();
    return row.cycleId === null && row.owner === null ? row : null;
  }, "the cycle's end");

function replicationOf({ db, lab }: Stage, scene: Scene): Replicated {
  const { prisma, pool } = db.database;
  const [groupId = ""] = scene.groupIds;
  const externalId = scene.sites.groups[0]?.id ?? "";
  const cycle = () => prisma.replicationCycle.findUniqueOrThrow({ where: { groupId } });
  const due = async () => {
    await pool.query("UPDATE replication_cycle SET next_at = dr_now() WHERE group_id = $1", [groupId]);
  };
  return {
    ...scene,
    groupId,
    externalId,
    cycle,
    due,
    async again() {
      const { epoch } = await cycle();
      // One that is under way tells when the next one is due, once it is over.
      await until(async () => {
        await pool.query("UPDATE replication_cycle SET next_at = dr_now() WHERE group_id = $1 AND epoch = $2 AND owner IS NULL", [
          groupId,
          epoch,
        ]);
        return (await cycle()).epoch > epoch;
      }, "the next cycle");
      return until(async () => {
        const row = await cycle();
        return row.owner === null && row;
      }, "its end");
    },
    points: async () => {
      const rows = await prisma.recoveryPoint.findMany({ where: { groupId, complete: true }, orderBy: { takenAt: "desc" } });
      return rows.map((row) => row.externalId);
    },
    pointsAtSite: async () => {
      const points = await lab.provider.recoveryPoints(scene.sites.recoverySite, externalId, AbortSignal.timeout(60_000));
      return points.map(({ pointId }) => pointId);
    },
    states: async () => {
      const rows = await prisma.protectedVm.findMany({ where: { groupId }, orderBy: { vmId: "asc" } });
      return rows.map((row) => row.replicationState);
    },
  };
}

/** The owner's node is dead, as far as anybody can tell: it did not give the lease back. */
export async function killOwner({ db }: Stage, groupId: string): Promise<void> {
  const text = "UPDATE replication_cycle SET owner = $2, lease_until = clock_timestamp() - interval '1 s' WHERE group_id = $1";
  await db.database.pool.query(text, [groupId, randomUUID()]);
}

/** A real recovery has the group, as its start would have written it. */
export async function realRecovery({ db }: Stage, scene: Replicated, kind: "PLANNED" | "DISASTER"): Promise<string> {
  const run = await db.database.prisma.recovery.create({
    data: {
      id: uuid(),
      planName: "real",
      pairingId: scene.pairingId,
      kind,
      options: {},
      initiatedBy: "olga",
      wakeAt: new Date("2999-01-01"),
      engineVersion: 1000,
    },
  });
  await db.database.prisma.groupUse.create({ data: { groupId: scene.groupId, runId: run.id } });
  return run.id;
}

/** What whoever watches the log was told since, of this group and its VMs. */
export async function told({ db }: Stage, scene: Replicated, since: bigint): Promise<readonly string[]> {
  const ids = [scene.groupId, ...scene.vmIds.values()];
  const { rows } = await db.database.pool.query<{ kind: string }>(
    "SELECT kind FROM event WHERE position > $1 AND payload ->> 'id' = ANY($2) ORDER BY position",
    [since, ids],
  );
  return rows.map(({ kind }) => kind);
}

export async function newestEvent({ db }: Stage): Promise<bigint> {
  const { rows } = await db.database.pool.query<{ value: string }>("SELECT value::text FROM event_counter WHERE id = 1");
  return BigInt(rows[0]?.value ?? "0");
}
