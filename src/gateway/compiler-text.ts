/** The text of an answer, of which some lists are text already. */
import type { Column, RowBytes } from "../database/row-bytes.ts";
import { ListedEdges } from "../domain/connections.ts";
import type { Selected } from "./compiler-run.ts";
import { type RowField, type RowsText, rowsText } from "./row-json.ts";

/** A list in an answer that was written from its rows at once. To whoever reads the answer otherwise, it is what it says. */
export class Written {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toJSON(): unknown {
    return JSON.parse(this.text);
  }
}

/** Writes lists with the same fields. */
export class ListWriter {
  readonly fields: readonly RowField[];
  readonly #byForm = new WeakMap<readonly Column[], RowsText | null>();
  /** Requests that read the same at the same time have the same rows: what they show is written once for them all. */
  readonly #lists = new WeakMap<RowBytes<object>, Written | null>();

  constructor(fields: readonly RowField[]) {
    this.fields = fields;
  }

  /** Null: it takes objects. */
  written(given: RowBytes<object> | ListedEdges): Written | null {
    const rows = given instanceof ListedEdges ? given.rows : given;
    const known = this.#lists.get(rows);
    if (known !== undefined) return known;
    const text = this.#of(rows.columns)?.(rows, given instanceof ListedEdges ? given.cursorStart : undefined) ?? null;
    const list = text === null ? null : new Written(text);
    this.#lists.set(rows, list);
    return list;
  }

  #of(columns: readonly Column[]): RowsText | null {
    const known = this.#byForm.get(columns);
    if (known !== undefined) return known;
    const text = rowsText(this.fields, columns);
    this.#byForm.set(columns, text);
    return text;
  }
}

/** As JSON.stringify writes it. */
export function textOf(value: unknown, selected: Selected | null): string {
  if (value instanceof Written) return value.text;
  if (!selected?.hasWritten || typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => textOf(item, selected)).join()}]`;
  let text = "";
  for (const { key, inner } of selected.plans) text += `${text === "" ? "{" : ","}"${key}":${textOf(Reflect.get(value, key), inner)}`;
  return text === "" ? "{}" : `${text}}`;
}
