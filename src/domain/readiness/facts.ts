/** What an evaluation asks of the database beside what previews and the plan's faults read: a constant number of statements. */
import type pg from "pg";
import type { PlanLifecycle, ResultState } from "../../database/generated/enums.ts";
import { toJsonb } from "../../database/json.ts";
import type { TestSnapshot } from "../../engine/run-snapshot.ts";
import { identityHash } from "../../engine/step-identity.ts";

type Queryable = Pick<pg.Pool, "query">;

export interface PastTest {
  readonly id: string;
  readonly resultState: ResultState;
  readonly requestedAt: string;
  /** Since its end. */
  readonly ageDays: number;
}

/** Of a group with VMs whose replica is too old. */
export interface LaggingGroup {
  readonly groupId: string;
  readonly groupName: string;
  readonly rpoMinutes: number;
  readonly isCritical: boolean;
  readonly vmNames: readonly string[];
  readonly worstLagSeconds: number;
}

export interface FailedReplication {
  readonly groupId: string;
  readonly groupName: string;
  readonly error: string;
}

export interface ReadinessFacts {
  readonly id: string;
  readonly name: string;
  readonly lifecycle: PlanLifecycle;
  readonly pairingId: string;
  readonly lostGroups: readonly string[];
  readonly rtoTargetSeconds: number | null;
  /** The newest that came to an end and was not cancelled; null: there is none. */
  readonly lastTest: PastTest | null;
  /** The newest that ended as SUCCESS or WARNING. */
  readonly lastGoodTest: PastTest | null;
  /** Names of what tests have left at a site. */
  readonly leftovers: readonly string[];
  readonly groupIds: readonly string[];
  /** VMs without a placeholder. */
  readonly notConfigured: readonly { readonly id: string; readonly name: string }[];
  readonly lagging: readonly LaggingGroup[];
  readonly failedReplications: readonly FailedReplication[];
}

const test = `SELECT r.id, r.result_state AS "resultState", r.requested_at AS "requestedAt",
    (extract(epoch FROM dr_now() - r.ended_at) / 86400)::float8 AS "ageDays"
  FROM recovery r WHERE r.plan_id = p.id AND r.kind = 'TEST' AND r.ended_at IS NOT NULL`;
const newest = "ORDER BY r.requested_at DESC, r.id DESC LIMIT 1";

/** Steps of the kind and owner of `x` that ran well in a successful test of the plan, however long ago. */
const successful = `SELECT FROM recovery_step s JOIN recovery r ON r.id = s.run_id
  WHERE coalesce(s.plan_step_id, s.vm_id) = x.owner AND s.kind = x.kind AND s.kind IN ('COMMAND', 'GUEST_COMMAND', 'PROMPT', 'PAUSE')
    AND s.status = 'SUCCEEDED' AND r.plan_id = $1 AND r.kind = 'TEST' AND r.result_state IN ('SUCCESS', 'WARNING')`;

const statements = {
  plan: `SELECT p.id, p.name, p.lifecycle, p.pairing_id AS "pairingId", coalesce(p.lost_groups, '{}') AS "lostGroups", p.rto_target_seconds AS "rtoTargetSeconds",
      (SELECT row_to_json(t) FROM (${test} AND r.result_state <> 'CANCELLED' ${newest}) t) AS "lastTest",
      (SELECT row_to_json(t) FROM (${test} AND r.result_state IN ('SUCCESS', 'WARNING') ${newest}) t) AS "lastGoodTest",
      ARRAY(SELECT l.name FROM leftover l WHERE l.plan_id = p.id AND l.gone_at IS NULL ORDER BY l.name) AS leftovers,
      ARRAY(SELECT m.group_id FROM plan_protection_group m JOIN protection_group g ON g.id = m.group_id WHERE m.plan_id = p.id ORDER BY g.name, g.id) AS "groupIds",
      (SELECT coalesce(json_agg(json_build_object('id', v.id, 'name', v.name)), '[]') FROM plan_protection_group m JOIN protected_vm e ON e.group_id = m.group_id
        JOIN virtual_machine v ON v.id = e.vm_id WHERE m.plan_id = p.id AND e.placeholder_external_id IS NULL) AS "notConfigured"
    FROM recovery_plan p WHERE p.id = $1`,
  lagging: `SELECT v.group_id AS "groupId", g.name AS "groupName", g.rpo_minutes AS "rpoMinutes", v.critical_since IS NOT NULL AS "isCritical",
      array_agg(v.vm_name ORDER BY v.vm_name) AS "vmNames", max(v.current_lag_seconds)::int4 AS "worstLagSeconds"
    FROM plan_protection_group m JOIN protection_group g ON g.id = m.group_id JOIN rpo_violation v ON v.group_id = g.id AND v.closed_at IS NULL
    WHERE m.plan_id = $1 GROUP BY v.group_id, g.name, g.rpo_minutes, v.critical_since IS NOT NULL ORDER BY g.name`,
  failedReplications: `SELECT c.group_id AS "groupId", g.name AS "groupName", c.error
    FROM plan_protection_group m JOIN protection_group g ON g.id = m.group_id JOIN replication_cycle c ON c.group_id = g.id
    WHERE m.plan_id = $1 AND c.error IS NOT NULL ORDER BY g.name`,
  snapshot: "SELECT content FROM recovery_snapshot WHERE run_id = $1",
  exercised: `SELECT EXISTS (${successful}) AS ran, EXISTS (${successful} AND ${identityHash("s.spec")} = ${identityHash("x.spec")}) AS "ranSame"
    FROM jsonb_to_recordset($2::jsonb) AS x (at int4, owner uuid, kind text, spec jsonb) ORDER BY x.at`,
  places: `SELECT 'Network' AS type, id, name FROM network WHERE site_id = $1 AND name = ANY ($2::text[])
    UNION ALL SELECT 'Folder', id, path FROM folder WHERE site_id = $1 AND path = ANY ($2::text[])
    UNION ALL SELECT 'ResourcePool', id, name FROM resource_pool WHERE site_id = $1 AND name = ANY ($2::text[])
    UNION ALL SELECT 'Datastore', id, name FROM datastore WHERE site_id = $1 AND name = ANY ($2::text[])`,
} as const;

async function read<R extends pg.QueryResultRow>(database: Queryable, name: keyof typeof statements, ...values: unknown[]): Promise<R[]> {
  return (await database.query<R>({ name: `readiness-facts-${name}`, text: statements[name], values })).rows;
}

/** Null: there is no such plan any more. */
export async function readFacts(database: Queryable, planId: string): Promise<ReadinessFacts | null> {
  const [plan] = await read<Omit<ReadinessFacts, "lagging" | "failedReplications">>(database, "plan", planId);
  if (plan === undefined) return null;
  const lagging = await read<LaggingGroup>(database, "lagging", planId);
  const failedReplications = await read<FailedReplication>(database, "failedReplications", planId);
  return { ...plan, lagging, failedReplications };
}

/** What a test has worked on; null: it is no more. */
export async function readTestSnapshot(database: Queryable, runId: string): Promise<TestSnapshot | null> {
  const [row] = await read<{ content: TestSnapshot }>(database, "snapshot", runId);
  return row?.content ?? null;
}

/** A step or command of the plan, as a test would run it now. */
export interface AskedStep {
  readonly kind: string;
  /** What of it makes it this step. */
  readonly spec: object;
  /** The plan's step, or the VM whose command it is. */
  readonly owner: string;
}

/** What successful tests have shown of one. */
export interface Exercised {
  /** One of its kind and owner ran well. */
  readonly ran: boolean;
  /** One that does the same did. */
  readonly ranSame: boolean;
}

/** Of each that is asked for, in that order. */
export async function readExercised(database: Queryable, planId: string, steps: readonly AskedStep[]): Promise<Exercised[]> {
  if (steps.length === 0) return [];
  return read<Exercised>(database, "exercised", planId, toJsonb(steps.map((step, at) => ({ ...step, at }))));
}

export interface PlaceRow {
  readonly type: "Network" | "Folder" | "ResourcePool" | "Datastore";
  readonly id: string;
  readonly name: string;
}

/** Of a site, by name; folders by path. */
export const readPlaces = (database: Queryable, siteId: string, names: readonly string[]): Promise<PlaceRow[]> =>
  read<PlaceRow>(database, "places", siteId, names);
