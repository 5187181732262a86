/** What the end of every run writes: the run's own row and its task. The statements of plans' and groups' runs begin with it. */
import { eventCtes } from "../../events/append.ts";
import { updatedRows } from "../../events/changes.ts";
import type { RunWarning } from "../run-snapshot.ts";

/** Fields of $5 that `ended` reads. */
export interface EndedRun {
  /** It is not to end like this where somebody has cancelled it by now: that was taken on, so it counts. */
  readonly mindsCancel: boolean;
  readonly state: string;
  readonly resultState: string;
  readonly rto: number | null;
  readonly rtoOfRecovered: number | null;
  readonly rpo: number | null;
  readonly started: number | null;
  readonly vmCount: number;
  readonly vmsSucceeded: number;
  readonly vmsFailed: number;
  /** What failed, for people. */
  readonly errors: readonly string[];
  readonly warnings: readonly RunWarning[];
}

/** As columns of the record that $5 is read as. */
export const endedColumns = `"mindsCancel" boolean, state text, "resultState" text, rto int, "rtoOfRecovered" int, rpo int, started float8, "vmCount" int,
  "vmsSucceeded" int, "vmsFailed" int, errors text[], warnings jsonb`;

/** CTEs z (the run's row, none if its owner has lost it, or minds a cancel that has come; what is switched ends as it has), r (as the journal's events need it) and t (its task). */
export const endedCtes = `z AS (
    UPDATE recovery SET last_event = last_event + $4::int, state = f.state::"RecoveryState", result_state = f."resultState"::"ResultState",
      paused_reason = NULL, ended_at = dr_now(), started_at = COALESCE(to_timestamp(f.started / 1000.0), started_at), progress_percent = 100,
      current_step = NULL, estimated_completion_at = NULL, owner = NULL, lease_until = NULL, wake_at = NULL, rto_achieved_seconds = f.rto,
      rto_of_recovered_vms_seconds = f."rtoOfRecovered", rpo_achieved_seconds = f.rpo, vm_count = f."vmCount",
      vms_succeeded = f."vmsSucceeded", vms_failed = f."vmsFailed", warnings = f.warnings, warnings_count = jsonb_array_length(f.warnings),
      errors = f.errors
    FROM f WHERE id = $1::uuid AND epoch = $2::bigint AND last_event = $3::int
      AND NOT (f."mindsCancel" AND cancel_requested_at IS NOT NULL AND switch_requested_at IS NULL)
    RETURNING id, last_event - $4::int AS base, plan_id, plan_name, pairing_id, kind, initiated_by_id, initiated_by,
      switch_requested_at, switch_requested_by),
  r AS (SELECT id, base FROM z),
  t AS (
    UPDATE task SET state = (CASE f."resultState" WHEN 'CANCELLED' THEN 'CANCELLED' WHEN 'FAILED' THEN 'FAILED' ELSE 'COMPLETED' END)::"TaskState",
      progress_percent = 100, ended_at = dr_now(), errors = f.errors, warnings = f.warnings, current_step = NULL
    FROM z, f WHERE task.recovery_id = z.id RETURNING task.id, task.name)`;

/** The end of such a statement: the run's last events, and what a SELECT yields of changes. */
export const endedEvents = (changes: readonly string[]): string =>
  eventCtes({
    run: "r",
    count: "$4::int",
    kinds: "$6",
    payloads: "$7",
    ends: "$8",
    changes: [updatedRows("TASK_CHANGED", "t"), ...changes].join(" UNION ALL "),
  });
