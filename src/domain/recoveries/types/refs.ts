/** What other rooms refer to. */
import type { Recovery, RecoveryPrompt } from "../../../database/generated/client.ts";
import type { StepNode, StepStatus } from "../../../engine/model.ts";
import { builder } from "../../builder.ts";

/** Without the lease, and with figures by the database's clock. Runs of a group are no recoveries: their tasks show them. */
export interface RecoveryRow
  extends Omit<Recovery, "kind" | "owner" | "epoch" | "leaseUntil" | "wakeAt" | "engineVersion" | "initiatedById" | "pauseRequestedBy"> {
  readonly kind: Exclude<Recovery["kind"], `GROUP_${string}`>;
  /** From the start to the end, or to now. */
  readonly elapsedSeconds: number | null;
}

/** A step's row is a node of its run's tree, and what has become of it. Times are milliseconds since 1970. */
export type StepRow = StepNode & {
  readonly runId: string;
  readonly status: StepStatus;
  readonly attempt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly dueAt: number | null;
  readonly progressPercent: number;
  readonly message: string | null;
  readonly errors: string[];
  readonly warnings: string[];
  /** Database time of the read. */
  readonly now: number;
};

export type PromptRow = RecoveryPrompt;

export const RecoveryRef = builder.objectRef<Readonly<RecoveryRow>>("Recovery");
export const RecoveryStepRef = builder.objectRef<StepRow>("RecoveryStep");
export const PromptRef = builder.objectRef<Readonly<PromptRow>>("Prompt");
