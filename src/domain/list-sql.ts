/** The statements of a list, put together from constants: what a client chooses is an order, a direction and values, never text. */
import type pg from "pg";
import type { PageArgs, SortType } from "./connections.ts";

/** A condition that holds when its value is null; `sql` has the placeholder put in. */
export interface Condition<Filter> {
  readonly type: "text" | "uuid" | "bool" | "timestamptz";
  readonly sql: (placeholder: string) => string;
  readonly value: (filter: Filter) => string | boolean | Date | null | undefined;
}

/** What a list is read from. All SQL in it is constant. */
export interface Source<Field extends string, Filter, Parent extends string> {
  /** Begins the names of its statements. */
  readonly name: string;
  readonly columns: string;
  readonly from: string;
  readonly id: string;
  readonly orders: Readonly<Record<Field, { readonly expression: string; readonly type: SortType }>>;
  readonly conditions: readonly Condition<Filter>[];
  /** For each kind of parent: the column with its id. */
  readonly parents: Readonly<Record<Parent, { readonly from?: string; readonly column: string }>>;
}

/** Every list has these, so that one shape of statement serves all. */
export interface ListedRow {
  readonly id: string;
  /** The sort value, as PostgreSQL writes it. */
  readonly cursorValue: string;
}

interface Statement {
  readonly name: string;
  readonly text: string;
  readonly values: unknown[];
}

const firstCondition = 6;

const escapeLike = (text: string) => text.replace(/[\\%_]/g, (character) => `\\${character}`);
/** The value of a condition on a name: matched as a substring, without regard to case. */
export const nameLike = (text: string | null | undefined): string | null => (text ? `%${escapeLike(text)}%` : null);

function conditionsOf<Filter>(conditions: readonly Condition<Filter>[], first: number): string {
  return conditions
    .map(({ type, sql }, at) => {
      const placeholder = `$${first + at}::${type}`;
      return ` AND (${placeholder} IS NULL OR ${sql(placeholder)})`;
    })
    .join("");
}

/** One page of all, or one page for each parent (their ids are the last value). One row more than asked for tells whether there are more. */
export function pageStatement<Field extends string, Filter, Parent extends string>(
  source: Source<Field, Filter, Parent>,
  page: Omit<PageArgs, "field"> & { readonly field: Field },
  filter: Filter,
  parents: { readonly kind: Parent; readonly ids: readonly string[] } | null,
): Statement {
  const { expression, type } = source.orders[page.field];
  const ascending = (page.direction === "ASC") !== page.backward;
  const way = ascending ? "ASC" : "DESC";
  const [behind, ahead] = page.direction === "ASC" ? [">", "<"] : ["<", ">"];
  const inner = (extraFrom: string, extra: string) => `SELECT ${source.columns}, (${expression})::text AS "cursorValue"
    FROM ${source.from}${extraFrom}
    WHERE ($1::text IS NULL OR (${expression}, ${source.id}) ${behind} ($1::text::${type}, $2::uuid))
      AND ($3::text IS NULL OR (${expression}, ${source.id}) ${ahead} ($3::text::${type}, $4::uuid))${conditionsOf(source.conditions, firstCondition)}${extra}
    ORDER BY ${expression} ${way}, ${source.id} ${way} LIMIT $5::int4`;
  const values: unknown[] = [page.after?.value ?? null, page.after?.id ?? null, page.before?.value ?? null, page.before?.id ?? null];
  values.push(page.limit + 1, ...source.conditions.map(({ value }) => value(filter) ?? null));
  const name = `${source.name}-${page.field}-${page.direction}${page.backward ? "-back" : ""}`;
  if (parents === null) return { name, text: inner("", ""), values };
  const parent = source.parents[parents.kind];
  values.push(parents.ids);
  // A lateral join with LIMIT is a nested loop, so that each parent's rows come in the inner order.
  const text = `SELECT above.id AS "parentId", page.* FROM unnest($${values.length}::uuid[]) AS above (id)
    CROSS JOIN LATERAL (${inner(parent.from ?? "", ` AND ${parent.column} = above.id`)}) AS page`;
  return { name: `${name}-of-${parents.kind}`, text, values };
}

export function countStatement<Field extends string, Filter, Parent extends string>(
  source: Source<Field, Filter, Parent>,
  filter: Filter,
  parents: { readonly kind: Parent; readonly ids: readonly string[] } | null,
): Statement {
  const conditions = conditionsOf(source.conditions, 1);
  const values: unknown[] = source.conditions.map(({ value }) => value(filter) ?? null);
  if (parents === null) {
    return {
      name: `${source.name}-count`,
      text: `SELECT NULL AS "parentId", count(*)::int4 AS count FROM ${source.from} WHERE true${conditions}`,
      values,
    };
  }
  const { column, from = "" } = source.parents[parents.kind];
  values.push(parents.ids);
  return {
    name: `${source.name}-count-of-${parents.kind}`,
    text: `SELECT ${column} AS "parentId", count(*)::int4 AS count FROM ${source.from}${from}
      WHERE ${column} = ANY($${values.length}::uuid[])${conditions} GROUP BY ${column}`,
    values,
  };
}

export async function run<Row extends pg.QueryResultRow>(pool: Pick<pg.Pool, "query">, { name, text, values }: Statement): Promise<Row[]> {
  const { rows } = await pool.query<Row>({ name, text, values });
  return rows;
}
