/** Charts as shapes: laid out once, and drawn as SVG or into a PDF. Pure. */
import type { Chart } from "../model.ts";
import { barShapes } from "./bars.ts";
import { ganttShapes } from "./gantt.ts";
import { lineShapes } from "./lines.ts";
import type { Drawing } from "./shapes.ts";

/** In points of 1/72 inch. */
export function drawingOf(chart: Chart, width: number): Drawing {
  if (chart.kind === "LINE") return lineShapes(chart, width);
  return chart.kind === "BARS" ? barShapes(chart, width) : ganttShapes(chart, width);
}
