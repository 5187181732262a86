/** How the classes of errors.ts look in the schema. */
import { RoleType } from "./access/types-enums.ts";
import { builder } from "./builder.ts";
import {
  ConflictError,
  DomainError,
  type FieldError,
  ForbiddenError,
  InvalidRequestError,
  NotFoundError,
  PreconditionFailedError,
  ServiceUnavailableError,
} from "./errors.ts";
import { encodeId } from "./ids.ts";
import { PlanLifecycle } from "./plans/types-enums.ts";
import { type PreconditionReason, reasons } from "./reasons.ts";
import { PromptAnswer } from "./recoveries/types/enums.ts";

export const ErrorCode = builder.enumType("ErrorCode", {
  description: "What kind of error it is. Expect codes that are added later.",
  values: {
    INVALID_REQUEST: { description: "The input can't be taken as it is; `fieldErrors` names what." },
    UNAUTHORIZED: { description: "Not signed in, or no longer. Top-level only." },
    FORBIDDEN: { description: "Signed in, but without the role that it needs." },
    NOT_FOUND: { description: "Nothing has this id." },
    CONFLICT: { description: "Another run, somebody's answer or the state of the thing stands in the way." },
    PRECONDITION_FAILED: { description: "Something outside the request has to be put right first." },
    SERVICE_UNAVAILABLE: { description: "What has to be asked does not answer; try again." },
    INTERNAL_ERROR: { description: "A fault of the gateway; the request id finds it in the logs. Top-level only." },
  },
});

const FieldErrorType = builder.objectRef<FieldError>("FieldError").implement({
  description: "What is wrong with one field of an input.",
  fields: (t) => ({
    path: t.field({
      type: ["String"],
      description: 'The way to the field inside the input, such as ["steps", "0", "name"].',
      resolve: ({ path }) => [...path],
    }),
    message: t.exposeString("message", { description: "What is wrong with it, as a sentence." }),
  }),
});

export const ErrorInterface = builder.interfaceRef<DomainError>("Error").implement({
  description: "Why a mutation did nothing: whenever one of these is the answer, nothing was changed. (Reference: Error Handling.)",
  resolveType: (error) => (error instanceof DomainError ? error.name : undefined),
  fields: (t) => ({
    code: t.field({ type: ErrorCode, description: "What kind of error it is.", resolve: ({ code }) => code }),
    message: t.exposeString("message", { description: "What is wrong, as a sentence for people." }),
    remedy: t.exposeString("remedy", { description: "What to do next, as a sentence." }),
    requestId: t.string({
      description: "Id of the request, as in the answer's header x-request-id and the logs.",
      resolve: (_error, _args, { requestId }) => requestId,
    }),
    timestamp: t.field({ type: "DateTime", description: "When the answer was given.", resolve: () => new Date() }),
  }),
});

builder.objectType(InvalidRequestError, {
  name: "InvalidRequestError",
  description: "The input can't be taken as it is.",
  interfaces: [ErrorInterface],
  fields: (t) => ({
    fieldErrors: t.field({
      type: [FieldErrorType],
      description: "What is wrong with which field; empty when it is the input as a whole.",
      resolve: ({ fieldErrors }) => [...fieldErrors],
    }),
  }),
});

builder.objectType(ForbiddenError, {
  name: "ForbiddenError",
  description: "Signed in, but without the role that this needs.",
  interfaces: [ErrorInterface],
  fields: (t) => ({
    requiredRole: t.expose("requiredRole", {
      type: RoleType,
      description: "The role that is missing; the first of them where one of several will do.",
    }),
    requiredRoles: t.field({
      type: [RoleType],
      description: "The roles of which one is needed.",
      resolve: ({ requiredRoles }) => [...requiredRoles],
    }),
  }),
});

builder.objectType(NotFoundError, {
  name: "NotFoundError",
  description: "Nothing has this id.",
  interfaces: [ErrorInterface],
  fields: (t) => ({
    resource: t.exposeString("resource", { description: 'The type that was looked for, such as "RecoveryPlan".' }),
    resourceId: t.exposeID("resourceId", { description: "The id as it was given." }),
  }),
});

const isReason = (name: string): name is PreconditionReason => name in reasons;
const PreconditionReasonType = builder.enumType("PreconditionReason", {
  description: "What has to be put right first. Expect reasons that are added later; docs/codes.md lists them.",
  values: Object.fromEntries(
    Object.keys(reasons)
      .filter(isReason)
      .map((name) => [name, { value: name, description: reasons[name] }]),
  ),
});

builder.objectType(PreconditionFailedError, {
  name: "PreconditionFailedError",
  description: "Something outside the request has to be put right first.",
  interfaces: [ErrorInterface],
  fields: (t) => ({
    reason: t.expose("reason", { type: PreconditionReasonType, description: "What has to be put right, for programs." }),
  }),
});

builder.objectType(ServiceUnavailableError, {
  name: "ServiceUnavailableError",
  description: "A site that has to be asked does not answer in time.",
  interfaces: [ErrorInterface],
  fields: (t) => ({ retryAfterSeconds: t.exposeInt("retryAfterSeconds", { description: "When to try again, in seconds from now." }) }),
});

const globalId = (type: string, id: string | undefined) => (id === undefined ? null : encodeId(type, id));

builder.objectType(ConflictError, {
  name: "ConflictError",
  description: "Another run, somebody's answer or the state of the thing stands in the way. What is null does not apply.",
  interfaces: [ErrorInterface],
  fields: (t) => ({
    planId: t.id({
      nullable: true,
      description: "The plan in the way.",
      resolve: ({ details }) => globalId("RecoveryPlan", details.planId),
    }),
    planName: t.string({ nullable: true, description: "Its name.", resolve: ({ details }) => details.planName ?? null }),
    lifecycle: t.field({
      type: PlanLifecycle,
      nullable: true,
      description: "Its lifecycle now.",
      resolve: ({ details }) => details.lifecycle ?? null,
    }),
    activeRecoveryId: t.id({
      nullable: true,
      description: "The run in the way.",
      resolve: ({ details }) => globalId("Recovery", details.activeRecoveryId),
    }),
    activeTaskId: t.id({ nullable: true, description: "Its task.", resolve: ({ details }) => globalId("Task", details.activeTaskId) }),
    limit: t.int({ nullable: true, description: "The limit that would be passed.", resolve: ({ details }) => details.limit ?? null }),
    current: t.int({ nullable: true, description: "How much of the limit is used.", resolve: ({ details }) => details.current ?? null }),
    version: t.int({
      nullable: true,
      description: "The version that the thing has, where another was expected.",
      resolve: ({ details }) => details.version ?? null,
    }),
    answeredBy: t.string({
      nullable: true,
      description: "Who has answered the prompt.",
      resolve: ({ details }) => details.answeredBy ?? null,
    }),
    answeredAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "When the prompt was answered.",
      resolve: ({ details }) => details.answeredAt ?? null,
    }),
    answer: t.field({
      type: PromptAnswer,
      nullable: true,
      description: "How the prompt was answered.",
      resolve: ({ details }) => details.answer ?? null,
    }),
  }),
});
