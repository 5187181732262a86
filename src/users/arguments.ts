/** What was asked for on the command line. */
import { parseArgs } from "node:util";
import { UsageError } from "../command-line.ts";
import { roles as allRoles, type Role } from "../domain/viewer.ts";

export const usage = `Usage: npm run user -- COMMAND

  add NAME --roles ROLE,… [--generate]   adds a local user, or gives a removed one back
  list [--json]                          lists the local users
  remove NAME                            removes a user, and ends its sessions
  password NAME [--generate]             sets a new password, and ends the user's sessions
  roles NAME ROLE,…                      gives the user these roles in place of those before

Roles: ${allRoles.join(", ")}.
The password is asked for on the terminal, or read from standard input when that is a file or a pipe; --generate makes one and prints it once.
Exit codes: 0 done, 1 refused or failed, 2 called in a wrong way.`;

export type Command =
  | { readonly name: "help" }
  | { readonly name: "list"; readonly json: boolean }
  | { readonly name: "add"; readonly user: string; readonly roles: readonly Role[]; readonly generate: boolean }
  | { readonly name: "remove"; readonly user: string }
  | { readonly name: "password"; readonly user: string; readonly generate: boolean }
  | { readonly name: "roles"; readonly user: string; readonly roles: readonly Role[] };

const options = {
  help: { type: "boolean", short: "h", default: false },
  json: { type: "boolean", default: false },
  generate: { type: "boolean", default: false },
  roles: { type: "string" },
} as const;

/** What each command takes beside its name. */
const takes: ReadonlyMap<string, { readonly operands: number; readonly options: readonly string[] }> = new Map([
  ["list", { operands: 0, options: ["json"] }],
  ["add", { operands: 1, options: ["roles", "generate"] }],
  ["remove", { operands: 1, options: [] }],
  ["password", { operands: 1, options: ["generate"] }],
  ["roles", { operands: 2, options: [] }],
]);

export function readCommand(argv: readonly string[]): Command {
  const { values, positionals } = parse(argv);
  if (values.help) return { name: "help" };
  const [name = "", user = "", listed] = positionals;
  const known = takes.get(name);
  if (!known) throw new UsageError(name === "" ? usage : `There is no command ${name}.\n\n${usage}`);
  if (positionals.length !== known.operands + 1) throw new UsageError(usage);
  const given = Object.entries(values).filter(([, value]) => value !== false && value !== undefined);
  for (const [option] of given) if (!known.options.includes(option)) throw new UsageError(`${name} does not take --${option}.\n\n${usage}`);
  if (name === "list") return { name, json: values.json };
  if (name === "remove") return { name, user };
  if (name === "password") return { name, user, generate: values.generate };
  if (name === "roles") return { name, user, roles: readRoles(listed) };
  return { name: "add", user, roles: readRoles(values.roles), generate: values.generate };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true });
  } catch {
    throw new UsageError(usage); // it says which options there are
  }
}

function readRoles(text = ""): Role[] {
  const asked = text
    .split(",")
    .map((part) => part.trim().toUpperCase())
    .filter(Boolean);
  if (asked.length === 0) throw new UsageError(`Say which roles, such as --roles viewer,operator.\n\n${usage}`);
  for (const one of asked)
    if (!allRoles.some((role) => role === one)) throw new UsageError(`There is no role ${one}; there are ${allRoles.join(", ")}.`);
  return allRoles.filter((role) => asked.includes(role));
}
