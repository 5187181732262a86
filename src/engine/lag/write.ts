/** What a measurement has found, written down. In its transaction, in so many statements whatever there is. */
import type pg from "pg";
import type { Change } from "../../events/changes.ts";
import type { Found } from "./measurement.ts";
import { isHeld } from "./rows.ts";

type Client = Pick<pg.ClientBase, "query">;

const at = (parameter: string) => `to_timestamp(${parameter}::float8 / 1000)`;

const measuredText = `INSERT INTO group_lag (group_id, measured_at, judged, point_taken_at)
  SELECT x.id, ${at("$1")}, x.judged, ${at("x.taken")}
  FROM unnest($2::uuid[], $3::bool[], $4::float8[]) AS x (id, judged, taken) JOIN protection_group g ON g.id = x.id
  ON CONFLICT (group_id) DO UPDATE SET measured_at = EXCLUDED.measured_at, judged = EXCLUDED.judged, point_taken_at = EXCLUDED.point_taken_at`;

export async function writeMeasured(client: Client, found: readonly Found[], until: number): Promise<void> {
  const values = [until, found.map(({ groupId }) => groupId), found.map(({ judged }) => judged), found.map(({ takenAt }) => takenAt)];
  await client.query({ name: "lag-measured", text: measuredText, values });
}

/** Of what is wrong, what explains the most comes first. For rows `g` and `m`. */
const causeNow = `CASE WHEN EXISTS (SELECT FROM site s WHERE s.id IN (g.protected_site_id, g.recovery_site_id) AND s.state = 'DISCONNECTED') THEN 'SITE_DISCONNECTED'
      WHEN m.replication_state = 'PAUSED' THEN 'PAUSED'
      WHEN EXISTS (SELECT FROM replication_cycle c WHERE c.group_id = g.id AND c.error IS NOT NULL) THEN 'SYNC_FAILED' ELSE 'LAG' END`;
const rank = (cause: string) => `array_position(ARRAY['SITE_DISCONNECTED', 'PAUSED', 'SYNC_FAILED', 'LAG'], ${cause})`;

/** Only of these it is told how they are now; the others have nothing that goes on. */
const openGroupsText = 'SELECT DISTINCT group_id AS "groupId" FROM rpo_violation WHERE closed_at IS NULL';

/** Columns of the JSON that tells what was found of each group. */
const groupsGiven = `jsonb_to_recordset($1::jsonb) AS x("groupId" uuid, judged bool, "from" float8, continues bool, "closedAt" float8,
    "worstSeconds" int, "lastSeconds" int, "criticalAt" float8)`;

/**
 * A violation of a VM that its group's points no longer hold is over too. What explains most of its time stays its cause. A plan that
 * gets the group while it is late has the violation from then on, and keeps it.
 */
const goOnText = `UPDATE rpo_violation v SET closed_at = n.closed_at,
    worst_lag_seconds = GREATEST(v.worst_lag_seconds, COALESCE(n.worst, 0)), current_lag_seconds = COALESCE(n.lag, v.current_lag_seconds),
    critical_since = n.critical, cause = n.cause::"ViolationCause",
    plan_ids = n.plans
  FROM (
    SELECT o.id, o.cause AS cause_before, o.critical_since AS critical_before, o.plan_ids AS plans_before, y.goes_on,
      CASE WHEN NOT y.counts THEN ${at("$2")} WHEN y.goes_on THEN ${at('x."closedAt"')} ELSE GREATEST(o.opened_at, ${at('x."from"')}) END AS closed_at,
      CASE WHEN y.goes_on THEN x."worstSeconds" END AS worst, CASE WHEN y.goes_on THEN x."lastSeconds" END AS lag,
      COALESCE(o.critical_since, CASE WHEN y.goes_on THEN ${at('x."criticalAt"')} END) AS critical,
      CASE WHEN y.goes_on AND x."closedAt" IS NULL AND NOT plans.ids <@ o.plan_ids
        THEN ARRAY(SELECT unnest(o.plan_ids) UNION SELECT unnest(plans.ids) ORDER BY 1) ELSE o.plan_ids END AS plans,
      CASE WHEN y.goes_on AND ${rank("y.cause")} < ${rank("o.cause::text")} THEN y.cause ELSE o.cause::text END AS cause
    FROM rpo_violation o LEFT JOIN ${groupsGiven} ON x."groupId" = o.group_id
      LEFT JOIN protection_group g ON g.id = o.group_id LEFT JOIN protected_vm m ON m.vm_id = o.vm_id AND m.group_id = o.group_id AND ${isHeld}
      LEFT JOIN LATERAL (SELECT array_agg(p.plan_id) AS ids FROM plan_protection_group p WHERE p.group_id = o.group_id) AS plans ON true
      CROSS JOIN LATERAL (SELECT COALESCE(x.judged AND m.vm_id IS NOT NULL, false) AS counts, COALESCE(x.judged AND x.continues AND m.vm_id IS NOT NULL, false) AS goes_on,
        ${causeNow} AS cause) AS y
    WHERE o.closed_at IS NULL
  ) AS n WHERE v.id = n.id
  RETURNING v.id, v.vm_id AS "vmId", v.vm_name AS name, v.group_id AS "groupId", n.goes_on AS "goesOn",
    (n.closed_at IS NOT NULL OR n.critical IS DISTINCT FROM n.critical_before OR n.cause <> n.cause_before::text
      OR n.plans IS DISTINCT FROM n.plans_before) AS differs`;

const openText = `INSERT INTO rpo_violation (id, vm_id, vm_name, group_id, group_name, plan_ids, protected_site_id, rpo_minutes, cause, opened_at, closed_at,
    critical_since, worst_lag_seconds, current_lag_seconds)
  SELECT gen_random_uuid(), v.id, v.name, g.id, g.name, ARRAY(SELECT p.plan_id FROM plan_protection_group p WHERE p.group_id = g.id ORDER BY 1), g.protected_site_id, g.rpo_minutes,
    (CASE WHEN x."closedAt" IS NULL THEN ${causeNow} ELSE 'LAG' END)::"ViolationCause", ${at('x."openedAt"')}, ${at('x."closedAt"')},
    ${at('x."criticalAt"')}, x."worstSeconds", x."lastSeconds"
  FROM jsonb_to_recordset($1::jsonb) AS x("groupId" uuid, before bool, "openedAt" float8, "closedAt" float8, "criticalAt" float8, "worstSeconds" int, "lastSeconds" int)
    JOIN protection_group g ON g.id = x."groupId" JOIN protected_vm m ON m.group_id = g.id AND ${isHeld} JOIN virtual_machine v ON v.id = m.vm_id
    LEFT JOIN unnest($2::uuid[]) AS known (vm_id) ON known.vm_id = v.id AND x.before
  WHERE known.vm_id IS NULL ORDER BY g.id, v.id, x."openedAt"
  RETURNING id, vm_name AS name, group_id AS "groupId", closed_at IS NULL AS open`;

interface Written {
  readonly id: string;
  readonly name: string;
  readonly groupId: string;
}

/** Answers what has changed by it. */
export async function writeViolations(client: Client, found: readonly Found[], until: number): Promise<Change[]> {
  const seconds = (value: number) => Math.floor(value / 1000);
  const told = found.flatMap(({ groupId, lates }) =>
    lates.map((late) => ({ ...late, groupId, worstSeconds: seconds(late.worstMs), lastSeconds: seconds(late.lastMs) })),
  );
  const open = await client.query<{ groupId: string }>({ name: "lag-violations-of", text: openGroupsText });
  const violated = new Set(open.rows.map(({ groupId }) => groupId));
  const going = new Map(told.filter(({ before }) => before).map((late) => [late.groupId, late]));
  const groups = found
    .filter(({ groupId }) => violated.has(groupId))
    .map(({ groupId, judged, from }) => ({ ...going.get(groupId), groupId, judged, from, continues: going.has(groupId) }));
  const goOn = { name: "lag-violations-go-on", text: goOnText, values: [JSON.stringify(groups), until] };
  const before = (await client.query<Written & { vmId: string; goesOn: boolean; differs: boolean }>(goOn)).rows;
  if (told.length === 0)
    return changesOf(
      before.filter(({ differs }) => differs),
      [],
    );
  const goingOn = before.filter(({ goesOn }) => goesOn).map(({ vmId }) => vmId);
  const opened = await client.query<Written>({ name: "lag-violations-open", text: openText, values: [JSON.stringify(told), goingOn] });
  return changesOf(
    before.filter(({ differs }) => differs),
    opened.rows,
  );
}

/** The groups are told of once: what is wrong with them follows from their violations, and so does the state of their plans. */
function changesOf(updated: readonly Written[], created: readonly Written[]): Change[] {
  const kind = "RPO_VIOLATION_CHANGED";
  const groups = new Set([...updated, ...created].map(({ groupId }) => groupId));
  return [
    ...created.map(({ id, name }): Change => ({ kind, id, name, change: "CREATED" })),
    ...updated.map(({ id, name }): Change => ({ kind, id, name, change: "UPDATED" })),
    ...[...groups].map((id): Change => ({ kind: "PROTECTION_GROUP_CHANGED", id, change: "UPDATED" })),
  ];
}
