/** The order of a line's words on paper, where some of them run from right to left (Unicode Standard Annex 9). Pure. */
import { createRequire } from "node:module";
import type { Bidi } from "bidi-js";

/** Its types tell of a default export; what Node loads is a function. */
const open: () => Bidi = createRequire(import.meta.url)("bidi-js");
const bidi = open();

const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]/;

/**
 * Pieces of a line from left to right. The letters of a piece stay in the order of reading: the font turns round what runs from right to
 * left, but one word at a time. A line as a whole runs from left to right, since reports are English.
 */
export function inVisualOrder(line: string): readonly string[] {
  if (!rightToLeft.test(line)) return [line];
  const { levels } = bidi.getEmbeddingLevels(line, "ltr");
  const runs = runsOf(line, levels);
  const most = runs.reduce((highest, { level }) => Math.max(highest, level), 0);
  let order = runs;
  for (let level = most; level > 0; level--) order = reversedFrom(order, level);
  return order.flatMap(({ level, start, end }) => {
    if (level % 2 === 0) return [line.slice(start, end)];
    const mirrored = bidi.getMirroredCharactersMap(line, levels, start, end - 1);
    const text = Array.from({ length: end - start }, (_, at) => mirrored.get(start + at) ?? line[start + at]).join("");
    return text.split(/(\s+)/).toReversed();
  });
}

interface Run {
  readonly level: number;
  readonly start: number;
  /** Not included. */
  readonly end: number;
}

/** Stretches of one level, in the order of reading. */
function runsOf(line: string, levels: Uint8Array): Run[] {
  const runs: Run[] = [];
  for (let start = 0, at = 1; at <= line.length; at++) {
    if (at < line.length && levels[at] === levels[start]) continue;
    runs.push({ level: levels[start] ?? 0, start, end: at });
    start = at;
  }
  return runs;
}

/** Turns round what lies together at a level or above it. */
function reversedFrom(runs: readonly Run[], least: number): Run[] {
  const turned: Run[] = [];
  let together: Run[] = [];
  for (const run of runs) {
    if (run.level >= least) together = [run, ...together];
    else {
      turned.push(...together, run);
      together = [];
    }
  }
  return [...turned, ...together];
}
