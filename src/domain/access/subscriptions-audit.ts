/** The audit log as a stream. Its source is the feed's own iterator: see recoveries/subscriptions.ts. */
import type { LoggedChange } from "../../events/changes.ts";
import { encodeLogCursor } from "../../events/cursor.ts";
import { builder } from "../builder.ts";
import { afterArg, logPlace } from "../log-places.ts";
import { AuditRecordRef } from "./types-audit.ts";

interface AuditEvent {
  readonly cursor: string;
  readonly recordId: string;
}

interface AuditBatch {
  readonly cursor: string;
  readonly serverTime: Date;
  readonly events: readonly AuditEvent[];
}

const AuditEventRef = builder.objectRef<AuditEvent>("AuditEvent").implement({
  description: "A mutation has ended, and its record has its outcome.",
  fields: (t) => ({
    cursor: t.exposeString("cursor", { description: "Behind this event: `after` goes on here." }),
    record: t.field({
      type: AuditRecordRef,
      nullable: true,
      description: "Its record; null: it is no more.",
      resolve: ({ recordId }, _args, { loaders }) => loaders.auditRecord.load(recordId),
    }),
  }),
});

const AuditEventBatch = builder.objectRef<AuditBatch>("AuditEventBatch").implement({
  description: "What was recorded since the last delivery: the first comes at once and may be empty, then at most one each 100 ms.",
  fields: (t) => ({
    cursor: t.exposeString("cursor", { description: "Behind the last event: resume here after a break." }),
    serverTime: t.expose("serverTime", { type: "DateTime", description: "The gateway's time at the delivery." }),
    events: t.field({
      type: [AuditEventRef],
      description: "The events, in the order in which they were committed; none is left out or merged.",
      resolve: ({ events }) => events,
    }),
  }),
});

builder.subscriptionField("auditEvents", (t) =>
  t.field({
    type: AuditEventBatch,
    nullable: true,
    authScopes: { role: "ADMIN" },
    description:
      "Audit records as they are completed, from now or behind a cursor; never ends by itself. What the gateway could not complete has no event: auditLog lists it.",
    args: { after: t.arg.string(afterArg("From now by default.")) },
    subscribe: async (_root, { after }, context) => {
      const { feeds, signal, onLagging } = context;
      return feeds.changes({ kinds: ["AUDIT_RECORDED"], after: await logPlace(after, context), signal, onLagging });
    },
    resolve: ({ cursor, serverTime, events }, _args, { generation }): AuditBatch => ({
      cursor,
      serverTime,
      events: events.map((event) => eventOf(event, generation)),
    }),
  }),
);

const eventOf = ({ position, change }: LoggedChange, generation: number): AuditEvent => ({
  cursor: encodeLogCursor({ generation, position }),
  recordId: change.id,
});
