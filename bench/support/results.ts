/** RESULTS.md: a section for each part. A part replaces its own, and leaves the others as they are. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type PartName, partNames } from "./arguments.ts";
import { benchFolder } from "./folders.ts";
import { factsLine, type MachineFacts } from "./machine.ts";
import { markdownTable, type Section } from "./section.ts";

const file = join(benchFolder, "RESULTS.md");
const head = `# What the benchmark measured

Written by \`npm run bench\`; each part says when and on what. Run it on your machine with nothing beside it: ratios carry over far better than single
figures, and move by some percent from run to run all the same.

- A goal was set before anybody measured; a floor is what is accepted, with a reason, where the goal is not reached. "Above the floor" is that: not
  reached, and accepted (with ≤ the floor is the larger of the two).
- "Requests a second, by mercurius's" is ours divided by mercurius's. Reading: everybody is measured for a second in turn, in 5 to 24 rounds; a ratio is the median
  of the rounds' ratios, a figure the median of the rounds' figures, so that dividing two figures gives a slightly other ratio. CPU is for each request.
- dr-gateway runs as \`npm start\` starts it, with Node's options for it, and with sessions, roles, limits and logs. REQUESTS_PER_MINUTE, MAX_QUERY_COST and the most VMs, groups
  and plans are raised so that the load meets none; they are counted all the same. Requests take turns with 50 sessions.
- Peers are Node with its own options, up to 20 connections to PostgreSQL, and neither sessions nor limits nor logs; DBOS has the options of \`npm start\`.
  limit: one prepared statement with json_agg for each answer, behind node:http. mercurius: with JIT and loaders. postgraphile: PostGraphile 5
  over views. apollo: Apollo Server 5 with DataLoader and Prisma. yoga: with Prisma as one begins, nothing batched. Their code is in \`read/peers\`, \`stream/peers\` and
  \`engine/peers\`, their versions in \`package-lock.json\`, what is asked in \`read/documents.ts\`. Their answers are compared with ours before anybody is timed.
- dr-gateway asks for what several requests need at the same moment in one statement, and for the same thing once; no answer is kept for who asks later. limit
  answers each request by itself, which is how it can be overtaken.
- One PostgreSQL for all, the product's own, with shared_buffers=512MB; fsync and synchronous_commit stay on. It, the load and whoever is measured share the machine's cores.
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
