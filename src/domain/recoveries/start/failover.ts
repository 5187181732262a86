/** A planned recovery by the reference's own name, with the options that a failback has. (Reference: Planned Failover.) */
import { requireRole, type Viewer } from "../../viewer.ts";
import { checkTexts, type RecoveriesContext, type StartedRun } from "../service/context.ts";
import { type RecoveryInput, startRecovery } from "./recovery.ts";

export type FailoverInput = Omit<RecoveryInput, "recoveryType" | "recoveryPoint" | "acceptUnfenced">;

export async function startPlannedFailover(context: RecoveriesContext, viewer: Viewer, input: FailoverInput): Promise<StartedRun> {
  checkTexts({ notes: input.notes, idempotencyKey: input.idempotencyKey });
  requireRole(viewer, "RECOVERY_ADMIN");
  return startRecovery(context, viewer, "startPlannedFailover", { ...input, recoveryType: "PLANNED" });
}
