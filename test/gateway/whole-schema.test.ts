import { parse, validate } from "graphql";
import { auditServer } from "graphql-http";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Database, openDatabase } from "../../src/database/database.ts";
import { hashPassword } from "../../src/domain/access/password.ts";
import { openSessions, type Sessions } from "../../src/domain/access/sessions.ts";
import { createContext } from "../../src/domain/context.ts";
import { openLoaders } from "../../src/domain/loaders.ts";
import { ganttPicture } from "../../src/domain/recoveries/gantt/service-picture.ts";
import { schema } from "../../src/domain/schema.ts";
import { createFeeds, type Feeds } from "../../src/events/feed.ts";
import { startWakeUps, type WakeUps } from "../../src/events/wake-ups.ts";
import { isDatabaseAway } from "../../src/gateway/database-away.ts";
import { examples } from "../../src/gateway/examples.ts";
import { type Gateway, startGateway } from "../../src/gateway/server.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { type Outage, outageBefore } from "../support/outage.ts";
import { servicesOf } from "../support/services.ts";
import { eventStream, post, rawSocket } from "./support.ts";

let db: TestDatabase;
let outage: Outage;
let database: Database;
let wakeUps: WakeUps;
let feeds: Feeds;
let sessions: Sessions;
let gateway: Gateway;
let url: string;
beforeAll(async () => {
  db = await freshDatabase();
  outage = await outageBefore(db.url);
  database = await openDatabase({ url: outage.url });
  const log = pino({ level: "silent" });
  const { pool, connectDirect } = database;
  wakeUps = await startWakeUps({ connectDirect, pool, log });
  feeds = createFeeds({ pool, wakeUps, generation: () => 1, log });
  sessions = openSessions(pool, { sessionHours: 8 });
  const services = { ...servicesOf(database), sessions };
  const dependencies = { loaders: openLoaders(database, { slotsPerSite: 20 }), services, feeds, generation: 1 };
  gateway = await startGateway({
    host: "127.0.0.1",
    port: 0,
    allowedOrigins: [],
    pingMs: 12_000,
    requestsPerMinute: 10_000,
    maxQueryCost: 250_000,
    streamsPerSession: 100,
    schema,
    contextFactory: (caller, signal) => createContext(dependencies, caller, signal),
    report: () => Promise.reject(new Error("nobody asks for a report here")),
    evidencePack: () => Promise.reject(new Error("nobody asks for evidence here")),
    gantt: (caller, id, signal) => ganttPicture(createContext(dependencies, caller, signal), id),
    sessions,
    unready: () => pool.query("SELECT 1").then(() => null),
    log,
  });
  url = `${gateway.url}/graphql`;
  await db.database.prisma.user.create({ data: { name: "Ada", passwordHash: await hashPassword("right"), roles: ["ADMIN"] } });
});
afterAll(async () => {
  await gateway.close({ spreadMs: 0 });
  feeds.close();
  await wakeUps.close();
  await database.close();
  await outage.close();
  await db.drop();
});

const token = async () => (await sessions.create({ user: "ada", password: "right" }, "test")).token;
const run = (query: string, headers: Record<string, string> = {}, variables = {}) => post(url, { query, variables }, headers);
const basic = (user: string, password: string) => ({ authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` });
const createSession = `mutation ($input: CreateSessionInput) { createSession(input: $input) {
  __typename ... on CreateSessionPayload { token viewer { name roles } } ... on InvalidRequestError { message } } }`;

describe("signing in and out", () => {
  it("works with the input and with a Basic header", async () => {
    const payload = {
      createSession: { __typename: "CreateSessionPayload", token: expect.any(String), viewer: { name: "Ada", roles: ["ADMIN"] } },
    };
    expect((await run(createSession, {}, { input: { user: "ada", password: "right" } })).data).toEqual(payload);
    expect((await run(createSession, basic("ada", "right"))).data).toEqual(payload);
  });

  it("says what is missing", async () => {
    expect((await run(createSession)).data).toMatchObject({ createSession: { __typename: "InvalidRequestError" } });
  });

  it("refuses at the top level, then for a minute with 429 and when to come again", async () => {
    const wrong = await run(createSession, basic("ada", "wrong"));
    expect(wrong.status).toBe(401);
    expect(wrong.errors?.[0]?.extensions).toMatchObject({ code: "UNAUTHORIZED", expiredAt: null });
    const more = await Promise.all(Array.from({ length: 5 }, () => run(createSession, basic("ada", "wrong"))));
    const refused = more.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(1);
    const { code, limit, retryAfterSeconds } = refused[0]?.errors?.[0]?.extensions ?? {};
    expect([code, limit]).toEqual(["SERVICE_UNAVAILABLE", 5]);
    expect(refused[0]?.headers.get("retry-after")).toBe(String(retryAfterSeconds));
  });

  it("ends a session, and again is a success", async () => {
    const header = { "session-token": await token() };
    expect((await run("{ viewer { name } }", header)).data).toEqual({ viewer: { name: "Ada" } });
    const end = () => run("mutation { deleteSession { ... on DeleteSessionPayload { deleted } } }", header);
    expect([(await end()).data, (await end()).data]).toEqual([{ deleteSession: { deleted: true } }, { deleteSession: { deleted: false } }]);
    expect((await run("{ viewer { name } }", header)).errors?.[0]?.extensions.code).toBe("UNAUTHORIZED");
  });
});

it("passes every audit of graphql-http, also those that are only recommended", async () => {
  const results = await auditServer({ url });
  expect(results.filter(({ status }) => status !== "ok")).toEqual([]);
  expect(Object.groupBy(results, ({ name }) => name.split(" ")[0] ?? "")).toMatchObject({
    MUST: expect.any(Array),
    SHOULD: expect.any(Array),
  });
  expect(results).toHaveLength(61);
});

it("the schema can be read without a session", async () => {
  expect((await run("{ __schema { types { name } } }")).errors).toBeUndefined();
});

it("who asks for too deep a tree of steps is told of the list that has all of them", async () => {
  const deep = '{ recovery(id: "x") { steps { children { nodes { below: children { nodes { children { nodes { name } } } } } } } } }';
  const [error] = (await run(deep, { "session-token": await token() })).errors ?? [];
  expect(error?.extensions).toMatchObject({ code: "INVALID_REQUEST", limit: 250_000, dearest: [{ size: 25 }, {}, {}] });
  expect(error?.extensions.remedy).toMatch(/Recovery\.allSteps.*depth.*Take at most 16 by `first`/);
});

describe("a feed of the log", () => {
  const prompts = "subscription { promptEvents { cursor events { kind } } }";
  const opened = (count: number) => expect.poll(() => feeds.counts().feeds).toBe(count);

  it("is closed when its WebSocket client completes, is killed, or its session is deleted", async () => {
    for (const end of ["complete", "kill", "delete"]) {
      const session = await token();
      const socket = await rawSocket(url, { sessionToken: session });
      await socket.next("connection_ack");
      socket.subscribe("1", prompts);
      expect((await socket.next("next", "1")).payload).toMatchObject({
        data: { promptEvents: { cursor: expect.any(String), events: [] } },
      });
      await opened(1);
      if (end === "complete") socket.send({ type: "complete", id: "1" });
      if (end === "kill") socket.socket.terminate();
      if (end === "delete") await run("mutation { deleteSession { __typename } }", { "session-token": session });
      await opened(0);
      if (end === "delete") expect((await socket.closed).code).toBe(4401);
      socket.socket.terminate();
    }
  });

  it("is closed when its event stream's client goes, or its session is deleted", async () => {
    for (const end of ["go", "delete"]) {
      const session = await token();
      const stream = await eventStream(url, prompts, { "session-token": session });
      expect((await stream.next())?.event).toBe("next");
      await opened(1);
      if (end === "go") stream.abort();
      if (end === "delete") await run("mutation { deleteSession { __typename } }", { "session-token": session });
      await opened(0);
    }
  });
});

describe("the playground's examples", () => {
  it.each(examples())("$name is valid, with variables that are JSON", ({ query, variables }) => {
    expect(validate(schema, parse(query))).toEqual([]);
    expect(typeof JSON.parse(variables)).toBe("object");
  });

  it("of reading runs", async () => {
    const plans = examples().find(({ name }) => name.includes("plan-graph"));
    const answer = await run(plans?.query ?? "", { "session-token": await token() }, JSON.parse(plans?.variables ?? ""));
    expect(answer.errors).toBeUndefined();
  });
});

describe("while the database is away", () => {
  it("requests get 503, sockets 1013, the health check its reason; then all goes on", async () => {
    const session = await token();
    await outage.begin();
    const answer = await run("{ viewer { name } }", { "session-token": session });
    expect([answer.status, answer.headers.get("retry-after"), answer.errors?.[0]?.extensions.code]).toEqual([
      503,
      "5",
      "SERVICE_UNAVAILABLE",
    ]);
    expect((await (await rawSocket(url, { sessionToken: session })).closed).code).toBe(1013);
    const ready = await fetch(`${gateway.url}/health/ready`);
    expect([ready.status, await ready.json()]).toEqual([503, { status: "unavailable", reason: "the database can't be reached" }]);
    const fault = await database.prisma.user.count().catch((error: unknown) => error);
    expect(isDatabaseAway(fault)).toBe(true);
    await outage.end();
    expect((await run("{ viewer { name } }", { "session-token": session })).data).toEqual({ viewer: { name: "Ada" } });
    expect((await fetch(`${gateway.url}/health/ready`)).status).toBe(200);
  });
});
