/** Tables over pages: the head stands on each, and no row is torn apart. */
import type { Measure, Table, Value } from "../../model.ts";
import { shown } from "../format.ts";
import { colours, leading, type Sheet } from "./sheet.ts";

const size = 7.2;
const pad = 3;
const mostLines = 40;
/** Widths are chosen by these. */
const sampleRows = 200;

const isNumber = ({ unit }: Measure): boolean => unit === "COUNT" || unit === "SECONDS" || unit === "PERCENT";
/** In a table a moment is short: the head says that it is UTC. */
const cellOf = (value: Value, { unit }: Measure): string => {
  const words = shown(value, unit);
  return unit === "TIME" && value !== null ? words.slice(0, 16) : words;
};
const headOf = ({ label, unit }: Measure): string => (unit === "TIME" ? `${label} (UTC)` : label);

/** `titled`: its title stands above it already. */
export function writeTable(sheet: Sheet, { title, columns, rows, note }: Table, titled: boolean): void {
  sheet.need(60);
  if (!titled) sheet.paragraph(title, { size: 9.5, face: "bold", gap: 3 });
  if (rows.length > 0) {
    const widths = widthsOf(sheet, columns, rows);
    writeHead(sheet, columns, widths);
    for (const [at, row] of rows.entries()) writeRow(sheet, columns, widths, row, at);
    sheet.y += 3;
  }
  if (note !== null) sheet.paragraph(note, { size: 8, colour: colours.DIM });
  sheet.y += 8;
}

function writeHead(sheet: Sheet, columns: readonly Measure[], widths: readonly number[]): void {
  const style = { size, face: "bold", colour: colours.INK } as const;
  const cells = columns.map((column, at) => sheet.wrapped(headOf(column), (widths[at] ?? 0) - 2 * pad, style));
  const height = Math.max(...cells.map(({ length }) => length)) * leading(size) + 2 * pad;
  sheet.pdf.rect(sheet.left, sheet.y, sheet.width, height).fill(colours.SOFT);
  writeCells(sheet, columns, widths, cells, style);
  sheet.y += height;
}

function writeRow(sheet: Sheet, columns: readonly Measure[], widths: readonly number[], row: readonly Value[], index: number): void {
  const style = { size, colour: colours.INK };
  const cells = columns.map((column, at) =>
    sheet.wrapped(cellOf(row[at] ?? null, column), (widths[at] ?? 0) - 2 * pad, style).slice(0, mostLines),
  );
  const height = Math.max(...cells.map(({ length }) => length)) * leading(size) + 2 * pad - 1;
  if (sheet.need(height)) writeHead(sheet, columns, widths);
  else if (index > 0) {
    const { pdf, left, width, y } = sheet;
    pdf
      .moveTo(left, y)
      .lineTo(left + width, y)
      .lineWidth(0.4)
      .strokeColor(colours.LINE)
      .stroke();
  }
  writeCells(sheet, columns, widths, cells, style);
  sheet.y += height;
}

function writeCells(
  sheet: Sheet,
  columns: readonly Measure[],
  widths: readonly number[],
  cells: readonly (readonly string[])[],
  style: { readonly size: number; readonly face?: "bold" },
): void {
  let x = sheet.left;
  for (const [at, column] of columns.entries()) {
    const width = widths[at] ?? 0;
    const number = isNumber(column);
    for (const [line, words] of (cells[at] ?? []).entries()) {
      const y = sheet.y + pad + line * leading(size);
      sheet.line(words, number ? x + width - pad : x + pad, y, { ...style, anchor: number ? "end" : "start" });
    }
    x += width;
  }
}

/** What a column would like, or its share when that is too much: at least its longest word, as far as there is room. */
function widthsOf(sheet: Sheet, columns: readonly Measure[], rows: readonly (readonly Value[])[]): number[] {
  const sample = rows.slice(0, sampleRows);
  const wishes = columns.map((column, at) => {
    const words = sample.map((row) => cellOf(row[at] ?? null, column));
    const widest = (texts: readonly string[], face: "regular" | "bold") =>
      texts.reduce((most, text) => Math.max(most, sheet.widthOf(text, { size, face })), 0);
    const wish = Math.min(170, Math.max(widest(words, "regular"), widest([headOf(column)], "bold"))) + 2 * pad + 1;
    const parts = (texts: readonly string[]) => texts.flatMap((text) => text.split(isNumber(column) ? "\n" : " "));
    const least = Math.min(70, Math.max(widest(parts(words), "regular"), widest(headOf(column).split(" "), "bold"))) + 2 * pad + 1;
    return { wish: Math.max(wish, least), least };
  });
  const total = (pick: (one: (typeof wishes)[number]) => number) => wishes.reduce((sum, one) => sum + pick(one), 0);
  const [wished, least] = [total(({ wish }) => wish), total((one) => one.least)];
  if (wished <= sheet.width) return wishes.map(({ wish }) => (wish * sheet.width) / wished);
  if (least >= sheet.width) return wishes.map((one) => (one.least * sheet.width) / least);
  return wishes.map((one) => one.least + ((one.wish - one.least) * (sheet.width - least)) / (wished - least));
}
