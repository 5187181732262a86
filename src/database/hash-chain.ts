/**
 * Chains of hashes, in which nothing can be changed, left out or put in between without all that follows having another hash. What is hashed
 * is a line of text, so that everybody can recompute it: docs/evidence.md says how.
 */
import { createHash } from "node:crypto";

/** What the first line of a chain follows. */
export const beginning: Buffer = Buffer.alloc(32);

const sha256 = (text: string): Buffer => createHash("sha256").update(text, "utf8").digest();

/** What stands for a line that is not shown. */
export const digestOf = (line: string): Buffer => sha256(line);

/** The hash of a line, by its digest, behind the one before it. */
export const linkOf = (previous: Buffer, digest: Buffer): Buffer => sha256(previous.toString("hex") + digest.toString("hex"));

/** The same in SQL, of an expression that yields bytea and one that yields text. */
export const linkSql = (previous: string, line: string): string => `dr_link(${previous}, ${line})`;

/** Parts of a line in SQL: never null, and no two values have the same text. */
export const json = {
  /** Of a column of type text, or another one whose text needs no escapes. */
  text: (column: string): string => `coalesce(to_json(${column})::text, 'null')`,
  number: (column: string): string => `coalesce(${column}::text, 'null')`,
  /** Of a timestamptz: in UTC, whatever the session's zone is. */
  time: (column: string): string => `coalesce('"' || trim('"' FROM to_json(${column} AT TIME ZONE 'UTC')::text) || 'Z"', 'null')`,
};

/** An object as one line, of its fields in this order. */
export const lineSql = (fields: Readonly<Record<string, string>>): string =>
  `concat(${Object.entries(fields)
    .map(([name, sql], index) => `'${index > 0 ? ", " : "{"}"${name}": ', ${sql}`)
    .join(", ")}, '}')`;
