/** What every report has: each plan with its verdict and figures, in a table of all and in a section of its own. Pure. */
import { type Chart, type Figure, type Level, levelWords, type Section, type Table, type Verdict, worstOf } from "../../documents/model.ts";
import { column } from "../../documents/tables.ts";
import type { PlanFacts } from "../facts/plans.ts";
import { figure, type MeasureName, measure } from "./measures.ts";

export interface PlanPart {
  readonly plan: PlanFacts;
  readonly verdict: Verdict;
  readonly figures: readonly Figure[];
  readonly charts: readonly Chart[];
}

/** Plans with a section of their own; the others stand in the table alone. */
const mostSections = 60;
export const planTitle = ({ name, deleted }: Pick<PlanFacts, "name" | "deleted">): string => (deleted ? `${name} (deleted)` : name);

export function planSections(parts: readonly PlanPart[], overview: readonly MeasureName[]): Section[] {
  const shown = parts.slice(0, mostSections);
  const left = parts.length - shown.length;
  const text =
    left > 0 ? `The first ${shown.length} plans have a section of their own below; the other ${left} stand in this table alone.` : "";
  const all: Section = { title: "Plans", text, verdict: null, figures: [], charts: [], tables: [overviewOf(parts, overview)] };
  return [
    all,
    ...shown.map(
      ({ plan, verdict, figures, charts }): Section => ({ title: planTitle(plan), text: "", verdict, figures, charts, tables: [] }),
    ),
  ];
}

function overviewOf(parts: readonly PlanPart[], names: readonly MeasureName[]): Table {
  const valueIn = ({ figures }: PlanPart, name: MeasureName) => figures.find((one) => one.name === name)?.value ?? null;
  return {
    name: "plans",
    title: "All plans",
    columns: [column("plan", "Plan"), column("verdict", "Verdict"), ...names.map(measure)],
    rows: parts.map((part) => [planTitle(part.plan), levelWords[part.verdict.level], ...names.map((name) => valueIn(part, name))]),
    note: parts.length === 0 ? "There is no plan that the report could be about." : null,
  };
}

/** How many plans there are of each verdict. */
export function planCounts(parts: readonly PlanPart[]): Figure[] {
  const count = (level: Level) => parts.filter(({ verdict }) => verdict.level === level).length;
  return [
    figure("plans", parts.length),
    figure("plansGood", count("GOOD")),
    figure("plansBad", count("BAD")),
    figure("plansNotJudged", count("NOT_JUDGED")),
  ];
}

/** `words`: what a plan does that is good, such as "kept its targets". */
export function verdictOver(parts: readonly PlanPart[], words: string): Verdict {
  const level = worstOf(parts.map(({ verdict }) => verdict.level));
  const of = (wanted: Level) => parts.filter(({ verdict }) => verdict.level === wanted).length;
  const [good, bad, open] = [of("GOOD"), of("BAD"), of("NOT_JUDGED")];
  if (level === "NOT_JUDGED") return { level, sentence: "There is nothing to judge by." };
  const rest = open === 0 ? "" : `; ${open} could not be judged`;
  return { level, sentence: `${good} of ${good + bad} plans ${words}${rest}.` };
}
