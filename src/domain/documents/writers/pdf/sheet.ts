/** Pages that are written from top to bottom: where the next line goes, and a new page when there is no room. */
import PDFDocument from "pdfkit";
import type { Tone } from "../../charts/shapes.ts";
import type { ReportDocument } from "../../model.ts";
import { inVisualOrder } from "./bidi.ts";
import { type Face, fontFiles, writable } from "./fonts.ts";

export const colours: Readonly<Record<Tone | "SOFT" | "LINE", string>> = {
  INK: "#1b1f24",
  DIM: "#59636e",
  GRID: "#d1d9e0",
  LINE: "#d1d9e0",
  SOFT: "#f3f5f7",
  LIMIT: "#8250df",
  GOOD: "#1a7f37",
  BAD: "#cf222e",
  NOT_JUDGED: "#818b98",
  SERIES_0: "#0969da",
  SERIES_1: "#bc4c00",
  SERIES_2: "#1a7f37",
  SERIES_3: "#bf3989",
};

const margin = 44;
const foot = 34;

export interface TextStyle {
  readonly size: number;
  readonly face?: Face;
  readonly colour?: string;
  readonly anchor?: "start" | "middle" | "end";
}

/** Measures are points of 1/72 inch, from the upper left corner. */
export interface Sheet {
  readonly pdf: PDFKit.PDFDocument;
  readonly left: number;
  readonly width: number;
  /** Where the next thing goes. */
  y: number;
  /** A new page, unless so much is left of this one. Answers whether it is a new one. */
  need(height: number): boolean;
  widthOf(words: string, style: TextStyle): number;
  /** As many lines as it takes; a word that is too long is broken. */
  wrapped(words: string, width: number, style: TextStyle): string[];
  /** One line, by the upper edge of its letters. */
  line(words: string, x: number, y: number, style: TextStyle): void;
  /** Moves on. */
  paragraph(words: string, style: TextStyle & { readonly x?: number; readonly width?: number; readonly gap?: number }): void;
}

export const leading = (size: number): number => size * 1.3;

export function openSheet({ title, pageSize, madeAt }: ReportDocument): Sheet {
  const pdf = new PDFDocument({
    size: pageSize,
    margin: 0,
    bufferPages: true,
    pdfVersion: "1.7",
    lang: "en",
    displayTitle: true,
    // The file's id is made of these: the same report is the same file.
    info: { Title: title, Producer: "dr-gateway", Creator: "dr-gateway", CreationDate: new Date(madeAt) },
  });
  pdf.registerFont("regular", fontFiles.regular);
  pdf.registerFont("bold", fontFiles.bold);
  const write = writable();
  const set = ({ size, face = "regular" }: TextStyle) => pdf.font(face).fontSize(size);
  const widthOf = (words: string, style: TextStyle) => set(style).widthOfString(write(words, style.face ?? "regular"));
  const bottom = () => pdf.page.height - margin - foot;
  const sheet: Sheet = {
    pdf,
    left: margin,
    width: pdf.page.width - 2 * margin,
    y: margin,
    need(height) {
      if (sheet.y + height <= bottom()) return false;
      pdf.addPage();
      sheet.y = margin;
      return true;
    },
    widthOf,
    wrapped: (words, width, style) => words.split(/\r\n|\r|\n/).flatMap((part) => linesOf(part, width, (text) => widthOf(text, style))),
    line(words, x, y, style) {
      const { anchor = "start", colour = colours.INK, face = "regular" } = style;
      const width = anchor === "start" ? 0 : widthOf(words, style);
      set(style).fillColor(colour);
      let left = x - (anchor === "middle" ? width / 2 : width);
      for (const piece of inVisualOrder(write(words, face))) {
        if (piece.trim() !== "") pdf.text(piece, left, y, { lineBreak: false });
        left += pdf.widthOfString(piece);
      }
    },
    paragraph(words, { x = margin, width = sheet.width, gap = 0, ...style }) {
      for (const line of sheet.wrapped(words, width, style)) {
        sheet.need(leading(style.size));
        sheet.line(line, x, sheet.y, style);
        sheet.y += leading(style.size);
      }
      sheet.y += gap;
    },
  };
  return sheet;
}

/** Words on lines of a width. */
function linesOf(text: string, width: number, widthOf: (text: string) => number): string[] {
  if (widthOf(text) <= width) return [text];
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (widthOf(longer) <= width) {
      line = longer;
      continue;
    }
    if (line !== "") lines.push(line);
    const pieces = broken(word, width, widthOf);
    lines.push(...pieces.slice(0, -1));
    line = pieces.at(-1) ?? "";
  }
  return [...lines, line];
}

/** After a character that names are made with where there is one, else anywhere. */
function broken(word: string, width: number, widthOf: (text: string) => number): string[] {
  const pieces: string[] = [];
  let piece = "";
  for (const part of word.split(/(?<=[-_./@:])/)) {
    if (widthOf(part) <= width) {
      if (widthOf(piece + part) <= width) piece += part;
      else {
        pieces.push(piece);
        piece = part;
      }
      continue;
    }
    let rest = [...part];
    while (widthOf(piece + rest.join("")) > width) {
      const fitting = mostFitting(rest.length, (count) => widthOf(piece + rest.slice(0, count).join("")) <= width);
      const taken = piece === "" ? Math.max(1, fitting) : fitting;
      pieces.push(piece + rest.slice(0, taken).join(""));
      rest = rest.slice(taken);
      piece = "";
    }
    piece += rest.join("");
  }
  return [...pieces, piece];
}

/** The largest number up to `most` that fits, 0 where none does: measuring is what takes time, hashes are long, and there are thousands of them. */
function mostFitting(most: number, fits: (count: number) => boolean): number {
  let [low, high] = [0, most];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Once all pages are there: what each is part of, and which of how many it is. */
export function numberPages({ pdf, left, width }: Sheet, words: string, line: Sheet["line"]): void {
  const { start, count } = pdf.bufferedPageRange();
  for (let page = start; page < start + count; page++) {
    pdf.switchToPage(page);
    const y = pdf.page.height - margin - 12;
    const style = { size: 7.5, colour: colours.DIM };
    pdf
      .moveTo(left, y - 6)
      .lineTo(left + width, y - 6)
      .lineWidth(0.5)
      .strokeColor(colours.LINE)
      .stroke();
    line(words, left, y, style);
    line(`Page ${page - start + 1} of ${count}`, left + width, y, { ...style, anchor: "end" });
  }
}
