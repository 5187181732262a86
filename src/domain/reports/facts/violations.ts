/** RPO violations that were open at some time of a report's range: counted in the database, listed up to a number. */
import type pg from "pg";
import type { ViolationCause } from "../../../database/generated/enums.ts";
import { type Scope, scopeCtes, valuesOf } from "./scope.ts";

/** Of one plan, or of all together (`planId` null), where one counts once although its group was in several plans, or in none. */
export interface ViolationTotals {
  readonly planId: string | null;
  readonly count: number;
  readonly critical: number;
  readonly vms: number;
  /** Within the range, each violation's added up; one that is open lasts until now. */
  readonly seconds: number;
  readonly worstLagSeconds: number;
  readonly openNow: number;
}

/** `violation`: those of the range, each once. From its opening until, and not at, its closing. */
const ctes = `${scopeCtes}, violation AS (
    SELECT v.*, greatest(v.opened_at, $1) AS counts_from, least(coalesce(v.closed_at, $3), $2, $3) AS counts_to
    FROM rpo_violation v WHERE (cardinality($4) = 0 OR v.plan_ids && $4)
      AND v.opened_at < least($2, $3) AND (v.closed_at IS NULL OR v.closed_at > $1 OR v.opened_at >= $1)
  )`;

const sums = `count(*)::int4 AS count, (count(*) FILTER (WHERE v.critical_since IS NOT NULL))::int4 AS critical,
    count(DISTINCT v.vm_id)::int4 AS vms, round(sum(extract(epoch FROM v.counts_to - v.counts_from)))::float8 AS seconds,
    max(v.worst_lag_seconds) AS "worstLagSeconds", (count(*) FILTER (WHERE v.closed_at IS NULL))::int4 AS "openNow"`;

const totalsText = `WITH ${ctes}
  SELECT scope.id AS "planId", ${sums} FROM violation v CROSS JOIN LATERAL unnest(v.plan_ids) AS had (plan_id)
    JOIN scope ON scope.id = had.plan_id GROUP BY scope.id
  UNION ALL SELECT NULL, ${sums} FROM violation v HAVING count(*) > 0`;

export async function readViolationTotals(client: Pick<pg.ClientBase, "query">, scope: Scope): Promise<ViolationTotals[]> {
  return (await client.query<ViolationTotals>({ text: totalsText, values: valuesOf(scope) })).rows;
}

export interface ViolationFacts {
  readonly vmName: string;
  readonly groupName: string;
  readonly rpoSeconds: number;
  readonly openedAt: Date;
  readonly closedAt: Date | null;
  readonly seconds: number;
  readonly worstLagSeconds: number;
  readonly critical: boolean;
  readonly cause: ViolationCause;
}

export interface ViolationList {
  /** The longest within the range first. */
  readonly violations: readonly ViolationFacts[];
  readonly count: number;
}

const listText = `WITH ${ctes}
  SELECT vm_name AS "vmName", group_name AS "groupName", rpo_minutes * 60 AS "rpoSeconds", opened_at AS "openedAt", closed_at AS "closedAt",
    round(extract(epoch FROM counts_to - counts_from))::float8 AS seconds, worst_lag_seconds AS "worstLagSeconds",
    critical_since IS NOT NULL AS critical, cause, (count(*) OVER ())::int4 AS count
  FROM violation ORDER BY counts_to - counts_from DESC, opened_at, id LIMIT $5`;

export async function readViolations(client: Pick<pg.ClientBase, "query">, scope: Scope, most: number): Promise<ViolationList> {
  const { rows } = await client.query<ViolationFacts & { count: number }>({ text: listText, values: [...valuesOf(scope), most] });
  return { violations: rows, count: rows[0]?.count ?? 0 };
}
