/** Sorted, filtered lists by page, of all or below a parent; the same page below many parents is one statement. */
import type pg from "pg";
import { firstNumber } from "../database/row-bytes.ts";
import { queryBytes, queryRows, type Statement } from "../database/row-tap.ts";
import { type Batched, batched, type Gate, type Loader } from "./batching.ts";
import {
  type Connection,
  type ConnectionArgs,
  connect,
  connectionOf,
  type Direction,
  objectsOf,
  type Page,
  type PageArgs,
  readPage,
} from "./connections.ts";
import { InvalidRequestError } from "./errors.ts";
import { countStatement, type ListedRow, type PlainColumns, type PlainPage, pageStatement, type Source } from "./list-sql.ts";
import type { Shown } from "./shown.ts";

interface Parent<Kind> {
  readonly kind: Kind;
  readonly id: string;
}

type PageOf<Field> = Omit<PageArgs, "field"> & { readonly field: Field };

interface Key<Field, Filter, Kind> {
  /** Null: the list of all. */
  readonly parent: Parent<Kind> | null;
  readonly page: PageOf<Field>;
  readonly filter: Filter;
  /** Where its rows need not have all columns. */
  readonly plain: PlainPage | null;
  /** Of all but the parent's id: keys with the same are answered by one statement. */
  readonly shape: string;
  /** Of all of it. */
  readonly text: string;
}

export interface ListRequest<Field, Filter> extends ConnectionArgs {
  readonly orderBy?: { readonly field: Field; readonly direction?: Direction | null | undefined } | null | undefined;
  readonly filter?: Filter | null | undefined;
}

/** One request's way to a list: by the rows of the page itself, or by what is loaded for their ids. */
export interface List<Row, Field, Filter, Kind> {
  /** `shown` by the field that answers the page: the rows may have nothing else. */
  rows(parent: Parent<Kind> | null, request: ListRequest<Field, Filter>, shown?: Shown | null): Promise<Connection<Row>>;
  nodes<Node extends object>(
    parent: Parent<Kind> | null,
    request: ListRequest<Field, Filter>,
    nodes: Pick<Loader<string, Node | null>, "loadMany">,
  ): Promise<Connection<Node>>;
}

/** `parentPlace`: among the parents that were asked for, from 1; there is none in a list of all. */
type Found<R> = R & ListedRow & { readonly parentPlace?: number | undefined };

interface Paged {
  readonly page: Pick<PageArgs, "limit" | "backward">;
}

const alike = <Field, Filter, Kind>(keys: readonly Key<Field, Filter, Kind>[]): Key<Field, Filter, Kind>[][] => [
  ...Map.groupBy(keys, ({ shape }) => shape).values(),
];

const identity = ({ text }: { readonly text: string }) => text;

function parentsOf<Field, Filter, Kind>(keys: readonly Key<Field, Filter, Kind>[]): { kind: Kind; ids: string[] } | null {
  const [first] = keys;
  if (!first?.parent) return null;
  return { kind: first.parent.kind, ids: keys.flatMap(({ parent }) => (parent === null ? [] : [parent.id])) };
}

/** Null: more is shown than the list's plain columns. In their order, so that the same is shown by the same statement. */
function plainPage({ properties, cursors }: Shown, plain: PlainColumns): PlainPage | null {
  if ([...properties].some((property) => !(property in plain))) return null;
  const isShown = (property: string) => properties.has(property) || (cursors && property === "id");
  const columns = Object.fromEntries(Object.entries(plain).filter(([property]) => isShown(property)));
  return { columns, cursors, name: `${cursors ? "cursors " : ""}${Object.keys(columns).join(" ")}` };
}

/** Each choice of columns has statements of its own, which are prepared on each connection: past so many choices of a list, all its plain columns are read. */
const mostChoices = 12;

/** What is shown by a document stays the same object, each time that it comes. */
function plainPages(plain: PlainColumns): (shown: Shown) => PlainPage | null {
  const known = new WeakMap<Shown, PlainPage | null>();
  const choices = new Set<string>();
  const all: PlainPage = { columns: plain, cursors: true, name: "plain" };
  const chosen = (shown: Shown) => {
    const page = plainPage(shown, plain);
    if (page === null || choices.has(page.name)) return page;
    if (choices.size >= mostChoices) return all;
    choices.add(page.name);
    return page;
  };
  return (shown) => {
    const before = known.get(shown);
    if (before !== undefined) return before;
    const page = chosen(shown);
    known.set(shown, page);
    return page;
  };
}

/** Most pages are a list's first, without a filter. */
function shapeOf<Field, Filter, Kind>(kind: Kind | undefined, page: PageOf<Field>, filter: Filter | null, plain: PlainPage | null): string {
  if (filter !== null || page.after !== null || page.before !== null) return JSON.stringify([kind, page, filter, plain?.name]);
  return `${kind} ${page.field} ${page.direction} ${page.limit} ${page.backward} ${plain?.name}`;
}

/** What PostgreSQL's text can't hold. Looked for before the list is loaded: a batch would fail as a whole. */
function refuseNul(filter: object): void {
  for (const [name, value] of Object.entries(filter)) {
    if (typeof value !== "string" || !value.includes("\0")) continue;
    const message = "The text has a NUL character, which no name has.";
    throw new InvalidRequestError(message, [{ path: ["filter", name], message }]);
  }
}

export function openList<R extends object, Field extends string, Filter extends object, Kind extends string>(
  pool: Pick<pg.Pool, "query">,
  source: Source<Field, Filter, Kind>,
  fallback: { readonly field: NoInfer<Field>; readonly direction: Direction; readonly filter: NoInfer<Filter> },
): (gate: Gate) => List<R & ListedRow, Field, Filter, Kind> {
  const pages = openPages<R, Field, Filter, Kind>(pool, source);
  const counts = openCounts(pool, source);
  const plainOf = plainPages(source.plain ?? {});
  return (gate) => {
    const pageLoader = pages.loader(gate);
    const countLoader = counts.loader(gate);
    const read = async (parent: Parent<Kind> | null, request: ListRequest<Field, Filter>, shown: Shown | null = null) => {
      const field = request.orderBy?.field ?? fallback.field;
      const direction = request.orderBy ? (request.orderBy.direction ?? "ASC") : fallback.direction;
      const page = { ...readPage(request, { field, direction, type: source.orders[field].type }), field };
      const filter = request.filter ?? fallback.filter;
      refuseNul(filter);
      const plain = shown && plainOf(shown);
      const shape = shapeOf(parent?.kind, page, request.filter ?? null, plain);
      const key = { parent, page, filter, plain, shape, text: `${parent?.id} ${shape}` };
      return { page, found: await pageLoader.load(key), totalCount: () => countLoader.load(key) };
    };
    return {
      async rows(parent, request, shown) {
        const { page, found, totalCount } = await read(parent, request, shown);
        return connectionOf(found, found.rows, page, totalCount);
      },
      async nodes(parent, request, loader) {
        const { page, found, totalCount } = await read(parent, request);
        return connect(found, page, await loader.loadMany(objectsOf(found.rows).map(({ id }) => id)), totalCount);
      },
    };
  };
}

function openPages<R extends object, Field extends string, Filter extends object, Kind extends string>(
  pool: Pick<pg.Pool, "query">,
  source: Source<Field, Filter, Kind>,
): Batched<Key<Field, Filter, Kind>, Page<R & ListedRow>> {
  const readAlike = async (keys: readonly Key<Field, Filter, Kind>[]) => {
    const [first] = keys;
    if (first === undefined) return [];
    const statement = pageStatement(source, first.page, first.filter, parentsOf(keys), first.plain);
    const pages =
      first.plain === null ? await readObjects<Found<R>>(pool, statement, keys) : await readBytes<Found<R>>(pool, statement, keys);
    return keys.map((key, at) => [identity(key), pages[at] ?? emptyPage] as const);
  };
  return batched<Key<Field, Filter, Kind>, Page<R & ListedRow>>({
    identity,
    fetch: async (keys) => {
      const found = new Map((await Promise.all(alike(keys).map(readAlike))).flat());
      return (key) => found.get(identity(key)) ?? emptyPage;
    },
  });
}

const emptyPage: Page<never> = { rows: Object.freeze([]), more: false };

/** The page of each key. */
async function readObjects<Row extends { readonly parentPlace?: number | undefined }>(
  pool: Pick<pg.Pool, "query">,
  statement: Statement,
  keys: readonly Paged[],
): Promise<Page<Row>[]> {
  const ofKeys = keys.map((): Readonly<Row>[] => []);
  for (const row of await queryRows<Row>(pool, statement)) ofKeys[(row.parentPlace ?? 1) - 1]?.push(row);
  return keys.map(({ page }, at) => {
    const { some, more } = pageOf(ofKeys[at] ?? [], page);
    return { rows: Object.freeze(some), more };
  });
}

/** The same for rows that stay as they came: few plain columns, which most answers show as they are. */
async function readBytes<Row extends object>(
  pool: Pick<pg.Pool, "query">,
  statement: Statement,
  keys: readonly Paged[],
): Promise<Page<Row>[]> {
  const rows = await queryBytes<Row>(pool, statement);
  const ofKeys = keys.map((): number[] => []);
  const ofParents = rows.columns[0]?.name === "parentPlace";
  for (const place of rows.places) ofKeys[ofParents ? firstNumber(rows.bytes, place) - 1 : 0]?.push(place);
  return keys.map(({ page }, at) => {
    const { some, more } = pageOf(ofKeys[at] ?? [], page);
    return { rows: rows.with(some), more };
  });
}

/** Read backward, a page comes from its end. */
function pageOf<One>(read: One[], { limit, backward }: Paged["page"]): { readonly some: One[]; readonly more: boolean } {
  const more = read.length > limit;
  const some = more ? read.slice(0, limit) : read;
  return { some: backward ? some.toReversed() : some, more };
}

function openCounts<Field extends string, Filter extends object, Kind extends string>(
  pool: Pick<pg.Pool, "query">,
  source: Source<Field, Filter, Kind>,
): Batched<Key<Field, Filter, Kind>, number> {
  const countAlike = async (keys: readonly Key<Field, Filter, Kind>[]) => {
    const [first] = keys;
    if (first === undefined) return [];
    const rows = await queryRows<{ parentId: string | null; count: number }>(pool, countStatement(source, first.filter, parentsOf(keys)));
    const byParent = new Map(rows.map(({ parentId, count }) => [parentId ?? "", count]));
    return keys.map((key) => [identity(key), byParent.get(key.parent?.id ?? "") ?? 0] as const);
  };
  return batched<Key<Field, Filter, Kind>, number>({
    identity,
    fetch: async (keys) => {
      const found = new Map((await Promise.all(alike(keys).map(countAlike))).flat());
      return (key) => found.get(identity(key)) ?? 0;
    },
  });
}
