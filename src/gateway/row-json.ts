/**
 * Writes rows into JSON as they came from PostgreSQL, without making texts, numbers and objects of them first. It writes what JSON.stringify would
 * of the objects, byte by byte; what it can't be sure of it leaves to them: a type that is not one of the few here, NULL where there can't be
 * null, a value that an enum does not have.
 */
import { GraphQLEnumType, type GraphQLLeafType } from "graphql";
import { type Column, findFields, type RowBytes } from "../database/row-bytes.ts";
import { cursorWrite, idWrite } from "./row-json-base64.ts";
import { always, bytesOf, cannot, valueWrite, type Work, type Write } from "./row-json-values.ts";

/** A field of each row's object in the answer. */
export interface RowField {
  readonly key: string;
  readonly isNullable: boolean;
  readonly from:
    | { readonly kind: "property"; readonly property: string; readonly type: GraphQLLeafType }
    /** A global id, of properties with "/" between them. */
    | { readonly kind: "id"; readonly type: string; readonly properties: readonly string[] }
    | { readonly kind: "constant"; readonly text: string }
    /** Of an edge. */
    | { readonly kind: "cursor" }
    /** An object, of the same row. */
    | { readonly kind: "object"; readonly fields: readonly RowField[] };
}

/** The text of the list; null: it is not written from these. `cursorStart`: how the text in each cursor begins. */
export type RowsText = (rows: RowBytes<object>, cursorStart?: string) => string | null;

/** Shared: nothing else runs while a list is written. */
let scratch: Buffer = Buffer.allocUnsafeSlow(64 * 1024);
/** It grows for a large list, and is not kept then. */
const mostKept = 1024 * 1024;
/** A byte becomes six at most: "\u0001"; eight in a cursor. */
const mostOfByte = 8;

/** Null: rows of this form are not written. */
export function rowsText(fields: readonly RowField[], columns: readonly Column[]): RowsText | null {
  const write = objectWrite(fields, columns);
  if (write === null) return null;
  const most = 2 + longestObject(fields);
  const mostOfRow = mostOfByte * mostUses(fields);
  const [begins, ends] = [new Int32Array(columns.length), new Int32Array(columns.length)];

  return ({ bytes, places }, cursorStart) => {
    const start = cursorStart === undefined ? null : bytesOf(cursorStart);
    const work: Work = { out: scratch, bytes, begins, ends, cursorStart: start, isWide: false };
    let at = 0;
    for (const place of places) {
      const length = findFields(bytes, place, begins, ends) - place + (start?.length ?? 0);
      const needed = at + most + mostOfRow * length;
      if (needed > work.out.length) work.out = grown(work.out, at, needed);
      work.out[at] = at === 0 ? 0x5b : 0x2c; // [ or ,
      at = write(work, at + 1);
      if (at === cannot) return null;
    }
    if (at === 0) return "[]";
    return `${work.out.toString(work.isWide ? "utf8" : "latin1", 0, at)}]`;
  };
}

const keyOf = (key: string, nth: number): Buffer => bytesOf(`${nth === 0 ? "{" : ","}${JSON.stringify(key)}:`);

function objectWrite(fields: readonly RowField[], columns: readonly Column[]): Write | null {
  const writes: Write[] = [];
  for (const [nth, field] of fields.entries()) {
    const write = writeOf(field, keyOf(field.key, nth), columns);
    if (write === null) return null;
    writes.push(write);
  }
  return (work, start) => {
    let at = start;
    for (const write of writes) {
      at = write(work, at);
      if (at === cannot) return cannot;
    }
    work.out[at++] = 0x7d; // }
    return at;
  };
}

function grown(out: Buffer, length: number, needed: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(2 * needed);
  out.copy(larger, 0, 0, length);
  if (larger.length <= mostKept) scratch = larger;
  return larger;
}

/** How often a column is written at most: it may be asked for by several names. */
function mostUses(fields: readonly RowField[]): number {
  const uses = new Map<string, number>();
  for (const property of fields.flatMap(propertiesOf)) uses.set(property, (uses.get(property) ?? 0) + 1);
  return Math.max(1, ...uses.values());
}

function propertiesOf({ from }: RowField): readonly string[] {
  if (from.kind === "object") return from.fields.flatMap(propertiesOf);
  if (from.kind === "cursor") return ["cursorValue", "id"];
  if (from.kind === "id") return from.properties;
  return from.kind === "property" ? [from.property] : [];
}

const longestObject = (fields: readonly RowField[]): number =>
  fields.reduce((sum, field, nth) => sum + keyOf(field.key, nth).length + longest(field), 1);

/** So many bytes at most, beside those of the row. */
function longest({ from }: RowField): number {
  if (from.kind === "constant") return bytesOf(JSON.stringify(from.text)).length;
  if (from.kind === "id") return 2 * from.type.length + 2 * from.properties.length + 8;
  if (from.kind === "object") return longestObject(from.fields);
  if (from.kind === "cursor") return 32;
  return 8 + (from.type instanceof GraphQLEnumType ? Math.max(...from.type.getValues().map(({ name }) => name.length)) : 0);
}

function writeOf({ from, isNullable }: RowField, key: Buffer, columns: readonly Column[]): Write | null {
  const nthOf = (property: string) => columns.findIndex(({ name }) => name === property);
  if (from.kind === "constant") return always(`${key.toString()}${JSON.stringify(from.text)}`);
  if (from.kind === "id") return idWrite(from.type, key, from.properties.map(nthOf), columns);
  if (from.kind === "cursor") return cursorWrite(key, columns);
  if (from.kind === "object") return behindKey(key, objectWrite(from.fields, columns));
  const nth = nthOf(from.property);
  const column = columns[nth];
  const value = column ? valueWrite(from.type, key, column) : null;
  if (value === null) return null;
  const nothing = always(`${key.toString()}null`);
  return (work, at) => {
    const [begin = 0, end = 0] = [work.begins[nth], work.ends[nth]];
    if (end >= begin) return value(work, begin, end, at);
    return isNullable ? nothing(work, at) : cannot;
  };
}

const behindKey = (key: Buffer, write: Write | null): Write | null =>
  write &&
  ((work, at) => {
    work.out.set(key, at);
    return write(work, at + key.length);
  });
