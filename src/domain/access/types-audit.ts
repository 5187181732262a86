/** The audit log, for administrators. */
import { copies } from "../batching.ts";
import { builder } from "../builder.ts";
import { OrderDirection } from "../connections.ts";
import { decodeId, encodeId } from "../ids.ts";
import { holds } from "../viewer.ts";
import { type AuditRow, auditOutcomes, isAuditOutcome } from "./audit-rows.ts";

export const AuditRecordRef = builder.objectRef<AuditRow>("AuditRecord");

const AuditOutcome = builder.enumType("AuditOutcome", {
  description: "How a mutation ended: with success, or with the code of its error. Expect values that are added later.",
  values: Object.fromEntries(
    auditOutcomes.map((outcome) => [
      outcome,
      {
        value: outcome,
        description: outcome === "SUCCEEDED" ? "It was done." : `It was answered with the error ${outcome}, and changed nothing.`,
      },
    ]),
  ),
});

builder.node(AuditRecordRef, {
  description:
    "Somebody did something, or tried to. Written before a mutation does anything, completed by its outcome. `node` finds it for the role ADMIN alone.",
  id: { resolve: ({ id }) => id, description: "Global id of the record." },
  loadManyWithoutCache: async (ids, { viewer, loaders }) =>
    viewer !== null && holds(viewer, "ADMIN") ? copies(loaders.auditRecord.loadMany(ids)) : ids.map(() => null),
  fields: (t) => ({
    occurredAt: t.expose("occurredAt", { type: "DateTime", description: "When it began." }),
    completedAt: t.expose("completedAt", {
      type: "DateTime",
      nullable: true,
      description: "When its outcome was recorded; null: it was not.",
    }),
    userName: t.exposeString("userName", {
      description:
        'Who: the user\'s name; of createSession the name that was tried, which need not be anybody\'s; "local/…" is a user of the machine at its command line, "oidc/…" one of an identity provider. Empty: nobody said who.',
    }),
    userId: t.id({
      nullable: true,
      description: "Global id of the local user, if one was signed in; null for others.",
      resolve: ({ userId, userName }) => (userId === null || userName.includes("/") ? null : encodeId("User", userId)),
    }),
    operation: t.exposeString("operation", {
      description: 'Name of the mutation; at the command line such as "user.add".',
    }),
    targetType: t.exposeString("targetType", {
      nullable: true,
      description: "Type of what it was done to or what it made; null: nothing that has an id.",
    }),
    targetId: t.exposeID("targetId", { nullable: true, description: "Its global id, also when it is no more." }),
    outcome: t.field({
      type: AuditOutcome,
      nullable: true,
      description: "How it ended; null: not known, since it is under way, or the gateway ended before it could say.",
      resolve: ({ outcome }) => (isAuditOutcome(outcome) ? outcome : null),
    }),
    message: t.exposeString("message", { nullable: true, description: "What the error said; at the command line what was done." }),
    requestId: t.exposeString("requestId", { description: "Id of the request, as in its answer and in the logs." }),
  }),
});

const AuditOrderField = builder.enumType("AuditOrderField", {
  description: "What audit records are sorted by.",
  values: {
    OCCURRED_AT: { description: "When it began." },
    USER_NAME: { description: "Who, without regard to case." },
    OPERATION: { description: "Name of the mutation." },
  } as const,
});

const AuditOrder = builder.inputType("AuditOrder", {
  description: "How audit records are sorted.",
  fields: (t) => ({
    field: t.field({ type: AuditOrderField, required: true, description: "By what." }),
    direction: t.field({ type: OrderDirection, description: "Which way; ASC by default." }),
  }),
});

const AuditFilter = builder.inputType("AuditFilter", {
  description: "Which audit records; everything that is given must hold.",
  fields: (t) => ({
    userName: t.string({ description: "Part of the user's name, without regard to case." }),
    operation: t.string({ description: "Only this mutation, by its whole name." }),
    outcome: t.field({ type: AuditOutcome, description: "Only those that ended so." }),
    isCompleted: t.boolean({ description: "True: only those whose outcome is known; false: only those whose is not." }),
    targetId: t.id({ description: "Only what was done to this object, or made it: its global id." }),
    occurredFrom: t.field({ type: "DateTime", description: "Only from this time on, with it." }),
    occurredBefore: t.field({ type: "DateTime", description: "Only before this time." }),
  }),
});

const AuditRecordConnection = builder.connectionObject(
  { type: AuditRecordRef, name: "AuditRecordConnection", description: "A page of audit records." },
  { name: "AuditRecordEdge", description: "An audit record in a page." },
);

builder.queryField("auditLog", (t) =>
  t.field({
    type: AuditRecordConnection,
    nullable: true,
    authScopes: { role: "ADMIN" },
    description: "Who did what, to what, when and with which outcome, also what was refused; newest first unless told otherwise.",
    args: {
      ...t.arg.connectionArgs(),
      filter: t.arg({ type: AuditFilter, description: "Which records; all by default." }),
      orderBy: t.arg({ type: AuditOrder, description: "How they are sorted." }),
    },
    resolve: (_root, { filter, ...args }, { loaders }) => {
      const targetId = filter?.targetId ? canonical(filter.targetId) : null;
      return loaders.auditList.nodes(null, { ...args, filter: filter ? { ...filter, targetId } : null }, loaders.auditRecord);
    },
  }),
);

/** As records hold it, whatever padding it came with. */
function canonical(globalId: string): string {
  const { typename, id } = decodeId(globalId, ["filter", "targetId"]);
  return encodeId(typename, id);
}
