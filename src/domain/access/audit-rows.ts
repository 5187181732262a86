/** What an audit record holds. */
import type { ErrorCode } from "../errors.ts";

export const auditOutcomes = [
  "SUCCEEDED",
  "INVALID_REQUEST",
  "UNAUTHORIZED",
  "FORBIDDEN",
  "NOT_FOUND",
  "CONFLICT",
  "PRECONDITION_FAILED",
  "SERVICE_UNAVAILABLE",
  "INTERNAL_ERROR",
] as const satisfies readonly ("SUCCEEDED" | ErrorCode)[];
export type AuditOutcomeName = (typeof auditOutcomes)[number];

export const isAuditOutcome = (text: string | null): text is AuditOutcomeName => auditOutcomes.some((outcome) => outcome === text);

export interface AuditRow {
  readonly id: string;
  readonly occurredAt: Date;
  readonly completedAt: Date | null;
  readonly userId: string | null;
  readonly userName: string;
  readonly operation: string;
  readonly targetType: string | null;
  readonly targetId: string | null;
  readonly outcome: string | null;
  readonly message: string | null;
  readonly requestId: string;
}
