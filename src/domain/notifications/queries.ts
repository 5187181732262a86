import { builder } from "../builder.ts";
import { OrderDirection } from "../connections.ts";
import { InvalidRequestError } from "../errors.ts";
import { decodeId } from "../ids.ts";
import { DeliveryConnection } from "./types-delivery.ts";
import { DeliveryStateRef, NotificationChannelRef, NotificationKindRef } from "./types-enums.ts";
import { WebhookConnection } from "./types-webhook.ts";

const WebhookOrderField = builder.enumType("WebhookOrderField", {
  description: "What webhooks are sorted by.",
  values: { NAME: { description: "Name, without regard to case." }, CREATED_AT: { description: "When they were made." } } as const,
});

const WebhookOrder = builder.inputType("WebhookOrder", {
  description: "How webhooks are sorted.",
  fields: (t) => ({
    field: t.field({ type: WebhookOrderField, required: true, description: "By what." }),
    direction: t.field({ type: OrderDirection, description: "Which way; ASC by default." }),
  }),
});

const WebhookFilter = builder.inputType("WebhookFilter", {
  description: "Which webhooks.",
  fields: (t) => ({ name: t.string({ description: "Part of the name, without regard to case." }) }),
});

const DeliveryOrderField = builder.enumType("NotificationDeliveryOrderField", {
  description: "What deliveries are sorted by.",
  values: { CREATED_AT: { description: "When they were written." } } as const,
});

const DeliveryOrder = builder.inputType("NotificationDeliveryOrder", {
  description: "How deliveries are sorted.",
  fields: (t) => ({
    field: t.field({ type: DeliveryOrderField, required: true, description: "By what." }),
    direction: t.field({ type: OrderDirection, description: "Which way; ASC by default." }),
  }),
});

const DeliveryFilter = builder.inputType("NotificationDeliveryFilter", {
  description: "Which deliveries; everything that is given must hold.",
  fields: (t) => ({
    state: t.field({ type: DeliveryStateRef, description: "Only those that are so far." }),
    channel: t.field({ type: NotificationChannelRef, description: "Only those that go this way." }),
    kind: t.field({ type: NotificationKindRef, description: "Only those that tell this." }),
    targetId: t.id({ description: "Only those to this webhook or user." }),
  }),
});

function targetOf(globalId: string | null | undefined): string | null {
  if (globalId === null || globalId === undefined) return null;
  const path = ["filter", "targetId"];
  const { typename, id } = decodeId(globalId, path);
  if (typename === "Webhook" || typename === "User") return id;
  const message = `This is the id of a ${typename}; deliveries go to webhooks and users.`;
  throw new InvalidRequestError(message, [{ path, message }]);
}

builder.queryFields((t) => ({
  webhooks: t.field({
    type: WebhookConnection,
    nullable: true,
    authScopes: { role: "ADMIN" },
    description: "Webhooks, by name unless told otherwise.",
    args: {
      ...t.arg.connectionArgs(),
      filter: t.arg({ type: WebhookFilter, description: "Which webhooks; all by default." }),
      orderBy: t.arg({ type: WebhookOrder, description: "How they are sorted." }),
    },
    resolve: (_root, args, { loaders }) => loaders.webhookList.nodes(null, args, loaders.webhook),
  }),
  notificationDeliveries: t.field({
    type: DeliveryConnection,
    nullable: true,
    authScopes: { role: "ADMIN" },
    description: "The log of what was told whom, newest first unless told otherwise. It goes back as far as events are kept.",
    args: {
      ...t.arg.connectionArgs(),
      filter: t.arg({ type: DeliveryFilter, description: "Which deliveries; all by default." }),
      orderBy: t.arg({ type: DeliveryOrder, description: "How they are sorted." }),
    },
    resolve: (_root, { filter, ...args }, { loaders }) =>
      loaders.deliveryList.nodes(null, { ...args, filter: filter && { ...filter, targetId: targetOf(filter.targetId) } }, loaders.delivery),
  }),
}));
