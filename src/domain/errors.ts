/**
 * What can be wrong with a request, as the API says it. Services throw these; each becomes a member of the mutation's union
 * (the first six) or a top-level error (the last two). Every one means that nothing was changed.
 */
import type { PlanLifecycle, PromptAnswer } from "../database/generated/enums.ts";
import type { PreconditionReason } from "./reasons.ts";
import type { Role } from "./viewer.ts";

export type ErrorCode =
  | "INVALID_REQUEST"
  | "FORBIDDEN"
  | "NOT_FOUND"
  | "CONFLICT"
  | "PRECONDITION_FAILED"
  | "SERVICE_UNAVAILABLE"
  | "UNAUTHORIZED"
  | "INTERNAL_ERROR";

export abstract class DomainError extends Error {
  abstract readonly code: ErrorCode;
  /** What to do next, as a sentence. */
  readonly remedy: string;
  constructor(message: string, remedy: string) {
    super(message);
    this.name = new.target.name;
    this.remedy = remedy;
  }
}

/** What is wrong with one field; `path` leads into the mutation's input, such as ["steps", "0", "name"]. */
export interface FieldError {
  readonly path: readonly string[];
  readonly message: string;
}

/** The input can't be taken as it is. */
export class InvalidRequestError extends DomainError {
  readonly code = "INVALID_REQUEST";
  readonly fieldErrors: readonly FieldError[];
  constructor(message: string, fieldErrors: readonly FieldError[], remedy = "Correct the named fields and send the request again.") {
    super(message, remedy);
    this.fieldErrors = fieldErrors;
  }
}

/** Signed in, but without the role that this needs. */
export class ForbiddenError extends DomainError {
  readonly code = "FORBIDDEN";
  readonly requiredRole: Role;
  /** Any one of them will do. */
  readonly requiredRoles: readonly Role[];
  constructor(requiredRole: Role, ...others: readonly Role[]) {
    const requiredRoles = [requiredRole, ...others];
    super(`This needs the role ${requiredRoles.join(" or ")}.`, "Ask an administrator for the role, or somebody who has it.");
    this.requiredRole = requiredRole;
    this.requiredRoles = requiredRoles;
  }
}

/** Nothing has this id. `resource` is its type, such as "RecoveryPlan". */
export class NotFoundError extends DomainError {
  readonly code = "NOT_FOUND";
  readonly resource: string;
  /** The global id as it was given. */
  readonly resourceId: string;
  constructor(resource: string, resourceId: string) {
    super(`There is no ${resource} with this id.`, "List what there is, and use an id from there.");
    this.resource = resource;
    this.resourceId = resourceId;
  }
}

export interface ConflictDetails {
  readonly planId?: string;
  readonly planName?: string;
  readonly lifecycle?: PlanLifecycle;
  readonly activeRecoveryId?: string;
  readonly activeTaskId?: string;
  readonly limit?: number;
  readonly current?: number;
  readonly version?: number;
  /** A prompt that somebody has answered: who, when, how. */
  readonly answeredBy?: string;
  readonly answeredAt?: Date;
  readonly answer?: PromptAnswer;
}

/** Another run, somebody's answer or the state of the thing stands in the way. */
export class ConflictError extends DomainError {
  readonly code = "CONFLICT";
  readonly details: ConflictDetails;
  constructor(message: string, remedy: string, details: ConflictDetails = {}) {
    super(message, remedy);
    this.details = details;
  }
}

/** Something outside the request has to be put right first; `reason` is a code such as MAPPING_MISSING. */
export class PreconditionFailedError extends DomainError {
  readonly code = "PRECONDITION_FAILED";
  readonly reason: PreconditionReason;
  constructor(reason: PreconditionReason, message: string, remedy: string) {
    super(message, remedy);
    this.reason = reason;
  }
}

/** A site that has to be asked does not answer, or the database is away. */
export class ServiceUnavailableError extends DomainError {
  readonly code = "SERVICE_UNAVAILABLE";
  readonly retryAfterSeconds: number;
  constructor(message: string, retryAfterSeconds: number) {
    super(message, `Try again in ${retryAfterSeconds} s.`);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Not signed in, or no longer. Top-level only. */
export class UnauthorizedError extends DomainError {
  readonly code = "UNAUTHORIZED";
  /** When the session or the link ended, if it was once valid. */
  readonly expiredAt: Date | null;
  constructor(
    message: string,
    expiredAt: Date | null = null,
    remedy = "Sign in with createSession and send its token in the header session-token.",
  ) {
    super(message, remedy);
    this.expiredAt = expiredAt;
  }
}
