/**
 * Who may use which root field: each of them, asked by nobody, by each role alone, and with sessions that are over, over HTTP and WebSocket.
 * What the schema declares has to equal the table of roles-by-field.ts.
 */
import { v7 as uuid } from "uuid";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeId } from "../../src/domain/ids.ts";
import { operations } from "../../src/domain/operations.ts";
import { schema } from "../../src/domain/schema.ts";
import { type Role, roles } from "../../src/domain/viewer.ts";
import { eventStream, rawSocket } from "../gateway/support.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { aUser, type RealGateway, realGateway, testPassword } from "../support/real-gateway.ts";
import { type Operation, type RootField, rootFieldsOf, sampleOperation } from "../support/sample-operation.ts";
import { rolesByField } from "./roles-by-field.ts";

/** What each role may do besides what it is given for. */
const includes: Readonly<Record<Role, readonly Role[]>> = {
  VIEWER: ["VIEWER"],
  OPERATOR: ["VIEWER", "OPERATOR"],
  RECOVERY_ADMIN: ["VIEWER", "OPERATOR", "RECOVERY_ADMIN"],
  EDITOR: ["VIEWER", "EDITOR"],
  SCRIPT_EDITOR: ["VIEWER", "SCRIPT_EDITOR"],
  ADMIN: ["VIEWER", "ADMIN"],
};

const fields = rootFieldsOf(schema);
const everybody = { anonymous: null, expired: "expired", deleted: "deleted", ...Object.fromEntries(roles.map((role) => [role, role])) };

const allowed = "allowed";
const forbidden = (needed: readonly Role[]) => `FORBIDDEN: ${needed.join(" or ")}`;
function expected({ name }: RootField): Record<string, string> {
  const needed = rolesByField[name] ?? [];
  const may = (role: Role) => needed.length === 0 || includes[role].some((one) => needed.includes(one));
  return Object.fromEntries(roles.map((role) => [role, may(role) ? allowed : forbidden(needed)]));
}

interface Answer {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly { readonly extensions: Record<string, unknown> }[];
}

function outcomeOf({ field }: RootField, { data, errors = [] }: Answer): string {
  const named = (neededRoles: unknown) => `FORBIDDEN: ${Array.isArray(neededRoles) ? neededRoles.join(" or ") : "?"}`;
  for (const { extensions } of errors) {
    if (extensions.code === "UNAUTHORIZED") return extensions.expiredAt ? "UNAUTHORIZED: expired" : "UNAUTHORIZED";
    if (extensions.code === "FORBIDDEN") return named(extensions.requiredRoles);
  }
  const answer: { __typename?: unknown; requiredRoles?: unknown } = Object(data?.[field.name]);
  return answer.__typename === "ForbiddenError" ? named(answer.requiredRoles) : allowed;
}

const planId = encodeId("RecoveryPlan", uuid());
/** Where the least input will not do: signing in needs somebody who can, or it is UNAUTHORIZED for another reason. */
const inputs: Readonly<Record<string, object>> = {
  "Mutation.createSession": { user: "VIEWER", password: testPassword },
  "Mutation.startRecovery": { planId, recoveryType: "TEST" },
};

const operationOf = (field: RootField, input = inputs[field.name]): Operation => sampleOperation(field, input ? { input } : {});

let db: TestDatabase;
let gateway: RealGateway;
const tokens = new Map<string, string>();
const sockets = new Map<string, Awaited<ReturnType<typeof rawSocket>>>();

const tokenOf = (caller: string) => tokens.get(caller) ?? "";
/** Of a session that nothing else uses. */
async function newToken(caller: string): Promise<string> {
  const token = await gateway.signIn(caller);
  if (caller === "expired")
    await db.database.pool.query(`UPDATE session s SET created_at = s.created_at - interval '1 day', expires_at = s.expires_at - interval '1 day'
      FROM user_account u WHERE u.id = s.user_id AND u.name = 'expired' AND s.expires_at > now()`);
  return token;
}
const openSocket = async (token: string) => {
  const socket = await rawSocket(gateway.url, { sessionToken: token });
  await socket.next("connection_ack");
  return socket;
};

beforeAll(async () => {
  db = await freshDatabase();
  gateway = await realGateway(db.database);
  for (const role of roles) {
    await aUser(db.database, role, [role]);
    tokens.set(role, await gateway.signIn(role));
    sockets.set(role, await openSocket(tokenOf(role)));
  }
  for (const over of ["expired", "deleted"]) {
    await aUser(db.database, over, roles);
    tokens.set(over, await newToken(over));
  }
  await gateway.sessions.remove(tokenOf("deleted"));
});
afterAll(async () => {
  for (const { socket } of sockets.values()) socket.terminate();
  await gateway[Symbol.asyncDispose]();
  await db.drop();
});

it("has a line for every root field, and no other", () => {
  expect(Object.keys(rolesByField).sort()).toEqual(fields.map(({ name }) => name).sort());
});

it.each(fields)("$name declares what the table says", ({ name, field }) => {
  expect(field.extensions.roles).toEqual(rolesByField[name]);
});

describe("over HTTP", () => {
  const headersOf = async (field: RootField, caller: string): Promise<Record<string, string>> => {
    if (caller === "anonymous") return {};
    const isSpent = field.name === "Mutation.deleteSession" && caller !== "deleted";
    return { "session-token": isSpent ? await newToken(caller) : tokenOf(caller) };
  };
  const ask = async (field: RootField, caller: string): Promise<Answer> => {
    const { query, variables } = operationOf(field);
    const headers = await headersOf(field, caller);
    if (field.kind !== "subscription") return gateway.ask(query, variables, headers);
    const stream = await eventStream(gateway.url, query, headers, variables);
    const first = await stream.next();
    stream.abort();
    return JSON.parse(first?.data ?? "null");
  };

  it.each(fields)("$name", async (field) => {
    const outcomes = await Promise.all(
      Object.keys(everybody).map(async (caller) => [caller, outcomeOf(field, await ask(field, caller))] as const),
    );
    const isOpen = rolesByField[field.name]?.length === 0;
    expect(Object.fromEntries(outcomes)).toEqual({
      ...expected(field),
      anonymous: isOpen ? allowed : "UNAUTHORIZED",
      deleted: isOpen ? allowed : "UNAUTHORIZED",
      expired: isOpen ? allowed : "UNAUTHORIZED: expired",
    });
  });
});

describe("of an operation that needs more than its mutation, the mutation names that role from the first", () => {
  const inputOf: Readonly<Record<string, object>> = {
    START_PLANNED_RECOVERY: { planId, recoveryType: "PLANNED" },
    START_DISASTER_RECOVERY: { planId, recoveryType: "DISASTER" },
    FORCE_CLEANUP_TEST: { planId, force: true },
  };

  it.each(Object.entries(operations))("%s", async (operation, { mutation, role }) => {
    const field = fields.find(({ name }) => name === `Mutation.${mutation}`);
    if (field === undefined) throw new Error(`${operation} is of no mutation`);
    const { query, variables } = operationOf(field, inputOf[operation]);
    const answer = await gateway.ask(query, variables, { "session-token": tokenOf("VIEWER") });
    expect(outcomeOf(field, answer)).toBe(forbidden([role].flat()));
  });
});

describe("over WebSocket", () => {
  const ask = async (field: RootField, role: Role): Promise<Answer> => {
    const isSpent = field.name === "Mutation.deleteSession";
    const socket = isSpent ? await openSocket(await newToken(role)) : sockets.get(role);
    if (!socket) throw new Error(`${role} has no socket`);
    const { query, variables } = operationOf(field);
    socket.subscribe(field.name, query, variables);
    const { type, payload } = await socket.next(["next", "error"], field.name);
    if (field.kind === "subscription" && type === "next") socket.send({ type: "complete", id: field.name });
    return JSON.parse(JSON.stringify(type === "error" ? { errors: payload } : payload));
  };

  it.each(fields)("$name", async (field) => {
    const outcomes = await Promise.all(roles.map(async (role) => [role, outcomeOf(field, await ask(field, role))] as const));
    expect(Object.fromEntries(outcomes)).toEqual(expected(field));
  });

  it.each([
    ["nobody", {}, 4401],
    ["a deleted session", { sessionToken: "deleted" }, 4401],
    ["an expired session", { sessionToken: "expired" }, 4403],
  ])("a socket of %s is refused before anything can be asked", async (_who, { sessionToken }: { sessionToken?: string }, code) => {
    const socket = await rawSocket(gateway.url, sessionToken === undefined ? {} : { sessionToken: tokenOf(sessionToken) });
    expect((await socket.closed).code).toBe(code);
    expect(socket.messages).toEqual([]);
  });
});

it("every mutation that was asked here is in the audit log, with who asked and how it ended", async () => {
  const { rows } = await db.database.pool.query<{ operation: string; users: string[]; open: number }>(
    `SELECT operation, array_agg(DISTINCT user_name ORDER BY user_name) AS users, count(*) FILTER (WHERE outcome IS NULL)::int4 AS open
      FROM audit_record GROUP BY operation ORDER BY operation`,
  );
  const mutations = fields.filter(({ kind }) => kind === "mutation").map(({ field }) => field.name);
  expect(rows.map(({ operation }) => operation)).toEqual(mutations.sort());
  for (const { operation, users, open } of rows) {
    expect([operation, open]).toEqual([operation, 0]);
    if (operation !== "createSession") expect([operation, users]).toEqual([operation, ["", ...roles].sort()]);
  }
});
