/** Webhooks, for administrators. */
import { copies } from "../batching.ts";
import { builder } from "../builder.ts";
import { holds } from "../viewer.ts";
import { NotificationKindRef } from "./types-enums.ts";
import type { WebhookRow } from "./webhook-rows.ts";

export const WebhookRef = builder.objectRef<WebhookRow>("Webhook");

builder.node(WebhookRef, {
  description: "Another system that is told by HTTP. `node` finds it for the role ADMIN alone.",
  id: { resolve: ({ id }) => id, description: "Global id of the webhook." },
  loadManyWithoutCache: async (ids, { viewer, loaders }) =>
    viewer !== null && holds(viewer, "ADMIN") ? copies(loaders.webhook.loadMany(ids)) : ids.map(() => null),
  fields: (t) => ({
    name: t.exposeString("name", { description: "The webhook's name, unique without regard to case." }),
    url: t.exposeString("url", { description: "Where it is sent to." }),
    kinds: t.field({ type: [NotificationKindRef], description: "What it is told.", resolve: ({ kinds }) => [...kinds] }),
    enabled: t.exposeBoolean("enabled", { description: "False: nothing is sent to it, and what happens meanwhile it is never told." }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was made." }),
    previousSecretUntil: t.expose("previousSecretUntil", {
      type: "DateTime",
      nullable: true,
      description: "Until then requests carry a second signature, by the secret before; null: there is one secret.",
    }),
    version: t.exposeInt("version", { description: "Rises with each change, for expectedVersion." }),
  }),
});

export const WebhookConnection = builder.connectionObject(
  { type: WebhookRef, name: "WebhookConnection", description: "A page of webhooks." },
  { name: "WebhookEdge", description: "A webhook in a page." },
);
