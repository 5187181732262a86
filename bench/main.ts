/**
 * `npm run bench`: every part, or those that are named; each prints its tables, and writes its section of RESULTS.md. `--short` takes two
 * minutes for all, prints only, and never fails because something was slow: the exit code is 1 when something was wrong.
 */
import { helpText, NothingChosen, parts, readArguments } from "./support/arguments.ts";
import { installPeers } from "./support/install.ts";
import { listenForInterrupts } from "./support/interrupt.ts";
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
  listenForInterrupts();
  await installPeers();
  if (wanted.short) process.stdout.write("Little data and few rounds: what is reached or missed here says nothing of the whole.\n");
  for (const part of wanted.parts) {
    const started = performance.now();
    const section = await parts[part].run(wanted).catch((error: unknown) => {
      if (!(error instanceof NothingChosen)) throw error;
      process.stderr.write(`${error.message}\n`);
      return process.exit(2);
    });
    const minutes = (performance.now() - started) / 60_000;
    printSection(section, minutes);
    if (!wanted.short && wanted.only === undefined) await writeSection(part, section, { facts: await machineFacts(), minutes });
    if (section.wrong.length > 0) process.exitCode = 1;
  }
}
