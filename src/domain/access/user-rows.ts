/** Statements on local users. */
import type pg from "pg";
import { roles as allRoles, type Role } from "../viewer.ts";

export type Queryable = Pick<pg.ClientBase, "query">;

export interface UserRow {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly Role[];
  readonly createdAt: Date;
  /** Null: not removed. */
  readonly removedAt: Date | null;
}

interface Read extends Omit<UserRow, "roles"> {
  readonly roles: readonly string[];
}

const columns = `id, name, roles::text[] AS roles, created_at AS "createdAt", disabled_at AS "removedAt"`;

/** In the order of their description, each once. */
export const inOrder = (roles: readonly string[]): Role[] => allRoles.filter((role) => roles.includes(role));

const userOf = (row: Read): UserRow => ({ ...row, roles: inOrder(row.roles) });

/** Without regard to case, also when it was removed. */
export async function userNamed(client: Queryable, name: string): Promise<UserRow | null> {
  const text = `SELECT ${columns} FROM user_account WHERE lower(name) = lower($1)`;
  const { rows } = await client.query<Read>({ name: "user-row-named", text, values: [name.replaceAll("\0", "\uFFFD")] });
  return rows[0] ? userOf(rows[0]) : null;
}

export async function usersWithIds(client: Queryable, ids: readonly string[]): Promise<UserRow[]> {
  const text = `SELECT ${columns} FROM user_account WHERE id = ANY($1::uuid[])`;
  const { rows } = await client.query<Read>({ name: "user-rows-by-id", text, values: [ids] });
  return rows.map(userOf);
}

/** All that are not removed, by name. */
export async function presentUsers(client: Queryable): Promise<UserRow[]> {
  const text = `SELECT ${columns} FROM user_account WHERE disabled_at IS NULL ORDER BY lower(name), id`;
  return (await client.query<Read>({ name: "user-rows-present", text })).rows.map(userOf);
}

/** Whether somebody else than this user has the role ADMIN. */
export async function hasOtherAdministrator(client: Queryable, userId: string): Promise<boolean> {
  const text = `SELECT FROM user_account WHERE id <> $1 AND disabled_at IS NULL AND 'ADMIN' = ANY(roles) LIMIT 1`;
  return (await client.query({ name: "user-other-admin", text, values: [userId] })).rowCount === 1;
}

export interface NewUser {
  readonly id: string;
  readonly name: string;
  readonly passwordHash: string;
  readonly roles: readonly Role[];
}

/** New, or back again in the row that it had. */
export async function putUser(client: Queryable, { id, name, passwordHash, roles }: NewUser): Promise<void> {
  const text = `INSERT INTO user_account (id, name, password_hash, roles, created_at) VALUES ($1, $2, $3, $4::text[]::"Role"[], dr_now())
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, password_hash = excluded.password_hash, roles = excluded.roles, disabled_at = NULL`;
  await client.query({ name: "user-put", text, values: [id, name, passwordHash, roles] });
}

export async function putRoles(client: Queryable, userId: string, roles: readonly Role[]): Promise<void> {
  const text = `UPDATE user_account SET roles = $2::text[]::"Role"[] WHERE id = $1`;
  await client.query({ name: "user-put-roles", text, values: [userId, roles] });
}

export async function putPasswordHash(client: Queryable, userId: string, hash: string): Promise<void> {
  await client.query({
    name: "user-put-password",
    text: "UPDATE user_account SET password_hash = $2 WHERE id = $1",
    values: [userId, hash],
  });
}

/** False: it is not `before` any more, or the user is removed. */
export async function replacePasswordHash(client: Queryable, userId: string, before: string, after: string): Promise<boolean> {
  const text = "UPDATE user_account SET password_hash = $3 WHERE id = $1 AND password_hash = $2 AND disabled_at IS NULL";
  return (await client.query({ name: "user-replace-password", text, values: [userId, before, after] })).rowCount === 1;
}

export async function disableUser(client: Queryable, userId: string): Promise<void> {
  await client.query({ name: "user-disable", text: "UPDATE user_account SET disabled_at = dr_now() WHERE id = $1", values: [userId] });
}
