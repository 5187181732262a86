/** Values over time, with a dashed line for each limit. */
import type { LineChart } from "../model.ts";
import { shown } from "../writers/format.ts";
import { charWidth, type Drawing, path, type Shape, type Tone, text, ticks } from "./shapes.ts";

const height = 150;
const head = 10;
const foot = 26;
const labels = 48;
const series: readonly Tone[] = ["SERIES_0", "SERIES_1", "SERIES_2", "SERIES_3"];

export function lineShapes({ lines, limits, unit, from, to }: LineChart, width: number): Drawing {
  const [start, end] = [Date.parse(from), Date.parse(to)];
  const values = lines.flatMap(({ points }) => points.map(([, value]) => value ?? 0));
  const marks = ticks(
    Math.max(
      1,
      ...limits.map(({ value }) => value),
      values.reduce((most, value) => Math.max(most, value), 0),
    ),
    unit,
  );
  const most = marks.at(-1) ?? 1;
  const bottom = height - foot;
  // A step may have begun before the range.
  const x = (time: number) => labels + ((Math.max(time, start) - start) / Math.max(1, end - start)) * (width - labels - 4);
  const y = (value: number) => bottom - (value / most) * (bottom - head);
  const shapes: Shape[] = marks.flatMap((mark) => [
    path(
      [
        [labels, y(mark)],
        [width, y(mark)],
      ],
      "GRID",
    ),
    text(labels - 4, y(mark) + 2.5, shown(mark, unit), "DIM", "end"),
  ]);
  for (const [share, anchor] of [
    [0, "start"],
    [0.5, "middle"],
    [1, "end"],
  ] as const) {
    const time = start + share * (end - start);
    shapes.push(text(x(time), bottom + 11, new Date(time).toISOString().slice(0, 16).replace("T", " "), "DIM", anchor));
  }
  for (const { value } of limits)
    shapes.push(
      path(
        [
          [labels, y(value)],
          [width, y(value)],
        ],
        "LIMIT",
        true,
      ),
    );
  let legend = labels;
  for (const [at, { name, points }] of lines.entries()) {
    const tone = series[at % series.length] ?? "INK";
    for (const run of unbroken(points))
      shapes.push(
        path(
          run.map(([time, value]) => [x(time), y(value)]),
          tone,
        ),
      );
    shapes.push(
      path(
        [
          [legend, height - 4],
          [legend + 12, height - 4],
        ],
        tone,
      ),
      text(legend + 15, height - 1.5, name),
    );
    legend += 27 + name.length * charWidth;
  }
  for (const { name, value } of limits) {
    const words = `${name}: ${shown(value, unit)}`;
    shapes.push(
      path(
        [
          [legend, height - 4],
          [legend + 12, height - 4],
        ],
        "LIMIT",
        true,
      ),
      text(legend + 15, height - 1.5, words),
    );
    legend += 27 + words.length * charWidth;
  }
  return { width, height, shapes };
}

/** What lies between two gaps. */
function unbroken(points: readonly (readonly [number, number | null])[]): (readonly [number, number])[][] {
  const runs: (readonly [number, number])[][] = [[]];
  for (const [time, value] of points) {
    if (value === null) runs.push([]);
    else runs.at(-1)?.push([time, value]);
  }
  return runs.filter(({ length }) => length > 0);
}
