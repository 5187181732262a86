/** JSON for a jsonb column, which takes neither NUL nor half a surrogate pair; a command may print either. */
export function toJsonb(value: unknown): string {
  const text = JSON.stringify(value);
  if (!/\\u(0000|d[89a-f])/i.test(text)) return text;
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === "string" ? part.toWellFormed().replaceAll("\0", "\uFFFD") : part));
}

/** The same for a text column: text that a program printed may hold what no text in the database may. */
export const toText = (text: string): string => text.toWellFormed().replaceAll("\0", "\uFFFD");

/** A list of texts for a parameter that `textsOf` reads; null for none, which most are. */
export const toTexts = (texts: readonly string[]): string | null => (texts.length === 0 ? null : toJsonb(texts));

/** In SQL, a text[] of such a value. */
export const textsOf = (column: string): string =>
  `CASE WHEN ${column} IS NULL THEN '{}'::text[] ELSE ARRAY(SELECT jsonb_array_elements_text(${column}::jsonb)) END`;

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
