/** A report as PDF. Blocks the thread that it runs in: see pdf.ts. */
import { buffer } from "node:stream/consumers";
import { definitionsOf, type Figure, levelWords, type ReportDocument, type Section, type Verdict } from "../../model.ts";
import { madeLine, rangeOf, shown } from "../format.ts";
import { writeChart } from "./chart.ts";
import { colours, leading, numberPages, openSheet, type Sheet } from "./sheet.ts";
import { writeTable } from "./table.ts";

/** The same document gives the same bytes. */
export async function writePdf(document: ReportDocument): Promise<Buffer> {
  const sheet = openSheet(document);
  const { pdf } = sheet;
  const written = buffer(pdf);
  pdf.outline.addItem("Summary");
  sheet.paragraph(document.title, { size: 20, face: "bold", gap: 2 });
  sheet.paragraph(rangeOf(document), { size: 10, gap: 1 });
  sheet.paragraph(madeLine(document), { size: 8.5, colour: colours.DIM });
  sheet.paragraph(`SHA-256 of the facts: ${document.factsHash}`, { size: 8.5, colour: colours.DIM });
  sheet.y += 6;
  writeVerdict(sheet, document.verdict);
  writeFigures(sheet, document.summary);
  for (const section of document.sections) writeSection(sheet, section);
  writeDefinitions(sheet, document);
  numberPages(sheet, `${document.title} · ${rangeOf(document)}`, sheet.line);
  pdf.end();
  return written;
}

function writeVerdict(sheet: Sheet, { level, sentence }: Verdict): void {
  const style = { size: 10 };
  const lines = sheet.wrapped(sentence, sheet.width - 24, style);
  const height = (lines.length + 1) * leading(10) + 12;
  sheet.need(height);
  sheet.pdf.rect(sheet.left, sheet.y, sheet.width, height).fill(colours.SOFT);
  sheet.pdf.rect(sheet.left, sheet.y, 4, height).fill(colours[level]);
  sheet.line(levelWords[level], sheet.left + 12, sheet.y + 6, {
    size: 10,
    face: "bold",
    colour: level === "NOT_JUDGED" ? colours.DIM : colours[level],
  });
  for (const [at, line] of lines.entries()) sheet.line(line, sheet.left + 12, sheet.y + 6 + (at + 1) * leading(10), style);
  sheet.y += height + 8;
}

const columns = 4;
const gap = 6;

/** As cards, four in a row. */
function writeFigures(sheet: Sheet, figures: readonly Figure[]): void {
  const width = (sheet.width - (columns - 1) * gap) / columns;
  for (let first = 0; first < figures.length; first += columns) {
    const row = figures.slice(first, first + columns).map(({ label, value, unit }) => ({
      label: sheet.wrapped(label, width - 12, { size: 7.5 }).slice(0, 2),
      ...fitted(sheet, shown(value, unit), width - 12),
    }));
    const labels = Math.max(...row.map(({ label }) => label.length)) * leading(7.5);
    const height = labels + Math.max(...row.map(({ lines }) => lines.length)) * leading(11) + 9;
    sheet.need(height + gap);
    for (const [at, { label, lines, size }] of row.entries()) {
      const x = sheet.left + at * (width + gap);
      sheet.pdf.roundedRect(x, sheet.y, width, height, 3).lineWidth(0.6).strokeColor(colours.LINE).stroke();
      for (const [line, words] of label.entries())
        sheet.line(words, x + 6, sheet.y + 5 + line * leading(7.5), { size: 7.5, colour: colours.DIM });
      for (const [line, words] of lines.entries())
        sheet.line(words, x + 6, sheet.y + 5 + labels + line * leading(size) + (11 - size) / 2, { size, face: "bold" });
    }
    sheet.y += height + gap;
  }
  if (figures.length > 0) sheet.y += 6;
}

/** A value on one line where a size does that, such as a moment; else on two. */
function fitted(sheet: Sheet, value: string, width: number): { readonly size: number; readonly lines: readonly string[] } {
  const size = [11, 9.5, 8].find((one) => sheet.widthOf(value, { size: one, face: "bold" }) <= width) ?? 11;
  return { size, lines: sheet.wrapped(value, width, { size, face: "bold" }).slice(0, 2) };
}

function writeSection(sheet: Sheet, { title, text, verdict, figures, charts, tables }: Section): void {
  if (!sheet.need(110)) sheet.y += 8;
  sheet.pdf.outline.addItem(title);
  sheet.paragraph(title, { size: 13, face: "bold", gap: 4 });
  if (text !== "") sheet.paragraph(text, { size: 9, gap: 4 });
  if (verdict !== null) writeVerdict(sheet, verdict);
  writeFigures(sheet, figures);
  for (const chart of charts) writeChart(sheet, chart);
  for (const table of tables) writeTable(sheet, table, table.title === title);
}

function writeDefinitions(sheet: Sheet, document: ReportDocument): void {
  if (!sheet.need(110)) sheet.y += 8;
  sheet.pdf.outline.addItem("Definitions");
  sheet.paragraph("Definitions", { size: 13, face: "bold", gap: 4 });
  for (const { label, definition } of definitionsOf(document)) {
    sheet.need(3 * leading(8.5));
    sheet.paragraph(label, { size: 8.5, face: "bold" });
    sheet.paragraph(definition, { size: 8.5, gap: 4 });
  }
}
