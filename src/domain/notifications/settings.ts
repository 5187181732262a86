/** How notifications leave the gateway, from the environment. */
import { type Network, parseNetworks } from "./addresses.ts";

export interface WebhookPolicy {
  /** Whether http:// will do beside https://. */
  readonly allowHttp: boolean;
  /** Networks that are reached although they are not public. */
  readonly allowedNetworks: readonly Network[];
}

export interface SmtpSettings {
  /** With user and password in it: never logged, never shown. */
  readonly url: string;
  /** Who e-mails come from. */
  readonly from: string;
}

export interface NotificationSettings {
  /** Where people reach this gateway, without a slash at its end; null: notifications carry no link. */
  readonly publicUrl: string | null;
  readonly webhooks: WebhookPolicy;
  /** Null: no e-mail is sent. */
  readonly smtp: SmtpSettings | null;
}

export const noNotifications: NotificationSettings = {
  publicUrl: null,
  webhooks: { allowHttp: false, allowedNetworks: [] },
  smtp: null,
};

interface Given {
  readonly publicUrl: string | undefined;
  readonly allowHttp: boolean;
  /** Checked before. */
  readonly allowedNetworks: readonly string[];
  readonly smtpUrl: string | undefined;
  readonly smtpFrom: string | undefined;
}

export const notificationSettings = ({ publicUrl, allowHttp, allowedNetworks, smtpUrl, smtpFrom }: Given): NotificationSettings => ({
  publicUrl: publicUrl?.replace(/\/+$/, "") ?? null,
  webhooks: { allowHttp, allowedNetworks: parseNetworks(allowedNetworks) ?? [] },
  smtp: smtpUrl === undefined || smtpFrom === undefined ? null : { url: smtpUrl, from: smtpFrom },
});
