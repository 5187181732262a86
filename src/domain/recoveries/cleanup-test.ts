/** The test that a cleanup cleans up, as it stands in the database. */
import type pg from "pg";
import type { SnapshotSite } from "../../engine/run-snapshot.ts";
import { ConflictError, NotFoundError, PreconditionFailedError } from "../errors.ts";
import { encodeId } from "../ids.ts";
import type { MakingStep } from "./cleanup-remains.ts";
import { type LockedPlan, type OpenRun, planConflict, runConflict } from "./service-open-runs.ts";

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

const testOfOldestLeftover = {
  name: "cleanup-oldest-leftover",
  text: `SELECT r.id, ${sites} FROM leftover l JOIN recovery r ON r.id = l.run_id JOIN recovery_snapshot s ON s.run_id = r.id
    WHERE l.plan_id = $1 AND l.gone_at IS NULL AND r.kind = 'TEST' ORDER BY l.found_at, r.requested_at, r.id LIMIT 1`,
};

/**
 * The test that is cleaned up next. `wanted` names it or is null; any other is refused. A plan that is READY has none, unless a
 * forced cleanup left something: nothing else would remove that, and placeholders that are still taken fail the next test.
 */
export async function testToCleanUp(database: Queryable, plan: LockedPlan, wanted: string | null): Promise<TestToCleanUp> {
  const ready = plan.lifecycle === "READY";
  const { rows } = ready
    ? await database.query<TestToCleanUp>({ ...testOfOldestLeftover, values: [plan.id] })
    : await database.query<TestToCleanUp>({ ...lastTest, values: [plan.id, plan.lifecycle === "CLEANUP_INCOMPLETE"] });
  const [test] = rows;
  if (test !== undefined && (wanted === null || wanted === test.id)) return test;
  if (ready && test === undefined) throw planConflict(plan, "A cleanup", null);
  const details = { planId: plan.id, planName: plan.name, ...(test === undefined ? {} : { activeRecoveryId: test.id }) };
  if (wanted === null) throw new ConflictError(`The plan ${plan.name} has no test to clean up.`, "Start a test first.", details);
  const found = await database.query({ name: "cleanup-known-run", text: "SELECT 1 FROM recovery WHERE id = $1", values: [wanted] });
  if (found.rowCount === 0) throw new NotFoundError("Recovery", encodeId("Recovery", wanted));
  const [message, remedy] = ready
    ? [`That run is not the test of the plan ${plan.name} whose leftovers are the oldest; those are cleaned up first.`, "that test"]
    : [`That run is not the last test of the plan ${plan.name}; only the last test can be cleaned up.`, "the last test"];
  throw new ConflictError(message, `Leave recoveryId out, or send the id of ${remedy}.`, details);
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

interface GroupOfTest extends OpenRun {
  readonly name: string;
  readonly state: string;
  readonly used: boolean;
  readonly open: boolean;
}

/**
 * A plan that is READY holds no groups, and those of an old test may have left it: another plan's run may have them now, and a state
 * other than READY would be lost, because the cleanup's end makes them READY.
 */
export async function checkGroupsOfOldTest(client: pg.ClientBase, testRunId: string): Promise<void> {
  const { rows } = await client.query<GroupOfTest>({
    name: "cleanup-old-groups",
    text: `SELECT g.name, g.state, r.id IS NOT NULL AS used, r.ended_at IS NULL AS open, r.id AS "recoveryId", t.id AS "taskId", r.kind,
        r.plan_id AS "planId", r.plan_name AS "planName"
      FROM recovery_group m JOIN protection_group g ON g.id = m.group_id LEFT JOIN group_use u ON u.group_id = g.id
        LEFT JOIN recovery r ON r.id = u.run_id LEFT JOIN task t ON t.recovery_id = r.id
      WHERE m.run_id = $1 ORDER BY g.id FOR UPDATE OF g`,
    values: [testRunId],
  });
  const use = rows.find(({ used }) => used);
  if (use !== undefined) {
    const message = `The group ${use.name} is in use by a run of the plan ${use.planName}`;
    if (use.open) throw runConflict(`${message}.`, use);
    const details = { planName: use.planName, ...(use.planId === null ? {} : { planId: use.planId }) };
    throw new ConflictError(`${message} that has not been cleaned up.`, `Clean up the plan ${use.planName} first (cleanupTest).`, details);
  }
  const other = rows.find(({ state }) => state !== "READY");
  if (other === undefined) return;
  const remedy = "Wait until the group is READY, or mend its fault.";
  throw new PreconditionFailedError("GROUP_NOT_READY", `The group ${other.name} is ${other.state}.`, remedy);
}
