/** What is told by e-mail, and sending again. */
import { UserRef } from "../access/types-user.ts";
import { builder } from "../builder.ts";
import { idOf } from "../ids.ts";
import { actor, keyField, written } from "../mutation-parts.ts";
import { attemptPayload } from "./types-attempt.ts";
import { DeliveryRef } from "./types-delivery.ts";
import { NotificationKindRef } from "./types-enums.ts";
import { NotificationSettingsRef } from "./types-settings.ts";

const email = { description: "Where to; null clears it, which takes an empty emailKinds. Left out: it stays as it is." } as const;
const emailKinds = "All that is told by e-mail, in place of that before; left out or null: it stays as it is.";

const UpdateMyNotificationsInput = builder.inputType("UpdateMyNotificationsInput", {
  description: "What one wants to be told.",
  fields: (t) => ({
    email: t.string(email),
    emailKinds: t.field({ type: [NotificationKindRef], description: emailKinds }),
    idempotencyKey: t.string(keyField),
  }),
});

const UpdateUserNotificationsInput = builder.inputType("UpdateUserNotificationsInput", {
  description: "What a user shall be told.",
  fields: (t) => ({
    userId: t.id({ required: true, description: "The user." }),
    email: t.string(email),
    emailKinds: t.field({ type: [NotificationKindRef], description: emailKinds }),
    idempotencyKey: t.string(keyField),
  }),
});

const RedeliverNotificationInput = builder.inputType("RedeliverNotificationInput", {
  description: "What to send again.",
  fields: (t) => ({ deliveryId: t.id({ required: true, description: "The delivery." }), idempotencyKey: t.string(keyField) }),
});

const TestEmailInput = builder.inputType("TestEmailInput", {
  description: "Where to send an e-mail to see whether it arrives.",
  fields: (t) => ({ email: t.string({ required: true, description: "The address, such as one's own." }) }),
});

const TestEmailPayload = attemptPayload("TestEmailPayload", {
  description: "What happened when an e-mail was sent.",
  delivered: "The mail server has taken it; whether it reaches the mailbox is up to that.",
  status: "What the mail server replied, such as 250; null: there was no reply.",
});

const UpdateMyNotificationsPayload = builder.objectRef<{ readonly userId: string }>("UpdateMyNotificationsPayload").implement({
  description: "From now on one is told this.",
  fields: (t) => ({
    notifications: t.field({
      type: NotificationSettingsRef,
      description: "What it is now.",
      resolve: ({ userId }, _args, { loaders }) => written(loaders.notificationSettings.load(userId)),
    }),
  }),
});

const UpdateUserNotificationsPayload = builder.objectRef<{ readonly userId: string }>("UpdateUserNotificationsPayload").implement({
  description: "From now on the user is told this.",
  fields: (t) => ({
    user: t.field({
      type: UserRef,
      description: "The user as it is now.",
      resolve: ({ userId }, _args, { loaders }) => written(loaders.user.load(userId)),
    }),
  }),
});

const RedeliverNotificationPayload = builder.objectRef<{ readonly deliveryId: string }>("RedeliverNotificationPayload").implement({
  description: "It is sent again, at once and for another 24 hours if need be.",
  fields: (t) => ({
    delivery: t.field({
      type: DeliveryRef,
      description: "The delivery as it is now.",
      resolve: ({ deliveryId }, _args, { loaders }) => written(loaders.delivery.load(deliveryId)),
    }),
  }),
});

const common = { nullable: true, errors: {} } as const;

builder.mutationFields((t) => ({
  updateMyNotifications: t.field({
    type: UpdateMyNotificationsPayload,
    ...common,
    authScopes: { role: "VIEWER" },
    description:
      "Changes what one is told by e-mail, and where. INVALID_REQUEST for what is no address, for kinds without one, and for a user of an identity provider.",
    args: { input: t.arg({ type: UpdateMyNotificationsInput, required: true, description: "What." }) },
    resolve: (_root, { input }, context) => context.services.notifications.updateOwn(actor(context), input),
  }),
  updateUserNotifications: t.field({
    type: UpdateUserNotificationsPayload,
    ...common,
    authScopes: { role: "ADMIN" },
    description:
      "Changes what a local user is told by e-mail, and where. INVALID_REQUEST for what is no address, and for kinds without one.",
    args: { input: t.arg({ type: UpdateUserNotificationsInput, required: true, description: "Who, and what." }) },
    resolve: (_root, { input }, context) =>
      context.services.notifications.updateOfUser(actor(context), { ...input, userId: idOf("User", input.userId, ["userId"]) }),
  }),
  testEmail: t.field({
    type: TestEmailPayload,
    ...common,
    authScopes: { role: "ADMIN" },
    description:
      "Sends an e-mail to an address now, waits for what the mail server says, and tells what happened: whether SMTP_URL and SMTP_FROM are right. Each request sends; the log of deliveries has none of it. INVALID_REQUEST for what is no address.",
    args: { input: t.arg({ type: TestEmailInput, required: true, description: "Where to." }) },
    resolve: (_root, { input }, context) => context.services.notifications.testEmail(actor(context), input.email, context.signal),
  }),
  redeliverNotification: t.field({
    type: RedeliverNotificationPayload,
    ...common,
    authScopes: { role: "ADMIN" },
    description:
      "Sends again what was delivered, given up or cancelled, with the same event id. CONFLICT while it is still being delivered, or when its receiver is gone.",
    args: { input: t.arg({ type: RedeliverNotificationInput, required: true, description: "Which delivery." }) },
    resolve: (_root, { input }, context) =>
      context.services.notifications.redeliver(actor(context), {
        ...input,
        deliveryId: idOf("NotificationDelivery", input.deliveryId, ["deliveryId"]),
      }),
  }),
}));
