/** A notification to a user, by SMTP. */
import { createTransport, type NodemailerError } from "nodemailer";
import type { Notification } from "./content.ts";
import { emailOf, oneLine } from "./email-text.ts";
import { failure, type Outcome, sentenceOf } from "./outcome.ts";
import type { NotificationSettings, SmtpSettings } from "./settings.ts";

export type SendEmail = (
  address: string,
  notification: Omit<Notification, "kind">,
  deliveryId: string,
  signal: AbortSignal,
) => Promise<Outcome>;

export interface EmailChannelOptions {
  readonly smtp: SmtpSettings;
  readonly settings: Pick<NotificationSettings, "publicUrl">;
  /** To connect, to be greeted, and for each answer after that. */
  readonly answerMs?: number;
  /** For all of it: a server that says a word now and then gets no further. Less than a delivery's lease. */
  readonly exchangeMs?: number;
}

/** Longest answer of the mail server. */
const maxResponseSize = 16_384;

/** Encrypted, unless SMTP_URL says otherwise (?requireTLS=false): what it says comes before these. */
export function emailChannel({ smtp, settings, answerMs = 10_000, exchangeMs = 30_000 }: EmailChannelOptions): SendEmail {
  const transport = createTransport({
    requireTLS: true,
    connectionTimeout: answerMs,
    greetingTimeout: answerMs,
    socketTimeout: answerMs,
    dnsTimeout: answerMs,
    socketCloseTimeout: 0,
    maxResponseSize,
    disableFileAccess: true,
    disableUrlAccess: true,
    url: smtp.url,
  });
  return async (address, notification, deliveryId, signal) => {
    const late = AbortSignal.timeout(exchangeMs);
    const message = {
      ...emailOf(notification, settings.publicUrl),
      from: smtp.from,
      to: { name: "", address },
      // The same at each attempt: a mailbox can tell a second copy.
      messageId: `<${deliveryId}@dr-gateway>`,
      date: notification.occurredAt,
      headers: { "auto-submitted": "auto-generated", "x-dr-gateway-event-id": notification.id },
      signal: AbortSignal.any([signal, late]),
    };
    try {
      await transport.sendMail(message);
      return { delivered: true, status: 250 };
    } catch (error) {
      if (signal.aborted) return failure("The gateway stopped while it was sent.");
      return late.aborted ? failure(`The mail server was not done within ${exchangeMs / 1000} s.`) : outcomeOf(error);
    }
  };
}

/** Replies that say for good that nothing goes out like this, rather than not to this recipient: encryption or credentials are missing. */
const ofEveryEmail: readonly unknown[] = [503, 530, 534, 535, 538];

/** What the mail server says is for administrators alone, and bounded. */
function outcomeOf(error: unknown): Outcome {
  const of = (field: keyof NodemailerError): unknown => (error instanceof Error ? Reflect.get(error, field) : undefined);
  const [code, reply] = [of("code"), of("responseCode")];
  if (code === "ETLS" && of("command") === "STARTTLS")
    return failure(
      "The mail server does not encrypt (STARTTLS): give SMTP_URL one that does, smtps:// where it encrypts from the start, or allow it by ?requireTLS=false.",
      typeof reply === "number" ? reply : null,
    );
  if (typeof reply !== "number") return failure(sentenceOf(of("originalCode") ?? code));
  const said = `: ${oneLine(String(of("response") ?? reply)).slice(0, 200)}`;
  if (code === "EAUTH") return failure(`The mail server does not take the user and password of SMTP_URL${said}`, reply);
  // The recipient or the e-mail itself was refused. The sender, credentials, encryption and the like concern every e-mail until somebody mends them.
  const isOfThisOne = code === "EMESSAGE" || (code === "EENVELOPE" && of("command") === "RCPT TO");
  return failure(`The mail server answered${said}`, reply, { permanent: reply >= 500 && isOfThisOne && !ofEveryEmail.includes(reply) });
}
