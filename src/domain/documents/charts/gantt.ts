/** A run: a line for each step, its time as a bar. */
import type { GanttChart } from "../model.ts";
import { duration, shortened } from "../writers/format.ts";
import { charWidth, type Drawing, path, rect, type Shape, signs, text, ticks } from "./shapes.ts";

const row = 11;
const head = 16;

export function ganttShapes({ bars, spanSeconds }: GanttChart, width: number): Drawing {
  const labels = Math.min(width * 0.42, 230);
  const right = 52;
  const x = (seconds: number) => labels + (seconds / spanSeconds) * (width - labels - right);
  const bottom = head + bars.length * row + 2;
  const shapes: Shape[] = ticks(spanSeconds, "SECONDS")
    .filter((mark) => mark <= spanSeconds)
    .flatMap((mark) => [
      path(
        [
          [x(mark), head - 4],
          [x(mark), bottom],
        ],
        "GRID",
      ),
      text(x(mark), head - 7, duration(mark), "DIM", "middle"),
    ]);
  for (const [at, { name, depth, start, end, level, status }] of bars.entries()) {
    const y = head + at * row;
    const indent = 10 + Math.min(depth - 1, 5) * 7;
    shapes.push(text(0, y + 8, signs[level], level));
    shapes.push(text(indent, y + 8, shortened(name, Math.floor((labels - indent - 6) / charWidth))));
    if (start === null || end === null) shapes.push(text(labels + 2, y + 8, status, "DIM"));
    else {
      shapes.push(rect(x(start), y + 2, Math.max(1, x(end) - x(start)), row - 4, level));
      shapes.push(text(x(end) + 3, y + 8, level === "GOOD" ? duration(end - start) : `${duration(end - start)}, ${status}`, "DIM"));
    }
  }
  return { width, height: bottom + 2, shapes };
}
