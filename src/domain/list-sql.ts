/** The statements of a list, put together from constants: what a client chooses is an order, a direction and values, never text. */
import type { Statement } from "../database/row-tap.ts";
import { statementNames } from "../database/statement-names.ts";
import type { PageArgs, SortType } from "./connections.ts";

/** Left out when its value is null; `sql` has the placeholder put in. */
export interface Condition<Filter> {
  readonly type: "text" | "uuid" | "bool" | "timestamptz";
  readonly sql: (placeholder: string) => string;
  readonly value: (filter: Filter) => string | boolean | Date | null | undefined;
}

/** What a list is read from. All SQL in it is constant. */
export interface Source<Field extends string, Filter, Parent extends string> {
  /** Tells its statements from those of other lists. */
  readonly name: string;
  readonly columns: string;
  /** Of those, which most lists show, each with its SQL: where no other is shown, no other is read. */
  readonly plain?: PlainColumns;
  readonly from: string;
  readonly id: string;
  readonly orders: Readonly<Record<Field, { readonly expression: string; readonly type: SortType }>>;
  readonly conditions: readonly Condition<Filter>[];
  readonly parents: Readonly<Record<Parent, ParentSource<Field>>>;
}

export interface ParentSource<Field extends string> {
  readonly from?: string;
  /** With its id, for counting. */
  readonly column: string;
  /** How the ids of one parent's rows, that of `above.id`, are read. */
  readonly ids?: string;
  /** Orders in which an index has them behind the parent's id: columns of what `ids` reads, equal to the order's expression and the row's id. */
  readonly sorted?: { readonly [field in Field]?: SortedPlace };
}

interface SortedPlace extends Place {
  /** The column of the row itself that has the same: a page's rows are sorted by it, with nothing to compute for each. */
  readonly stored: string;
}

/** What a page's bounds are compared with, and its rows are sorted by. */
interface Place {
  readonly expression: string;
  readonly id: string;
}

/** SQL by property of the row. */
export type PlainColumns = Readonly<Record<string, string>>;

export const columnsOf = (plain: PlainColumns): string =>
  Object.entries(plain)
    .map(([property, sql]) => `${sql} AS "${property}"`)
    .join(", ");

/** A page whose rows have a few properties. */
export interface PlainPage {
  readonly columns: PlainColumns;
  readonly cursors: boolean;
  /** Of both, as text. */
  readonly name: string;
}

/** Every list has these, so that one shape of statement serves all. */
export interface ListedRow {
  readonly id: string;
  /** The sort value, as PostgreSQL writes it. */
  readonly cursorValue: string;
}

const escapeLike = (text: string) => text.replace(/[\\%_]/g, (character) => `\\${character}`);
/** The value of a condition on a name: matched as a substring, without regard to case. */
export const nameLike = (text: string | null | undefined): string | null => (text ? `%${escapeLike(text)}%` : null);

/** By what tells a statement's text from others. Short: PostgreSQL cuts names off at 63 bytes. Combinations of filters are many, and few are used often. */
const prepared = statementNames({ prefix: "list-", most: 500 });

/** A statement as it grows: values, and the conditions that are wanted. What is not wanted is no part of it, so that indexes serve what is. */
class Parts {
  readonly values: unknown[] = [];
  readonly where: string[] = [];
  /** Which parts there are: what tells its text from others of the list. */
  shape = "";

  value(value: unknown, type: string): string {
    return `$${this.values.push(value)}::${type}`;
  }

  filter<Filter>(conditions: readonly Condition<Filter>[], filter: Filter): void {
    for (const [at, { type, sql, value }] of conditions.entries()) {
      const wanted = value(filter) ?? null;
      if (wanted === null) continue;
      this.where.push(sql(this.value(wanted, type)));
      this.shape += `-${at}`;
    }
  }

  conditions(): string {
    return this.where.length === 0 ? "true" : this.where.join("\n      AND ");
  }
}

/**
 * What is below a parent by another table stands in no index in the list's order: its few rows are sorted. GREATEST of one value is that value,
 * and no expression of an index: PostgreSQL, which does not know the LIMIT, would read all rows in the index's order for those of each parent.
 */
function orderOf<Parent extends string>(
  { id, parents }: { readonly id: string; readonly parents: Readonly<Record<Parent, { readonly column: string }>> },
  expression: string,
  parent: Parent | undefined,
): string {
  const [table] = id.split(".");
  return parent === undefined || parents[parent].column.startsWith(`${table}.`) ? expression : `greatest(${expression})`;
}

/** Ids as an array are looked up in order: neighbours, as what was made together has, in one descent of the index in place of one each. */
const isOf = (id: string, { column, ids }: Pick<ParentSource<never>, "column" | "ids">): string =>
  ids === undefined ? `${column} = above.id` : `${id} = ANY(ARRAY(${ids}))`;

/** Rows beyond a cursor, on the page's side of it; nothing where there is none. */
function boundOf(
  parts: Parts,
  page: Pick<PageArgs, "after" | "before" | "direction">,
  side: "after" | "before",
  at: Place,
  type: SortType,
): string[] {
  const end = page[side];
  if (end === null) return [];
  parts.shape += `-${side}`;
  const beyond = (side === "after") === (page.direction === "ASC") ? ">" : "<";
  const value = `${parts.value(end.value, "text")}::${type}`;
  return [`(${at.expression}, ${at.id}) ${beyond} (${value}, ${parts.value(end.id, "uuid")})`];
}

/** One page of all, or one for each parent (their ids are the last value; `parentPlace` is the place among them, from 1). One row more than asked for tells whether there are more. */
export function pageStatement<Field extends string, Filter, Parent extends string>(
  source: Source<Field, Filter, Parent>,
  page: Omit<PageArgs, "field"> & { readonly field: Field },
  filter: Filter,
  parents: { readonly kind: Parent; readonly ids: readonly string[] } | null,
  plain: PlainPage | null = null,
): Statement {
  const { expression, type } = source.orders[page.field];
  const columns = [plain === null ? source.columns : columnsOf(plain.columns)].filter(Boolean);
  if (plain === null || plain.cursors) columns.push(`(${expression})::text AS "cursorValue"`);
  const ascending = (page.direction === "ASC") !== page.backward;
  const way = ascending ? "ASC" : "DESC";
  const parts = new Parts();
  const limit = parts.value(page.limit + 1, "int4");
  const parent = parents === null ? null : source.parents[parents.kind];
  const isFiltered = source.conditions.some(({ value }) => (value(filter) ?? null) !== null);
  const sorted = isFiltered ? undefined : parent?.sorted?.[page.field];
  const place = sorted ?? { expression, id: source.id };
  const bounds = (["after", "before"] as const).flatMap((side) => boundOf(parts, page, side, place, type));
  parts.filter(source.conditions, filter);
  if (parent !== null && sorted !== undefined) {
    // All that is below the parent is in this order: no more than the page is read of it.
    const ids = [parent.ids, ...bounds].join(" AND ");
    const page = `${ids} ORDER BY ${sorted.expression} ${way}, ${sorted.id} ${way} LIMIT ${limit}`;
    parts.where.push(isOf(source.id, { ...parent, ids: page }));
  } else {
    parts.where.push(...bounds, ...(parent === null ? [] : [isOf(source.id, parent)]));
  }
  const from = parent === null || parent.ids ? "" : (parent.from ?? "");
  const text = `SELECT ${columns.join(", ")}
    FROM ${source.from}${from}
    WHERE ${parts.conditions()}
    ORDER BY ${sorted?.stored ?? orderOf(source, expression, parents?.kind)} ${way}, ${source.id} ${way} LIMIT ${limit}`;
  const name = `${source.name}${plain ? `-${plain.name}` : ""}-${page.field}-${page.direction}${page.backward ? "-back" : ""}${parts.shape}`;
  if (parents === null) return { name: prepared(name), text, values: parts.values };
  // A lateral join with LIMIT is a nested loop, so that each parent's rows come in the inner order. The ids are in a subquery, or PostgreSQL
  // would count them, and plan anew for each number of parents: for few of them that took longer than the reading.
  return {
    name: prepared(`${name}-of-${parents.kind}`),
    text: `SELECT above.place::int4 AS "parentPlace", page.* FROM unnest((SELECT ${parts.value(parents.ids, "uuid[]")})) WITH ORDINALITY AS above (id, place)
      CROSS JOIN LATERAL (${text}) AS page`,
    values: parts.values,
  };
}

export function countStatement<Field extends string, Filter, Parent extends string>(
  source: Source<Field, Filter, Parent>,
  filter: Filter,
  parents: { readonly kind: Parent; readonly ids: readonly string[] } | null,
): Statement {
  const parts = new Parts();
  parts.filter(source.conditions, filter);
  if (parents === null) {
    return {
      name: prepared(`${source.name}-count${parts.shape}`),
      text: `SELECT NULL AS "parentId", count(*)::int4 AS count FROM ${source.from} WHERE ${parts.conditions()}`,
      values: parts.values,
    };
  }
  const { column, from = "" } = source.parents[parents.kind];
  parts.where.unshift(`${column} = ANY(${parts.value(parents.ids, "uuid[]")})`);
  return {
    name: prepared(`${source.name}-count${parts.shape}-of-${parents.kind}`),
    text: `SELECT ${column} AS "parentId", count(*)::int4 AS count FROM ${source.from}${from} WHERE ${parts.conditions()} GROUP BY ${column}`,
    values: parts.values,
  };
}
