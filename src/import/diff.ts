/** What an import would do: which items are new, which change and in which fields. Pure. */
import { type ItemOf, type Kind, kinds, type Model } from "./items.ts";

export interface FieldChange {
  /** "priorityGroups[1].steps[0].timeoutSeconds" */
  readonly field: string;
  readonly from: unknown;
  readonly to: unknown;
}

export interface Change<K extends Kind = Kind> {
  readonly kind: K;
  readonly key: string;
  readonly item: ItemOf<K>;
  /** Null: it is new. */
  readonly fields: readonly FieldChange[] | null;
}

export interface Difference {
  readonly changes: readonly Change[];
  readonly unchanged: number;
}

export function difference(current: Model, wanted: Model): Difference {
  const changes: Change[] = [];
  let unchanged = 0;
  for (const kind of kinds) {
    for (const [key, item] of wanted[kind]) {
      const found = current[kind].get(key);
      const fields = found === undefined ? null : compare(found, item, "");
      if (fields?.length === 0) unchanged++;
      else changes.push({ kind, key, item, fields });
    }
  }
  return { changes, unchanged };
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

function compare(from: unknown, to: unknown, field: string): FieldChange[] {
  if (Object.is(from, to)) return [];
  if (!isObject(from) || !isObject(to) || Array.isArray(from) !== Array.isArray(to)) return [{ field, from, to }];
  const keys = new Set([...Object.keys(from), ...Object.keys(to)]);
  return [...keys].flatMap((key) =>
    compare(from[key], to[key], Array.isArray(to) ? `${field}[${key}]` : field === "" ? key : `${field}.${key}`),
  );
}

/** The new items of a kind, and those that change. */
export function changesOf<K extends Kind>(
  { changes }: Difference,
  kind: K,
): { readonly created: Change<K>[]; readonly changed: Change<K>[] } {
  const ofKind = changes.filter((change): change is Change<K> => change.kind === kind);
  return { created: ofKind.filter(({ fields }) => fields === null), changed: ofKind.filter(({ fields }) => fields !== null) };
}
