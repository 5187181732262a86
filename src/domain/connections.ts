/** Lists by page: Relay's arguments read and checked, keyset cursors, and what a page looks like to the schema. */
import { RowBytes } from "../database/row-bytes.ts";
import { builder } from "./builder.ts";
import { oncePerPage } from "./cost.ts";
import { InvalidRequestError } from "./errors.ts";
import { defaultPage, largestPage } from "./page-size.ts";

export type Direction = "ASC" | "DESC";

export const OrderDirection = builder.enumType("OrderDirection", {
  description: "Which way a list is sorted.",
  values: {
    ASC: { description: "Smallest, earliest, or first in the alphabet first." },
    DESC: { description: "Largest, latest, or last in the alphabet first." },
  } as const,
});

builder.globalConnectionField("totalCount", (t) =>
  t.int({
    description: "How many there are in all, by the filter and without pages; counted when it is asked for.",
    cost: oncePerPage,
    resolve: (connection) => connection.totalCount(),
  }),
);

export interface ConnectionArgs {
  /** Where neither `first` nor `last` is given. */
  readonly defaultSize?: number;
  readonly first?: number | null | undefined;
  readonly last?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly before?: string | null | undefined;
}

/** How a list is sorted: the text that a cursor holds has to be of `type`. */
export interface Sorting {
  readonly field: string;
  readonly direction: Direction;
  readonly type: SortType;
}
export type SortType = "text" | "timestamptz" | "int4";

/** A place in a sorted list: the sort value as PostgreSQL writes it, and the id that decides among equals. */
export interface Place {
  readonly value: string;
  readonly id: string;
}

export interface PageArgs {
  readonly field: string;
  readonly direction: Direction;
  readonly limit: number;
  /** From the end of what the places leave. */
  readonly backward: boolean;
  readonly after: Place | null;
  readonly before: Place | null;
}

export function readPage(args: ConnectionArgs, sorting: Sorting): PageArgs {
  const { first = null, last = null } = args;
  if (first !== null && last !== null) throw invalid("last", "Either `first` or `last` can be given, not both.");
  if (first !== null) checkSize("first", first);
  if (last !== null) checkSize("last", last);
  return {
    field: sorting.field,
    direction: sorting.direction,
    limit: first ?? last ?? args.defaultSize ?? defaultPage,
    backward: last !== null,
    after: readCursor("after", args.after, sorting),
    before: readCursor("before", args.before, sorting),
  };
}

function checkSize(name: string, size: number): void {
  if (size >= 1 && size <= largestPage) return;
  throw invalid(name, `\`${name}\` is from 1 to ${largestPage}; this is ${size}.`);
}

/** A time as PostgreSQL writes it; a part that is out of its range would be an error there. */
const time =
  /^(?<year>\d{4,6})-(?<month>0[1-9]|1[0-2])-(?<day>\d\d) ([01]\d|2[0-3])(:[0-5]\d){2}(\.\d{1,6})?[+-](0\d|1[0-5])(:[0-5]\d){0,2}$/;
const lastYear = 294_275; // the last that PostgreSQL has as a whole, so that no zone leads out of it

function isTime(text: string): boolean {
  const { year, month, day } = time.exec(text)?.groups ?? {};
  const [y, m, d] = [Number(year), Number(month), Number(day)];
  const lastDay = new Date(Date.UTC(2000 + (y % 400), m, 0)).getUTCDate(); // the calendar repeats every 400 years
  return y >= 1 && y <= lastYear && d >= 1 && d <= lastDay;
}

const fits: Record<SortType, (text: string) => boolean> = {
  text: (text) => /^[^\0]{0,300}$/su.test(text),
  timestamptz: (text) => text === "-infinity" || isTime(text),
  int4: (text) => /^-?\d{1,9}$/.test(text),
};
const placeId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

type Order = Pick<Sorting, "field" | "direction">;

/** The same in all cursors of a list. */
const placeStart = ({ field, direction }: Order): string => `[${JSON.stringify(field)},"${direction}",`;

export const encodePlace = ({ value, id }: Place, order: Order): string =>
  Buffer.from(`${placeStart(order)}${JSON.stringify(value)},${JSON.stringify(id)}]`, "utf8").toString("base64url");

function readCursor(name: string, cursor: string | null | undefined, { field, direction, type }: Sorting): Place | null {
  if (cursor === null || cursor === undefined) return null;
  const parts = parse(cursor);
  const [ofField, ofDirection, value, id] = parts;
  if (parts.length !== 4 || typeof value !== "string" || typeof id !== "string" || !placeId.test(id))
    throw invalid(name, "This is not a cursor.");
  if (ofField !== field || ofDirection !== direction) throw invalid(name, "This cursor is from a list in another order.");
  if (!fits[type](value)) throw invalid(name, "This is not a cursor.");
  return { value, id };
}

function parse(cursor: string): readonly unknown[] {
  if (cursor.length > 2048) return [];
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
    return Array.isArray(parts) ? parts : [];
  } catch {
    return [];
  }
}

function invalid(name: string, message: string): InvalidRequestError {
  return new InvalidRequestError(message, [{ path: [name], message }]);
}

/** Rows of a page: objects, or as PostgreSQL sent them, where that may be all that is needed. */
export type Rows<Row extends object> = readonly Row[] | RowBytes<Row>;

export const objectsOf = <Row extends object>(rows: Rows<Row>): readonly Row[] => (rows instanceof RowBytes ? rows.objects : rows);

/** A page as it was read; `more`: there are more in the direction of reading. */
export interface Page<Row extends object> {
  readonly rows: Rows<Row>;
  readonly more: boolean;
}

interface PageInfo {
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly startCursor: string | null;
  readonly endCursor: string | null;
}

export interface Connection<Node> {
  readonly nodes: readonly Node[];
  /** Made when they are asked for. */
  readonly edges: { readonly cursor: string; readonly node: Node }[];
  readonly pageInfo: PageInfo;
  readonly totalCount: () => Promise<number>;
}

type Row = { readonly id: string; readonly cursorValue: string };

/** Its cursor is made when it is asked for: most ask for `nodes` alone. */
class Edge<Node> {
  readonly node: Node;
  readonly #row: Row;
  readonly #sorting: Order;
  constructor(node: Node, row: Row, sorting: Order) {
    this.node = node;
    this.#row = row;
    this.#sorting = sorting;
  }
  get cursor(): string {
    return encodePlace({ value: this.#row.cursorValue, id: this.#row.id }, this.#sorting);
  }
}

/** Edges whose nodes are rows as PostgreSQL sent them. They are made when they are asked for: who writes them at once does not. */
export class ListedEdges implements Iterable<Edge<object>> {
  readonly rows: RowBytes<Row>;
  readonly #page: Pick<ConnectionOf<object>, "edges">;
  readonly #order: Order;
  constructor(rows: RowBytes<Row>, page: Pick<ConnectionOf<object>, "edges">, order: Order) {
    this.rows = rows;
    this.#page = page;
    this.#order = order;
  }
  get cursorStart(): string {
    return placeStart(this.#order);
  }
  [Symbol.iterator](): Iterator<Edge<object>> {
    return this.#page.edges[Symbol.iterator]();
  }
}

/** `nodes` are the page's rows themselves or what was loaded for them, in their order; one that is gone meanwhile is left out. */
export function connect<Node extends object>(
  { rows, more }: Page<Row>,
  args: Sorted,
  nodes: readonly (Node | Error | null)[],
  totalCount: () => Promise<number>,
): Connection<Node> {
  const kept: Node[] = [];
  const places: Row[] = [];
  objectsOf(rows).forEach((row, at) => {
    const node = nodes[at];
    if (node instanceof Error) throw node;
    if (!node) return;
    kept.push(node);
    places.push(row);
  });
  return connectionOf({ rows: places, more }, kept, args, totalCount);
}

type Sorted = Omit<PageArgs, "field"> & Pick<Sorting, "field">;

const cursorOf = (row: Row | undefined, args: Sorted) => (row ? encodePlace({ value: row.cursorValue, id: row.id }, args) : null);

/** Where a page begins and ends. Cursors are made when they are asked for. */
class Bounds implements PageInfo {
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly #rows: Rows<Row>;
  readonly #args: Sorted;
  constructor({ rows, more }: Page<Row>, args: Sorted) {
    this.hasNextPage = args.backward ? args.before !== null : more;
    this.hasPreviousPage = args.backward ? more : args.after !== null;
    this.#rows = rows;
    this.#args = args;
  }
  get startCursor(): string | null {
    return cursorOf(this.#rows.at(0), this.#args);
  }
  get endCursor(): string | null {
    return cursorOf(this.#rows.at(-1), this.#args);
  }
}

/** A class, not an object with getters of its own: each of those would have a shape of its own, by which V8 keeps it until a full collection. */
class ConnectionOf<Node extends object> implements Connection<Node> {
  /** For the field `nodes`, which may need no objects. */
  readonly listed: Rows<Node>;
  readonly totalCount: () => Promise<number>;
  readonly #page: Page<Row>;
  readonly #args: Sorted;
  constructor(page: Page<Row>, nodes: Rows<Node>, args: Sorted, totalCount: () => Promise<number>) {
    this.listed = nodes;
    this.totalCount = totalCount;
    this.#page = page;
    this.#args = args;
  }
  get nodes(): readonly Node[] {
    return objectsOf(this.listed);
  }
  /** For the field `edges`, the same; null: they are objects. */
  get listedEdges(): ListedEdges | null {
    const { rows } = this.#page;
    return rows instanceof RowBytes && Object.is(rows, this.listed) ? new ListedEdges(rows, this, this.#args) : null;
  }
  get edges(): Edge<Node>[] {
    const { nodes } = this;
    return objectsOf(this.#page.rows).flatMap((row, at) => {
      const node = nodes[at];
      return node ? new Edge(node, row, this.#args) : [];
    });
  }
  get pageInfo(): PageInfo {
    return new Bounds(this.#page, this.#args);
  }
}

/** Of a page whose rows all have their nodes, in the same order. */
export const connectionOf = <Node extends object>(
  page: Page<Row>,
  nodes: Rows<Node>,
  args: Sorted,
  totalCount: () => Promise<number>,
): Connection<Node> => new ConnectionOf(page, nodes, args, totalCount);
