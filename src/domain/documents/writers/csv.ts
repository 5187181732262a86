/**
 * CSV after RFC 4180, for spreadsheets: blocks with an empty line between them. It begins with a byte order mark, without which Excel takes
 * UTF-8 for its own code page and breaks every name beyond ASCII. Numbers are plain: seconds, percent with a point.
 */
import { definitionsOf, type Figure, type ReportDocument, type Table, type Value } from "../model.ts";

export const bom = "\ufeff";

export function csvOf(document: ReportDocument): string {
  const lines: Value[][] = [
    ["report", document.title],
    ["range_start", document.rangeStart],
    ["range_end", document.rangeEnd],
    ["made_at", document.madeAt],
    ["made_for", document.madeFor],
    ["facts_hash", document.factsHash],
    ["verdict", document.verdict.level],
    ["verdict_sentence", document.verdict.sentence],
    [],
    ["figures", "figure", "value", "unit"],
    ...document.summary.map((figure) => figureLine("", figure)),
    ...document.sections.flatMap(({ title, figures }) => figures.map((figure) => figureLine(title, figure))),
    ...document.sections.flatMap(({ tables }) => tables.flatMap(tableLines)),
    [],
    ["definitions", "label", "unit", "definition"],
    ...definitionsOf(document).map(({ name, label, unit, definition }) => [name, label, unit, definition]),
  ];
  return bom + lines.map((line) => `${line.map(cell).join(",")}\r\n`).join("");
}

/** Of the whole report where there is no title. */
const figureLine = (title: string, { name, value, unit }: Figure): Value[] => [title, name, value, unit];

const tableLines = ({ name, columns, rows, note }: Table): Value[][] => [
  [],
  [name, ...columns.map((column) => column.name)],
  ...rows.map((row) => ["", ...row]),
  ...(note === null ? [] : [["", note]]),
];

/** What a spreadsheet would compute, also in the width that East Asian input gives; leading space does not keep it from that. */
const formula = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/u;

/** Text that a spreadsheet would take for a formula gets an apostrophe in front, which makes it text there. */
export function cell(value: Value): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const text = formula.test(value) ? `'${value}` : value;
  return /[",\r\n;\t']/.test(text) || text.trim() !== text ? `"${text.replaceAll('"', '""')}"` : text;
}
