/** What of a report's JSON is compared with what was recomputed: everything that is not only words. */

/** Of the shape that docs/reports.md describes. */
interface ReportJson {
  readonly plans: readonly string[];
  readonly verdict: { readonly level: string };
  readonly figures: object;
  readonly sections: readonly {
    readonly title: string;
    readonly verdict: { readonly level: string } | null;
    readonly figures: object;
    readonly charts: readonly Readonly<Record<string, unknown>>[];
    readonly tables: readonly { readonly name: string; readonly rows: readonly object[] }[];
  }[];
}

export function withoutWords({ plans, verdict, figures, sections }: ReportJson) {
  return {
    plans,
    level: verdict.level,
    figures,
    sections: sections.map((section) => ({
      title: section.title,
      level: section.verdict?.level ?? null,
      figures: section.figures,
      charts: section.charts.map(({ title: _title, summary: _summary, unit: _unit, from: _from, to: _to, ...chart }) => chart),
      tables: Object.fromEntries(section.tables.map(({ name, rows }) => [name, rows])),
    })),
  };
}

/** Every number at any depth, in ascending order. */
export function numbersIn(value: unknown): number[] {
  if (typeof value === "number") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value)
    .flatMap(numbersIn)
    .toSorted((a, b) => a - b);
}
