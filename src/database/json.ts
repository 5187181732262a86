/** JSON for a jsonb column, which takes neither NUL nor half a surrogate pair; a command may print either. */
export function toJsonb(value: unknown): string {
  const text = JSON.stringify(value);
  if (!/\\u(0000|d[89a-f])/i.test(text)) return text;
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === "string" ? part.toWellFormed().replaceAll("\0", "\uFFFD") : part));
}

/** The same value with the fields of its objects in one order, all the way down: jsonb has an order of its own. */
export function sortedFields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedFields);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, field]) => [name, sortedFields(field)]),
  );
}
