/** What has to hold once a time with drills has passed: every due time is accounted for once, each outcome is true, and nothing is left. */
import { expect } from "vitest";
import { type Drill, dueTimesOf, isBlackedOut } from "./drill.ts";
import type { Played, Surroundings } from "./play.ts";
import type { World } from "./world.ts";

interface Occurrence {
  readonly drillId: string;
  readonly dueAt: Date;
  readonly recordedAt: Date;
  readonly outcome: string;
  readonly code: string | null;
  readonly message: string | null;
  readonly runId: string | null;
  readonly cleanup: string | null;
  readonly cleanupAttempts: number;
  /** Another run had the plan's groups or the pair of sites when it was recorded; at the end of a run, it may have. */
  readonly mayBeInTheWay: boolean;
  readonly inTheWay: boolean;
  /** Of its test. */
  readonly resultState: string | null;
  readonly goodCleanups: number;
  readonly ownCleanups: number;
}

const graceMs = 300_000;

/** A test is in the way of all others on its pair until it has ended, and of those that share a group with it until it is cleaned up. */
const occurrencesText = `WITH test AS (
    SELECT t.id, t.requested_at AS since, t.ended_at AS until, min(c.ended_at) FILTER (WHERE c.result_state IN ('SUCCESS', 'WARNING')) AS "cleanedUp"
    FROM recovery t LEFT JOIN recovery c ON c.cleans_up_id = t.id WHERE t.kind = 'TEST' GROUP BY t.id),
  taken AS (
    SELECT t.id, p.id AS plan_id, t.since, CASE WHEN EXISTS (
        SELECT 1 FROM recovery_group g JOIN plan_protection_group o ON o.group_id = g.group_id WHERE g.run_id = t.id AND o.plan_id = p.id)
      THEN t."cleanedUp" ELSE t.until END AS until
    FROM test t CROSS JOIN recovery_plan p)
  SELECT o.drill_id AS "drillId", o.due_at AS "dueAt", o.recorded_at AS "recordedAt", o.outcome, o.code, o.message, o.run_id AS "runId", o.cleanup,
    o.cleanup_attempts AS "cleanupAttempts", r.result_state AS "resultState",
    coalesce(w.closely, false) AS "inTheWay", w.closely IS NOT NULL AS "mayBeInTheWay",
    (SELECT count(*)::int4 FROM recovery c WHERE c.cleans_up_id = o.run_id AND c.result_state IN ('SUCCESS', 'WARNING')) AS "goodCleanups",
    (SELECT count(*)::int4 FROM recovery c WHERE c.cleans_up_id = o.run_id AND c.initiated_by LIKE 'schedule/%') AS "ownCleanups"
  FROM drill_occurrence o JOIN drill d ON d.id = o.drill_id LEFT JOIN recovery r ON r.id = o.run_id
    LEFT JOIN LATERAL (SELECT bool_or(since < o.recorded_at AND until > o.recorded_at) AS closely FROM taken
      WHERE taken.plan_id = d.plan_id AND since <= o.recorded_at AND until >= o.recorded_at AND id <> coalesce(o.run_id, o.id)) w ON true
  WHERE o.requested_by IS NULL AND o.due_at <= $1 ORDER BY o.due_at, o.drill_id`;

/** Answers how many there are of each outcome and code. */
export async function judge(world: World, from: number, played: Played): Promise<Readonly<Record<string, number>>> {
  const { pool } = world.db.database;
  const { rows } = await pool.query<Occurrence>(occurrencesText, [new Date(played.until)]);
  const accounted = (id: string) => rows.filter(({ drillId }) => drillId === id).map(({ dueAt }) => dueAt.toISOString());
  for (const drill of world.drills) {
    const expected = dueTimesOf(drill, from, played.until).map((at) => new Date(at).toISOString());
    expect(accounted(drill.id), `${drill.cron} ${drill.timeZone}: none lost, none doubled`).toEqual(expected);
  }
  const served = Float64Array.from(played.served);
  const drills = new Map(world.drills.map((drill) => [drill.id, drill]));
  const tally: Record<string, number> = {};
  for (const occurrence of rows) {
    const drill = drills.get(occurrence.drillId);
    if (drill === undefined) throw new Error("An occurrence of no drill");
    expect(falseIn(occurrence, drill, served, played.surroundings), JSON.stringify(occurrence)).toEqual([]);
    const kind = occurrence.code ?? occurrence.outcome;
    tally[kind] = (tally[kind] ?? 0) + 1;
  }
  await expectNothingLeft(world);
  expect(played.warnings).toEqual([]);
  return tally;
}

/** What is not as it says, by what the test knows of that moment. */
function falseIn(occurrence: Occurrence, drill: Drill, served: Float64Array, surroundings: readonly Surroundings[]): string[] {
  const { outcome, code, runId } = occurrence;
  const [due, recorded] = [occurrence.dueAt.getTime(), occurrence.recordedAt.getTime()];
  const found: string[] = [];
  const must = (holds: boolean, what: string) => {
    if (!holds) found.push(what);
  };
  must((runId === null) === (outcome === "SKIPPED"), "what was started has a run, and nothing else");
  must((code === null) === (outcome === "SUCCEEDED"), "what did not go well has a code");
  must((code === null) === (occurrence.message === null), "a code has a message");
  if (code === "MISSED") must(!served.some((at) => due <= at && at <= due + graceMs), "nobody looked in time");
  else must(due <= recorded && recorded <= due + graceMs, "it was looked at in time");
  if (code !== "MISSED") must((code === "BLACKOUT") === isBlackedOut(drill, due), "it is within a black-out window");
  const then = surroundings.findLast(({ at }) => at <= recorded);
  const [away, tooOld] = [then?.siteAway ?? false, (then?.lagMinutes ?? 0) > (drill.maxLagMinutes ?? Number.POSITIVE_INFINITY)];
  if (code === "LAG_TOO_HIGH") must(tooOld, "the replicas were too old");
  if (code === "SITE_UNAVAILABLE") must(away, "the site was away");
  if (["PLAN_BUSY", "PLAN_NOT_READY", "TEST_ON_PAIR", "GROUP_IN_USE"].includes(code ?? ""))
    must(occurrence.mayBeInTheWay, "a run was in the way");
  must(outcome !== "SKIPPED" || skipCodes.has(code ?? ""), "the code says why it was skipped");
  if (runId !== null) {
    must(!away && !tooOld && !occurrence.inTheWay, "nothing was in the way of its start");
    must(occurrence.resultState !== null, "its test has ended");
    must((outcome === "SUCCEEDED") === ["SUCCESS", "WARNING"].includes(occurrence.resultState ?? ""), "the outcome is the test's");
    must(
      occurrence.cleanup === "DONE" || (occurrence.cleanup === "FAILED" && occurrence.cleanupAttempts === 5),
      "it was cleaned up, or given up",
    );
    must(occurrence.goodCleanups === 1, "one cleanup has gone well");
    must(occurrence.ownCleanups <= occurrence.cleanupAttempts, "each cleanup of the drill is an attempt");
  }
  return found;
}

const skipCodes = new Set([
  ...["MISSED", "BLACKOUT", "LAG_TOO_HIGH", "SITE_UNAVAILABLE"],
  ...["PLAN_BUSY", "PLAN_NOT_READY", "TEST_ON_PAIR", "GROUP_IN_USE"],
]);

async function expectNothingLeft({ db }: World): Promise<void> {
  const { rows } = await db.database.pool.query(
    `SELECT (SELECT count(*)::int4 FROM recovery WHERE kind = 'TEST' AND initiated_by LIKE 'schedule/%'
        AND id NOT IN (SELECT run_id FROM drill_occurrence WHERE run_id IS NOT NULL)) AS "runs without an occurrence",
      (SELECT count(*)::int4 FROM recovery WHERE ended_at IS NULL) AS "open runs",
      (SELECT count(*)::int4 FROM drill_occurrence WHERE settled_at IS NULL) AS "open occurrences",
      (SELECT count(*)::int4 FROM group_use) AS "groups in use",
      (SELECT count(*)::int4 FROM recovery_plan WHERE lifecycle <> 'READY') AS "plans that are not ready",
      (SELECT count(*)::int4 FROM recovery_prompt p JOIN recovery r ON r.id = p.run_id
        WHERE (p.answer IS NULL AND r.cancel_requested_at IS NULL)
          OR p.answered_by <> r.initiated_by OR (SELECT count(*) FROM recovery_prompt o WHERE o.run_id = p.run_id) > 1) AS "prompts without an answer"`,
  );
  const [found = {}] = rows;
  expect(Object.entries(found).filter(([, count]) => count !== 0)).toEqual([]);
}
