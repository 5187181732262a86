/** What a part found: tables, on the terminal and in RESULTS.md. */

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Below the table, a sentence each. */
  readonly notes?: readonly string[];
}

export interface Section {
  readonly title: string;
  readonly tables: readonly Table[];
  /** What was wrong, a sentence each, such as answers that differ. Being slow is not wrong. */
  readonly wrong: readonly string[];
}

/** A figure beside what is demanded of it. */
export interface Goal {
  readonly what: string;
  readonly measured: number | null;
  readonly goal: number;
  /** Where it is accepted with a reason; left out: the goal is the floor. */
  readonly floor?: number;
  readonly better: "more" | "less";
  /** "×", "ms", "s". */
  readonly unit: string;
}

export function goalTable(goals: readonly Goal[], title = "Goals"): Table {
  return {
    title,
    columns: ["what", "goal", "floor", "measured", ""],
    rows: goals.map(({ what, measured, goal, floor = goal, better, unit }) => {
      const sign = better === "more" ? "≥" : "≤";
      const said = (value: number) => `${sign} ${figure(value)} ${unit}`.trim();
      return [
        what,
        said(goal),
        said(floor),
        measured === null ? "–" : `${figure(measured)} ${unit}`.trim(),
        verdict(measured, goal, floor, better),
      ];
    }),
  };
}

function verdict(measured: number | null, goal: number, floor: number, better: "more" | "less"): string {
  if (measured === null) return "not measured";
  const reaches = (bound: number) => (better === "more" ? measured >= bound : measured <= bound);
  if (reaches(goal)) return "reached";
  return reaches(floor) ? "above the floor" : "missed";
}

/** Three digits that count. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString("en");
  return value.toFixed(size >= 10 ? 1 : 2);
}

export function printSection(section: Section, minutes: number): void {
  const lines = [`\n${section.title} (${minutes.toFixed(1)} minutes)`, ...section.tables.flatMap(textTable)];
  for (const sentence of section.wrong) lines.push(`WRONG: ${sentence}`);
  process.stdout.write(`${lines.join("\n")}\n`);
}

function textTable({ title, columns, rows, notes = [] }: Table): string[] {
  const widths = columns.map((name, at) => Math.max(name.length, ...rows.map((row) => (row[at] ?? "").length)));
  const line = (row: readonly string[]) => `  ${widths.map((width, at) => pad(row[at] ?? "", width, at)).join("  ")}`.trimEnd();
  return ["", title, line(columns), ...rows.map(line), ...notes.map((note) => `  ${note}`)];
}

/** The first column is words, others mostly figures. */
const pad = (text: string, width: number, at: number) => (at === 0 ? text.padEnd(width) : text.padStart(width));

export function markdownTable({ title, columns, rows, notes = [] }: Table): string {
  const line = (row: readonly string[]) => `| ${columns.map((_, at) => (row[at] ?? "").replaceAll("|", "\\|")).join(" | ")} |`;
  const rule = `| ${columns.map((_, at) => (at === 0 ? "---" : "---:")).join(" | ")} |`;
  const below = notes.length > 0 ? ["", ...notes] : [];
  return [`**${title}**`, "", line(columns), rule, ...rows.map(line), ...below].join("\n");
}
