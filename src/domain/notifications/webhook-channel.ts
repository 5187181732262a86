/** A notification to a webhook, signed. */
import type { Notification } from "./content.ts";
import type { Outcome } from "./outcome.ts";
import { type Lookup, lookup as systemLookup } from "./resolve.ts";
import type { NotificationSettings } from "./settings.ts";
import { signature } from "./signature.ts";
import { webhookBody } from "./webhook-body.ts";
import { defaultTimes, post, type Times } from "./webhook-request.ts";

export interface WebhookTarget {
  readonly url: string;
  /** The newest first. */
  readonly secrets: readonly string[];
}

export type SendWebhook = (
  target: WebhookTarget,
  notification: Omit<Notification, "kind"> & { readonly kind: string },
  signal: AbortSignal,
) => Promise<Outcome>;

export interface WebhookChannelOptions {
  readonly settings: Pick<NotificationSettings, "publicUrl" | "webhooks">;
  readonly lookup?: Lookup;
  readonly times?: Times;
  /** The receiver compares it with its own clock, so it is this machine's. */
  readonly clock?: () => Date;
}

export function webhookChannel(options: WebhookChannelOptions): SendWebhook {
  const { settings, lookup = systemLookup, times = defaultTimes, clock = () => new Date() } = options;
  return (target, notification, signal) => {
    const body = webhookBody(notification, settings.publicUrl);
    const timestamp = Math.floor(clock().getTime() / 1000);
    const headers = {
      "content-type": "application/json; charset=utf-8",
      "user-agent": "dr-gateway",
      "dr-gateway-event-id": notification.id,
      "dr-gateway-timestamp": String(timestamp),
      "dr-gateway-signature": signature(target.secrets, timestamp, body),
    };
    return post(target.url, headers, body, { policy: settings.webhooks, lookup, times, signal });
  };
}
