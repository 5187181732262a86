import type { RunKind } from "../../../database/generated/enums.ts";
import { runName } from "./run-name.ts";
import { type Fact, idsOf, type Teller, when, withFacts } from "./teller.ts";

interface Row {
  readonly id: string;
  readonly kind: RunKind;
  readonly resultState: string;
  readonly planId: string | null;
  readonly planName: string;
  readonly errors: readonly string[];
  readonly vmsSucceeded: number;
  readonly vmsFailed: number;
  readonly taskId: string | null;
}

/** A run of a protection group can't be queried: its task can. */
const text = `SELECT r.id, r.kind, r.result_state AS "resultState", r.plan_id AS "planId", r.plan_name AS "planName",
    coalesce(r.errors, '{}') AS errors, r.vms_succeeded AS "vmsSucceeded", r.vms_failed AS "vmsFailed", t.id AS "taskId"
  FROM recovery r LEFT JOIN task t ON t.recovery_id = r.id AND r.kind IN ('GROUP_CREATE', 'GROUP_UPDATE', 'GROUP_DELETE')
  WHERE r.id = ANY($1::uuid[]) AND r.result_state IN ('FAILED', 'PARTIAL')`;

const runId = ({ recoveryId }: Fact) => recoveryId;

const remedies: Readonly<Record<RunKind, string>> = {
  TEST: "See which steps failed, clean up, and test again once that is mended.",
  CLEANUP: "See what was left behind, and clean up again.",
  PLANNED: "See which steps failed, and run it again: it goes on with what is done; or accept it as it is (acceptRecovery).",
  DISASTER: "See which steps failed, and run it again: it goes on with what is done; or accept it as it is (acceptRecovery).",
  REPROTECT: "See which groups failed, and reprotect again: the others are left alone.",
  GROUP_CREATE: "See the group's fault; delete the group, and create it again once that is mended.",
  GROUP_UPDATE: "See the group's fault, and repeat the change once that is mended.",
  GROUP_DELETE: "See the group's fault, and delete it again once that is mended.",
};

const shownErrors = 3;

/** One that somebody has cancelled has not failed. */
export const runFailed: Teller = {
  description: "A run has failed, or has not recovered all of its VMs; not one that was cancelled.",
  event: "RECOVERY_ENDED",
  async tell(client, facts) {
    const { rows } = await client.query<Row>({ name: "notify-runs", text, values: [idsOf(facts, runId)] });
    return withFacts(rows, facts, runId).map(({ row, fact }) => {
      const errors = row.errors.slice(0, shownErrors);
      const more = row.errors.length - errors.length;
      const vms = when(row.vmsFailed > 0, ` ${row.vmsSucceeded} VMs succeeded, ${row.vmsFailed} did not.`);
      const run = { type: row.taskId === null ? "Recovery" : "Task", id: row.taskId ?? row.id, name: row.planName } as const;
      return {
        kind: "RUN_FAILED",
        key: row.id,
        position: fact.position,
        occurredAt: fact.occurredAt,
        content: {
          title: `${runName(row)} ${row.resultState === "PARTIAL" ? "succeeded only in part" : "failed"}`,
          message: `${runName(row)} ended ${row.resultState}.${vms}${errors.map((error) => `\n${error}`).join("")}${when(more > 0, `\nand ${more} more.`)}`,
          remedy: remedies[row.kind],
          subject: run,
          plan: row.planId === null ? null : { type: "RecoveryPlan", id: row.planId, name: row.planName },
          details: { runKind: row.kind, resultState: row.resultState, vmsSucceeded: row.vmsSucceeded, vmsFailed: row.vmsFailed },
        },
      };
    });
  },
};
