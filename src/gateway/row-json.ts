/**
 * Writes rows into JSON as they came from PostgreSQL, without making texts, numbers and objects of them first. It writes what JSON.stringify would
 * of the objects, byte by byte; what it can't be sure of it leaves to them: a type that is not one of the few here, NULL where there can't be
 * null, a value that an enum does not have.
 */
import { GraphQLEnumType, type GraphQLLeafType, isSpecifiedScalarType } from "graphql";
import pg from "pg";
import { type Column, findFields, isText, type RowBytes } from "../database/row-bytes.ts";

/** A field of each row's object in the answer. */
export interface RowField {
  readonly key: string;
  readonly isNullable: boolean;
  readonly from:
    | { readonly kind: "property"; readonly property: string; readonly type: GraphQLLeafType }
    /** A global id, of properties with "/" between them. */
    | { readonly kind: "id"; readonly type: string; readonly properties: readonly string[] }
    | { readonly kind: "constant"; readonly text: string };
}

/** The text of the list; null: it is not written from these. */
export type RowsText = (rows: RowBytes<object>) => string | null;

/** What is written, and from what: a row's bytes, and where its fields are in them. */
interface Work {
  out: Buffer;
  bytes: Buffer;
  readonly begins: Int32Array;
  readonly ends: Int32Array;
  /** Something is beyond ASCII. */
  isWide: boolean;
}

/** Writes a field with its key. Answers where the next byte goes; `cannot`: it can't be written. */
type Write = (work: Work, at: number) => number;
/** The same for what is there, behind its key. */
type WriteValue = (work: Work, begin: number, end: number, at: number) => number;
const cannot = -1;

/** Shared: nothing else runs while a list is written. */
let scratch: Buffer = Buffer.allocUnsafeSlow(64 * 1024);
/** It grows for a large list, and is not kept then. */
const mostKept = 1024 * 1024;
/** A byte becomes six at most: "\u0001". */
const mostOfByte = 6;

/** Null: rows of this form are not written. */
export function rowsText(fields: readonly RowField[], columns: readonly Column[]): RowsText | null {
  const writes: Write[] = [];
  let most = 2;
  for (const [nth, field] of fields.entries()) {
    const key = bytesOf(`${nth === 0 ? "{" : ","}${JSON.stringify(field.key)}:`);
    const write = writeOf(field, key, columns);
    if (write === null) return null;
    writes.push(write);
    most += key.length + longest(field);
  }
  const mostOfRow = mostOfByte * mostUses(fields);
  const [begins, ends] = [new Int32Array(columns.length), new Int32Array(columns.length)];

  return ({ bytes, places }) => {
    const work: Work = { out: scratch, bytes, begins, ends, isWide: false };
    let at = 0;
    for (const place of places) {
      const length = findFields(bytes, place, begins, ends) - place;
      const needed = at + most + mostOfRow * length;
      if (needed > work.out.length) work.out = grown(work.out, at, needed);
      work.out[at] = at === 0 ? 0x5b : 0x2c; // [ or ,
      at++;
      for (const write of writes) {
        at = write(work, at);
        if (at === cannot) return null;
      }
      work.out[at++] = 0x7d; // }
    }
    if (at === 0) return "[]";
    return `${work.out.toString(work.isWide ? "utf8" : "latin1", 0, at)}]`;
  };
}

function grown(out: Buffer, length: number, needed: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(2 * needed);
  out.copy(larger, 0, 0, length);
  if (larger.length <= mostKept) scratch = larger;
  return larger;
}

const bytesOf = (text: string): Buffer => Buffer.from(text, "utf8");

/** How often a column is written at most: it may be asked for by several names. */
function mostUses(fields: readonly RowField[]): number {
  const uses = new Map<string, number>();
  const properties = fields.flatMap(({ from }) => (from.kind === "property" ? from.property : from.kind === "id" ? from.properties : []));
  for (const property of properties) uses.set(property, (uses.get(property) ?? 0) + 1);
  return Math.max(1, ...uses.values());
}

/** So many bytes at most, beside those of the row. */
function longest({ from }: RowField): number {
  if (from.kind === "constant") return bytesOf(JSON.stringify(from.text)).length;
  if (from.kind === "id") return 2 * from.type.length + 2 * from.properties.length + 8;
  return 8 + (from.type instanceof GraphQLEnumType ? Math.max(...from.type.getValues().map(({ name }) => name.length)) : 0);
}

function writeOf({ from, isNullable }: RowField, key: Buffer, columns: readonly Column[]): Write | null {
  const nthOf = (property: string) => columns.findIndex(({ name }) => name === property);
  if (from.kind === "constant") return always(`${key.toString()}${JSON.stringify(from.text)}`);
  if (from.kind === "id") return idWrite(from.type, key, from.properties.map(nthOf), columns);
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

function always(text: string): Write {
  const bytes = bytesOf(text);
  return ({ out }, at) => {
    out.set(bytes, at);
    return at + bytes.length;
  };
}

const { BOOL, INT2, INT4 } = pg.types.builtins;

function valueWrite(type: GraphQLLeafType, key: Buffer, column: Column): WriteValue | null {
  if (type instanceof GraphQLEnumType) return isText(column) ? enumWrite(type, key) : null;
  if (!isSpecifiedScalarType(type)) return null;
  if (type.name === "Int" && (column.type === INT2 || column.type === INT4)) return behind(key, digits);
  if (type.name === "Boolean" && column.type === BOOL) return booleanWrite(key);
  return (type.name === "String" || type.name === "ID") && isText(column) ? behind(key, quoted) : null;
}

const behind =
  (key: Buffer, value: WriteValue): WriteValue =>
  (work, begin, end, at) => {
    work.out.set(key, at);
    return value(work, begin, end, at + key.length);
  };

/** By hand: a call into native code takes longer than these few bytes. */
const digits: WriteValue = ({ out, bytes }, begin, end, at) => {
  let next = at;
  for (let nth = begin; nth < end; nth++) out[next++] = bytes[nth] ?? 0;
  return next;
};

/** What JSON writes otherwise than it is. */
const escapes = Array.from({ length: 128 }, (_, code) => bytesOf(JSON.stringify(String.fromCharCode(code)).slice(1, -1)));

const quoted: WriteValue = (work, begin, end, at) => {
  const { out, bytes } = work;
  let next = at;
  let seen = 0;
  out[next++] = 0x22;
  for (let nth = begin; nth < end; nth++) {
    const byte = bytes[nth] ?? 0;
    seen |= byte;
    if (byte >= 0x20 && byte !== 0x22 && byte !== 0x5c) {
      out[next++] = byte;
      continue;
    }
    const escaped = escapes[byte] ?? bytes;
    out.set(escaped, next);
    next += escaped.length;
  }
  out[next++] = 0x22;
  if (seen >= 0x80) work.isWide = true;
  return next;
};

function booleanWrite(key: Buffer): WriteValue {
  const [yes, no] = [always(`${key.toString()}true`), always(`${key.toString()}false`)];
  return (work, begin, _end, at) => (work.bytes[begin] === 0x74 ? yes : no)(work, at);
}

/** By the values as the database has them. */
function enumWrite(type: GraphQLEnumType, key: Buffer): WriteValue {
  const values = type
    .getValues()
    .map(({ name, value }) => ({ value: bytesOf(String(value)), write: always(`${key.toString()}"${name}"`) }));
  return (work, begin, end, at) => {
    for (const { value, write } of values) if (isSame(value, work.bytes, begin, end)) return write(work, at);
    return cannot;
  };
}

function isSame(value: Buffer, bytes: Buffer, begin: number, end: number): boolean {
  if (value.length !== end - begin) return false;
  for (let nth = 0; nth < value.length; nth++) if (value[nth] !== bytes[begin + nth]) return false;
  return true;
}

/** Of base64url. */
const sextets = bytesOf("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
/** No part of an id is as long. */
const mostOfPart = 64;

/** As `encodeId` does: the type and the id in base64url. */
function idWrite(type: string, key: Buffer, nths: readonly number[], columns: readonly Column[]): Write | null {
  if (nths.some((nth) => !columns[nth] || !(isText(columns[nth]) || columns[nth].type === INT4))) return null;
  const start = bytesOf(`${type}:`);
  /** With two more, which are 0 where it ends. */
  const clear = Buffer.alloc(start.length + (mostOfPart + 1) * nths.length + 2);
  start.copy(clear);
  return ({ out, bytes, begins, ends }, at) => {
    let length = start.length;
    for (const nth of nths) {
      const [begin = 0, end = 0] = [begins[nth], ends[nth]];
      if (end < begin || end - begin > mostOfPart) return cannot;
      if (length > start.length) clear[length++] = 0x2f; // /
      for (let of = begin; of < end; of++) clear[length++] = bytes[of] ?? 0;
    }
    clear[length] = clear[length + 1] = 0;
    out.set(key, at);
    const from = at + key.length;
    out[from] = 0x22;
    const next = base64url(clear, length, out, from + 1);
    out[next] = 0x22;
    return next + 1;
  };
}

/** Three bytes are four letters; what is beyond the end is written too, and not counted. */
function base64url(clear: Buffer, length: number, out: Buffer, at: number): number {
  let next = at;
  for (let nth = 0; nth < length; nth += 3) {
    const three = ((clear[nth] ?? 0) << 16) | ((clear[nth + 1] ?? 0) << 8) | (clear[nth + 2] ?? 0);
    out[next++] = sextets[three >> 18] ?? 0;
    out[next++] = sextets[(three >> 12) & 63] ?? 0;
    out[next++] = sextets[(three >> 6) & 63] ?? 0;
    out[next++] = sextets[three & 63] ?? 0;
  }
  return at + Math.ceil((length * 4) / 3);
}
