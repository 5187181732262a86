/** Whether an e-mail gets out: one that is sent at once, and kept nowhere. */
import { v7 as newId } from "uuid";
import { fieldErrors } from "../field-errors.ts";
import type { ServiceContext } from "../service-context.ts";
import type { Viewer } from "../viewer.ts";
import { addressProblem } from "./email-address.ts";
import { type Attempt, failure, noMailServer } from "./outcome.ts";

export async function testEmail(
  { notifications }: Pick<ServiceContext, "notifications">,
  by: Viewer,
  email: string,
  signal: AbortSignal,
  monotonic: () => number = () => performance.now(),
): Promise<Attempt> {
  const errors = fieldErrors();
  const problem = addressProblem(email);
  if (problem !== null) errors.add(["email"], problem);
  errors.check();
  const { smtp } = notifications;
  if (smtp === null) return { outcome: failure(noMailServer), elapsedMs: 0 };
  const { emailChannel } = await import("./email-channel.ts"); // most gateways don't need it
  const begun = monotonic();
  const outcome = await emailChannel({ smtp, settings: notifications })(email, tryOut(by), newId(), signal);
  return { outcome, elapsedMs: Math.round(monotonic() - begun) };
}

const tryOut = ({ userId, name }: Viewer) =>
  ({
    id: newId(),
    occurredAt: new Date(),
    content: {
      title: "A test of e-mail",
      message: `${name} tries whether e-mail arrives here. Nothing has happened.`,
      remedy: "Nothing: that it is here is all that it takes.",
      subject: { type: "User", id: userId, name },
      plan: null,
      details: {},
    },
  }) as const;
