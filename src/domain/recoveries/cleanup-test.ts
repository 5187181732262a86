/** The test that a cleanup cleans up, as it stands in the database. */
import type pg from "pg";
import type { SnapshotSite } from "../../engine/run-snapshot.ts";
import { ConflictError, NotFoundError } from "../errors.ts";
import { encodeId } from "../ids.ts";
import type { MakingStep } from "./cleanup-remains.ts";

type Queryable = Pick<pg.ClientBase, "query">;

export interface TestToCleanUp {
  readonly id: string;
  readonly protectedSite: SnapshotSite;
  readonly recoverySite: SnapshotSite;
}

/** The plan's last test. `wanted` names it or is null; any other is refused. */
export async function lastTest(
  database: Queryable,
  plan: { readonly id: string; readonly name: string },
  wanted: string | null,
): Promise<TestToCleanUp> {
  const { rows } = await database.query<TestToCleanUp>({
    name: "cleanup-last-test",
    text: `SELECT r.id, s.content -> 'protectedSite' AS "protectedSite", s.content -> 'recoverySite' AS "recoverySite"
      FROM recovery r JOIN recovery_snapshot s ON s.run_id = r.id
      WHERE r.plan_id = $1 AND r.kind = 'TEST' ORDER BY r.requested_at DESC, r.id DESC LIMIT 1`,
    values: [plan.id],
  });
  const [test] = rows;
  if (test !== undefined && (wanted === null || wanted === test.id)) return test;
  const details = { planId: plan.id, planName: plan.name, ...(test === undefined ? {} : { activeRecoveryId: test.id }) };
  if (wanted === null) throw new ConflictError(`The plan ${plan.name} has no test to clean up.`, "Start a test first.", details);
  const found = await database.query({ name: "cleanup-known-run", text: "SELECT 1 FROM recovery WHERE id = $1", values: [wanted] });
  if (found.rowCount === 0) throw new NotFoundError("Recovery", encodeId("Recovery", wanted));
  const message = `That run is not the last test of the plan ${plan.name}; only the last test can be cleaned up.`;
  throw new ConflictError(message, "Leave recoveryId out, or send the id of the last test.", details);
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
