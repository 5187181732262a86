/**
 * `npm run bench`: every part, or those that are named; each prints its tables, and writes its section of RESULTS.md. `--short` takes two
 * minutes for all, prints only, and never fails because something was slow: the exit code is 1 when something was wrong.
 */
import { helpText, parts, readArguments } from "./support/arguments.ts";
import { installPeers } from "./support/install.ts";
import { machineFacts } from "./support/machine.ts";
import { writeSection } from "./support/results.ts";
import { printSection } from "./support/section.ts";

const wanted = readArguments(process.argv.slice(2));
if (wanted === "help") {
  process.stdout.write(helpText);
} else if ("problem" in wanted) {
  process.stderr.write(`${wanted.problem}\n`);
  process.exitCode = 2;
} else {
  await installPeers();
  for (const part of wanted.parts) {
    const started = performance.now();
    const section = await parts[part].run(wanted);
    const minutes = (performance.now() - started) / 60_000;
    printSection(section, minutes);
    if (!wanted.short && wanted.only === undefined) await writeSection(part, section, { facts: await machineFacts(), minutes });
    if (section.wrong.length > 0) process.exitCode = 1;
  }
}
