/** JSON for a jsonb column, which takes neither NUL nor half a surrogate pair; a command may print either. */
export function toJsonb(value: unknown): string {
  const text = JSON.stringify(value);
  if (!/\\u(0000|d[89a-f])/i.test(text)) return text;
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === "string" ? part.toWellFormed().replaceAll("\0", "\uFFFD") : part));
}
