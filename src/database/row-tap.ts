/**
 * The statements that are sent most, without what pg does for any: it asks for the description of a prepared statement's rows each time, which never
 * changes, and makes objects of the rows before anybody wants them. Rows are taken out of what the connection hears; pg has no hook for that, but
 * hears PostgreSQL by one listener to its socket, which gets all other messages as they come.
 */
import type { Duplex } from "node:stream";
import pg from "pg";
import { type Column, RowBytes } from "./row-bytes.ts";

/** `name`: it is prepared. */
export interface Statement {
  readonly name?: string | undefined;
  readonly text: string;
  readonly values: unknown[];
}

/** As `pool.query`, but with the rows as they came. */
export async function queryBytes<Row extends object>(pool: Pick<pg.Pool, "query">, statement: Statement): Promise<RowBytes<Row>> {
  const query = new TappedQuery(statement);
  const { fields, rowCount } = await pool.query<never>(query);
  return query.taken(fields, rowCount);
}

/** As `pool.query`, for statements that are sent often: frozen rows. */
export const queryRows = async <Row extends object>(
  pool: Pick<pg.Pool, "query">,
  statement: Statement,
): Promise<readonly Readonly<Row>[]> => (await queryBytes<Row>(pool, statement)).objects;

class TappedQuery extends pg.Query {
  readonly name: string | undefined;
  readonly text: string;
  readonly values: unknown[];
  readonly #heard = new Heard();
  #tap: Tap | null = null;
  #columns: readonly Column[] | undefined;

  constructor({ name, text, values }: Statement) {
    super(text); // pg would copy each property of an object by its descriptor
    this.name = name;
    this.text = text;
    this.values = values;
  }

  override readonly submit = (connection: pg.Connection): unknown => {
    const tap = tapOf(connection);
    if (tap instanceof Error) return tap; // as pg does with what it does not send
    this.#tap = tap;
    this.#columns = this.name === undefined ? undefined : tap.described.get(this.name);
    const refused: unknown = Reflect.apply(pg.Query.prototype.submit, this, [this.#columns ? tap.undescribed : connection]);
    if (!refused) tap.take(this.#heard);
    return refused;
  };

  /** With what pg was told, which is no fields where they were known before. */
  taken<Row extends object>(fields: readonly pg.FieldDef[], count: number | null): RowBytes<Row> {
    const { places, bytes } = this.#heard;
    // The count is PostgreSQL's own. Whatever pg may do otherwise one day, no row goes missing in silence.
    if (count !== places.length) throw new Error(`${places.length} rows of ${count} were taken; pg hears otherwise than it did.`);
    const columns = this.#columns ?? known(fields);
    if (this.name !== undefined) this.#tap?.described.set(this.name, columns);
    return new RowBytes<Row>(columns, bytes, places);
  }
}

const forms = new Map<string, readonly Column[]>();
/** More than the statements of all lists have. */
const mostForms = 1_000;

/** What is made for a form of rows is kept by this object. */
function known(fields: readonly pg.FieldDef[]): readonly Column[] {
  let form = "";
  for (const { name, dataTypeID } of fields) form += `${name} ${dataTypeID},`;
  const before = forms.get(form);
  if (before) return before;
  if (forms.size >= mostForms) forms.clear();
  const columns = Object.freeze(fields.map(({ name, dataTypeID }) => Object.freeze({ name, type: dataTypeID })));
  forms.set(form, columns);
  return columns;
}

/** The rows of a statement, one behind the other. */
class Heard {
  readonly places: number[] = [];
  /** Those of a small answer are where they were read. */
  #bytes: Buffer = nothing;
  #length = 0;

  /** A row begins so many bytes behind what there is. */
  begin(ahead: number): void {
    this.places.push(this.#length + ahead);
  }
  add(chunk: Buffer, from: number, to: number): void {
    const length = this.#length + to - from;
    if (this.#length === 0) this.#bytes = chunk.subarray(from, to);
    else {
      if (length > this.#bytes.length) {
        const larger = Buffer.allocUnsafeSlow(Math.max(16 * 1024, 2 * length));
        this.#bytes.copy(larger, 0, 0, this.#length);
        this.#bytes = larger;
      }
      chunk.copy(this.#bytes, this.#length, from, to);
    }
    this.#length = length;
  }
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }
}
const nothing = Buffer.alloc(0);

/** A message begins with a byte for its kind, and four for its length, which they are part of. */
const headerBytes = 5;
const dataRow = 0x44; // "D"
const readyForQuery = 0x5a; // "Z": the statement is over
/** Of all messages that PostgreSQL sends. */
const kinds: ReadonlySet<number> = new Set(Buffer.from("123ACDEGHIKNRSTVWZcdnstv", "latin1"));

/** What one connection hears, between PostgreSQL and pg. */
class Tap {
  /** Statements that were described on it, by their names: these stand for the same as long as it lives. */
  readonly described = new Map<string, readonly Column[]>();
  /** The connection, for those. */
  readonly undescribed: pg.Connection;
  readonly #stream: Duplex;
  readonly #pass: (chunk: Buffer) => void;
  #heard: Heard | null = null;
  /** The beginning of a header whose end has not come yet. */
  #rest: Buffer | null = null;
  /** Bytes of the message that we are in. */
  #left = 0;
  #kind = 0;

  constructor(connection: pg.Connection, pass: (chunk: Buffer) => void) {
    const { stream } = connection;
    this.undescribed = Object.create(connection, { describe: { value: () => {} } });
    this.#stream = stream;
    this.#pass = pass;
    stream.removeAllListeners("data").on("data", (chunk: Buffer) => this.#hear(chunk));
  }

  /** Of the statement that was just sent. */
  take(heard: Heard): void {
    this.#heard = heard;
    this.#kind = 0;
  }

  #hear(chunk: Buffer): void {
    if (this.#heard === null) this.#pass(chunk);
    else if (this.#rest === null) this.#sort(chunk, this.#heard);
    else {
      const whole = Buffer.concat([this.#rest, chunk]);
      this.#rest = null;
      this.#sort(whole, this.#heard);
    }
  }

  #sort(chunk: Buffer, heard: Heard): void {
    /** Where what goes the same way begins. */
    let from = 0;
    let at = 0;
    const give = () => {
      if (at === from) return;
      if (this.#kind === dataRow) heard.add(chunk, from, at);
      else this.#pass(chunk.subarray(from, at));
      from = at;
    };
    while (at < chunk.length) {
      if (this.#left === 0) {
        if (chunk.length - at < headerBytes) {
          this.#rest = chunk.subarray(at);
          break;
        }
        const kind = chunk[at] ?? 0;
        if ((kind === dataRow) !== (this.#kind === dataRow)) give();
        this.#kind = kind;
        if (kind === dataRow) heard.begin(at - from);
        else if (!kinds.has(kind))
          return void this.#stream.destroy(new Error(`PostgreSQL sent a message of the kind ${kind}, which there is not.`));
        this.#left = 1 + chunk.readUInt32BE(at + 1);
      }
      const size = Math.min(this.#left, chunk.length - at);
      this.#left -= size;
      at += size;
      if (this.#left === 0 && this.#kind === readyForQuery) {
        this.#heard = null; // before pg hears of it, and sends the next one
        at = chunk.length;
      }
    }
    give();
  }
}

const taps = new WeakMap<Duplex, Tap>();

function tapOf(connection: pg.Connection): Tap | Error {
  const { stream } = connection;
  const known = taps.get(stream);
  if (known) return known;
  const [listener, another] = stream.listeners("data");
  if (listener === undefined || another !== undefined) return new Error("pg hears its socket otherwise than it did.");
  const tap = new Tap(connection, (chunk) => void Reflect.apply(listener, stream, [chunk]));
  taps.set(stream, tap);
  return tap;
}
