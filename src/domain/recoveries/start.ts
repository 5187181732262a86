/** Starting a run of a plan: which kind it is decides how. */
import { requireRole, type Viewer } from "../viewer.ts";
import type { PointChoice } from "./recovery-point.ts";
import { type Alongside, checkTexts, type RecoveriesContext, type StartedRun } from "./service/context.ts";
import { roleFor } from "./service/control-refusals.ts";
import { startRecovery } from "./start/recovery.ts";
import { startTest } from "./start/test.ts";

export interface StartInput {
  readonly planId: string;
  readonly recoveryType: "TEST" | "PLANNED" | "DISASTER";
  readonly syncData?: boolean | null | undefined;
  readonly powerOnVms?: boolean | null | undefined;
  readonly runScripts?: boolean | null | undefined;
  readonly failurePolicy?: "CONTINUE" | "PAUSE" | null | undefined;
  readonly recoveryPoint?: PointChoice | null | undefined;
  readonly acceptDataLoss?: boolean | null | undefined;
  readonly acceptUnfenced?: boolean | null | undefined;
  readonly notes?: string | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

export async function start(context: RecoveriesContext, viewer: Viewer, input: StartInput, alongside?: Alongside): Promise<StartedRun> {
  checkTexts({ notes: input.notes, idempotencyKey: input.idempotencyKey });
  const { recoveryType } = input;
  requireRole(viewer, roleFor(recoveryType));
  if (recoveryType === "TEST") return startTest(context, viewer, input, alongside);
  return startRecovery(context, viewer, "startRecovery", { ...input, recoveryType });
}
