/** What a measurement starts from. In its transaction. */
import type pg from "pg";
import { isSuspended } from "../replication/cycle.ts";
import type { Completion } from "./timeline.ts";

type Client = Pick<pg.ClientBase, "query">;

/** A group, and how it was when it was measured last. */
export interface MeasuredGroup {
  readonly id: string;
  /** Its lag counts now. */
  readonly judged: boolean;
  readonly rpoMs: number;
  readonly protectedSiteId: string;
  readonly planIds: readonly string[];
  /** VMs that its points hold. */
  readonly vms: number;
  /** Of its newest complete point; null: there is none. */
  readonly newestTakenAt: number | null;
  /** Null: it never was. */
  readonly last: { readonly at: number; readonly judged: boolean; readonly takenAt: number | null } | null;
}

const ms = (column: string) => `(extract(epoch FROM ${column}) * 1000)::float8`;

/** For a row `g` of protection_group: it is to be protected, and no real recovery has it. One in ERROR has a fault that says more. */
const isJudged = `(g.state IN ('READY', 'TESTING', 'CONFIGURING') AND NOT ${isSuspended})`;

/** For a row `m` of protected_vm: a point of its group holds it. */
export const isHeld = "(m.protection_state NOT IN ('NOT_CONFIGURED', 'CONFIGURING') AND m.last_sync_at IS NOT NULL)";

const groupsText = `SELECT g.id, ${isJudged} AS judged, g.rpo_minutes * 60000 AS "rpoMs", g.protected_site_id AS "protectedSiteId",
    ARRAY(SELECT p.plan_id FROM plan_protection_group p WHERE p.group_id = g.id) AS "planIds",
    (SELECT count(*)::int4 FROM protected_vm m WHERE m.group_id = g.id AND ${isHeld}) AS vms,
    (SELECT ${ms("max(p.taken_at)")} FROM recovery_point p WHERE p.group_id = g.id AND p.complete) AS "newestTakenAt",
    CASE WHEN l.group_id IS NOT NULL THEN jsonb_build_object('at', ${ms("l.measured_at")}, 'judged', l.judged, 'takenAt', ${ms("l.point_taken_at")}) END AS last
  FROM protection_group g LEFT JOIN group_lag l ON l.group_id = g.id ORDER BY g.id`;

export async function readGroups(client: Client): Promise<readonly MeasuredGroup[]> {
  return (await client.query<MeasuredGroup>({ name: "lag-groups", text: groupsText })).rows;
}

/** The key of the advisory lock that a measurement holds. */
export const measuringLock = "hashtextextended('dr-gateway lag', 0)";

/** One node at a time, and the database's time, and when groups were measured last. */
export async function beginMeasuring(client: Client): Promise<{ now: number; last: number | null }> {
  await client.query({ name: "lag-lock", text: `SELECT pg_advisory_xact_lock(${measuringLock})` });
  const text = `SELECT ${ms("dr_now()")} AS now, (SELECT ${ms("max(measured_at)")} FROM group_lag) AS last`;
  const { rows } = await client.query<{ now: number; last: number | null }>({ name: "lag-begin", text });
  const [row] = rows;
  if (row === undefined) throw new Error("the database does not tell the time");
  return { now: Math.floor(row.now), last: row.last };
}

interface CompletionRow extends Completion {
  readonly groupId: string;
}

const columns = (completed: string) => `group_id AS "groupId", ${ms("taken_at")} AS "takenAt", ${ms(completed)} AS "completedAt"`;

const byGroup = (rows: readonly CompletionRow[]): ReadonlyMap<string, readonly Completion[]> => Map.groupBy(rows, ({ groupId }) => groupId);

/** What has become complete up to then and was not taken in before; it is now. */
export async function takeCompletions(client: Client, until: number): Promise<ReadonlyMap<string, readonly Completion[]>> {
  const text = `DELETE FROM completed_point WHERE completed_at <= to_timestamp($1::float8 / 1000) RETURNING ${columns("completed_at")}`;
  return byGroup((await client.query<CompletionRow>({ name: "lag-take-completions", text, values: [until] })).rows);
}

/** Of groups that were never measured: all points that they have. */
export async function readCompletions(
  client: Client,
  groupIds: readonly string[],
  until: number,
): Promise<ReadonlyMap<string, readonly Completion[]>> {
  if (groupIds.length === 0) return new Map();
  const completed = "GREATEST(taken_at, COALESCE(completed_at, taken_at))";
  const text = `SELECT ${columns(completed)} FROM recovery_point WHERE group_id = ANY($1::uuid[]) AND complete AND ${completed} <= to_timestamp($2::float8 / 1000)`;
  return byGroup((await client.query<CompletionRow>({ name: "lag-read-completions", text, values: [groupIds, until] })).rows);
}
