/** A report before it is written down: the same for every format. Figures, tables and charts are data; writers decide how they look. */
import type { PageSize, ReportType } from "../../database/generated/enums.ts";

/** TIME: ISO 8601 in UTC. SECONDS and COUNT are whole numbers, PERCENT has one decimal. */
export type Unit = "COUNT" | "SECONDS" | "PERCENT" | "TIME" | "TEXT";
/** Null: there is none, which is not the same as nought. */
export type Value = number | string | null;

/** What is measured: its name is for programs and stays. */
export interface Measure {
  readonly name: string;
  readonly label: string;
  readonly unit: Unit;
  /** How it is computed, and from what. */
  readonly definition: string;
}

export interface Figure extends Measure {
  readonly value: Value;
}

export interface Table {
  readonly name: string;
  readonly title: string;
  readonly columns: readonly Measure[];
  readonly rows: readonly (readonly Value[])[];
  /** What is left out of it, if anything. */
  readonly note: string | null;
}

/** NOT_JUDGED: there is nothing to judge by, such as no target or no run. */
export type Level = "GOOD" | "BAD" | "NOT_JUDGED";

export interface Verdict {
  readonly level: Level;
  readonly sentence: string;
}

interface ChartBase {
  readonly title: string;
  /** What it shows, for whoever can't see it. */
  readonly summary: string;
}

export interface LineChart extends ChartBase {
  readonly kind: "LINE";
  readonly unit: Unit;
  /** ISO 8601. */
  readonly from: string;
  readonly to: string;
  /** Points in the order of time: milliseconds since 1970, value. A gap is a null. */
  readonly lines: readonly { readonly name: string; readonly points: readonly (readonly [number, number | null])[] }[];
  readonly limits: readonly { readonly name: string; readonly value: number }[];
}

export interface BarChart extends ChartBase {
  readonly kind: "BARS";
  readonly unit: Unit;
  readonly bars: readonly { readonly name: string; readonly value: number; readonly level: Level }[];
  readonly limit: { readonly name: string; readonly value: number } | null;
}

export interface GanttChart extends ChartBase {
  readonly kind: "GANTT";
  /** Seconds from the request to the end. */
  readonly spanSeconds: number;
  readonly bars: readonly GanttBar[];
}

export interface GanttBar {
  readonly name: string;
  readonly depth: number;
  /** Seconds since the request; null: it has not been under way. */
  readonly start: number | null;
  readonly end: number | null;
  readonly level: Level;
  /** How it ended, as a word. */
  readonly status: string;
}

export type Chart = LineChart | BarChart | GanttChart;

export interface Section {
  readonly title: string;
  /** What should be known of it beside its numbers; may be empty. */
  readonly text: string;
  readonly verdict: Verdict | null;
  readonly figures: readonly Figure[];
  readonly charts: readonly Chart[];
  readonly tables: readonly Table[];
}

export interface ReportDocument {
  /** RECOVERY: one run, in its evidence pack. */
  readonly type: ReportType | "RECOVERY";
  readonly title: string;
  readonly pageSize: PageSize;
  /** ISO 8601; the start is included, the end is not. */
  readonly rangeStart: string;
  readonly rangeEnd: string;
  /** When the data was read: what is "now" in it is of this moment. */
  readonly madeAt: string;
  readonly madeFor: string;
  /** SHA-256 of what it says, in hexadecimal: the same in each format, and from the same data (facts-hash.ts). */
  readonly factsHash: string;
  /** Names of the plans that it is about. */
  readonly plans: readonly string[];
  readonly verdict: Verdict;
  readonly summary: readonly Figure[];
  readonly sections: readonly Section[];
}

/** Every measure that occurs, once each, by its label. A column that explains itself has none. */
export function definitionsOf({ summary, sections }: Pick<ReportDocument, "summary" | "sections">): readonly Measure[] {
  const found = new Map<string, Measure>();
  const add = (measures: readonly Measure[]) => {
    for (const { name, label, unit, definition } of measures) if (definition !== "") found.set(name, { name, label, unit, definition });
  };
  add(summary);
  for (const { figures, tables } of sections) {
    add(figures);
    for (const { columns } of tables) add(columns);
  }
  return [...found.values()].toSorted((a, b) => (a.label < b.label ? -1 : 1));
}

export const levelWords: Readonly<Record<Level, string>> = { GOOD: "In order", BAD: "Not in order", NOT_JUDGED: "Not judged" };

/** Bad if one is, good if one is and none is bad. */
export function worstOf(levels: readonly Level[]): Level {
  if (levels.includes("BAD")) return "BAD";
  return levels.includes("GOOD") ? "GOOD" : "NOT_JUDGED";
}
