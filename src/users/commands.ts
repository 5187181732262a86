/** The commands: each change is audited as the machine's user, and does what the API does. */
import { randomUUID } from "node:crypto";
import type { Audit } from "../domain/access/audit.ts";
import { makePassword } from "../domain/access/password.ts";
import { presentUsers, type Queryable, type UserRow, userNamed } from "../domain/access/user-rows.ts";
import type { Actor, Users } from "../domain/access/users.ts";
import { DomainError, type ErrorCode, InvalidRequestError } from "../domain/errors.ts";
import { encodeId } from "../domain/ids.ts";
import type { Command } from "./arguments.ts";
import { printUsers } from "./print.ts";

export interface Tools {
  readonly users: Users;
  readonly audit: Audit;
  readonly rows: Queryable;
  readonly by: Actor;
  readonly readPassword: () => Promise<string>;
  /** The output is a terminal. */
  readonly forPeople: boolean;
}

/** Nothing was changed. The message is for people. */
export class RefusedError extends Error {
  /** As the API has it. */
  readonly code: ErrorCode;
  constructor(message: string, code: ErrorCode) {
    super(message);
    this.code = code;
  }
}

/** Answers what to print. */
export async function runCommand(command: Exclude<Command, { readonly name: "help" }>, tools: Tools): Promise<string> {
  if (command.name === "list")
    return printUsers(await presentUsers(tools.rows), command.json ? "json" : tools.forPeople ? "table" : "lines");
  const found = await userNamed(tools.rows, command.user.trim());
  const { given, act } = changeOf(command, found, tools);
  const password = await given();
  const said = await audited(tools, `user.${command.name}`, found, () => act(password));
  return "generate" in command && command.generate ? `${said}\npassword: ${password}` : said;
}

interface Done {
  readonly userId: string;
  /** What was done, as a sentence. */
  readonly said: string;
}

interface Change {
  /** Asks for the password, where it takes one, before anything is recorded. */
  readonly given: () => Promise<string>;
  readonly act: (password: string) => Promise<Done>;
}

type Changing = Exclude<Command, { readonly name: "help" | "list" }>;

function changeOf(command: Changing, found: UserRow | null, { users, by, readPassword }: Tools): Change {
  const nothing = async () => "";
  const password = "generate" in command && command.generate ? async () => makePassword() : readPassword;
  const present = found?.removedAt === null ? found : null;
  if (command.name === "add") {
    if (present) return refusal("INVALID_REQUEST", `There is a user ${present.name} already; the commands password and roles change it.`);
    const { user, roles } = command;
    const said = `${user.trim()} ${found ? "is back" : "is added"}, with ${listed(roles)}.`;
    return {
      given: password,
      act: (given) => users.add(by, { name: user, password: given, roles }).then(({ userId }) => ({ userId, said })),
    };
  }
  if (!present) return refusal("NOT_FOUND", `There is no user ${command.user.trim()}.`);
  const { id: userId, name } = present;
  const done = (said: string) => () => ({ userId, said });
  if (command.name === "password") {
    const said = done(`${name} has a new password; its sessions are over.`);
    return { given: password, act: (given) => users.setPassword(by, { userId, password: given }).then(said) };
  }
  if (command.name === "roles") {
    const { roles } = command;
    return { given: nothing, act: () => users.setRoles(by, { userId, roles }).then(done(`${name} has ${listed(roles)} now.`)) };
  }
  return { given: nothing, act: () => users.remove(by, { userId }).then(done(`${name} is removed; its sessions are over.`)) };
}

const refusal = (code: ErrorCode, message: string): Change => ({
  given: async () => "", // nobody is asked in vain
  act: () => Promise.reject(new RefusedError(message, code)),
});
const listed = (roles: readonly string[]) => `the role${roles.length === 1 ? "" : "s"} ${roles.join(", ")}`;

async function audited({ audit, by }: Tools, operation: string, found: UserRow | null, act: () => Promise<Done>): Promise<string> {
  const target = found ? userTarget(found.id) : null;
  const id = await audit.begin({ userId: null, userName: by.name, operation, target, requestId: randomUUID() });
  try {
    const { userId, said } = await act();
    await audit.complete(id, { outcome: "SUCCEEDED", message: said, target: userTarget(userId) });
    return said;
  } catch (error) {
    const refused = asRefused(error);
    await audit.complete(id, { outcome: refused?.code ?? "INTERNAL_ERROR", message: refused?.message ?? null, target: null });
    throw refused ?? error;
  }
}

const userTarget = (id: string) => ({ type: "User", id: encodeId("User", id) });

function asRefused(error: unknown): RefusedError | null {
  if (error instanceof InvalidRequestError && error.fieldErrors.length > 0) {
    return new RefusedError(error.fieldErrors.map(({ message }) => message).join(" "), error.code);
  }
  if (error instanceof DomainError) return new RefusedError(`${error.message} ${error.remedy}`, error.code);
  return error instanceof RefusedError ? error : null;
}
