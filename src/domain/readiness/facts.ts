/** What an evaluation asks of the database beside what previews and the plans' faults read: a number of statements that depends on nothing. */
import type pg from "pg";
import type { PlanLifecycle, ResultState } from "../../database/generated/enums.ts";
import { toJsonb } from "../../database/json.ts";
import type { TestSnapshot } from "../../engine/run-snapshot.ts";
import { identityHash } from "../../engine/step-identity.ts";
import { byId, together } from "../together.ts";

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
    AND s.status = 'SUCCEEDED' AND r.plan_id = x.plan AND r.kind = 'TEST' AND r.result_state IN ('SUCCESS', 'WARNING')`;

const statements = {
  plan: `SELECT p.id, p.name, p.lifecycle, p.pairing_id AS "pairingId", coalesce(p.lost_groups, '{}') AS "lostGroups", p.rto_target_seconds AS "rtoTargetSeconds",
      (SELECT row_to_json(t) FROM (${test} AND r.result_state <> 'CANCELLED' ${newest}) t) AS "lastTest",
      (SELECT row_to_json(t) FROM (${test} AND r.result_state IN ('SUCCESS', 'WARNING') ${newest}) t) AS "lastGoodTest",
      ARRAY(SELECT l.name FROM leftover l WHERE l.plan_id = p.id AND l.gone_at IS NULL ORDER BY l.name) AS leftovers,
      ARRAY(SELECT m.group_id FROM plan_protection_group m JOIN protection_group g ON g.id = m.group_id WHERE m.plan_id = p.id ORDER BY g.name, g.id) AS "groupIds",
      (SELECT coalesce(json_agg(json_build_object('id', v.id, 'name', v.name)), '[]') FROM plan_protection_group m JOIN protected_vm e ON e.group_id = m.group_id
        JOIN virtual_machine v ON v.id = e.vm_id WHERE m.plan_id = p.id AND e.placeholder_external_id IS NULL) AS "notConfigured"
    FROM recovery_plan p WHERE p.id = ANY ($1::uuid[])`,
  lagging: `SELECT m.plan_id AS "planId", v.group_id AS "groupId", g.name AS "groupName", g.rpo_minutes AS "rpoMinutes", v.critical_since IS NOT NULL AS "isCritical",
      array_agg(v.vm_name ORDER BY v.vm_name) AS "vmNames", max(v.current_lag_seconds)::int4 AS "worstLagSeconds"
    FROM plan_protection_group m JOIN protection_group g ON g.id = m.group_id JOIN rpo_violation v ON v.group_id = g.id AND v.closed_at IS NULL
    WHERE m.plan_id = ANY ($1::uuid[]) GROUP BY m.plan_id, v.group_id, g.name, g.rpo_minutes, v.critical_since IS NOT NULL ORDER BY g.name`,
  failedReplications: `SELECT m.plan_id AS "planId", c.group_id AS "groupId", g.name AS "groupName", c.error
    FROM plan_protection_group m JOIN protection_group g ON g.id = m.group_id JOIN replication_cycle c ON c.group_id = g.id
    WHERE m.plan_id = ANY ($1::uuid[]) AND c.error IS NOT NULL ORDER BY g.name`,
  snapshots: `SELECT run_id AS "runId", content FROM recovery_snapshot WHERE run_id = ANY ($1::uuid[])`,
  exercised: `SELECT x.at, EXISTS (${successful}) AS ran, EXISTS (${successful} AND ${identityHash("s.spec")} = ${identityHash("x.spec")}) AS "ranSame"
    FROM jsonb_to_recordset($1::jsonb) AS x (at int4, plan uuid, owner uuid, kind text, spec jsonb) ORDER BY x.at`,
  places: `SELECT site_id AS "siteId", 'Network' AS type, id, name FROM network WHERE site_id = ANY ($1::uuid[]) AND name = ANY ($2::text[])
    UNION ALL SELECT site_id, 'Folder', id, path FROM folder WHERE site_id = ANY ($1::uuid[]) AND path = ANY ($2::text[])
    UNION ALL SELECT site_id, 'ResourcePool', id, name FROM resource_pool WHERE site_id = ANY ($1::uuid[]) AND name = ANY ($2::text[])
    UNION ALL SELECT site_id, 'Datastore', id, name FROM datastore WHERE site_id = ANY ($1::uuid[]) AND name = ANY ($2::text[])`,
} as const;

async function read<R extends pg.QueryResultRow>(database: Queryable, name: keyof typeof statements, ...values: unknown[]): Promise<R[]> {
  return (await database.query<R>({ name: `readiness-facts-${name}`, text: statements[name], values })).rows;
}

type OfPlan = { readonly planId: string };
const ofPlans = <R extends OfPlan>(rows: readonly R[]) => Map.groupBy(rows, ({ planId }) => planId);

/** Of those plans that there are still. */
async function readFacts(database: Queryable, planIds: readonly string[]): Promise<ReadonlyMap<string, ReadinessFacts>> {
  const plans = await read<Omit<ReadinessFacts, "lagging" | "failedReplications">>(database, "plan", planIds);
  const lagging = ofPlans(await read<LaggingGroup & OfPlan>(database, "lagging", planIds));
  const failed = ofPlans(await read<FailedReplication & OfPlan>(database, "failedReplications", planIds));
  return new Map(
    plans.map((plan) => [plan.id, { ...plan, lagging: lagging.get(plan.id) ?? [], failedReplications: failed.get(plan.id) ?? [] }]),
  );
}

async function readTestSnapshots(database: Queryable, runIds: readonly string[]): Promise<ReadonlyMap<string, TestSnapshot>> {
  const rows = await read<{ runId: string; content: TestSnapshot }>(database, "snapshots", runIds);
  return new Map(rows.map(({ runId, content }) => [runId, content]));
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

interface StepsOf {
  readonly planId: string;
  readonly steps: readonly AskedStep[];
}

/** Of each plan its steps, in their order. */
async function readExercised(database: Queryable, asked: readonly StepsOf[]): Promise<Exercised[][]> {
  const given = asked.flatMap(({ planId, steps }, nth) => steps.map((step) => ({ nth, step: { ...step, plan: planId } })));
  const rows = await read<Exercised & { at: number }>(database, "exercised", toJsonb(given.map(({ step }, at) => ({ ...step, at }))));
  const found = Map.groupBy(rows, ({ at }) => given[at]?.nth);
  return asked.map((_, nth) => found.get(nth) ?? []);
}

export interface PlaceRow {
  readonly type: "Network" | "Folder" | "ResourcePool" | "Datastore";
  readonly id: string;
  readonly name: string;
}

interface PlacesOf {
  readonly siteId: string;
  /** Folders by path. */
  readonly names: readonly string[];
}

/** Of each site at least those that were asked for. */
async function readPlaces(database: Queryable, asked: readonly PlacesOf[]): Promise<PlaceRow[][]> {
  const values = [new Set(asked.map(({ siteId }) => siteId)), new Set(asked.flatMap(({ names }) => names))].map((set) => [...set]);
  const found = Map.groupBy(await read<PlaceRow & { siteId: string }>(database, "places", ...values), ({ siteId }) => siteId);
  return asked.map(({ siteId }) => found.get(siteId) ?? []);
}

/** For plans that are evaluated side by side: what they ask at the same time is one statement. */
export interface FactsOfPlans {
  /** Null: there is no such plan any more. */
  plan(id: string): Promise<ReadinessFacts | null>;
  /** What a test has worked on; null: it is no more. */
  testSnapshot(runId: string): Promise<TestSnapshot | null>;
  /** Of each step, in their order. */
  exercised(planId: string, steps: readonly AskedStep[]): Promise<readonly Exercised[]>;
  places(siteId: string, names: readonly string[]): Promise<readonly PlaceRow[]>;
}

export function openFacts(database: Queryable): FactsOfPlans {
  const exercised = together<StepsOf, readonly Exercised[]>({
    identity: ({ planId }) => planId,
    fetch: (asked) => readExercised(database, asked),
  });
  const places = together<PlacesOf, readonly PlaceRow[]>({
    identity: ({ siteId, names }) => JSON.stringify([siteId, names]),
    fetch: (asked) => readPlaces(database, asked),
  });
  return {
    plan: byId((ids) => readFacts(database, ids)),
    testSnapshot: byId((ids) => readTestSnapshots(database, ids)),
    exercised: async (planId, steps) => (steps.length === 0 ? [] : exercised({ planId, steps })),
    places: (siteId, names) => places({ siteId, names }),
  };
}
