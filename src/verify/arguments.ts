/** What was asked for on the command line. */
import { parseArgs } from "node:util";
import { UsageError } from "../command-line.ts";
import { DomainError } from "../domain/errors.ts";
import { idOf } from "../domain/ids.ts";

export const usage = `Usage: npm run verify -- --recovery ID | --audit | --changes | --all [--head HASH]

Proves that nothing in the event log or the audit log was changed, left out or put in.
  --recovery ID   the events of one run: the id that the API shows, or the database's
  --audit         the audit log
  --changes       the log as a whole, with the events outside of runs
  --all           all of these
  --head HASH     with one of the first three: a head hash that was kept elsewhere has to be in the chain
                  (of --changes one that is younger than EVENT_RETENTION_DAYS)

Exit codes: 0 whole, 1 broken or failed, 2 called in a wrong way. docs/evidence.md says what is proved.`;

export type What = { readonly name: "recovery"; readonly id: string } | { readonly name: "audit" | "changes" | "all" };
export type Command = { readonly name: "help" } | { readonly name: "verify"; readonly what: What; readonly head: string | null };

const options = {
  help: { type: "boolean", short: "h", default: false },
  recovery: { type: "string" },
  audit: { type: "boolean", default: false },
  changes: { type: "boolean", default: false },
  all: { type: "boolean", default: false },
  head: { type: "string" },
} as const;

export function readCommand(argv: readonly string[]): Command {
  const values = parse(argv);
  if (values.help) return { name: "help" };
  const asked: What[] = (["audit", "changes", "all"] as const).filter((name) => values[name]).map((name) => ({ name }));
  if (values.recovery !== undefined) asked.push({ name: "recovery", id: recoveryId(values.recovery) });
  const [what, ...more] = asked;
  if (what === undefined || more.length > 0) throw new UsageError(`Say one of --recovery, --audit, --changes and --all.\n\n${usage}`);
  const head = values.head?.toLowerCase() ?? null;
  if (head !== null && what.name === "all") throw new UsageError(`--head belongs to one chain, and --all are many.\n\n${usage}`);
  if (head !== null && !/^[0-9a-f]{64}$/.test(head)) throw new UsageError(`A hash has 64 hexadecimal digits.\n\n${usage}`);
  return { name: "verify", what, head };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options }).values;
  } catch {
    throw new UsageError(usage); // it says which options there are
  }
}

function recoveryId(text: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return text.toLowerCase();
  try {
    return idOf("Recovery", text);
  } catch (error) {
    if (error instanceof DomainError) throw new UsageError(`${text} is not the id of a recovery.\n\n${usage}`);
    throw error;
  }
}
