/** Sorted, filtered lists by page, of all or below a parent; the same page below many parents is one statement. */
import type pg from "pg";
import { type Batched, batched, type Gate, groupFrozen, type Loader } from "./batching.ts";
import { type Connection, type ConnectionArgs, connect, type Direction, type Page, type PageArgs, readPage } from "./connections.ts";
import { InvalidRequestError } from "./errors.ts";
import { countStatement, type ListedRow, pageStatement, run, type Source } from "./list-sql.ts";

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
}

export interface ListRequest<Field, Filter> extends ConnectionArgs {
  readonly orderBy?: { readonly field: Field; readonly direction?: Direction | null | undefined } | null | undefined;
  readonly filter?: Filter | null | undefined;
}

/** One request's way to a list: by the rows of the page itself, or by what is loaded for their ids. */
export interface List<Row, Field, Filter, Kind> {
  rows(parent: Parent<Kind> | null, request: ListRequest<Field, Filter>): Promise<Connection<Row>>;
  nodes<Node extends object>(
    parent: Parent<Kind> | null,
    request: ListRequest<Field, Filter>,
    nodes: Pick<Loader<string, Node | null>, "loadMany">,
  ): Promise<Connection<Node>>;
}

type Found<R> = R & ListedRow & { readonly parentId: string | null };

/** The keys of a batch that one statement answers: the same page, filter and kind of parent. */
function alike<Field, Filter, Kind>(keys: readonly Key<Field, Filter, Kind>[]): Key<Field, Filter, Kind>[][] {
  return [...Map.groupBy(keys, ({ parent, page, filter }) => JSON.stringify([parent?.kind, page, filter])).values()];
}

const identity = <Field, Filter, Kind>({ parent, page, filter }: Key<Field, Filter, Kind>) => JSON.stringify([parent, page, filter]);

function parentsOf<Field, Filter, Kind>(keys: readonly Key<Field, Filter, Kind>[]): { kind: Kind; ids: string[] } | null {
  const [first] = keys;
  if (!first?.parent) return null;
  return { kind: first.parent.kind, ids: keys.flatMap(({ parent }) => (parent === null ? [] : [parent.id])) };
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
  return (gate) => {
    const pageLoader = pages.loader(gate);
    const countLoader = counts.loader(gate);
    const read = async (parent: Parent<Kind> | null, request: ListRequest<Field, Filter>) => {
      const field = request.orderBy?.field ?? fallback.field;
      const direction = request.orderBy ? (request.orderBy.direction ?? "ASC") : fallback.direction;
      const page = { ...readPage(request, { field, direction, type: source.orders[field].type }), field };
      const key = { parent, page, filter: request.filter ?? fallback.filter };
      refuseNul(key.filter);
      return { page, found: await pageLoader.load(key), totalCount: () => countLoader.load(key) };
    };
    return {
      async rows(parent, request) {
        const { page, found, totalCount } = await read(parent, request);
        return connect(found, page, found.rows, totalCount);
      },
      async nodes(parent, request, loader) {
        const { page, found, totalCount } = await read(parent, request);
        return connect(found, page, await loader.loadMany(found.rows.map(({ id }) => id)), totalCount);
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
    const rows = await run<Found<R>>(pool, pageStatement(source, first.page, first.filter, parentsOf(keys)));
    const byParent = groupFrozen(rows, ({ parentId }) => parentId ?? "");
    return keys.map((key) => [identity(key), pageOf(byParent.get(key.parent?.id ?? "") ?? [], key.page)] as const);
  };
  return batched({
    identity,
    fetch: async (keys) => {
      const found = new Map((await Promise.all(alike(keys).map(readAlike))).flat());
      return (key) => found.get(identity(key)) ?? { rows: [], more: false };
    },
  });
}

/** Read backward, a page comes from its end. */
function pageOf<Row>(read: readonly Row[], { limit, backward }: PageArgs): Page<Row> {
  const rows = read.slice(0, limit);
  return { rows: backward ? rows.reverse() : rows, more: read.length > limit };
}

function openCounts<Field extends string, Filter extends object, Kind extends string>(
  pool: Pick<pg.Pool, "query">,
  source: Source<Field, Filter, Kind>,
): Batched<Key<Field, Filter, Kind>, number> {
  const countAlike = async (keys: readonly Key<Field, Filter, Kind>[]) => {
    const [first] = keys;
    if (first === undefined) return [];
    const rows = await run<{ parentId: string | null; count: number }>(pool, countStatement(source, first.filter, parentsOf(keys)));
    const byParent = new Map(rows.map(({ parentId, count }) => [parentId ?? "", count]));
    return keys.map((key) => [identity(key), byParent.get(key.parent?.id ?? "") ?? 0] as const);
  };
  return batched({
    identity,
    fetch: async (keys) => {
      const found = new Map((await Promise.all(alike(keys).map(countAlike))).flat());
      return (key) => found.get(identity(key)) ?? 0;
    },
  });
}
