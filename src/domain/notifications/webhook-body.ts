/** What a webhook is sent: JSON whose shape `version` names. Fields may be added to a version, none is taken away. */
import { encodeId } from "../ids.ts";
import type { Notification, Subject } from "./content.ts";
import { linkTo } from "./link.ts";

export const bodyVersion = 1;

const shown = ({ type, id, name }: Subject) => ({ type, id: encodeId(type, id), name });

/** `kind` is TEST where somebody only tries whether it arrives. */
export function webhookBody(
  { id, kind, occurredAt, content }: Omit<Notification, "kind"> & { readonly kind: string },
  publicUrl: string | null,
) {
  const { title, message, remedy, subject, plan, details } = content;
  return JSON.stringify({
    version: bodyVersion,
    id,
    kind,
    occurredAt: occurredAt.toISOString(),
    title,
    message,
    remedy,
    subject: shown(subject),
    plan: plan === null ? null : shown(plan),
    details,
    link: linkTo(publicUrl, subject),
  });
}
