import { v7 as uuid } from "uuid";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { encodeId } from "../../src/domain/ids.ts";
import { dataFolder, startProcess } from "../e2e/gateway-process.ts";
import { eventStream, post, rawSocket } from "../gateway/support.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { aUser, type RealGateway, realGateway, testPassword } from "../support/real-gateway.ts";
import { holding } from "../support/session.ts";

type Headers = Record<string, string>;

let db: TestDatabase;
let gateway: RealGateway;
let root: { readonly id: string; readonly headers: Headers };
let ada: { readonly id: string; readonly headers: Headers };
beforeAll(async () => {
  db = await freshDatabase();
  gateway = await realGateway(db.database);
});
beforeEach(async () => {
  await db.database.pool.query("TRUNCATE user_account, session, audit_record CASCADE");
  root = await signedIn("root", "ADMIN");
  ada = await signedIn("ada", "VIEWER");
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await db.drop();
});

async function signedIn(name: string, role: "ADMIN" | "VIEWER") {
  const id = await aUser(db.database, name, [role]);
  return { id, headers: { "session-token": await gateway.signIn(name) } };
}

const createUser = (headers: Headers, password = "a long password", name = "eve") =>
  gateway.ask(
    `mutation ($input: CreateUserInput!) { createUser(input: $input) { __typename ... on CreateUserPayload { user { id } } } }`,
    { input: { name, password, roles: ["VIEWER"] } },
    headers,
  );

const fields = "id occurredAt completedAt userName userId operation targetType targetId outcome message requestId";
const records = async (args = ""): Promise<Record<string, unknown>[]> => {
  const { data, errors } = await gateway.ask(`{ auditLog${args} { nodes { ${fields} } } }`, {}, root.headers);
  expect(errors).toBeUndefined();
  return JSON.parse(JSON.stringify(data)).auditLog.nodes;
};

describe("the audit log has of a mutation", () => {
  it("who, when, what, on what, the outcome and the request's id", async () => {
    const answer = await createUser({ ...root.headers, "x-request-id": "my-request" });
    const { id } = JSON.parse(JSON.stringify(answer.data)).createUser.user;
    const [record] = await records();
    expect(record).toEqual({
      id: expect.any(String),
      occurredAt: expect.any(String),
      completedAt: expect.any(String),
      userName: "root",
      userId: encodeId("User", root.id),
      operation: "createUser",
      targetType: "User",
      targetId: id,
      outcome: "SUCCEEDED",
      message: null,
      requestId: "my-request",
    });
    expect(Math.abs(Date.parse(String(record?.occurredAt)) - Date.now())).toBeLessThan(60_000);
    expect(answer.headers.get("x-request-id")).toBe("my-request");
  });

  it("that it was refused for a role", async () => {
    await createUser(ada.headers);
    expect(await records()).toMatchObject([
      {
        userName: "ada",
        userId: encodeId("User", ada.id),
        operation: "createUser",
        outcome: "FORBIDDEN",
        message: "This needs the role ADMIN.",
      },
    ]);
  });

  it("that its input could not be taken", async () => {
    await createUser(root.headers, "short");
    expect(await records()).toMatchObject([
      { outcome: "INVALID_REQUEST", message: "A password has at least 12 characters, and this has 5.", targetType: null, targetId: null },
    ]);
  });

  it("what it was meant for, also when there is no such thing", async () => {
    const id = encodeId("User", uuid());
    await gateway.ask("mutation ($id: ID!) { removeUser(input: { userId: $id }) { __typename } }", { id: `${id}==` }, root.headers);
    expect(await records()).toMatchObject([{ operation: "removeUser", targetType: "User", targetId: id, outcome: "NOT_FOUND" }]);
  });

  it("that nobody was signed in", async () => {
    await createUser({});
    expect(await records()).toMatchObject([{ userName: "", userId: null, operation: "createUser", outcome: "UNAUTHORIZED" }]);
  });

  it.each([
    ["the input", { input: { user: "Ada", password: "a wrong password" } }, {}],
    ["a Basic header", {}, { authorization: `Basic ${Buffer.from("Ada:a wrong password").toString("base64")}` }],
  ])(
    "the name that was tried with a wrong password in %s, whoever is signed in, and not the password",
    async (_what, variables, headers) => {
      await gateway.ask("mutation ($input: CreateSessionInput) { createSession(input: $input) { __typename } }", variables, {
        ...(_what === "the input" ? root.headers : {}),
        ...headers,
      });
      const [record, ...others] = await records();
      expect(others).toEqual([]);
      expect(record).toMatchObject({ userName: "Ada", userId: null, operation: "createSession", outcome: "UNAUTHORIZED", targetId: null });
      expect(JSON.stringify(record)).not.toContain("wrong password");
    },
  );

  it("a sign-in and a sign-out, without a token", async () => {
    const { data } = await gateway.ask(
      `mutation { createSession(input: { user: "ada", password: "${testPassword}" }) { ... on CreateSessionPayload { token } } }`,
    );
    const { token } = JSON.parse(JSON.stringify(data)).createSession;
    await gateway.ask("mutation { deleteSession { __typename } }", {}, { "session-token": token });
    const found = await records();
    expect(found).toMatchObject([
      { userName: "ada", operation: "deleteSession", outcome: "SUCCEEDED" },
      { userName: "ada", operation: "createSession", outcome: "SUCCEEDED" },
    ]);
    expect(JSON.stringify(found)).not.toContain(token);
  });

  it("no outcome when the gateway was killed in the middle of it", { timeout: 60_000 }, async () => {
    const folder = dataFolder();
    const victim = startProcess(folder.path, { DATABASE_URL: db.url });
    const url = `${await victim.ready}/graphql`;
    await using client = await holding(db.database, "LOCK TABLE user_account IN SHARE ROW EXCLUSIVE MODE"); // the mutation stops here
    const query = `mutation { createUser(input: { name: "eve", password: "a long password", roles: [VIEWER] }) { __typename } }`;
    const lost = post(url, { query }, root.headers).catch((error: unknown) => error);
    await expect.poll(async () => (await records()).length).toBe(1);
    victim.child.kill("SIGKILL");
    expect(await lost).toBeInstanceOf(Error);
    await victim.ended;
    await client.query("ROLLBACK");
    expect(await records("(filter: { isCompleted: false })")).toMatchObject([
      { userName: "root", operation: "createUser", outcome: null, completedAt: null },
    ]);
    folder.remove();
  });
});

describe("the audit log", () => {
  const at = (hour: number) => new Date(Date.UTC(2026, 0, 15, hour));
  const target = encodeId("RecoveryPlan", uuid());
  beforeEach(async () => {
    const row = (hour: number, userName: string, operation: string, outcome: string | null, targetId: string | null = null) => ({
      ...{ occurredAt: at(hour), userName, operation, outcome, targetId, requestId: `r${hour}` },
      targetType: targetId === null ? null : "RecoveryPlan",
    });
    await db.database.prisma.auditRecord.createMany({
      data: [
        row(1, "Ada", "startRecovery", "SUCCEEDED", target),
        row(2, "bob", "startRecovery", "CONFLICT", target),
        row(3, "bob", "cleanupTest", null),
        row(4, "100%", "cleanupTest", "SUCCEEDED"),
      ],
    });
  });

  it.each([
    ["", ["r4", "r3", "r2", "r1"]],
    ["(last: 2)", ["r2", "r1"]],
    ["(orderBy: { field: USER_NAME, direction: ASC })", ["r4", "r1", "r2", "r3"]],
    ['(filter: { userName: "AD" })', ["r1"]],
    ['(filter: { userName: "%" })', ["r4"]],
    ['(filter: { operation: "startRecovery" })', ["r2", "r1"]],
    ['(filter: { operation: "start" })', []],
    ["(filter: { outcome: CONFLICT })", ["r2"]],
    ["(filter: { isCompleted: false })", ["r3"]],
    [`(filter: { targetId: "${target}", outcome: SUCCEEDED })`, ["r1"]],
    ['(filter: { occurredFrom: "2026-01-15T02:00:00Z", occurredBefore: "2026-01-15T04:00:00Z" })', ["r3", "r2"]],
  ])("lists %s", async (args, requests) => {
    expect((await records(args)).map(({ requestId }) => requestId)).toEqual(requests);
  });

  it("is read page by page, without a gap", async () => {
    const seen: unknown[] = [];
    let after = "null";
    for (let more = true; more; ) {
      const { data } = await gateway.ask(
        `{ auditLog(first: 3, after: ${after}) { totalCount pageInfo { hasNextPage endCursor } nodes { requestId } } }`,
        {},
        root.headers,
      );
      const page = JSON.parse(JSON.stringify(data)).auditLog;
      expect(page.totalCount).toBe(4);
      seen.push(...page.nodes.map(({ requestId }: { requestId: string }) => requestId));
      after = JSON.stringify(page.pageInfo.endCursor);
      more = page.pageInfo.hasNextPage;
    }
    expect(seen).toEqual(["r4", "r3", "r2", "r1"]);
  });

  it("refuses an id that is none", async () => {
    const { errors } = await gateway.ask('{ auditLog(filter: { targetId: "x" }) { totalCount } }', {}, root.headers);
    expect(errors?.[0]?.extensions).toMatchObject({ code: "INVALID_REQUEST", fieldErrors: [{ path: ["filter", "targetId"] }] });
  });

  it("and its records are an administrator's alone", async () => {
    const [record] = await records();
    const query = "query ($id: ID!) { node(id: $id) { ... on AuditRecord { requestId } } }";
    expect((await gateway.ask(query, { id: record?.id }, root.headers)).data).toEqual({ node: { requestId: "r4" } });
    expect((await gateway.ask(query, { id: record?.id }, ada.headers)).data).toEqual({ node: null });
    const { errors } = await gateway.ask("{ auditLog { totalCount } }", {}, ada.headers);
    expect(errors?.[0]?.extensions).toMatchObject({ code: "FORBIDDEN", requiredRole: "ADMIN" });
  });
});

describe("auditEvents", () => {
  const query =
    "subscription ($after: String) { auditEvents(after: $after) { cursor events { cursor record { userName outcome requestId } } } }";
  interface Delivery {
    readonly cursor: string;
    readonly events: readonly { readonly cursor: string; readonly record: { readonly requestId: string } }[];
  }
  const open = (headers: Headers, after?: string) => eventStream(gateway.url, query, headers, { after });
  /** The next delivery; an empty one is the first, or moves the cursor alone. */
  async function next(stream: Awaited<ReturnType<typeof open>>): Promise<Delivery> {
    const { data, errors } = JSON.parse((await stream.next())?.data ?? "null");
    expect(errors).toBeUndefined();
    return data.auditEvents;
  }
  async function take(stream: Awaited<ReturnType<typeof open>>, count: number) {
    const events: Delivery["events"][number][] = [];
    while (events.length < count) events.push(...(await next(stream)).events);
    return events;
  }
  const requestsOf = (events: Delivery["events"]) => events.map(({ record }) => record.requestId);

  it("come as the records are completed, and go on behind a cursor without a gap or a repetition", async () => {
    const first = await open(root.headers);
    const { cursor: begin } = await next(first);
    for (const id of ["a", "b", "c"]) await createUser({ ...ada.headers, "x-request-id": id });
    const events = await take(first, 3);
    expect(events).toMatchObject([{ record: { userName: "ada", outcome: "FORBIDDEN", requestId: "a" } }, {}, {}]);
    first.abort();
    await createUser({ ...ada.headers, "x-request-id": "d" }); // while nobody watches
    const resumed = await open(root.headers, events[0]?.cursor);
    expect(requestsOf(await take(resumed, 3))).toEqual(["b", "c", "d"]);
    resumed.abort();
    const whole = await open(root.headers, begin);
    expect(requestsOf(await take(whole, 4))).toEqual(["a", "b", "c", "d"]);
    whole.abort();
  });

  it("go on behind the cursor of a query too, which is never newer than the log beside it", async () => {
    await createUser({ ...ada.headers, "x-request-id": "before" });
    const { data } = await gateway.ask("{ eventCursor auditLog { nodes { requestId } } }", {}, root.headers);
    const { eventCursor, auditLog } = JSON.parse(JSON.stringify(data));
    expect(auditLog.nodes).toEqual([{ requestId: "before" }]);
    const stream = await open(root.headers, eventCursor);
    await createUser({ ...ada.headers, "x-request-id": "behind" });
    expect(requestsOf(await take(stream, 1))).toEqual(["behind"]);
    stream.abort();
  });

  it("refuse what is no cursor", async () => {
    const stream = await open(root.headers, "nonsense");
    expect(JSON.parse((await stream.next())?.data ?? "")).toMatchObject({ errors: [{ extensions: { code: "INVALID_REQUEST" } }] });
  });

  it("end with FORBIDDEN once the viewer has lost the role, over HTTP and WebSocket, and show nothing more", async () => {
    const socket = await rawSocket(gateway.url, { sessionToken: root.headers["session-token"] });
    await socket.next("connection_ack");
    socket.subscribe("1", query);
    await socket.next("next", "1");
    const stream = await open(root.headers);
    await next(stream);
    await aUser(db.database, "other", ["ADMIN"]);
    await gateway.services.users.setRoles({ userId: uuid(), name: "other" }, { userId: root.id, roles: ["VIEWER"] });
    await createUser(ada.headers);
    expect((await socket.next(["next", "error"], "1")).payload).toMatchObject([
      { extensions: { code: "FORBIDDEN", requiredRole: "ADMIN" } },
    ]);
    const last = JSON.parse((await stream.next())?.data ?? "null");
    expect(last.errors).toMatchObject([{ extensions: { code: "FORBIDDEN", requiredRole: "ADMIN" } }]);
    expect(last.data?.auditEvents ?? null).toBeNull();
    expect((await stream.next())?.event).toBe("complete");
    await expect.poll(() => gateway.feeds.counts().feeds).toBe(0);
    socket.subscribe("2", "{ viewer { roles } }"); // the session itself goes on
    expect((await socket.next("next", "2")).payload).toEqual({ data: { viewer: { roles: ["VIEWER"] } } });
    socket.socket.terminate();
  });
});
