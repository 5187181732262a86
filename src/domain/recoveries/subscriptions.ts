/**
 * Streams of events. Their sources are the feeds' own iterators, handed on as they are: a generator around one would hold it open
 * after its client has gone. Errors of opening are thrown, so that they come as the first answer.
 */
import { decodeRecoveryCursor, encodeLogCursor, encodeRecoveryCursor } from "../../events/cursor.ts";
import type { Batch } from "../../events/feed.ts";
import type { LoggedEvent } from "../../events/types.ts";
import { builder } from "../builder.ts";
import { NotFoundError } from "../errors.ts";
import { idOf } from "../ids.ts";
import { afterArg, logPlace, placeOf } from "../log-places.ts";
import { type EventIn, RecoveryEventRef } from "./types/events.ts";

interface EventBatch {
  readonly cursor: string;
  readonly serverTime: Date;
  readonly events: readonly EventIn[];
}

const RecoveryEventBatch = builder.objectRef<EventBatch>("RecoveryEventBatch").implement({
  description: "What happened since the last delivery: the first comes at once and may be empty, then at most one each 100 ms.",
  fields: (t) => ({
    cursor: t.exposeString("cursor", { description: "Behind the last event: resume here after a break." }),
    serverTime: t.expose("serverTime", { type: "DateTime", description: "The gateway's time at the delivery." }),
    events: t.field({
      type: [RecoveryEventRef],
      description: "The events, in order; none is left out or merged. Of prompts empty now and then, when only the cursor has moved.",
      resolve: ({ events }) => events,
    }),
  }),
});

const batchOf = ({ cursor, serverTime, events }: Batch, cursorOf: (event: LoggedEvent) => string): EventBatch => ({
  cursor,
  serverTime,
  events: events.map((logged) => ({
    cursor: cursorOf(logged),
    recoveryId: logged.recoveryId,
    sequence: logged.sequence,
    occurredAt: logged.occurredAt,
    event: logged.event,
  })),
});

builder.subscriptionFields((t) => ({
  recoveryEvents: t.field({
    type: RecoveryEventBatch,
    nullable: true,
    authScopes: { role: "VIEWER" },
    description: "Everything that happens in one run, from its start or behind a cursor; ends after the run's last event.",
    args: {
      recoveryId: t.arg.id({ required: true, description: "Global id of the run." }),
      after: t.arg.string(afterArg("From the start by default.")),
    },
    subscribe: async (_root, { recoveryId, after }, { loaders, feeds, generation, signal, onLagging }) => {
      const id = idOf("Recovery", recoveryId, ["recoveryId"]);
      const run = await loaders.recovery.load(id);
      if (run === null) throw new NotFoundError("Recovery", recoveryId);
      const expected = { recoveryId: id, generation, newest: run.lastEvent };
      const sequence = after ? placeOf(() => decodeRecoveryCursor(after, expected)) : 0;
      return feeds.recovery({ recoveryId: id, after: sequence, signal, onLagging });
    },
    resolve: (batch, _args, { generation }) =>
      batchOf(batch, ({ recoveryId, sequence }) => encodeRecoveryCursor({ generation, recoveryId, sequence })),
  }),
  promptEvents: t.field({
    type: RecoveryEventBatch,
    nullable: true,
    authScopes: { role: "VIEWER" },
    description: "Prompts that open and close, across all plans, from now or behind a cursor; never ends by itself.",
    args: { after: t.arg.string(afterArg("From now by default.")) },
    subscribe: async (_root, { after }, context) => {
      const { feeds, signal, onLagging } = context;
      return feeds.prompts({ after: await logPlace(after, context), signal, onLagging });
    },
    resolve: (batch, _args, { generation }) => batchOf(batch, ({ position }) => encodeLogCursor({ generation, position })),
  }),
}));
