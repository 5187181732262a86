/** What a local user is told by e-mail, and where. Users of an identity provider have none: nobody here would know when they have left. */
import type pg from "pg";
import { InvalidRequestError, NotFoundError } from "../errors.ts";
import { fieldErrors } from "../field-errors.ts";
import { encodeId } from "../ids.ts";
import { ifChanged, mutate } from "../mutation.ts";
import type { ServiceContext } from "../service-context.ts";
import type { Viewer } from "../viewer.ts";
import { addressProblem } from "./email-address.ts";
import { isToldKind, type ToldKind, toldKinds } from "./kinds/index.ts";

export interface OwnSettings {
  /** Null clears it. */
  readonly email?: string | null | undefined;
  readonly emailKinds?: readonly string[] | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

export interface SettingsAnswer extends Readonly<Record<string, string>> {
  readonly userId: string;
}

export interface SettingsRow {
  readonly id: string;
  readonly email: string | null;
  readonly emailKinds: readonly ToldKind[];
}

type Queryable = Pick<pg.ClientBase, "query">;

const columns = `id, email, email_kinds::text[] AS "emailKinds"`;

export async function settingsOf(client: Queryable, userIds: readonly string[]): Promise<SettingsRow[]> {
  const text = `SELECT ${columns} FROM user_account WHERE id = ANY($1::uuid[])`;
  return (await client.query<SettingsRow>({ name: "notification-settings", text, values: [userIds] })).rows;
}

export async function updateOwn(context: ServiceContext, by: Viewer, input: OwnSettings): Promise<SettingsAnswer> {
  const [known] = await settingsOf(context.database.pool, [by.userId]);
  if (known === undefined) throw ofProvider();
  return update(context, by, "updateMyNotifications", { ...input, userId: by.userId });
}

export const updateOfUser = (
  context: ServiceContext,
  by: Viewer,
  input: OwnSettings & { readonly userId: string },
): Promise<SettingsAnswer> => update(context, by, "updateUserNotifications", input);

async function update(
  context: ServiceContext,
  by: Viewer,
  mutation: string,
  input: OwnSettings & { readonly userId: string },
): Promise<SettingsAnswer> {
  const { userId, email, emailKinds } = input;
  const problem = email == null ? null : addressProblem(email);
  const errors = fieldErrors();
  if (problem !== null) errors.add(["email"], problem);
  errors.check();
  const kinds = emailKinds == null ? null : toldKinds.filter((kind) => emailKinds.filter(isToldKind).includes(kind));
  const act = async (client: pg.PoolClient) => {
    // What the update takes too, before the row: whoever changes users locks the table first.
    await client.query("LOCK TABLE user_account IN ROW EXCLUSIVE MODE");
    const text = `SELECT ${columns} FROM user_account WHERE id = $1 AND disabled_at IS NULL FOR UPDATE`;
    const { rows } = await client.query<SettingsRow>({ name: "notification-settings-lock", text, values: [userId] });
    const [there] = rows;
    if (there === undefined) throw new NotFoundError("User", encodeId("User", userId));
    const before = { email: there.email, emailKinds: there.emailKinds };
    const wished = { email: email === undefined ? there.email : email, emailKinds: kinds ?? there.emailKinds };
    if (wished.email === null && wished.emailKinds.length > 0)
      errors.add(["email"], "What is told by e-mail needs an address: give one, or an empty emailKinds.");
    errors.check();
    return ifChanged(before, wished, async () => {
      const put = `UPDATE user_account SET email = $2, email_kinds = $3::text[]::"NotificationKind"[] WHERE id = $1`;
      await client.query({ name: "notification-settings-put", text: put, values: [userId, wished.email, wished.emailKinds] });
      return [];
    });
  };
  return mutate(context, by, { mutation, input: { ...input }, answer: { userId }, act });
}

const ofProvider = () =>
  new InvalidRequestError(
    "You are a user of an identity provider, and notifications by e-mail are for local users.",
    [],
    "Ask an administrator for a local user with your address, or for a webhook.",
  );
