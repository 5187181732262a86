/** A test of a plan that ended well, with as many steps as are wanted: a priority group, and for each VM a container with four steps. */
import type { Database } from "../../src/database/database.ts";

const stepsPerVm = 5;

/** `spec` holds what the engine would have resolved; nobody goes on with a run that is over. */
const stepsText = `INSERT INTO recovery_step (run_id, ordinal, parent, path, key, kind, name, spec, after, needs, after_gates, expected_seconds, status,
    started_at, ended_at, progress_percent, errors, warnings)
  SELECT $1::uuid, x.ordinal, x.parent, x.path, x.kind || ':' || x.ordinal, x.kind, x.name, '{}', '{}', x.needs, '{}', 5, 'SUCCEEDED',
    dr_now() - interval '10 minutes', dr_now() - interval '9 minutes', 100, '{}', '{}'
  FROM (
    SELECT 1 AS ordinal, NULL::int AS parent, '1' AS path, 'PRIORITY_GROUP' AS kind, 'Tier 1' AS name, '{}'::int[] AS needs
    UNION ALL
    SELECT 2 + v * ${stepsPerVm} + s.nth, CASE WHEN s.nth = 0 THEN 1 ELSE 2 + v * ${stepsPerVm} END,
      '1.' || v + 1 || CASE WHEN s.nth = 0 THEN '' ELSE '.' || s.nth END, s.kind, s.name || 'vm-' || lpad(v::text, 5, '0'),
      CASE WHEN s.nth < 2 THEN '{}'::int[] ELSE ARRAY[1 + v * ${stepsPerVm} + s.nth] END
    FROM generate_series(0, $2::int / ${stepsPerVm} - 1) v, (VALUES (0, 'VM', ''), (1, 'REGISTER_VM', 'Register '), (2, 'CUSTOMISE_IP', 'Customise '),
      (3, 'POWER_ON', 'Power on '), (4, 'READY_CHECK', 'Ready: ')) AS s (nth, kind, name)
  ) AS x ORDER BY x.ordinal`;

/** Answers the run's id. */
export async function addRun({ pool }: Pick<Database, "pool">, planId: string, steps: number): Promise<string> {
  const { rows } = await pool.query<{ id: string }>(
    `INSERT INTO recovery (id, plan_id, plan_name, pairing_id, kind, state, result_state, options, initiated_by, requested_at, started_at, ended_at,
        progress_percent, vm_count, vms_succeeded, errors)
      SELECT uuidv7(), p.id, p.name, p.pairing_id, 'TEST', 'COMPLETED', 'SUCCESS', '{"powerOnVms":true,"runScripts":true,"syncData":false}', 'admin',
        dr_now() - interval '11 minutes', dr_now() - interval '11 minutes', dr_now() - interval '5 minutes', 100, $2::int, $2::int, '{}'
      FROM recovery_plan p WHERE p.id = $1::uuid RETURNING id`,
    [planId, Math.floor(steps / stepsPerVm)],
  );
  const id = rows[0]?.id;
  if (id === undefined) throw new Error(`There is no plan ${planId}.`);
  await pool.query(
    `INSERT INTO task (id, name, type, state, progress_percent, target_id, target_type, recovery_id, initiated_by, ended_at, errors)
      SELECT uuidv7(), 'Test Recovery - ' || r.plan_name, 'RECOVERY', 'COMPLETED', 100, r.plan_id, 'RECOVERY_PLAN', r.id, 'admin', r.ended_at, '{}'
      FROM recovery r WHERE r.id = $1::uuid`,
    [id],
  );
  await pool.query(stepsText, [id, steps]);
  await pool.query("ANALYZE recovery, recovery_step, task");
  return id;
}
