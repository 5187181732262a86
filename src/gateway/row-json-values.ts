/** Single values of rows, written into JSON from PostgreSQL's bytes. */
import { GraphQLEnumType, type GraphQLLeafType, isSpecifiedScalarType } from "graphql";
import pg from "pg";
import { type Column, isText } from "../database/row-bytes.ts";

/** What is written, and from what. */
export interface Bytes {
  out: Buffer;
  readonly bytes: Buffer;
  /** Something is beyond ASCII. */
  isWide: boolean;
}

/** A row: where its fields are. */
export interface Work extends Bytes {
  readonly begins: Int32Array;
  readonly ends: Int32Array;
  /** How the text in each cursor begins; null: there are none. */
  readonly cursorStart: Buffer | null;
}

/** Writes a field with its key. Answers where the next byte goes; `cannot`: it can't be written. */
export type Write = (work: Work, at: number) => number;
/** The same for what is there, behind its key. */
export type WriteValue = (work: Bytes, begin: number, end: number, at: number) => number;
export const cannot = -1;

export const bytesOf = (text: string): Buffer => Buffer.from(text, "utf8");

/** With its key. */
export function always(text: string): (work: Bytes, at: number) => number {
  const bytes = bytesOf(text);
  return ({ out }, at) => {
    out.set(bytes, at);
    return at + bytes.length;
  };
}

const { BOOL, INT2, INT4 } = pg.types.builtins;

export function valueWrite(type: GraphQLLeafType, key: Buffer, column: Column): WriteValue | null {
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

export const quoted: WriteValue = (work, begin, end, at) => {
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
