/** What charts are made of. Pure. */
import type { Level, Unit } from "../model.ts";

/** What a shape means; writers know the colours. */
export type Tone = "INK" | "DIM" | "GRID" | "LIMIT" | Level | "SERIES_0" | "SERIES_1" | "SERIES_2" | "SERIES_3";

export type Shape =
  | { readonly kind: "RECT"; readonly x: number; readonly y: number; readonly width: number; readonly height: number; readonly tone: Tone }
  | { readonly kind: "PATH"; readonly points: readonly (readonly [number, number])[]; readonly tone: Tone; readonly dashed: boolean }
  | {
      readonly kind: "TEXT";
      readonly x: number;
      /** Of the baseline. */
      readonly y: number;
      readonly text: string;
      readonly anchor: "start" | "middle" | "end";
      readonly tone: Tone;
    };

export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly shapes: readonly Shape[];
}

export const textSize = 7.5;
/** An average: labels are cut by it. */
export const charWidth = textSize * 0.52;

export const text = (x: number, y: number, words: string, tone: Tone = "INK", anchor: "start" | "middle" | "end" = "start"): Shape => ({
  kind: "TEXT",
  x,
  y,
  text: words,
  anchor,
  tone,
});
export const rect = (x: number, y: number, width: number, height: number, tone: Tone): Shape => ({
  kind: "RECT",
  x,
  y,
  width,
  height,
  tone,
});
export const path = (points: readonly (readonly [number, number])[], tone: Tone, dashed = false): Shape => ({
  kind: "PATH",
  points,
  tone,
  dashed,
});

const steps: Readonly<Record<Unit, readonly number[]>> = {
  SECONDS: [1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400, 172_800, 604_800],
  PERCENT: [5, 10, 20, 25, 50, 100],
  COUNT: [1, 2, 5, 10, 20, 50, 100],
  TIME: [],
  TEXT: [],
};

/** Round values from nought to at least `most`, at most seven of them. */
export function ticks(most: number, unit: Unit): readonly number[] {
  const step = steps[unit].find((size) => most / size <= 6) ?? 10 ** Math.ceil(Math.log10(Math.max(1, most / 6)));
  return Array.from({ length: Math.max(1, Math.ceil(most / step)) + 1 }, (_, at) => at * step);
}

/** Never by colour alone. */
export const signs: Readonly<Record<Level, string>> = { GOOD: "✓", BAD: "✗", NOT_JUDGED: "·" };
