/** The test that a cleanup cleans up, as it stands in the database. */
import type pg from "pg";
import type { SnapshotSite } from "../../engine/run-snapshot.ts";
import { ConflictError, NotFoundError } from "../errors.ts";
import { encodeId } from "../ids.ts";
import type { MakingStep } from "./cleanup-remains.ts";
import { type PlanFacts, uncleanedTests } from "./service/facts.ts";
import { planConflict } from "./service/open-runs.ts";
import { nothingToCleanUp } from "./service/refusals.ts";

type Queryable = Pick<pg.ClientBase, "query">;

export interface TestToCleanUp {
  readonly id: string;
  readonly protectedSite: SnapshotSite;
  readonly recoverySite: SnapshotSite;
}

const sites = `s.content -> 'protectedSite' AS "protectedSite", s.content -> 'recoverySite' AS "recoverySite"`;

/** The last test; after an incomplete cleanup the one that it was about, which is an older one if leftovers were cleaned up. */
const lastTest = {
  name: "cleanup-last-test",
  text: `SELECT r.id, ${sites} FROM recovery r JOIN recovery_snapshot s ON s.run_id = r.id WHERE r.plan_id = $1 AND r.kind = 'TEST'
    ORDER BY $2 AND r.id IS NOT DISTINCT FROM (SELECT c.cleans_up_id FROM recovery c WHERE c.plan_id = $1 AND c.kind = 'CLEANUP'
      ORDER BY c.requested_at DESC, c.id DESC LIMIT 1) DESC, r.requested_at DESC, r.id DESC LIMIT 1`,
};

const testLeftBehind = {
  name: "cleanup-left-behind",
  text: `SELECT r.id, ${sites} FROM recovery r JOIN recovery_snapshot s ON s.run_id = r.id
    WHERE r.id IN (SELECT t.id FROM (${uncleanedTests("$1")}) t) ORDER BY r.requested_at DESC, r.id DESC LIMIT 1`,
};

const testOfOldestLeftover = {
  name: "cleanup-oldest-leftover",
  text: `SELECT r.id, ${sites} FROM leftover l JOIN recovery r ON r.id = l.run_id JOIN recovery_snapshot s ON s.run_id = r.id
    WHERE l.plan_id = $1 AND l.gone_at IS NULL AND r.kind = 'TEST' ORDER BY l.found_at, r.requested_at, r.id LIMIT 1`,
};

/**
 * The test that is cleaned up next, of a plan that has one (`cleanupRefusal`). `wanted` names it or is null; any other is refused. Of a plan
 * that is READY it is the one that a forced cleanup left something of: nothing else would remove that, and placeholders that are still taken
 * fail the next test.
 */
export async function testToCleanUp(
  database: Queryable,
  plan: Pick<PlanFacts, "id" | "name" | "lifecycle">,
  wanted: string | null,
): Promise<TestToCleanUp> {
  const ready = plan.lifecycle === "READY";
  const waits = plan.lifecycle === "TEST_COMPLETE" || plan.lifecycle === "CLEANUP_INCOMPLETE";
  const { rows } = waits
    ? await database.query<TestToCleanUp>({ ...lastTest, values: [plan.id, plan.lifecycle === "CLEANUP_INCOMPLETE"] })
    : await database.query<TestToCleanUp>({ ...testOfOldestLeftover, values: [ready ? plan.id : null] });
  const [test = waits ? undefined : await leftBehind(database, plan.id)] = rows;
  // Only where it went since the plan was asked for it.
  if (test === undefined) throw ready ? nothingToCleanUp(plan) : planConflict(plan, "A cleanup", null);
  if (wanted === null || wanted === test.id) return test;
  const details = { planId: plan.id, planName: plan.name, activeRecoveryId: test.id };
  const found = await database.query({ name: "cleanup-known-run", text: "SELECT 1 FROM recovery WHERE id = $1", values: [wanted] });
  if (found.rowCount === 0) throw new NotFoundError("Recovery", encodeId("Recovery", wanted));
  const [message, remedy] = ready
    ? [`That run is not the test of the plan ${plan.name} whose leftovers are the oldest; those are cleaned up first.`, "that test"]
    : [`That run is not the last test of the plan ${plan.name}; only the last test can be cleaned up.`, "the last test"];
  throw new ConflictError(message, `Leave recoveryId out, or send the id of ${remedy}.`, details);
}

/** The newest test that nobody has cleaned up after. */
async function leftBehind(database: Queryable, planId: string): Promise<TestToCleanUp | undefined> {
  const { rows } = await database.query<TestToCleanUp>({ ...testLeftBehind, values: [planId] });
  return rows[0];
}

/** Its steps that may have made something at the site, whatever became of them. */
export async function makingSteps(database: Queryable, testRunId: string): Promise<MakingStep[]> {
  const { rows } = await database.query<MakingStep>({
    name: "cleanup-making-steps",
    text: `SELECT s.kind, s.vm_id AS "vmId", s.group_id AS "groupId", g.group_name AS "groupName", s.spec, s.result
      FROM recovery_step s LEFT JOIN recovery_group g ON g.run_id = s.run_id AND g.group_id = s.group_id
      WHERE s.run_id = $1 AND s.kind IN ('REGISTER_VM', 'CREATE_SNAPSHOT', 'CREATE_TEST_NETWORK') ORDER BY s.ordinal`,
    values: [testRunId],
  });
  return rows;
}

/** The groups of the test that still exist. */
export async function groupsOfTest(database: Queryable, testRunId: string): Promise<{ readonly id: string; readonly name: string }[]> {
  const { rows } = await database.query<{ id: string; name: string }>({
    name: "cleanup-groups",
    text: `SELECT g.id, g.name FROM recovery_group r JOIN protection_group g ON g.id = r.group_id WHERE r.run_id = $1 ORDER BY g.name, g.id`,
    values: [testRunId],
  });
  return rows;
}

/** Of an old test, which other plans may use by now: what is asked about them has to hold until the cleanup has them. */
export async function lockGroupsOfTest(client: Queryable, testRunId: string): Promise<void> {
  const text = `SELECT 1 FROM protection_group WHERE id IN (SELECT group_id FROM recovery_group WHERE run_id = $1) ORDER BY id FOR UPDATE`;
  await client.query({ name: "cleanup-lock-groups", text, values: [testRunId] });
}
