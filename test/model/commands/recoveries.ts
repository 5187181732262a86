/** Planned and disaster recoveries, with every choice that there is at their start. */
import fc from "fast-check";
import type { World } from "../world.ts";
import { begins, mostly, type Wish, wish } from "./begin.ts";
import type { Command } from "./command.ts";

type Point = "LATEST" | "NEWEST_BY_ID" | "OLDEST_BY_ID" | "EARLIER_TIME";

interface Options {
  readonly syncData?: boolean;
  readonly powerOnVms?: boolean;
  readonly runScripts?: boolean;
  readonly failurePolicy?: "PAUSE" | "CONTINUE";
  readonly acceptDataLoss?: boolean;
  readonly acceptUnfenced?: boolean;
}

interface Recovery extends Wish {
  readonly type: "PLANNED" | "DISASTER";
  readonly point: Point;
  readonly options: Options;
}

const options: fc.Arbitrary<Options> = fc.record(
  {
    syncData: fc.boolean(),
    powerOnVms: mostly,
    runScripts: fc.boolean(),
    failurePolicy: fc.constantFrom("PAUSE", "CONTINUE"),
    acceptDataLoss: fc.boolean(),
    acceptUnfenced: mostly,
  },
  { requiredKeys: ["acceptUnfenced"] },
);

/** Told at once, whatever the plan is like. */
function contradicts({ type, point, options: { syncData, acceptDataLoss } }: Recovery): boolean {
  if (type === "PLANNED") return point !== "LATEST" || (syncData === false && acceptDataLoss !== true);
  return point !== "LATEST" && syncData === true;
}

interface Chosen {
  readonly input: object;
  /** Those that it names. */
  readonly pointIds: readonly string[];
}

/** Null: one of the groups has no point. */
async function pointInput({ db, gid }: World, groupIds: readonly string[], point: Point): Promise<Chosen | null> {
  const { pool } = db.database;
  if (point === "LATEST") return { input: {}, pointIds: [] };
  if (point === "EARLIER_TIME") {
    const { rows } = await pool.query<{ at: Date }>("SELECT dr_now() - interval '400 s' AS at");
    return { input: { recoveryPoint: { pointInTime: rows[0]?.at.toISOString() } }, pointIds: [] };
  }
  const { rows } = await pool.query<{ groupId: string; ids: string[] }>(
    `SELECT group_id AS "groupId", array_agg(id ORDER BY taken_at DESC, external_id)::text[] AS ids FROM recovery_point
      WHERE complete AND group_id = ANY ($1::uuid[]) GROUP BY group_id`,
    [groupIds],
  );
  const chosen = rows.map(({ groupId, ids }) => ({ groupId, id: (point === "NEWEST_BY_ID" ? ids[0] : ids.at(-1)) ?? "" }));
  if (chosen.length < groupIds.length) return null;
  const specific = chosen.map(({ groupId, id }) => ({
    groupId: gid("ProtectionGroup", groupId),
    recoveryPointId: gid("RecoveryPoint", id),
  }));
  return { input: { recoveryPoint: { specific } }, pointIds: chosen.map(({ id }) => id) };
}

/** A replication cycle may end just then, and its retention take the point that was chosen. */
async function isGone({ db }: World, pointIds: readonly string[]): Promise<boolean> {
  const { rowCount } = await db.database.pool.query("SELECT FROM recovery_point WHERE id = ANY ($1::uuid[])", [pointIds]);
  return (rowCount ?? 0) < pointIds.length;
}

export const startRecovery: fc.Arbitrary<Command> = fc
  .record({
    ...wish,
    type: fc.constantFrom<Recovery["type"]>("PLANNED", "DISASTER"),
    point: fc.constantFrom<Point>("LATEST", "LATEST", "LATEST", "NEWEST_BY_ID", "OLDEST_BY_ID", "EARLIER_TIME"),
    options,
  })
  .map((wanted) =>
    begins({
      name: "recover",
      wish: wanted,
      operation: wanted.type === "PLANNED" ? "START_PLANNED_RECOVERY" : "START_DISASTER_RECOVERY",
      can: () => !contradicts(wanted),
      async send(world, { groupIds }, planId) {
        const point = await pointInput(world, groupIds, wanted.point);
        if (point === null) return null;
        const { acceptUnfenced, ...rest } = wanted.options;
        const input = {
          planId,
          recoveryType: wanted.type,
          ...rest,
          ...(wanted.type === "DISASTER" ? { acceptUnfenced } : {}),
          ...point.input,
        };
        const sent = await world.client.send("startRecovery", "recovery { id }", input);
        if (!sent.ok && sent.code === "NOT_FOUND" && (await isGone(world, point.pointIds))) return null;
        return { sent, isWrong: contradicts(wanted), isOpen: wanted.point === "EARLIER_TIME" };
      },
    }),
  );

export const startFailover: fc.Arbitrary<Command> = fc
  .record({ ...wish, failurePolicy: fc.constantFrom("PAUSE", "CONTINUE") })
  .map((wanted) =>
    begins({
      name: "planned failover",
      wish: wanted,
      operation: "START_PLANNED_RECOVERY",
      told: "START_PLANNED_FAILOVER",
      send: async ({ client }, _plan, planId) => ({
        sent: await client.send("startPlannedFailover", "recovery { id }", { planId, failurePolicy: wanted.failurePolicy }),
      }),
    }),
  );
