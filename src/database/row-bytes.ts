/**
 * Rows as PostgreSQL sent them: messages of a byte "D", their length, how many fields there are, and each field's length (-1: NULL) and text. What
 * goes into an answer as it came needs no text of each field and no object of each row; whoever asks for objects gets them.
 */
import pg from "pg";

/** As PostgreSQL describes it. */
export interface Column {
  readonly name: string;
  /** The oid of its type. */
  readonly type: number;
}

/** Before a row's first field: the kind of message, its length, the number of fields. */
const fieldsAt = 7;

export class RowBytes<Row extends object> implements Iterable<Readonly<Row>> {
  /** The same object for rows of the same form. */
  readonly columns: readonly Column[];
  readonly bytes: Buffer;
  /** Where in `bytes` each row begins. */
  readonly places: readonly number[];
  #objects: readonly Readonly<Row>[] | null = null;

  constructor(columns: readonly Column[], bytes: Buffer, places: readonly number[]) {
    this.columns = columns;
    this.bytes = bytes;
    this.places = places;
  }

  get length(): number {
    return this.places.length;
  }

  /** Others of the same rows, or in another order. */
  with(places: readonly number[]): RowBytes<Row> {
    return new RowBytes(this.columns, this.bytes, places);
  }

  /** As pg makes them, frozen; made once. What `Row` says of them is the statement's to keep, as it is with pg. */
  get objects(): readonly Readonly<Row>[] {
    this.#objects ??= Object.freeze(this.#made());
    return this.#objects;
  }

  /** One of them alone, as an array has it. */
  at(nth: number): Readonly<Row> | undefined {
    if (this.#objects !== null) return this.#objects.at(nth);
    const place = this.places.at(nth);
    return place === undefined ? undefined : this.with([place]).objects[0];
  }

  [Symbol.iterator](): Iterator<Readonly<Row>> {
    return this.objects[Symbol.iterator]();
  }

  #made(): Readonly<Row>[] {
    const { bytes } = this;
    const { empty, read, begins, ends } = formOf(this.columns);
    return this.places.map((place) => {
      findFields(bytes, place, begins, ends);
      const made = { ...empty }; // one shape for all
      const fields: Record<string, unknown> = made;
      for (let nth = 0; nth < read.length; nth++) {
        const [one, begin = 0, end = 0] = [read[nth], begins[nth], ends[nth]];
        if (one && end >= begin) fields[one.name] = one.parse(bytes.toString("utf8", begin, end));
      }
      const row: Row = made;
      return Object.freeze(row);
    });
  }
}

/** What objects are made by. */
const newForm = (columns: readonly Column[]) => ({
  /** To be copied. */
  empty: Object.fromEntries(columns.map(({ name }): readonly unknown[] => [name, null])),
  read: columns.map(({ name, type }) => ({ name, parse: pg.types.getTypeParser(type, "text") })),
  begins: new Int32Array(columns.length),
  ends: new Int32Array(columns.length),
});

const forms = new WeakMap<readonly Column[], ReturnType<typeof newForm>>();

function formOf(columns: readonly Column[]): ReturnType<typeof newForm> {
  const form = forms.get(columns) ?? newForm(columns);
  forms.set(columns, form);
  return form;
}

/**
 * Where each field of a row begins, and where it ends: before it begins, if it is NULL. Into what is given, which is as long as the row has fields.
 * Answers where the row ends.
 */
export function findFields(bytes: Buffer, place: number, begins: Int32Array, ends: Int32Array): number {
  let at = place + fieldsAt;
  for (let nth = 0; nth < begins.length; nth++) {
    const length = int32At(bytes, at);
    at += 4;
    begins[nth] = at;
    ends[nth] = at + length;
    if (length > 0) at += length;
  }
  return at;
}

const int32At = (bytes: Buffer, at: number): number =>
  ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);

/** A whole number, from the digits of a row's first field. */
export function firstNumber(bytes: Buffer, place: number): number {
  const from = place + fieldsAt + 4;
  const to = from + int32At(bytes, from - 4);
  let number = 0;
  for (let at = from; at < to; at++) number = number * 10 + ((bytes[at] ?? 0) - 0x30);
  return number;
}

/** Whether pg leaves the text of this type as it is. */
export const isText = ({ type }: Column): boolean =>
  pg.types.getTypeParser(type, "text") === pg.types.getTypeParser(pg.types.builtins.TEXT, "text");
