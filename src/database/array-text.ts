/**
 * An array parameter as PostgreSQL reads it, of what needs no more than quotes. The driver takes any value and looks at each twice, which thousands
 * of numbers and empty places of a column don't need.
 */
export const arrayText = (values: readonly (string | number | boolean | null)[]): string => `{${values.map(elementOf).join(",")}}`;

function elementOf(value: string | number | boolean | null): string {
  if (value === null) return "NULL";
  if (typeof value !== "string") return String(value);
  return special.test(value) ? `"${value.replace(specials, "\\$&")}"` : `"${value}"`;
}

const special = /["\\]/;
const specials = /["\\]/g;
