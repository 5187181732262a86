/**
 * COPY of rows that are known when it is sent. Its data goes behind the statement without a wait for the server's consent, so that it may stand in
 * a line of statements; a server that has refused the statement passes over its data, as the protocol wants it.
 */
import pg from "pg";

/** A value of a row; a text is as the column's type reads it. */
export type Cell = string | number | boolean | null;

/** Rows for COPY, in its text format. */
export const copyText = (rows: readonly (readonly Cell[])[]): string => rows.map((row) => `${row.map(cellOf).join("\t")}\n`).join("");

function cellOf(value: Cell): string {
  if (value === null) return "\\N";
  if (typeof value !== "string") return String(value);
  return special.test(value) ? value.replace(specials, (character) => escapes[character] ?? character) : value;
}

const special = /[\\\t\n\r]/;
const specials = /[\\\t\n\r]/g;
const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

/** `statement` is a `COPY ... FROM STDIN`. Resolves when the rows are in. */
export function copyIn(client: pg.ClientBase, statement: string, rows: readonly (readonly Cell[])[]): Promise<void> {
  return new Promise((resolve, reject) => {
    client.query(new CopyIn(statement, messagesOf(copyText(rows)), (error) => (error ? reject(error) : resolve())));
  });
}

/** pg waits behind none of its own statements, and a client in a pipeline takes no others. */
class CopyIn extends pg.Query {
  readonly #statement: string;
  readonly #data: Buffer;

  constructor(statement: string, data: Buffer, over: (error: Error | undefined) => void) {
    super(statement, over);
    this.#statement = statement;
    this.#data = data;
  }

  override readonly submit = (connection: pg.Connection): void => {
    connection.query(this.#statement);
    connection.stream.write(this.#data);
  };

  /** Called by pg; the data is on its way. */
  handleCopyInResponse(): void {}
}

/** CopyData and CopyDone. */
function messagesOf(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const data = Buffer.allocUnsafe(length + 10);
  data.write("d", 0, "latin1");
  data.writeInt32BE(length + 4, 1);
  data.write(text, 5);
  data.write("c", length + 5, "latin1");
  data.writeInt32BE(4, length + 6);
  return data;
}
