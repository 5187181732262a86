/** A local user's own password: whoever has a session still has to know the password that it was begun with. */
import type pg from "pg";
import { ConflictError, InvalidRequestError } from "../errors.ts";
import { fieldError, fieldErrors } from "../field-errors.ts";
import { unlessAnswered } from "../mutation.ts";
import type { Viewer } from "../viewer.ts";
import { hashPassword } from "./password.ts";
import { mostPasswordLength, passwordProblem } from "./rules.ts";
import { endSessionsOf, type Sessions, type VerifiedUser } from "./sessions.ts";
import { replacePasswordHash, usersWithIds } from "./user-rows.ts";
import { changeUser, markOf, type UserAnswer, type UsersContext } from "./users.ts";

export interface OwnPasswordInput {
  readonly currentPassword: string;
  readonly newPassword: string;
  readonly idempotencyKey?: string | null | undefined;
}

export interface OwnPassword {
  /** Ends the user's other sessions. Throws RateLimitError after too many wrong passwords, which count with failed sign-ins. */
  change(by: Viewer, address: string, input: OwnPasswordInput): Promise<UserAnswer>;
}

const mutation = "changePassword";

export function openOwnPassword(context: UsersContext, sessions: Pick<Sessions, "verify" | "tellRemoved">): OwnPassword {
  return {
    async change(by, address, { currentPassword, newPassword, idempotencyKey }) {
      checkPasswords(currentPassword, newPassword);
      const { userId } = by;
      if ((await usersWithIds(context.database.pool, [userId])).length === 0) throw ofProvider();
      const marks = {
        currentPassword: await markOf(by, currentPassword, idempotencyKey),
        newPassword: await markOf(by, newPassword, idempotencyKey),
      };
      const input = { ...marks, idempotencyKey };
      const before = await unlessAnswered<UserAnswer, VerifiedUser>(context, by, { mutation, input }, async () => {
        const verified = await sessions.verify({ user: by.name, password: currentPassword }, address);
        if (verified === null) throw fieldError(["currentPassword"], "This is not your password.");
        return verified;
      });
      if ("answer" in before) return before.answer; // the current password is another by now
      const verified = before.prepared;
      const hash = await hashPassword(newPassword);
      const act = async (client: pg.PoolClient) => {
        if (!(await replacePasswordHash(client, userId, verified.passwordHash, hash))) throw changedMeanwhile();
        return endSessionsOf(client, userId, by.sessionId);
      };
      return changeUser(context, sessions, by, { mutation, input, userId, act });
    },
  };
}

function checkPasswords(current: string, wanted: string): void {
  const errors = fieldErrors();
  if (current.length > mostPasswordLength) errors.add(["currentPassword"], `A password may have ${mostPasswordLength} characters.`);
  const problem = passwordProblem(wanted);
  if (problem !== null) errors.add(["newPassword"], problem);
  else if (wanted === current) errors.add(["newPassword"], "This is the password that it is to replace.");
  errors.check();
}

const ofProvider = () =>
  new InvalidRequestError(
    "Your password is kept by your identity provider: this gateway does not know it.",
    [],
    "Change it at the identity provider.",
  );

const changedMeanwhile = () =>
  new ConflictError("Your password was changed at the same moment.", "Sign in with the password that it is now.");
