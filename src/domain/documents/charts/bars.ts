/** One bar per line, with its value at the right, where no line crosses it, and a dashed line for the limit. */
import type { BarChart } from "../model.ts";
import { shortened, shown } from "../writers/format.ts";
import { charWidth, type Drawing, path, rect, type Shape, signs, text, ticks } from "./shapes.ts";

const row = 12;
const head = 16;

export function barShapes({ bars, unit, limit }: BarChart, width: number): Drawing {
  const labels = Math.min(width * 0.34, 190);
  const right = 70;
  const marks = ticks(Math.max(1, limit?.value ?? 0, ...bars.map(({ value }) => value)), unit);
  const most = marks.at(-1) ?? 1;
  const x = (value: number) => labels + (value / most) * (width - labels - right);
  const bottom = head + bars.length * row + 2;
  const shapes: Shape[] = marks.flatMap((mark) => [
    path(
      [
        [x(mark), head - 4],
        [x(mark), bottom],
      ],
      "GRID",
    ),
    text(x(mark), head - 7, shown(mark, unit), "DIM", "middle"),
  ]);
  for (const [at, { name, value, level }] of bars.entries()) {
    const y = head + at * row;
    shapes.push(text(0, y + 8.5, signs[level], level), text(10, y + 8.5, shortened(name, Math.floor((labels - 16) / charWidth))));
    shapes.push(rect(labels, y + 2, Math.max(1, x(value) - labels), row - 4, level));
    shapes.push(text(width, y + 8.5, shown(value, unit), "DIM", "end"));
  }
  if (limit !== null) {
    shapes.push(
      path(
        [
          [x(limit.value), head - 2],
          [x(limit.value), bottom + 2],
        ],
        "LIMIT",
        true,
      ),
    );
    shapes.push(text(x(limit.value), bottom + 11, `${limit.name}: ${shown(limit.value, unit)}`, "LIMIT", "middle"));
  }
  return { width, height: bottom + (limit === null ? 2 : 16), shapes };
}
