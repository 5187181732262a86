import { drawingOf } from "../../charts/drawing.ts";
import { type Shape, textSize } from "../../charts/shapes.ts";
import type { Chart } from "../../model.ts";
import { colours, type Sheet } from "./sheet.ts";

export function writeChart(sheet: Sheet, chart: Chart): void {
  const { height, shapes } = drawingOf(chart, sheet.width);
  sheet.need(height + 40);
  sheet.paragraph(chart.title, { size: 9.5, face: "bold", gap: 2 });
  sheet.paragraph(chart.summary, { size: 8, colour: colours.DIM, gap: 4 });
  for (const shape of shapes) draw(sheet, shape, sheet.y);
  sheet.y += height + 12;
}

function draw({ pdf, left, line }: Sheet, shape: Shape, top: number): void {
  const colour = colours[shape.tone];
  if (shape.kind === "RECT") {
    pdf.rect(left + shape.x, top + shape.y, shape.width, shape.height).fill(colour);
  } else if (shape.kind === "TEXT") {
    line(shape.text, left + shape.x, top + shape.y - textSize * 0.93, { size: textSize, colour, anchor: shape.anchor });
  } else {
    const [first, ...rest] = shape.points;
    if (first === undefined) return;
    if (rest.length === 0) return void pdf.circle(left + first[0], top + first[1], 1).fill(colour);
    pdf.moveTo(left + first[0], top + first[1]);
    for (const [x, y] of rest) pdf.lineTo(left + x, top + y);
    pdf.lineWidth(shape.tone === "GRID" ? 0.4 : 1).strokeColor(colour);
    if (shape.dashed) pdf.dash(4, { space: 3 });
    pdf.stroke().undash();
  }
}
