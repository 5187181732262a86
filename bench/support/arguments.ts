/** What the command line asks for. */
import type { Section } from "./section.ts";

export interface PartOptions {
  /** Two minutes for all parts together: it shows that everything works and about how fast, and proves nothing. */
  readonly short: boolean;
  /** Only what has this in its name, of a part that has several. */
  readonly only?: string;
}

interface Part {
  /** Says what it measures, for the help. */
  readonly about: string;
  run(options: PartOptions): Promise<Section>;
}

/** In the order in which they run, and stand in RESULTS.md. */
export const parts = {
  read: {
    about: "nested plans and long lists beside the peers: requests a second, CPU",
    run: async (options) => (await import("../read/index.ts")).run(options),
  },
  stream: {
    about: "subscribers of one run beside mercurius: how late an event comes, CPU for each, memory",
    run: async (options) => (await import("../stream/index.ts")).run(options),
  },
  engine: {
    about: "runs of up to 25,000 VMs: steps a second beside DBOS, wall time, memory, what others feel",
    run: async (options) => (await import("../engine/index.ts")).run(options),
  },
  start: {
    about: "how soon npm start is ready: first, again, with 200,000 VMs",
    run: async (options) => (await import("../start/index.ts")).run(options),
  },
  growth: {
    about: "from 10 to 10,000 plans: CPU a request, start, import, retention, what goes on by itself",
    run: async (options) => (await import("../growth/index.ts")).run(options),
  },
} satisfies Record<string, Part>;
export type PartName = keyof typeof parts;

export const partNames = Object.keys(parts).filter((name): name is PartName => Object.hasOwn(parts, name));

export const helpText = `Measures dr-gateway beside its peers, on one PostgreSQL that it starts itself.

  npm run bench                 every part: some 27 minutes on two cores
  npm run bench -- PART…        only these
  npm run bench -- --short      a few minutes, on little data: shows that all of it works, and proves nothing; writes nothing
  npm run bench -- read --only="one plan"   of one part what has this in its name; one that nothing has lists the names. Writes nothing

${partNames.map((name) => `  ${name.padEnd(8)}${parts[name].about}`).join("\n")}

Measure with nothing beside it. What was measured is printed, and stands in bench/RESULTS.md with the machine's facts. The first time it installs the peers in bench/node_modules.
`;

interface Wanted extends PartOptions {
  readonly parts: readonly PartName[];
}

/** A problem is a sentence for whoever typed it. */
export function readArguments(given: readonly string[]): Wanted | { readonly problem: string } | "help" {
  if (given.includes("--help") || given.includes("-h")) return "help";
  const names = given.filter((word) => !word.startsWith("-"));
  const unknown = given.find((word) =>
    word.startsWith("-") ? word !== "--short" && !word.startsWith(only) : !partNames.some((name) => name === word),
  );
  if (unknown !== undefined) {
    return {
      problem: `"${unknown}" is not a part and not an option; parts are ${partNames.join(", ")}, options are --short and --only=WORDS.`,
    };
  }
  const chosen = partNames.filter((name) => names.length === 0 || names.includes(name));
  const words = given.find((word) => word.startsWith(only))?.slice(only.length);
  if (words !== undefined && chosen.length > 1) return { problem: `${only}WORDS chooses from one part; name it: ${partNames.join(", ")}.` };
  return { parts: chosen, short: given.includes("--short"), ...(words === undefined ? {} : { only: words }) };
}

const only = "--only=";

/** A sentence for whoever typed it, as `problem` is. */
export class NothingChosen extends Error {}

/** Of the names in a part those that hold what `--only` says. */
export function chosenOf(names: readonly string[], words = ""): readonly string[] {
  const chosen = names.filter((name) => name.includes(words));
  if (chosen.length === 0) throw new NothingChosen(`Nothing in this part has "${words}" in its name; there is: ${names.join("; ")}.`);
  return chosen;
}

/** What the other programs of this folder are called with: whole numbers above 0. Says how it is done where it is something else, and ends. */
export function numbersIn(given: readonly string[], usage: string): number[] {
  const numbers = given.map(Number);
  if (numbers.every((number) => Number.isSafeInteger(number) && number > 0)) return numbers;
  const isHelp = given.some((word) => word === "--help" || word === "-h");
  (isHelp ? process.stdout : process.stderr).write(`Usage: ${usage}, whole numbers above 0.\n`);
  return process.exit(isHelp ? 0 : 2);
}
