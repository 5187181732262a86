import type { Database } from "../../database/database.ts";
import { batchedOne, type Gate } from "../batching.ts";
import { nameLike, type Source } from "../list-sql.ts";
import { openList } from "../lists.ts";
import type { Role } from "../viewer.ts";
import { usersWithIds } from "./user-rows.ts";

export type UserOrderField = "NAME" | "CREATED_AT";
export interface UserFilter {
  readonly name?: string | null | undefined;
  readonly role?: Role | null | undefined;
  readonly removed?: boolean | null | undefined;
}

const users: Source<UserOrderField, UserFilter, never> = {
  name: "users",
  columns: "u.id",
  from: "user_account u",
  id: "u.id",
  orders: {
    NAME: { expression: "lower(u.name)", type: "text" },
    CREATED_AT: { expression: "u.created_at", type: "timestamptz" },
  },
  conditions: [
    { type: "text", sql: (name) => `u.name ILIKE ${name}`, value: ({ name }) => nameLike(name) },
    { type: "text", sql: (role) => `${role} = ANY(u.roles::text[])`, value: ({ role }) => role },
    { type: "bool", sql: (removed) => `(u.disabled_at IS NOT NULL) = ${removed}`, value: ({ removed }) => removed ?? false },
  ],
  parents: {},
};

export function openAccessLoaders({ pool }: Pick<Database, "pool">) {
  const user = batchedOne(
    (ids) => usersWithIds(pool, ids),
    ({ id }) => id,
  );
  const userList = openList(pool, users, { field: "NAME", direction: "ASC", filter: {} });
  return (gate: Gate) => ({ user: user.loader(gate), userList: userList(gate) });
}
