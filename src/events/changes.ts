/**
 * What changes beside the runs: plans, groups, VMs, tasks, sites, mappings. Events without a recovery, in the same log and under the same
 * counter, so that a reader of the whole sees them in commit order. They say what to read again, not what it is now.
 */
import type pg from "pg";
import { toJsonb } from "../database/json.ts";
import { insertedChanges } from "./chain.ts";

export const changeKinds = [
  "PLAN_CHANGED",
  "PROTECTION_GROUP_CHANGED",
  "VM_CHANGED",
  "TASK_CHANGED",
  "SITE_CHANGED",
  "PAIRING_CHANGED",
  "RPO_VIOLATION_CHANGED",
  "READINESS_CHANGED",
  "REPORT_CHANGED",
  "DRILL_CHANGED",
  "AUDIT_RECORDED",
] as const;
export type ChangeKind = (typeof changeKinds)[number];

/** The subject's database id, and what became of it. A deleted one can't be read any more: its name is all that is left. */
export interface Change {
  readonly kind: ChangeKind;
  readonly id: string;
  readonly change: "CREATED" | "UPDATED" | "DELETED";
  readonly name?: string | undefined;
  /** The plans that it belonged to when this was written, and of a violation all that had its group while it was open; the log finds them. */
  readonly plans?: readonly string[] | undefined;
  /** What can't be read again: how it was before, what became of it. Fields without a value are left out. */
  readonly details?: ReadinessDetails | undefined;
}

/** Of READINESS_CHANGED, whose id is the plan's. `before` is left out of a plan's first evaluation. */
export interface ReadinessDetails {
  readonly before?: "READY" | "AT_RISK" | "NOT_READY";
  readonly after: "READY" | "AT_RISK" | "NOT_READY";
  /** Codes of findings that are new, and of those that are no more. */
  readonly opened: readonly string[];
  readonly resolved: readonly string[];
}

/** A change as it stands in the log. */
export interface LoggedChange {
  /** Number in the whole log, in commit order. */
  readonly position: bigint;
  readonly occurredAt: Date;
  readonly version: number;
  readonly change: Change;
}

/** Payload on 'dr_events' for readers of these. */
export const changesPayload = "changes";

/** A SELECT of changes for `changeCtes`, from a parameter with a JSON list of them. */
export const changesGiven = (parameter: string): string =>
  `SELECT x.kind, x.id, x.change, x.name, x.details FROM jsonb_to_recordset(${parameter}::jsonb) AS x(kind text, id uuid, change text, name text, details jsonb)`;

/** The same, of rows that a CTE of the statement has updated and yields as `id` and `name`. */
export const updatedRows = (kind: ChangeKind, cte: string): string =>
  `SELECT '${kind}' AS kind, ${cte}.id, 'UPDATED' AS change, ${cte}.name FROM ${cte}`;

const plansOf = (groups: string): string => `(SELECT jsonb_agg(m.plan_id) FROM plan_protection_group m WHERE m.group_id IN (${groups}))`;

const plans = `CASE a.kind
        WHEN 'PLAN_CHANGED' THEN jsonb_build_array(a.id)
        WHEN 'READINESS_CHANGED' THEN jsonb_build_array(a.id)
        WHEN 'PROTECTION_GROUP_CHANGED' THEN ${plansOf("a.id")}
        WHEN 'VM_CHANGED' THEN ${plansOf("SELECT v.group_id FROM protected_vm v WHERE v.vm_id = a.id")}
        WHEN 'RPO_VIOLATION_CHANGED' THEN (SELECT to_jsonb(NULLIF(v.plan_ids, '{}')) FROM rpo_violation v WHERE v.id = a.id)
        WHEN 'DRILL_CHANGED' THEN (SELECT jsonb_build_array(d.plan_id) FROM drill d WHERE d.id = a.id)
        WHEN 'TASK_CHANGED' THEN (SELECT CASE WHEN t.target_type = 'RECOVERY_PLAN' THEN jsonb_build_array(t.target_id)
          ELSE ${plansOf("t.target_id")} END FROM task t WHERE t.id = a.id) END`;

/** For whoever did not say it. */
const nameNow = `CASE a.kind
        WHEN 'PLAN_CHANGED' THEN (SELECT p.name FROM recovery_plan p WHERE p.id = a.id)
        WHEN 'PROTECTION_GROUP_CHANGED' THEN (SELECT g.name FROM protection_group g WHERE g.id = a.id)
        WHEN 'VM_CHANGED' THEN (SELECT v.name FROM virtual_machine v WHERE v.id = a.id)
        WHEN 'SITE_CHANGED' THEN (SELECT s.name FROM site s WHERE s.id = a.id)
        WHEN 'DRILL_CHANGED' THEN (SELECT d.name FROM drill d WHERE d.id = a.id)
        WHEN 'TASK_CHANGED' THEN (SELECT t.name FROM task t WHERE t.id = a.id) END`;

/**
 * CTE `changed` (`ord` from 1, `kind`, `payload`) of the changes that a SELECT yields as kind, id, change, name and perhaps details, and of what is computed
 * from them: a VM's group, the plans of a group, the plans of a site or pairing. A plan's state follows from all of those.
 */
export const changeCtes = (changes: string): string => `given AS (
    SELECT kind, id, change, name, to_jsonb(c) -> 'details' AS details, row_number() OVER () AS ord FROM (${changes}) AS c
  ), given_group AS (
    SELECT id FROM given WHERE kind = 'PROTECTION_GROUP_CHANGED'
    UNION SELECT m.group_id FROM given JOIN protected_vm m ON m.vm_id = given.id WHERE given.kind = 'VM_CHANGED'
  ), given_pairing AS (
    SELECT id FROM given WHERE kind = 'PAIRING_CHANGED'
    UNION SELECT s.id FROM given JOIN site_pairing s ON given.id IN (s.local_site_id, s.remote_site_id) WHERE given.kind = 'SITE_CHANGED'
  ), computed AS (
    SELECT 'PROTECTION_GROUP_CHANGED' AS kind, g.id, g.name FROM given_group JOIN protection_group g ON g.id = given_group.id
    UNION SELECT 'PLAN_CHANGED', p.id, p.name FROM given_group JOIN plan_protection_group m ON m.group_id = given_group.id
      JOIN recovery_plan p ON p.id = m.plan_id
    UNION SELECT 'PLAN_CHANGED', p.id, p.name FROM given_pairing JOIN recovery_plan p ON p.pairing_id = given_pairing.id
  ), changed AS (
    SELECT a.kind, row_number() OVER (ORDER BY a.ord, a.kind, a.id) AS ord,
      jsonb_strip_nulls(jsonb_build_object('kind', a.kind, 'id', a.id, 'change', a.change, 'name', coalesce(a.name, ${nameNow}), 'plans', ${plans}, 'details', a.details)) AS payload
    FROM (SELECT kind, id, change, name, details, ord FROM given UNION ALL SELECT kind, id, 'UPDATED', name, NULL, NULL FROM computed
      WHERE NOT EXISTS (SELECT 1 FROM given WHERE given.kind = computed.kind AND given.id = computed.id)) AS a
  )`;

/**
 * The end of a `WITH` list that puts the changes of a SELECT into the log, once the CTEs `after` are done; with no changes the counter stays
 * free. Yields `changed`.
 */
export const loggedChanges = (changes: string, after: readonly string[] = []): string => `${changeCtes(changes)}, counter AS (
    UPDATE event_counter SET value = value + (SELECT count(*) FROM changed)
    WHERE id = 1 AND EXISTS (SELECT 1 FROM changed)${after.map((cte) => ` AND (SELECT count(*) FROM ${cte}) >= 0`).join("")}
    RETURNING value - (SELECT count(*) FROM changed) AS base
  ), ${insertedChanges}`;

const appendText = `WITH ${loggedChanges(changesGiven("$1"))} SELECT 1`;

/** In the transaction of the change itself, as its last statement, and once only: all writers of the log wait for the counter until it commits. */
export async function appendChanges(client: Pick<pg.ClientBase, "query">, changes: readonly Change[]): Promise<void> {
  if (changes.length > 0) await client.query({ name: "changes-append", text: appendText, values: [toJsonb(changes)] });
}

/** The same as a statement, for a transaction that is not on a pg client. */
export const appendChangesStatement = (changes: readonly Change[]): { readonly text: string; readonly values: readonly [string] } => ({
  text: appendText,
  values: [toJsonb(changes)],
});
