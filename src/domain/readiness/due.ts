/**
 * Which plans are evaluated when. The log of changes says which a change has touched; up to where it has been read is stored, so that nothing
 * is missed while no gateway runs. Any number of nodes may look: a plan that is due is claimed by one of them.
 */
import type pg from "pg";
import { v7 as uuid } from "uuid";
import { inTransaction } from "../../database/transaction.ts";
import type { Earlier } from "./evaluate.ts";

type Queryable = Pick<pg.Pool, "query">;

export interface Claim {
  readonly id: string;
  readonly planId: string;
  /** As it stands in the row, which tells whether the plan was marked since. */
  readonly dueAt: Date;
}

/** A burst of changes is evaluated once: a plan that was evaluated so recently waits. */
export const leastSeconds = 10;
/** A node that dies with a plan leaves it to the others after this. */
const claimSeconds = 60;
/** So much of the log is read at once. */
const positionsAtOnce = 5_000;

/** What is worth an evaluation. A site's and a pair's changes come with those of their plans, a task's say nothing of how a plan stands. */
const kinds = "('PLAN_CHANGED', 'PROTECTION_GROUP_CHANGED', 'VM_CHANGED', 'RPO_VIOLATION_CHANGED')";

/** Whoever holds it reads on. */
const lockText = "SELECT 1 FROM readiness_cursor WHERE id = 1 FOR UPDATE SKIP LOCKED";

/**
 * For a row `r`: a test of its plan, or the cleanup of one, goes on. Such a run changes the plan's groups and VMs all the time and what the plan is
 * made of never; its end is a change too, and the plan's turn comes round meanwhile as ever. A real recovery is told of at once.
 */
const isTested = `EXISTS (SELECT FROM recovery o WHERE o.plan_id = r.plan_id AND o.ended_at IS NULL AND o.kind IN ('TEST', 'CLEANUP'))`;

/**
 * Rows are locked in the plans' order, as whoever writes evaluations does. A plan that is being evaluated stays with whoever has claimed it: its time moves by a trifle, which tells that one that it was touched again.
 * A cursor that is ahead of the log (a database that has come back older), or whose place in it is gone, says nothing: every plan is due then.
 */
const markText = `WITH place AS (
    SELECT c.position, e.value, (c.position > e.value OR c.position < e.kept_after) AS lost FROM readiness_cursor c, event_counter e
    WHERE c.id = 1 AND e.id = 1 AND c.position <> e.value
  ), upto AS (
    SELECT position, value, lost, CASE WHEN lost THEN value ELSE least(value, position + $1) END AS next FROM place
  ), touched AS (
    SELECT e.payload ->> 'id' AS id FROM upto u JOIN event e ON e.position > u.position AND e.position <= u.next
      WHERE NOT u.lost AND e.recovery_id IS NULL AND e.kind = 'PLAN_CHANGED'
    UNION SELECT p.id FROM upto u JOIN event e ON e.position > u.position AND e.position <= u.next
      CROSS JOIN LATERAL json_array_elements_text(coalesce(e.payload -> 'plans', '[]')) AS p (id)
      WHERE NOT u.lost AND e.recovery_id IS NULL AND e.kind IN ${kinds}
    UNION SELECT p.id::text FROM recovery_plan p WHERE (SELECT lost FROM upto)
  ), held AS MATERIALIZED (
    SELECT r.plan_id FROM readiness_evaluation r
    WHERE r.plan_id = ANY (ARRAY(SELECT t.id::uuid FROM touched t)) AND (r.evaluated_at IS NULL OR NOT ${isTested})
    ORDER BY r.plan_id FOR NO KEY UPDATE
  ), marked AS (
    UPDATE readiness_evaluation r SET due_at = CASE WHEN r.claim IS NOT NULL AND r.due_at > dr_now() THEN r.due_at - interval '1 millisecond'
      ELSE coalesce(r.evaluated_at + make_interval(secs => $2), dr_now()) END
    WHERE r.plan_id = ANY (ARRAY(SELECT h.plan_id FROM held h))
  ), moved AS (
    UPDATE readiness_cursor c SET position = u.next FROM upto u WHERE c.id = 1
  )
  SELECT next < value AS more FROM upto`;

const newText = `INSERT INTO readiness_evaluation (plan_id) SELECT p.id FROM recovery_plan p
  WHERE NOT EXISTS (SELECT FROM readiness_evaluation r WHERE r.plan_id = p.id) ON CONFLICT DO NOTHING`;

/** Plans that were never due are due now. */
export async function addNew(pool: Queryable): Promise<void> {
  await pool.query({ name: "readiness-new", text: newText });
}

/** Reads the log to its end, and marks the plans that were touched. Another node that does so just now is enough. */
export async function markTouched(pool: pg.Pool): Promise<void> {
  while (await inTransaction(pool, markNext));
}

/** Whether there is more. */
async function markNext(client: pg.ClientBase): Promise<boolean> {
  const { rowCount } = await client.query({ name: "readiness-lock", text: lockText });
  if (rowCount === 0) return false;
  const values = [positionsAtOnce, leastSeconds];
  const { rows } = await client.query<{ more: boolean }>({ name: "readiness-mark", text: markText, values });
  return rows[0]?.more ?? false;
}

/** Claims by moving the time on: the first one, and others as long as all have no more VMs than $4. $1 id, $2 seconds. */
const claiming = (chosen: string) => `WITH free AS MATERIALIZED (
    SELECT plan_id, due_at FROM readiness_evaluation WHERE ${chosen} FOR NO KEY UPDATE SKIP LOCKED
  ), d AS (
    SELECT f.plan_id, f.due_at, row_number() OVER o AS nth, sum(v.count) OVER o AS vms FROM free f CROSS JOIN LATERAL (
      SELECT count(*) FROM plan_protection_group g JOIN protected_vm m ON m.group_id = g.group_id WHERE g.plan_id = f.plan_id) v
    WINDOW o AS (ORDER BY f.due_at, f.plan_id)
  )
  UPDATE readiness_evaluation r SET claim = $1, due_at = dr_now() + make_interval(secs => $2) FROM d
  WHERE r.plan_id = d.plan_id AND (d.nth = 1 OR d.vms <= $4)
  RETURNING r.plan_id AS "planId", r.due_at AS "dueAt", r.changes, r.untested_steps AS untested, r.forecast_rto_seconds AS "forecastRtoSeconds",
    extract(epoch FROM dr_now() - d.due_at)::float8 AS "lateSeconds"`;
const isDue = "due_at <= (SELECT dr_now())";
/** Marked since it was evaluated, or never evaluated. An index has the same words. */
const isTouched = "(evaluated_at IS NULL OR due_at - evaluated_at < interval '4 minutes')";
const claimTouchedText = claiming(`${isDue} AND ${isTouched} ORDER BY due_at LIMIT $3`);
const claimUntouchedText = claiming(`${isDue} AND NOT ${isTouched} ORDER BY due_at LIMIT $3`);
const claimPlanText = claiming("plan_id = $3");

/** Large plans are evaluated one by one: what several have together would be too much to hold at once. */
export interface MostAtOnce {
  readonly plans: number;
  /** A plan with more is claimed alone. */
  readonly vms: number;
}

export interface Claimed extends Claim, Earlier {
  /** For how long it has been due; negative: it is not. */
  readonly lateSeconds: number;
}

async function claim(database: Queryable, name: string, text: string, what: unknown, vms: number): Promise<Claimed[]> {
  const id = uuid();
  const { rows } = await database.query<Omit<Claimed, "id">>({ name, text, values: [id, claimSeconds, what, vms] });
  return rows.map((row) => ({ ...row, id }));
}

/** Those that are due because something has touched them, or because they are new; none: there are no such plans. */
export const claimTouched = (database: Queryable, { plans, vms }: MostAtOnce): Promise<Claimed[]> =>
  claim(database, "readiness-claim-touched", claimTouchedText, plans, vms);

/** Those that only want to be looked at again, the one that has waited longest first. */
export const claimUntouched = (database: Queryable, { plans, vms }: MostAtOnce): Promise<Claimed[]> =>
  claim(database, "readiness-claim-untouched", claimUntouchedText, plans, vms);

/** This plan, whether it is due or not; none: somebody else has it just now, or there is none. */
export const claimPlan = (database: Queryable, planId: string): Promise<Claimed[]> =>
  claim(database, "readiness-claim-plan", claimPlanText, planId, 0);
