/** What evaluations have found, compared with what was known, written with their events in one transaction. */
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
  readonly planId: string;
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
  /** Plans are locked before what belongs to them, and all in one order. */
  plans: "SELECT 1 FROM recovery_plan WHERE id = ANY ($1::uuid[]) ORDER BY id FOR KEY SHARE",
  before: `SELECT r.plan_id AS "planId", r.readiness FROM unnest($1::uuid[], $2::uuid[]) AS c (plan_id, claim)
      JOIN readiness_evaluation r ON r.plan_id = c.plan_id AND r.claim = c.claim ORDER BY r.plan_id FOR UPDATE OF r`,
  open: `SELECT plan_id AS "planId", id, severity, code, object_type AS "objectType", object_id AS "objectId", object_name AS "objectName",
      recovery_types AS "recoveryTypes", message, remedy FROM readiness_finding WHERE plan_id = ANY ($1::uuid[]) AND resolved_at IS NULL`,
  opened: `INSERT INTO readiness_finding (id, plan_id, severity, code, object_type, object_id, object_name, recovery_types, message, remedy, opened_at)
    SELECT x.id, x."planId", x.severity::"FindingSeverity", x.code, x."objectType", x."objectId", x."objectName", x."recoveryTypes", x.message, x.remedy, dr_now()
    FROM jsonb_to_recordset($1::jsonb) AS x (id uuid, "planId" uuid, severity text, code text, "objectType" text, "objectId" uuid, "objectName" text,
      "recoveryTypes" text[], message text, remedy text)`,
  changed: `UPDATE readiness_finding f SET severity = x.severity::"FindingSeverity", object_name = x."objectName", recovery_types = x."recoveryTypes",
      message = x.message, remedy = x.remedy
    FROM jsonb_to_recordset($1::jsonb) AS x (id uuid, severity text, "objectName" text, "recoveryTypes" text[], message text, remedy text) WHERE f.id = x.id`,
  resolved: "UPDATE readiness_finding SET resolved_at = greatest(opened_at, dr_now()) WHERE id = ANY ($1::uuid[])",
  forgotten: `DELETE FROM readiness_finding WHERE id = ANY (ARRAY(SELECT f.id FROM unnest($1::uuid[]) AS p (id) CROSS JOIN LATERAL (
      SELECT id FROM readiness_finding WHERE plan_id = p.id AND resolved_at IS NOT NULL ORDER BY resolved_at DESC, id DESC OFFSET $2) AS f))`,
  /** What was marked as changed meanwhile comes again as soon as what was just evaluated may. */
  evaluated: `UPDATE readiness_evaluation r SET readiness = x.readiness::"Readiness", score = x.score, evaluated_at = dr_now(), claim = NULL,
      due_at = dr_now() + make_interval(secs => CASE WHEN r.due_at = x."dueAt" THEN $2::int4 ELSE $3::int4 END),
      compared_with_id = CASE WHEN x."isUnderWay" THEN r.compared_with_id ELSE x."comparedWithId" END,
      changes = coalesce(x.changes, r.changes), untested_steps = coalesce(x.untested, r.untested_steps),
      forecast_rto_seconds = CASE WHEN x."isUnderWay" THEN r.forecast_rto_seconds ELSE x."forecastRtoSeconds" END
    FROM jsonb_to_recordset($1::jsonb) AS x ("planId" uuid, claim uuid, readiness text, score int4, "dueAt" timestamptz, "isUnderWay" bool, "comparedWithId" uuid,
      changes jsonb, untested jsonb, "forecastRtoSeconds" int4)
    WHERE r.plan_id = x."planId" AND r.claim = x.claim`,
} as const;

const run = async <R extends pg.QueryResultRow>(client: pg.ClientBase, name: keyof typeof statements, ...values: unknown[]): Promise<R[]> =>
  (await client.query<R>({ name: `readiness-${name}`, text: statements[name], values })).rows;

/** What was found of a plan that this node has claimed. */
export interface Evaluated {
  readonly claim: Claim;
  readonly evaluation: Evaluation;
}

/** How a plan was and is. */
export interface Written {
  readonly before: Readiness | null;
  readonly after: Readiness;
  /** Codes, each once. */
  readonly opened: readonly string[];
  readonly resolved: readonly string[];
}

/** Of each plan, by its id, but for those that somebody else has evaluated by now, or that are no more. */
export const write = (pool: pg.Pool, evaluated: readonly Evaluated[]): Promise<ReadonlyMap<string, Written>> =>
  inTransaction(pool, async (client) => {
    if (evaluated.length === 0) return new Map();
    const planIds = evaluated.map(({ claim }) => claim.planId);
    await run(client, "plans", planIds);
    const claimIds = evaluated.map(({ claim }) => claim.id);
    const before = await run<{ planId: string; readiness: Readiness | null }>(client, "before", planIds, claimIds);
    const known = new Map(before.map(({ planId, readiness }) => [planId, readiness]));
    const open = Map.groupBy(await run<OpenFinding>(client, "open", [...known.keys()]), ({ planId }) => planId);
    const differences = evaluated.flatMap((one) => {
      const { planId } = one.claim;
      const readiness = known.get(planId);
      return readiness === undefined ? [] : [differenceOf(one, readiness, open.get(planId) ?? [])];
    });
    await writeFindings(client, differences);
    await run(client, "evaluated", toJsonb(differences.map(({ row }) => row)), everySeconds, leastSeconds);
    const news = differences.filter(({ written }) => isNews(written));
    await appendChanges(
      client,
      news.map(({ row: { planId }, name, written }) => eventOf(planId, name, written)),
    );
    return new Map(differences.map(({ row: { planId }, written }) => [planId, written]));
  });

interface Difference {
  readonly name: string;
  readonly written: Written;
  /** Of the plan's evaluation. */
  readonly row: { readonly planId: string };
  readonly opened: readonly Found[];
  readonly changed: readonly object[];
  readonly resolved: readonly OpenFinding[];
}

function differenceOf({ claim, evaluation }: Evaluated, before: Readiness | null, rows: readonly OpenFinding[]): Difference {
  const { found, isUnderWay, changes, untested, comparedWithId, forecastRtoSeconds } = evaluation;
  const open = new Map(rows.map((row) => [keyOfRow(row), row]));
  const now = new Set(found.map(keyOf));
  const opened = found.filter((one) => !open.has(keyOf(one)));
  const changed = found.flatMap((one) => {
    const row = open.get(keyOf(one));
    return row === undefined || isSaid(row, one) ? [] : [{ ...rowOf(one), id: row.id }];
  });
  const left = rows.filter((row) => !now.has(keyOfRow(row)));
  const resolved = isUnderWay ? [] : left;
  const judged = isUnderWay ? [...found, ...kept(left)] : found;
  const written: Written = { before, after: readinessOf(judged), opened: codesOf(opened), resolved: codesOf(resolved) };
  const row = {
    ...{ planId: claim.planId, claim: claim.id, dueAt: claim.dueAt, readiness: written.after, score: scoreOf(judged) },
    ...{ isUnderWay, comparedWithId, forecastRtoSeconds },
    ...{ changes: changes?.slice(0, keptChanges) ?? null, untested: untested?.slice(0, keptChanges) ?? null },
  };
  return { name: evaluation.planName, written, row, opened, changed, resolved };
}

const keyOfRow = ({ code, objectType: type, objectId: id, objectName: name }: OpenFinding): string => `${code} ${type} ${id ?? name}`;

/** While a plan is being moved, what was open before stays as it is. */
const kept = (left: readonly OpenFinding[]): Pick<Found, "code" | "severity">[] =>
  left.flatMap(({ code, severity }) => (isReadinessCode(code) ? [{ code, severity }] : []));

async function writeFindings(client: pg.ClientBase, differences: readonly Difference[]): Promise<void> {
  const opened = differences.flatMap(({ row: { planId }, opened: own }) => own.map((one) => ({ ...rowOf(one), planId, id: uuid() })));
  const changed = differences.flatMap((one) => one.changed);
  const resolved = differences.flatMap((one) => one.resolved);
  if (opened.length > 0) await run(client, "opened", toJsonb(opened));
  if (changed.length > 0) await run(client, "changed", toJsonb(changed));
  if (resolved.length === 0) return;
  const ids = resolved.map(({ id }) => id);
  await run(client, "resolved", ids);
  await run(client, "forgotten", [...new Set(resolved.map(({ planId }) => planId))], keptFindings);
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
