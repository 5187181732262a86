import type { Database } from "../../database/database.ts";
import { batchedOne, type Gate, padded } from "../batching.ts";
import { nameLike, type Source } from "../list-sql.ts";
import { openList } from "../lists.ts";
import type { Role } from "../viewer.ts";
import type { AuditRow } from "./audit-rows.ts";
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

export type AuditOrderField = "OCCURRED_AT" | "USER_NAME" | "OPERATION";
export interface AuditFilter {
  readonly userName?: string | null | undefined;
  readonly operation?: string | null | undefined;
  readonly outcome?: string | null | undefined;
  readonly isCompleted?: boolean | null | undefined;
  readonly targetId?: string | null | undefined;
  readonly occurredFrom?: Date | null | undefined;
  readonly occurredBefore?: Date | null | undefined;
}

const auditRecords: Source<AuditOrderField, AuditFilter, never> = {
  name: "audit",
  columns: "a.id",
  from: "audit_record a",
  id: "a.id",
  orders: {
    OCCURRED_AT: { expression: "a.occurred_at", type: "timestamptz" },
    USER_NAME: { expression: "lower(a.user_name)", type: "text" },
    OPERATION: { expression: "a.operation", type: "text" },
  },
  conditions: [
    { type: "text", sql: (name) => `a.user_name ILIKE ${name}`, value: ({ userName }) => nameLike(userName) },
    { type: "text", sql: (operation) => `a.operation = ${operation}`, value: ({ operation }) => operation },
    { type: "text", sql: (outcome) => `a.outcome = ${outcome}`, value: ({ outcome }) => outcome },
    { type: "bool", sql: (completed) => `(a.outcome IS NOT NULL) = ${completed}`, value: ({ isCompleted }) => isCompleted },
    { type: "text", sql: (target) => `a.target_id = ${target}`, value: ({ targetId }) => targetId },
    { type: "timestamptz", sql: (time) => `a.occurred_at >= ${time}`, value: ({ occurredFrom }) => occurredFrom },
    { type: "timestamptz", sql: (time) => `a.occurred_at < ${time}`, value: ({ occurredBefore }) => occurredBefore },
  ],
  parents: {},
};

export function openAccessLoaders({ prisma, pool }: Pick<Database, "prisma" | "pool">) {
  const user = batchedOne(
    (ids) => usersWithIds(pool, ids),
    ({ id }) => id,
  );
  const userList = openList(pool, users, { field: "NAME", direction: "ASC", filter: {} });
  const auditRecord = batchedOne<AuditRow>(
    (ids) => prisma.auditRecord.findMany({ where: { id: { in: padded(ids) } } }),
    ({ id }) => id,
  );
  const auditList = openList(pool, auditRecords, { field: "OCCURRED_AT", direction: "DESC", filter: {} });
  return (gate: Gate) => ({
    user: user.loader(gate),
    userList: userList(gate),
    auditRecord: auditRecord.loader(gate),
    auditList: auditList(gate),
  });
}
