/** What has to hold once a time with drills has passed: every due time is accounted for once, each outcome is true, and nothing is left. */
import { expect } from "vitest";
import { type Drill, dueTimesOf, isBlackedOut } from "./drill.ts";
import type { Played } from "./play.ts";
import type { World } from "./world.ts";

interface Occurrence {
  readonly drillId: string;
  readonly planId: string;
  readonly dueAt: Date;
  readonly recordedAt: Date;
  readonly outcome: string;
  readonly code: string | null;
  readonly message: string | null;
  readonly runId: string | null;
  readonly cleanup: string | null;
  readonly cleanupAttempts: number;
}

const occurrencesText = `SELECT o.drill_id AS "drillId", d.plan_id AS "planId", o.due_at AS "dueAt", o.recorded_at AS "recordedAt", o.outcome, o.code,
    o.message, o.run_id AS "runId", o.cleanup, o.cleanup_attempts AS "cleanupAttempts"
  FROM drill_occurrence o JOIN drill d ON d.id = o.drill_id WHERE o.requested_by IS NULL AND o.due_at <= $1 ORDER BY o.due_at, o.drill_id`;

interface Test {
  readonly id: string;
  readonly since: Date;
  readonly endedAt: Date;
  readonly resultState: string | null;
  readonly cleanedUpAt: Date | null;
  readonly goodCleanups: number;
  /** Those that a drill has begun. */
  readonly ownCleanups: number;
  /** Plans that share a group with its plan, itself among them. */
  readonly planIds: readonly string[];
}

const testsText = `WITH sharing AS (SELECT a.plan_id, array_agg(DISTINCT b.plan_id) AS plan_ids
    FROM plan_protection_group a JOIN plan_protection_group b ON b.group_id = a.group_id GROUP BY a.plan_id),
  good AS (SELECT cleans_up_id, min(ended_at) AS at, count(*)::int4 AS count FROM recovery WHERE result_state IN ('SUCCESS', 'WARNING') GROUP BY cleans_up_id),
  own AS (SELECT cleans_up_id, count(*)::int4 AS count FROM recovery WHERE initiated_by LIKE 'schedule/%' GROUP BY cleans_up_id)
  SELECT t.id, t.requested_at AS since, t.ended_at AS "endedAt", t.result_state AS "resultState", good.at AS "cleanedUpAt",
    coalesce(good.count, 0) AS "goodCleanups", coalesce(own.count, 0) AS "ownCleanups", sharing.plan_ids AS "planIds"
  FROM recovery t JOIN sharing ON sharing.plan_id = t.plan_id LEFT JOIN good ON good.cleans_up_id = t.id LEFT JOIN own ON own.cleans_up_id = t.id
  WHERE t.kind = 'TEST'`;

/** Answers how many there are of each outcome and code. */
export async function judge(world: World, from: number, played: Played): Promise<Readonly<Record<string, number>>> {
  const { pool } = world.db.database;
  const { rows } = await pool.query<Occurrence>(occurrencesText, [new Date(played.until)]);
  const accounted = (id: string) => rows.filter(({ drillId }) => drillId === id).map(({ dueAt }) => dueAt.toISOString());
  for (const drill of world.drills) {
    const expected = dueTimesOf(drill, from, played.until).map((at) => new Date(at).toISOString());
    expect(accounted(drill.id), `${drill.cron} ${drill.timeZone}: none lost, none doubled`).toEqual(expected);
  }
  await expectNothingLeft(world);
  const { rows: tests } = await pool.query<Test>(testsText);
  const drills = new Map(world.drills.map((drill) => [drill.id, drill]));
  const tally: Record<string, number> = {};
  for (const occurrence of rows) {
    const drill = drills.get(occurrence.drillId);
    if (drill === undefined) throw new Error("An occurrence of no drill");
    expect(falseIn(occurrence, drill, tests, played), JSON.stringify(occurrence)).toEqual([]);
    const kind = occurrence.code ?? occurrence.outcome;
    tally[kind] = (tally[kind] ?? 0) + 1;
  }
  expect(played.warnings).toEqual([]);
  return tally;
}

/**
 * How long a test is in the way of an occurrence: of all plans on its pair until it has ended, and of those that share a group with it until it
 * is cleaned up.
 */
const inTheWayUntil = (test: Test, { planId }: Occurrence): number =>
  (test.planIds.includes(planId) ? (test.cleanedUpAt ?? test.endedAt) : test.endedAt).getTime();

const graceMs = 300_000;

/** What is not as it says, by what the test knows of that moment. */
function falseIn(occurrence: Occurrence, drill: Drill, tests: readonly Test[], { served, surroundings }: Played): string[] {
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
  // Nothing is synchronised meanwhile: the lag goes on growing from what it was set to.
  const lagMinutes = then === undefined ? 0 : then.lagMinutes + (recorded - then.at) / 60_000;
  const [away, tooOld] = [then?.siteAway ?? false, lagMinutes > (drill.maxLagMinutes ?? Number.POSITIVE_INFINITY)];
  if (code === "LAG_TOO_HIGH") must(tooOld, "the replicas were too old");
  if (code === "SITE_UNAVAILABLE") must(away, "the site was away");
  const others = tests.filter(({ id }) => id !== runId);
  if (["PLAN_BUSY", "PLAN_NOT_READY", "TEST_ON_PAIR", "GROUP_IN_USE"].includes(code ?? ""))
    must(
      others.some((test) => test.since.getTime() <= recorded && recorded <= inTheWayUntil(test, occurrence)),
      "a test was in the way",
    );
  must(outcome !== "SKIPPED" || skipCodes.has(code ?? ""), "the code says why it was skipped");
  if (runId !== null) {
    must(
      !away && !tooOld && !others.some((test) => test.since.getTime() < recorded && recorded < inTheWayUntil(test, occurrence)),
      "nothing was in the way of its start",
    );
    const test = tests.find(({ id }) => id === runId);
    must((outcome === "SUCCEEDED") === ["SUCCESS", "WARNING"].includes(test?.resultState ?? ""), "the outcome is the test's");
    must(
      occurrence.cleanup === "DONE" || (occurrence.cleanup === "FAILED" && occurrence.cleanupAttempts === 5),
      "it was cleaned up, or given up",
    );
    must(test?.goodCleanups === 1, "one cleanup has gone well");
    must((test?.ownCleanups ?? 0) <= occurrence.cleanupAttempts, "each cleanup of the drill is an attempt");
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
