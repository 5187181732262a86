/** What the tables of every document have in common. */
import type { Measure, Unit } from "./model.ts";

/** Rows of a table; what is left out is told below it. */
export const mostRows = 1_000;

/** A column that explains itself. */
export const column = (name: string, label: string, unit: Unit = "TEXT", definition = ""): Measure => ({ name, label, unit, definition });

export const timeOf = (date: Date | null): string | null => date?.toISOString() ?? null;

/** The note of a table that has not room for all. */
export const cut = (shown: number, count: number, which: string): string | null =>
  shown < count ? `The ${shown} ${which} of ${count}; the figures above count all of them.` : null;
