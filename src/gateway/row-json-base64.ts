/** Global ids and cursors, written into JSON from PostgreSQL's bytes. */

import pg from "pg";
import { type Column, isText } from "../database/row-bytes.ts";
import { type Bytes, bytesOf, cannot, quoted, type Write } from "./row-json-values.ts";

/** Of base64url. */
const sextets = bytesOf("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
/** No part of an id is as long. */
const mostOfPart = 64;

/** As `encodeId` does: the type and the id in base64url. */
export function idWrite(type: string, key: Buffer, nths: readonly number[], columns: readonly Column[]): Write | null {
  if (nths.some((nth) => !columns[nth] || !(isText(columns[nth]) || columns[nth].type === pg.types.builtins.INT4))) return null;
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
    return encoded(clear, length, key, out, at);
  };
}

/** As `encodePlace` does: how the list is sorted, the row's sort value and its id, as JSON in base64url. */
export function cursorWrite(key: Buffer, columns: readonly Column[]): Write | null {
  const [value, id] = [columns.findIndex(({ name }) => name === "cursorValue"), columns.findIndex(({ name }) => name === "id")];
  if ([value, id].some((nth) => !columns[nth] || !isText(columns[nth]))) return null;
  let clear = Buffer.alloc(1024);
  return ({ out, bytes, begins, ends, cursorStart }, at) => {
    const [from = 0, to = 0, idFrom = 0, idTo = 0] = [begins[value], ends[value], begins[id], ends[id]];
    if (cursorStart === null || to < from || idTo < idFrom) return cannot;
    const most = cursorStart.length + 6 * (to - from + idTo - idFrom) + 8;
    if (most > clear.length) clear = Buffer.alloc(2 * most);
    const inside: Bytes = { out: clear, bytes, isWide: false };
    clear.set(cursorStart);
    let length = quoted(inside, from, to, cursorStart.length);
    clear[length++] = 0x2c; // ,
    length = quoted(inside, idFrom, idTo, length);
    clear[length++] = 0x5d; // ]
    return encoded(clear, length, key, out, at);
  };
}

/** In quotes, behind the key. Two bytes behind what is encoded are written to. */
function encoded(clear: Buffer, length: number, key: Buffer, out: Buffer, at: number): number {
  clear[length] = clear[length + 1] = 0;
  out.set(key, at);
  const from = at + key.length;
  out[from] = 0x22;
  const next = base64url(clear, length, out, from + 1);
  out[next] = 0x22;
  return next + 1;
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
