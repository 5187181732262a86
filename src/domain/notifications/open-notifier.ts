/** The notifier as the settings have it. */
import { type Notifier, type NotifierOptions, startNotifier } from "./notifier.ts";
import type { NotificationSettings } from "./settings.ts";
import { webhookChannel } from "./webhook-channel.ts";

export async function openNotifier(
  settings: NotificationSettings,
  options: Pick<NotifierOptions, "pool" | "wakeUps" | "log">,
): Promise<Notifier> {
  const { smtp } = settings;
  const sendEmail = smtp && (await import("./email-channel.ts")).emailChannel({ smtp, settings }); // most gateways don't need it
  return startNotifier({ ...options, sendWebhook: webhookChannel({ settings }), sendEmail });
}
