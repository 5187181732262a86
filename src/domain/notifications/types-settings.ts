/** What a user is told by e-mail. */

import { UserRef } from "../access/types-user.ts";
import { ViewerRef } from "../access/types-viewer.ts";
import { builder } from "../builder.ts";
import type { SettingsRow } from "./service-settings.ts";
import { NotificationKindRef } from "./types-enums.ts";

export const NotificationSettingsRef = builder.objectRef<SettingsRow>("NotificationSettings").implement({
  description: "What a local user is told by e-mail, and where.",
  fields: (t) => ({
    email: t.exposeString("email", { nullable: true, description: "The user's address; null: none, and nothing is sent." }),
    emailKinds: t.field({
      type: [NotificationKindRef],
      description: "What is told by e-mail.",
      resolve: ({ emailKinds }) => [...emailKinds],
    }),
    emailAvailable: t.boolean({
      description: "Whether this gateway has a mail server (SMTP_URL); without one nothing is sent, whatever the user has asked for.",
      resolve: (_settings, _args, { services }) => services.notifications.emailAvailable,
    }),
  }),
});

builder.objectFields(ViewerRef, (t) => ({
  notifications: t.field({
    type: NotificationSettingsRef,
    nullable: true,
    description:
      "What one is told by e-mail: updateMyNotifications changes it. Null for a user of an identity provider, who is told nothing.",
    resolve: ({ userId }, _args, { loaders }) => loaders.notificationSettings.load(userId),
  }),
}));

builder.objectFields(UserRef, (t) => ({
  notifications: t.field({
    type: NotificationSettingsRef,
    nullable: true,
    description: "What the user is told by e-mail.",
    resolve: ({ id }, _args, { loaders }) => loaders.notificationSettings.load(id),
  }),
}));
