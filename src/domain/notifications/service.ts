/** What can be done with notifications. Ids are the database's. Every method rejects with a DomainError when it has done nothing. */
import type { ServiceContext } from "../service-context.ts";
import type { Viewer } from "../viewer.ts";
import type { Attempt } from "./outcome.ts";
import { type DeliveryAnswer, type RedeliverInput, redeliver } from "./service-deliveries.ts";
import { testEmail } from "./service-email.ts";
import { type OwnSettings, type SettingsAnswer, updateOfUser, updateOwn } from "./service-settings.ts";
import { openWebhooks, type Webhooks } from "./service-webhooks.ts";
import { webhookChannel } from "./webhook-channel.ts";

export interface Notifications {
  readonly webhooks: Webhooks;
  /** Whether there is a mail server. */
  readonly emailAvailable: boolean;
  /** Sends an e-mail at once, and waits for what the mail server says. Nothing is kept of it. */
  testEmail(by: Viewer, email: string, signal: AbortSignal): Promise<Attempt>;
  redeliver(by: Viewer, input: RedeliverInput): Promise<DeliveryAnswer>;
  updateOwn(by: Viewer, input: OwnSettings): Promise<SettingsAnswer>;
  updateOfUser(by: Viewer, input: OwnSettings & { readonly userId: string }): Promise<SettingsAnswer>;
}

export const createNotifications = (context: ServiceContext): Notifications => ({
  webhooks: openWebhooks(context, webhookChannel({ settings: context.notifications })),
  emailAvailable: context.notifications.smtp !== null,
  testEmail: (by, email, signal) => testEmail(context, by, email, signal),
  redeliver: (by, input) => redeliver(context, by, input),
  updateOwn: (by, input) => updateOwn(context, by, input),
  updateOfUser: (by, input) => updateOfUser(context, by, input),
});
