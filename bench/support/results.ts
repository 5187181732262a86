/** RESULTS.md: a section for each part. A part replaces its own, and leaves the others as they are. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type PartName, partNames } from "./arguments.ts";
import { benchFolder } from "./folders.ts";
import { factsLine, type MachineFacts } from "./machine.ts";
import { markdownTable, type Section } from "./section.ts";

const file = join(benchFolder, "RESULTS.md");
const head = `# What the benchmark measured

Written by \`npm run bench\`; each part says when and on what. Run it on your machine: ratios carry over, single figures do not.
`;

const begin = (part: string) => `<!-- ${part}: written by npm run bench -- ${part} -->`;

export async function writeSection(
  part: PartName,
  section: Section,
  { facts, minutes }: { readonly facts: MachineFacts; readonly minutes: number },
): Promise<void> {
  const known = sectionsIn(await readFile(file, "utf8").catch(() => ""));
  const wrong = section.wrong.map((sentence) => `**Wrong: ${sentence}**`);
  const about = `Measured ${factsLine(facts)}, in ${minutes.toFixed(1)} minutes.`;
  known.set(part, [`## ${section.title}`, about, ...wrong, ...section.tables.map(markdownTable)].join("\n\n"));
  const texts = partNames.flatMap((name) => (known.has(name) ? [`${begin(name)}\n${known.get(name)}\n`] : []));
  await writeFile(file, [head, ...texts].join("\n"));
}

function sectionsIn(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, name = "", body = ""] of text.matchAll(/^<!-- (\w+): [^\n]* -->\n([\s\S]*?)(?=^<!-- |(?![\s\S]))/gm))
    found.set(name, body.trim());
  return found;
}
