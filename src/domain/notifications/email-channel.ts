/** A notification to a user, by SMTP. */
import { createTransport, type NodemailerError } from "nodemailer";
import type { Notification } from "./content.ts";
import { emailOf, oneLine } from "./email-text.ts";
import { failure, type Outcome, sentenceOf } from "./outcome.ts";
import type { NotificationSettings, SmtpSettings } from "./settings.ts";

export type SendEmail = (address: string, notification: Notification, deliveryId: string, signal: AbortSignal) => Promise<Outcome>;

export interface EmailChannelOptions {
  readonly smtp: SmtpSettings;
  readonly settings: Pick<NotificationSettings, "publicUrl">;
  /** To connect, to be greeted, and for each answer after that. */
  readonly answerMs?: number;
}

/** Encrypted, unless SMTP_URL says otherwise (?requireTLS=false): what it says comes before these. */
export function emailChannel({ smtp, settings, answerMs = 10_000 }: EmailChannelOptions): SendEmail {
  const transport = createTransport({
    requireTLS: true,
    connectionTimeout: answerMs,
    greetingTimeout: answerMs,
    socketTimeout: answerMs,
    dnsTimeout: answerMs,
    disableFileAccess: true,
    disableUrlAccess: true,
    url: smtp.url,
  });
  return async (address, notification, deliveryId, signal) => {
    signal.throwIfAborted();
    const message = {
      ...emailOf(notification, settings.publicUrl),
      from: smtp.from,
      to: { name: "", address },
      // The same at each attempt: a mailbox can tell a second copy.
      messageId: `<${deliveryId}@dr-gateway>`,
      date: notification.occurredAt,
      headers: { "auto-submitted": "auto-generated", "x-dr-gateway-event-id": notification.id },
    };
    try {
      await transport.sendMail(message);
      return { delivered: true, status: 250 };
    } catch (error) {
      return outcomeOf(error);
    }
  };
}

/** What the mail server says is for administrators alone, and bounded. */
function outcomeOf(error: unknown): Outcome {
  const of = (field: keyof NodemailerError): unknown => (error instanceof Error ? Reflect.get(error, field) : undefined);
  const [code, reply, said] = [of("code"), of("responseCode"), of("response")];
  if (typeof reply !== "number") return failure(sentenceOf(of("originalCode") ?? code));
  // The recipient or the e-mail itself was refused for good. Credentials, encryption and the like concern every e-mail until somebody mends them.
  const permanent = reply >= 500 && (code === "EENVELOPE" || code === "EMESSAGE");
  return failure(`The mail server answered: ${oneLine(String(said ?? reply)).slice(0, 200)}`, reply, { permanent });
}
