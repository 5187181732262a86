/** The document as JSON. Its shape is docs/reports.md's; a change that breaks readers raises `version`. */
import { definitionsOf, type ReportDocument, type Table } from "../model.ts";

export const jsonOf = (document: ReportDocument): string => `${JSON.stringify(shapeOf(document), null, 1)}\n`;

export function shapeOf<Document extends Omit<ReportDocument, "factsHash">>({ sections, summary, plans, ...document }: Document) {
  const { pageSize: _, ...head } = document;
  return {
    version: 1,
    ...head,
    plans,
    figures: Object.fromEntries(summary.map(({ name, value }) => [name, value])),
    sections: sections.map(({ title, text, verdict, figures, charts, tables }) => ({
      title,
      text,
      verdict,
      figures: Object.fromEntries(figures.map(({ name, value }) => [name, value])),
      charts,
      tables: tables.map(tableOf),
    })),
    definitions: definitionsOf({ summary, sections }),
  };
}

/** Rows as objects, so that a column that is added later moves no other. */
const tableOf = ({ name, title, columns, rows, note }: Table) => ({
  name,
  title,
  columns: columns.map(({ name: column, label, unit }) => ({ name: column, label, unit })),
  rows: rows.map((row) => Object.fromEntries(columns.map((column, at) => [column.name, row[at] ?? null]))),
  note,
});
