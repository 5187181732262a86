/** A notification as an e-mail: the same words as text and as HTML. Pure. */
import type { Notification } from "./content.ts";
import { linkTo } from "./link.ts";

export interface Email {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

const longestSubject = 150;

/** One line: a line break would begin another header. */
export const oneLine = (text: string): string => text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").trim();

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (sign) => entities[sign] ?? sign);

const why = "You get this because you asked for it: updateMyNotifications changes what you are told.";

export function emailOf({ occurredAt, content }: Pick<Notification, "occurredAt" | "content">, publicUrl: string | null): Email {
  const { title, message, remedy, subject } = content;
  const link = linkTo(publicUrl, subject);
  const when = `${occurredAt.toISOString().slice(0, 19).replace("T", " ")} UTC`;
  const line = oneLine(title);
  const short = [...line].length > longestSubject ? `${[...line].slice(0, longestSubject - 1).join("")}…` : line;
  const parts = [message, `What to do: ${remedy}`, ...(link === null ? [] : [link]), `${when}. ${why}`];
  const html = [
    `<h1 style="font-size:1.2em">${escapeHtml(title)}</h1>`,
    `<p>${escapeHtml(message).replaceAll("\n", "<br>")}</p>`,
    `<p><strong>What to do:</strong> ${escapeHtml(remedy)}</p>`,
    ...(link === null ? [] : [`<p><a href="${escapeHtml(link)}">See how it stands now</a></p>`]),
    `<p style="color:#555">${when}. ${escapeHtml(why)}</p>`,
  ];
  return {
    subject: `[DR] ${short}`,
    text: `${title}\n\n${parts.join("\n\n")}\n`,
    html: `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(line)}</title></head>\n<body>\n${html.join("\n")}\n</body></html>\n`,
  };
}
