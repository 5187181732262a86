/** What an evaluation has found, compared with what was known, written with its event in one transaction. */
import type pg from "pg";
import { v7 as uuid } from "uuid";
import type { FindingSeverity, Readiness } from "../../database/generated/enums.ts";
import { toJsonb } from "../../database/json.ts";
import { inTransaction } from "../../database/transaction.ts";
import { appendChanges } from "../../events/changes.ts";
import { type Claim, leastSeconds } from "./due.ts";
import type { Evaluation } from "./evaluate.ts";
import { type Found, keyOf } from "./found.ts";
import { isReadinessCode } from "./rules.ts";
import { readinessOf, scoreOf } from "./score.ts";

/** Evaluated again after this, which leaves the thirty seconds to five minutes for the plans whose turn it is then. */
const everySeconds = 270;
/** So many resolved findings of a plan are kept; the oldest go first. */
const keptFindings = 500;
const keptChanges = 500;

interface OpenFinding {
  readonly id: string;
  readonly severity: FindingSeverity;
  readonly code: string;
  readonly objectType: Found["object"]["type"];
  readonly objectId: string | null;
  readonly objectName: string;
  readonly recoveryTypes: readonly string[];
  readonly message: string;
  readonly remedy: string;
}

const statements = {
  /** A plan is locked before what belongs to it. */
  plan: "SELECT 1 FROM recovery_plan WHERE id = $1 FOR KEY SHARE",
  before: "SELECT readiness FROM readiness_evaluation WHERE plan_id = $1 AND claim = $2 FOR UPDATE",
  open: `SELECT id, severity, code, object_type AS "objectType", object_id AS "objectId", object_name AS "objectName", recovery_types AS "recoveryTypes",
      message, remedy FROM readiness_finding WHERE plan_id = $1 AND resolved_at IS NULL`,
  opened: `INSERT INTO readiness_finding (id, plan_id, severity, code, object_type, object_id, object_name, recovery_types, message, remedy, opened_at)
    SELECT x.id, $1, x.severity::"FindingSeverity", x.code, x."objectType", x."objectId", x."objectName", x."recoveryTypes", x.message, x.remedy, dr_now()
    FROM jsonb_to_recordset($2::jsonb) AS x (id uuid, severity text, code text, "objectType" text, "objectId" uuid, "objectName" text, "recoveryTypes" text[], message text, remedy text)`,
  changed: `UPDATE readiness_finding f SET severity = x.severity::"FindingSeverity", object_name = x."objectName", recovery_types = x."recoveryTypes",
      message = x.message, remedy = x.remedy
    FROM jsonb_to_recordset($1::jsonb) AS x (id uuid, severity text, "objectName" text, "recoveryTypes" text[], message text, remedy text) WHERE f.id = x.id`,
  resolved: "UPDATE readiness_finding SET resolved_at = greatest(opened_at, dr_now()) WHERE id = ANY ($1::uuid[])",
  forgotten: `DELETE FROM readiness_finding WHERE id IN (
      SELECT id FROM readiness_finding WHERE plan_id = $1 AND resolved_at IS NOT NULL ORDER BY resolved_at DESC, id DESC OFFSET $2)`,
  /** What was marked as changed meanwhile comes again as soon as what was just evaluated may. */
  evaluated: `UPDATE readiness_evaluation SET readiness = $3::"Readiness", score = $4, evaluated_at = dr_now(), claim = NULL,
      due_at = CASE WHEN due_at = $5 THEN dr_now() + make_interval(secs => $6) ELSE dr_now() + make_interval(secs => $12) END,
      compared_with_id = CASE WHEN $7 THEN compared_with_id ELSE $8 END, changes = coalesce($9::jsonb, changes), untested_steps = coalesce($10::jsonb, untested_steps),
      forecast_rto_seconds = CASE WHEN $7 THEN forecast_rto_seconds ELSE $11::int4 END
    WHERE plan_id = $1 AND claim = $2`,
} as const;

const run = async <R extends pg.QueryResultRow>(client: pg.ClientBase, name: keyof typeof statements, ...values: unknown[]): Promise<R[]> =>
  (await client.query<R>({ name: `readiness-${name}`, text: statements[name], values })).rows;

/** How it was and is; null: somebody else has evaluated it by now, or it is no more. */
export interface Written {
  readonly before: Readiness | null;
  readonly after: Readiness;
  /** Codes, each once. */
  readonly opened: readonly string[];
  readonly resolved: readonly string[];
}

export const write = (pool: pg.Pool, claim: Claim, evaluation: Evaluation): Promise<Written | null> =>
  inTransaction(pool, async (client) => {
    const { planId } = claim;
    await run(client, "plan", planId);
    const [known] = await run<{ readiness: Readiness | null }>(client, "before", planId, claim.id);
    if (known === undefined) return null;
    const open = (await run<OpenFinding>(client, "open", planId)).map((row) => ({ row, key: keyOfRow(row) }));
    const changes = await writeFindings(client, planId, open, evaluation);
    const now = evaluation.isUnderWay ? [...evaluation.found, ...kept(open, evaluation)] : evaluation.found;
    const written: Written = { before: known.readiness, after: readinessOf(now), ...changes };
    const { comparedWithId, changes: since, untested, forecastRtoSeconds, isUnderWay } = evaluation;
    await run(
      client,
      "evaluated",
      ...[planId, claim.id, written.after, scoreOf(now), claim.dueAt, everySeconds, isUnderWay, comparedWithId],
      ...[
        since && toJsonb(since.slice(0, keptChanges)),
        untested && toJsonb(untested.slice(0, keptChanges)),
        forecastRtoSeconds,
        leastSeconds,
      ],
    );
    if (isNews(written)) await appendChanges(client, [eventOf(planId, evaluation.planName, written)]);
    return written;
  });

const keyOfRow = ({ code, objectType: type, objectId: id, objectName: name }: OpenFinding): string => `${code} ${type} ${id ?? name}`;

interface Open {
  readonly row: OpenFinding;
  readonly key: string;
}

/** While a plan is being moved, what was open before stays as it is. */
function kept(open: readonly Open[], { found }: Evaluation): Pick<Found, "code" | "severity">[] {
  const told = new Set(found.map(keyOf));
  return open.flatMap(({ row: { code, severity }, key }) => (!told.has(key) && isReadinessCode(code) ? [{ code, severity }] : []));
}

async function writeFindings(
  client: pg.ClientBase,
  planId: string,
  open: readonly Open[],
  { found, isUnderWay }: Evaluation,
): Promise<Pick<Written, "opened" | "resolved">> {
  const known = new Map(open.map(({ row, key }) => [key, row]));
  const now = new Set(found.map(keyOf));
  const opened = found.filter((one) => !known.has(keyOf(one)));
  const changed = found.flatMap((one) => {
    const row = known.get(keyOf(one));
    return row === undefined || isSaid(row, one) ? [] : [{ ...rowOf(one), id: row.id }];
  });
  const resolved = isUnderWay ? [] : open.filter(({ key }) => !now.has(key)).map(({ row }) => row);
  if (opened.length > 0) await run(client, "opened", planId, toJsonb(opened.map((one) => ({ ...rowOf(one), id: uuid() }))));
  if (changed.length > 0) await run(client, "changed", toJsonb(changed));
  if (resolved.length > 0) {
    await run(
      client,
      "resolved",
      resolved.map(({ id }) => id),
    );
    await run(client, "forgotten", planId, keptFindings);
  }
  return { opened: codesOf(opened), resolved: codesOf(resolved) };
}

const codesOf = (list: readonly { readonly code: string }[]): string[] => [...new Set(list.map(({ code }) => code))].sort();

const rowOf = ({ severity, code, object, recoveryTypes, message, remedy }: Found) => ({
  severity,
  code,
  objectType: object.type,
  objectId: object.id,
  objectName: object.name,
  recoveryTypes,
  message,
  remedy,
});

const isSaid = (row: OpenFinding, one: Found): boolean =>
  row.severity === one.severity &&
  row.message === one.message &&
  row.remedy === one.remedy &&
  row.objectName === one.object.name &&
  row.recoveryTypes.join() === one.recoveryTypes.join();

const isNews = ({ before, after, opened, resolved }: Written): boolean => before !== after || opened.length + resolved.length > 0;

const eventOf = (planId: string, name: string, { before, after, opened, resolved }: Written) =>
  ({
    kind: "READINESS_CHANGED",
    id: planId,
    change: "UPDATED",
    name,
    details: { ...(before === null ? {} : { before }), after, opened, resolved },
  }) as const;
