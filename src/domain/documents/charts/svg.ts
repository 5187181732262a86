/** A chart as SVG, to stand in a page that brings the colours as CSS classes. Pure. */
import type { Chart } from "../model.ts";
import { drawingOf } from "./drawing.ts";
import { type Shape, textSize } from "./shapes.ts";

const width = 520;

/** `id`: unique in the page. */
export function chartSvg(chart: Chart, id: string): string {
  const { height, shapes } = drawingOf(chart, width);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${rounded(height)}" role="img" aria-labelledby="${id}-t ${id}-d">`,
    `<title id="${id}-t">${escaped(chart.title)}</title><desc id="${id}-d">${escaped(chart.summary)}</desc>`,
    ...shapes.map(shapeSvg),
    "</svg>",
  ].join("\n");
}

const rounded = (value: number): number => Math.round(value * 100) / 100;

function shapeSvg(shape: Shape): string {
  const tone = shape.tone.toLowerCase().replaceAll("_", "-");
  if (shape.kind === "RECT") {
    const { x, y, width: w, height: h } = shape;
    return `<rect class="fill-${tone}" x="${rounded(x)}" y="${rounded(y)}" width="${rounded(w)}" height="${rounded(h)}"/>`;
  }
  if (shape.kind === "PATH") {
    const points = shape.points.map(([x, y]) => `${rounded(x)},${rounded(y)}`).join(" ");
    // One point alone would not be seen.
    const [only, second] = shape.points;
    if (only !== undefined && second === undefined)
      return `<circle class="fill-${tone}" cx="${rounded(only[0])}" cy="${rounded(only[1])}" r="1.5"/>`;
    return `<polyline class="line-${tone}"${shape.dashed ? ' stroke-dasharray="4 3"' : ""} points="${points}"/>`;
  }
  const { x, y, anchor, text } = shape;
  return `<text class="fill-${tone}" x="${rounded(x)}" y="${rounded(y)}" text-anchor="${anchor}" font-size="${textSize}">${escaped(text)}</text>`;
}

/** As text or an attribute of HTML and XML: what XML has no place for at all is left out. */
export const escaped = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[^\P{Cc}\t\n\r]|[\ufffe\uffff]/gu, "")
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
