/**
 * A disaster recovery waits for no drill: a test or a cleanup of the plan that is under way ends at once, in the transaction that writes the
 * disaster run. Its owner finds its epoch gone and stops; what it has made stays for a cleanup.
 */
import type pg from "pg";
import type { EndedRun } from "../../engine/say-ended.ts";
import { appendEvents } from "../../events/append.ts";
import type { RecoveryEvent } from "../../events/types.ts";
import type { Viewer } from "../viewer.ts";
import type { LockedPlan } from "./service/open-runs.ts";

const message = "Stopped for a disaster recovery";
const reason = "DISASTER_STARTED";

const statements = {
  run: `UPDATE recovery SET state = 'FAILED', result_state = 'CANCELLED', ended_at = dr_now(), progress_percent = 100, paused_reason = NULL,
      current_step = NULL, estimated_completion_at = NULL, cancel_requested_at = coalesce(cancel_requested_at, dr_now()),
      cancel_requested_by = coalesce(cancel_requested_by, $2), cancel_reason = '${reason}', epoch = epoch + 1, owner = NULL, lease_until = NULL,
      wake_at = NULL
    WHERE plan_id = $1 AND ended_at IS NULL AND kind IN ('TEST', 'CLEANUP') RETURNING id, kind, vms_succeeded AS "vmsSucceeded", vms_failed AS "vmsFailed"`,
  steps: `UPDATE recovery_step SET status = 'CANCELLED', ended_at = dr_now(), due_at = NULL, message = $2
    WHERE run_id = $1 AND status IN ('PENDING', 'RUNNING', 'WAITING')
    RETURNING ordinal, path, kind AS "stepKind", name, status, attempt, progress_percent AS "progressPercent", message, errors, warnings,
      vm_id AS "vmId", group_id AS "groupId", site_id AS "siteId"`,
  prompts: `UPDATE recovery_prompt p SET withdrawn_at = dr_now() FROM recovery_step s
    WHERE p.run_id = $1 AND p.answer IS NULL AND p.withdrawn_at IS NULL AND s.run_id = p.run_id AND s.ordinal = p.ordinal
    RETURNING p.id AS "promptId", p.ordinal, s.path`,
  task: "UPDATE task SET state = 'CANCELLED', ended_at = dr_now(), progress_percent = 100, current_step = NULL WHERE recovery_id = $1 RETURNING id, name",
  plan: "UPDATE recovery_plan SET last_test_at = dr_now(), last_test_result = 'CANCELLED' WHERE id = $1",
} as const;

interface StoppedRun {
  readonly id: string;
  readonly kind: "TEST" | "CLEANUP";
  readonly vmsSucceeded: number;
  readonly vmsFailed: number;
}

/** A run that has ended, but for its last events: these come last in the transaction. */
export interface Stopped {
  readonly run: EndedRun;
  writeEvents(): Promise<void>;
}

type StepRow = Omit<Extract<RecoveryEvent, { kind: "STEP_CHANGED" }>, "kind">;

/** Undefined: nothing was under way. */
export async function stopForDisaster(
  client: pg.ClientBase,
  plan: Pick<LockedPlan, "id" | "name">,
  viewer: Pick<Viewer, "name">,
): Promise<Stopped | undefined> {
  const read = async <R extends pg.QueryResultRow>(name: keyof typeof statements, values: unknown[]) =>
    (await client.query<R>({ name: `stop-for-disaster-${name}`, text: statements[name], values })).rows;
  const [run] = await read<StoppedRun>("run", [plan.id, viewer.name]);
  if (run === undefined) return undefined;
  const prompts = await read<{ promptId: string; ordinal: number; path: string }>("prompts", [run.id]);
  const steps = await read<StepRow>("steps", [run.id, message]);
  const [task] = await read<{ id: string; name: string }>("task", [run.id]);
  if (run.kind === "TEST") await read("plan", [plan.id]);
  const { vmsSucceeded, vmsFailed } = run;
  const events: RecoveryEvent[] = [
    { kind: "RECOVERY_STATE_CHANGED", state: "CANCELLING", pausedReason: null, by: viewer.name, reason },
    ...prompts.map((prompt) => ({ kind: "PROMPT_ANSWERED", ...prompt, answer: null, by: null, automatic: false }) as const),
    ...steps.sort((a, b) => a.ordinal - b.ordinal).map((step) => ({ kind: "STEP_CHANGED", ...step }) as const),
    {
      kind: "RECOVERY_ENDED",
      state: "FAILED",
      resultState: "CANCELLED",
      rtoAchievedSeconds: null,
      rpoAchievedSeconds: null,
      vmsSucceeded,
      vmsFailed,
    },
  ];
  return {
    run: { runId: run.id, plan: plan.name, kind: run.kind, resultState: "CANCELLED" },
    async writeEvents() {
      await appendEvents(client, run.id, events, task === undefined ? [] : [{ kind: "TASK_CHANGED", ...task, change: "UPDATED" }]);
    },
  };
}
