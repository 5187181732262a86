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

  npm run bench                 every part
  npm run bench -- PART…        only these
  npm run bench -- --short      a few minutes: prints, and writes nothing
  npm run bench -- read --only="one plan"   loads with this in their names: prints, and writes nothing

${partNames.map((name) => `  ${name.padEnd(8)}${parts[name].about}`).join("\n")}

What was measured is printed, and stands in bench/RESULTS.md with the machine's facts. The first time it installs the peers in bench/node_modules.
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
  return { parts: chosen, short: given.includes("--short"), ...(words === undefined ? {} : { only: words }) };
}

const only = "--only=";
