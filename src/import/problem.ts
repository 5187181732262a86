/** What is wrong with an import file, and where. */
export type Path = readonly (string | number)[];

/** A mistake at a place of the file's content. */
export interface Problem {
  readonly path: Path;
  readonly message: string;
}

/** The same, as people look for it. */
export interface PlacedProblem extends Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

const maxShown = 50;

/** The file can't be imported; nothing was written. */
export class ImportError extends Error {
  override readonly name = "ImportError";
  readonly problems: readonly PlacedProblem[];
  /** How many there are beside those that are listed. */
  readonly more: number;
  constructor(file: string, problems: readonly PlacedProblem[]) {
    const shown = problems.slice(0, maxShown);
    const more = problems.length - shown.length;
    const lines = shown.map(lineOf);
    if (more > 0) lines.push(`and ${more} more`);
    super(`${file} can't be imported, and nothing was written:\n${lines.join("\n")}`);
    this.problems = shown;
    this.more = more;
  }
}

const lineOf = ({ file, line, column, path, message }: PlacedProblem): string =>
  `${file}:${line}:${column}${path.length > 0 ? ` ${pathText(path)}` : ""}: ${message}`;

/** "recoveryPlans[0].priorityGroups[1].name" */
export const pathText = (path: Path): string =>
  path.map((part, index) => (typeof part === "number" ? `[${part}]` : index === 0 ? part : `.${part}`)).join("");

/** "Did you mean …?" for a name that is not there; nothing when none is near. */
export function meant(name: string, known: Iterable<string>): string {
  const wanted = name.toLowerCase();
  let best: { name: string; distance: number } | null = null;
  for (const candidate of known) {
    const limit = best?.distance ?? Math.max(2, Math.floor(wanted.length / 3)) + 1;
    const distance = editDistance(wanted, candidate.toLowerCase(), limit);
    if (distance < limit) best = { name: candidate, distance };
  }
  return best === null ? "" : ` Did you mean ${best.name}?`;
}

/** Levenshtein's, given up at the limit. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    if (Math.min(...row) >= limit) return limit;
    previous = row;
  }
  return previous[b.length] ?? limit;
}
