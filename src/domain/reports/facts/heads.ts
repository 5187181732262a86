/** The runs that a report stands on, with the heads of their chains of events as they are stored. */
import type pg from "pg";
import type { ReportType, RunKind } from "../../../database/generated/enums.ts";
import { type Scope, scopeCtes, valuesOf } from "./scope.ts";

export interface RunHead {
  readonly id: string;
  readonly planName: string;
  readonly kind: RunKind;
  readonly dated: Date;
  readonly endedAt: Date;
  readonly events: number;
  /** Hexadecimal; null: its last event has no hash. */
  readonly headHash: string | null;
}

export interface RunHeads {
  /** The newest first. */
  readonly heads: readonly RunHead[];
  /** How many there are in all. */
  readonly count: number;
  /** SHA-256 over the head hashes of all of them, in this order, each with a line end; null: there is none. */
  readonly together: string | null;
}

const tests = "SELECT run.id FROM run WHERE run.ended_at IS NOT NULL AND run.kind = 'TEST'";
/** Whenever they were: a report of readiness tells how the newest test ended, and which was the last that succeeded. */
const newest = (more: string) => `SELECT t.id FROM scope CROSS JOIN LATERAL (
    SELECT r.id FROM recovery r WHERE r.plan_id = scope.id AND r.kind = 'TEST' AND r.ended_at < $2 AND r.result_state <> 'CANCELLED' ${more}
    ORDER BY r.ended_at DESC, r.id DESC LIMIT 1) AS t WHERE NOT scope.deleted`;

/** What a type of report is made of; null: of no run. */
const runsOf: Readonly<Record<ReportType, string | null>> = {
  RPO_RTO_COMPLIANCE: "SELECT run.id FROM run WHERE run.ended_at IS NOT NULL",
  TEST_HISTORY: tests,
  PROTECTION_STATUS: null,
  RECOVERY_READINESS: `${tests} UNION ${newest("")} UNION ${newest("AND r.result_state IN ('SUCCESS', 'WARNING')")}`,
};

const textOf = (runs: string) => `WITH ${scopeCtes}, head AS (
    SELECT r.id, r.plan_name AS "planName", r.kind, coalesce(r.started_at, r.requested_at) AS dated, r.ended_at AS "endedAt",
      r.last_event AS events, encode(e.hash, 'hex') AS "headHash"
    FROM (${runs}) AS part JOIN recovery r ON r.id = part.id LEFT JOIN event e ON e.recovery_id = r.id AND e.sequence = r.last_event
  )
  SELECT *, (count(*) OVER ())::int4 AS count, (
      SELECT encode(sha256(convert_to(string_agg(coalesce("headHash", '') || E'\\n', '' ORDER BY dated DESC, id DESC), 'UTF8')), 'hex') FROM head
    ) AS together
  FROM head ORDER BY dated DESC, id DESC LIMIT $5`;

export async function readRunHeads(client: Pick<pg.ClientBase, "query">, scope: Scope, type: ReportType, most: number): Promise<RunHeads> {
  const runs = runsOf[type];
  if (runs === null) return { heads: [], count: 0, together: null };
  type Row = RunHead & Pick<RunHeads, "count" | "together">;
  const { rows } = await client.query<Row>({ text: textOf(runs), values: [...valuesOf(scope), most] });
  return { heads: rows, count: rows[0]?.count ?? 0, together: rows[0]?.together ?? null };
}
