/** What an administrator does with webhooks: checked for shape here, decided in the service. */
import { builder } from "../builder.ts";
import { encodeId, idOf } from "../ids.ts";
import { actor, expectedVersion, keyField, written } from "../mutation-parts.ts";
import { mostWebhooks } from "../quotas.ts";
import { defaultKeptHours, mostKeptHours } from "./service-webhooks.ts";
import { attemptPayload } from "./types-attempt.ts";
import { NotificationKindRef } from "./types-enums.ts";
import { WebhookRef } from "./types-webhook.ts";

const url =
  "Where it is sent to: https://, or http:// where the gateway's settings allow it; without user and password, at most 2,000 characters.";
const name = "1 to 255 characters, unique among webhooks without regard to case.";

const CreateWebhookInput = builder.inputType("CreateWebhookInput", {
  description: "A system to tell.",
  fields: (t) => ({
    name: t.string({ required: true, description: name }),
    url: t.string({ required: true, description: url }),
    kinds: t.field({ type: [NotificationKindRef], required: true, description: "What it is told; at least one." }),
    enabled: t.boolean({ description: "Whether it is told anything yet; true by default." }),
    idempotencyKey: t.string(keyField),
  }),
});

const UpdateWebhookInput = builder.inputType("UpdateWebhookInput", {
  description: "What to change of a webhook. What is left out or null stays as it is.",
  fields: (t) => ({
    webhookId: t.id({ required: true, description: "The webhook." }),
    name: t.string({ description: name }),
    url: t.string({ description: url }),
    kinds: t.field({ type: [NotificationKindRef], description: "All that it is told, in place of that before; at least one." }),
    enabled: t.boolean({ description: "False: nothing more is sent to it, and what is still to be sent is CANCELLED." }),
    expectedVersion: t.int(expectedVersion),
    idempotencyKey: t.string(keyField),
  }),
});

const DeleteWebhookInput = builder.inputType("DeleteWebhookInput", {
  description: "Which webhook to delete.",
  fields: (t) => ({ webhookId: t.id({ required: true, description: "The webhook." }), idempotencyKey: t.string(keyField) }),
});

const RotateWebhookSecretInput = builder.inputType("RotateWebhookSecretInput", {
  description: "Whose secret to replace.",
  fields: (t) => ({
    webhookId: t.id({ required: true, description: "The webhook." }),
    keepPreviousHours: t.int({
      description: `For how long requests carry a second signature, by the secret before: 0 to ${mostKeptHours} hours, ${defaultKeptHours} by default. 0 for one that somebody else knows.`,
    }),
    idempotencyKey: t.string(keyField),
  }),
});

const TestWebhookInput = builder.inputType("TestWebhookInput", {
  description: "Which webhook to try.",
  fields: (t) => ({ webhookId: t.id({ required: true, description: "The webhook." }) }),
});

interface Answer {
  readonly webhookId: string;
}

const webhookPayload = (typeName: string, description: string) =>
  builder.objectRef<Answer>(typeName).implement({
    description,
    fields: (t) => ({
      webhook: t.field({
        type: WebhookRef,
        description: "The webhook as it is now.",
        resolve: ({ webhookId }, _args, { loaders }) => written(loaders.webhook.load(webhookId)),
      }),
    }),
  });

const secretPayload = (typeName: string, description: string) =>
  builder.objectRef<Answer & { readonly secret: string | null }>(typeName).implement({
    description,
    fields: (t) => ({
      webhook: t.field({
        type: WebhookRef,
        description: "The webhook as it is now.",
        resolve: ({ webhookId }, _args, { loaders }) => written(loaders.webhook.load(webhookId)),
      }),
      secret: t.exposeString("secret", {
        nullable: true,
        description:
          "What its requests are signed with. Shown this once: null where the request repeats an earlier one by its key. rotateWebhookSecret makes another.",
      }),
    }),
  });

const CreateWebhookPayload = secretPayload("CreateWebhookPayload", "The webhook is told from now on.");
const UpdateWebhookPayload = webhookPayload("UpdateWebhookPayload", "The webhook is changed.");
const RotateWebhookSecretPayload = secretPayload("RotateWebhookSecretPayload", "The webhook has another secret.");

const DeleteWebhookPayload = builder.objectRef<Answer>("DeleteWebhookPayload").implement({
  description: "The webhook is deleted; the log of what it was told stays.",
  fields: (t) => ({
    deletedWebhookId: t.id({ description: "Global id that the webhook had.", resolve: ({ webhookId }) => encodeId("Webhook", webhookId) }),
  }),
});

const TestWebhookPayload = attemptPayload("TestWebhookPayload", {
  description: "What happened when the webhook was tried.",
  delivered: "It was answered with a status from 200 to 299.",
  status: "HTTP status of the answer; null: there was none.",
});

const ofWebhook = <Input extends Answer>(input: Input) => ({ ...input, webhookId: idOf("Webhook", input.webhookId, ["webhookId"]) });

const common = { nullable: true, authScopes: { role: "ADMIN" }, errors: {} } as const;

builder.mutationFields((t) => ({
  createWebhook: t.field({
    type: CreateWebhookPayload,
    ...common,
    description: `Has another system told by HTTP, and makes the secret that its requests are signed with. INVALID_REQUEST for a name that is taken or a URL that won't do, CONFLICT when there are ${mostWebhooks} already.`,
    args: { input: t.arg({ type: CreateWebhookInput, required: true, description: "The system." }) },
    resolve: (_root, { input }, context) => context.services.notifications.webhooks.create(actor(context), input),
  }),
  updateWebhook: t.field({
    type: UpdateWebhookPayload,
    ...common,
    description: "Changes a webhook. INVALID_REQUEST for a name that is taken or a URL that won't do.",
    args: { input: t.arg({ type: UpdateWebhookInput, required: true, description: "Which, and what of it." }) },
    resolve: (_root, { input }, context) => context.services.notifications.webhooks.update(actor(context), ofWebhook(input)),
  }),
  deleteWebhook: t.field({
    type: DeleteWebhookPayload,
    ...common,
    description: "Deletes a webhook. What was still to be sent to it is CANCELLED.",
    args: { input: t.arg({ type: DeleteWebhookInput, required: true, description: "Which." }) },
    resolve: (_root, { input }, context) => context.services.notifications.webhooks.remove(actor(context), ofWebhook(input)),
  }),
  rotateWebhookSecret: t.field({
    type: RotateWebhookSecretPayload,
    ...common,
    description: "Makes another secret for a webhook. The one before signs along for a while, so that the receiver can change over.",
    args: { input: t.arg({ type: RotateWebhookSecretInput, required: true, description: "Whose." }) },
    resolve: (_root, { input }, context) => context.services.notifications.webhooks.rotateSecret(actor(context), ofWebhook(input)),
  }),
  testWebhook: t.field({
    type: TestWebhookPayload,
    ...common,
    description:
      "Sends a notification of the kind TEST to a webhook now, also to a disabled one, waits for the answer, and tells what happened. Each request sends; the log of deliveries has none of it.",
    args: { input: t.arg({ type: TestWebhookInput, required: true, description: "Which." }) },
    resolve: (_root, { input }, context) =>
      context.services.notifications.webhooks.test(actor(context), ofWebhook(input).webhookId, context.signal),
  }),
}));
