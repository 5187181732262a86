/**
 * Local users: they exist beside whatever an identity provider knows. Removing one disables the row, so that history keeps it; adding the
 * same name again gives it back. The API and the command line do it here alike.
 */
import type pg from "pg";
import { v7 as newId } from "uuid";
import { ConflictError, NotFoundError } from "../errors.ts";
import { checkName, type FieldErrors, fieldError, fieldErrors } from "../field-errors.ts";
import { encodeId } from "../ids.ts";
import { mutate } from "../mutation.ts";
import type { ServiceContext } from "../service-context.ts";
import type { Role, Viewer } from "../viewer.ts";
import { hashPassword, passwordMark } from "./password.ts";
import { passwordProblem, userNameProblem } from "./rules.ts";
import { endSessionsOf, type Sessions } from "./sessions.ts";
import {
  disableUser,
  hasOtherAdministrator,
  inOrder,
  putPasswordHash,
  putRoles,
  putUser,
  type UserRow,
  userNamed,
  usersWithIds,
} from "./user-rows.ts";

/** Who does it: a viewer, or somebody at the machine. */
export type Actor = Pick<Viewer, "userId" | "name">;

interface Keyed {
  readonly idempotencyKey?: string | null | undefined;
}

export interface UserAnswer extends Readonly<Record<string, string>> {
  readonly userId: string;
}

/** Each throws a DomainError, and nothing was changed. */
export interface Users {
  /** A name that was removed comes back, with this password and these roles. */
  add(by: Actor, input: Keyed & { readonly name: string; readonly password: string; readonly roles: readonly Role[] }): Promise<UserAnswer>;
  /** They count from the user's next operation on, and from the next event of an open stream. */
  setRoles(by: Actor, input: Keyed & { readonly userId: string; readonly roles: readonly Role[] }): Promise<UserAnswer>;
  /** Ends the user's sessions. */
  setPassword(by: Actor, input: Keyed & { readonly userId: string; readonly password: string }): Promise<UserAnswer>;
  /** All of them; the password stays. */
  endSessions(by: Actor, input: Keyed & { readonly userId: string }): Promise<UserAnswer>;
  /** Ends the user's sessions. */
  remove(by: Actor, input: Keyed & { readonly userId: string }): Promise<UserAnswer>;
}

export type UsersContext = Pick<ServiceContext, "announce" | "log"> & { readonly database: Pick<ServiceContext["database"], "pool"> };

interface Change {
  readonly mutation: string;
  readonly input: Keyed & Readonly<Record<string, unknown>>;
  readonly userId: string;
  /** Answers the sessions that it has ended. */
  readonly act: (client: pg.PoolClient) => Promise<readonly string[]>;
}

export async function changeUser(
  context: UsersContext,
  sessions: Pick<Sessions, "tellRemoved">,
  by: Actor,
  { mutation, input, userId, act }: Change,
): Promise<UserAnswer> {
  let ended: readonly string[] = [];
  const write = async (client: pg.PoolClient) => {
    // Rarely written: who may be the last administrator is decided one after the other. Signing in goes on meanwhile.
    await client.query("LOCK TABLE user_account IN SHARE ROW EXCLUSIVE MODE");
    ended = await act(client);
    return [];
  };
  const answer = await mutate(context, by, { mutation, input, answer: { userId }, act: write });
  sessions.tellRemoved(ended);
  return answer;
}

export function openUsers(context: UsersContext, sessions: Pick<Sessions, "tellRemoved">): Users {
  const { pool } = context.database;
  const change = (by: Actor, wanted: Change) => changeUser(context, sessions, by, wanted);

  return {
    async add(by, { name: given, password, roles, idempotencyKey }) {
      const errors = fieldErrors();
      const name = checkUserName(errors, given);
      checkPassword(errors, password);
      checkRoles(errors, roles);
      errors.check();
      const user = { name, roles: inOrder(roles) };
      const id = (await userNamed(pool, name))?.id ?? newId();
      const passwordHash = await hashPassword(password);
      const input = { ...user, password: await markOf(by, password, idempotencyKey), idempotencyKey };
      const act = async (client: pg.PoolClient) => {
        const found = await userNamed(client, name);
        if (found?.removedAt === null) throw fieldError(["name"], `There is a user ${found.name} already.`);
        if (found && found.id !== id) throw new ConflictError(`The user ${name} is being added by somebody else.`, "List the users.");
        await putUser(client, { ...user, id, passwordHash });
        return endSessionsOf(client, id); // of somebody who was disabled by other means
      };
      return change(by, { mutation: "createUser", input, userId: id, act });
    },

    async setRoles(by, { userId, roles, idempotencyKey }) {
      const errors = fieldErrors();
      checkRoles(errors, roles);
      errors.check();
      const input = { userId, roles: inOrder(roles), idempotencyKey };
      const act = async (client: pg.PoolClient) => {
        const user = await presentUser(client, userId);
        if (!roles.includes("ADMIN")) await refuseLastAdministrator(client, user);
        await putRoles(client, userId, input.roles);
        return [];
      };
      return change(by, { mutation: "updateUserRoles", input, userId, act });
    },

    async setPassword(by, { userId, password, idempotencyKey }) {
      const errors = fieldErrors();
      checkPassword(errors, password);
      errors.check();
      const hash = await hashPassword(password);
      const input = { userId, password: await markOf(by, password, idempotencyKey), idempotencyKey };
      const act = async (client: pg.PoolClient) => {
        await presentUser(client, userId);
        await putPasswordHash(client, userId, hash);
        return endSessionsOf(client, userId);
      };
      return change(by, { mutation: "setUserPassword", input, userId, act });
    },

    async endSessions(by, { userId, idempotencyKey }) {
      const act = async (client: pg.PoolClient) => {
        await presentUser(client, userId);
        return endSessionsOf(client, userId);
      };
      return change(by, { mutation: "endSessions", input: { userId, idempotencyKey }, userId, act });
    },

    async remove(by, { userId, idempotencyKey }) {
      const act = async (client: pg.PoolClient) => {
        const user = await presentUser(client, userId);
        if (by.userId === userId) throw new ConflictError("Nobody can remove themselves.", "Let another administrator do it.");
        await refuseLastAdministrator(client, user);
        await disableUser(client, userId);
        return endSessionsOf(client, userId);
      };
      return change(by, { mutation: "removeUser", input: { userId, idempotencyKey }, userId, act });
    },
  };
}

/** What stands for the password in the hash of an input, which is kept: a fast hash of the password itself could be guessed from. */
export async function markOf({ userId }: Actor, password: string, key: string | null | undefined): Promise<string | null> {
  return key ? passwordMark(password, `${userId} ${key}`) : null;
}

function checkUserName(errors: FieldErrors, given: string): string {
  const name = checkName(errors, ["name"], given);
  const problem = userNameProblem(name);
  if (problem !== null) errors.add(["name"], problem);
  return name;
}

function checkPassword(errors: FieldErrors, password: string): void {
  const problem = passwordProblem(password);
  if (problem !== null) errors.add(["password"], problem);
}

function checkRoles(errors: FieldErrors, roles: readonly Role[]): void {
  if (roles.length === 0) errors.add(["roles"], "A user has at least one role; VIEWER is the least.");
}

async function presentUser(client: pg.ClientBase, userId: string): Promise<UserRow> {
  const [user] = await usersWithIds(client, [userId]);
  if (!user || user.removedAt !== null) throw new NotFoundError("User", encodeId("User", userId));
  return user;
}

async function refuseLastAdministrator(client: pg.ClientBase, { id, name, roles }: UserRow): Promise<void> {
  if (!roles.includes("ADMIN") || (await hasOtherAdministrator(client, id))) return;
  throw new ConflictError(`${name} is the last local user with the role ADMIN.`, "Give the role to another local user first.");
}
