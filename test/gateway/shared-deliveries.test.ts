/** Many subscribers of one run: who gets the same is executed for once, and nobody gets what is somebody else's. */
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { encodeId } from "../../src/domain/ids.ts";
import type { Role } from "../../src/domain/viewer.ts";
import { announce, appendEvents } from "../../src/events/append.ts";
import type { RecoveryEvent, RunStateChanged } from "../../src/events/types.ts";
import { startWakeUps, type WakeUps } from "../../src/events/wake-ups.ts";
import { aRecovery, ended, output, prompt } from "../events/support.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { aUser, type RealGateway, realGateway } from "../support/real-gateway.ts";
import { eventStream, rawSocket } from "./support.ts";

let db: TestDatabase;
let server: RealGateway;
/** Of a node that writes. */
let writer: WakeUps;
let recoveryId: string;
const users = new Map<string, string>();
const tokens = new Map<string, string>();
beforeAll(async () => {
  db = await freshDatabase();
  server = await realGateway(db.database, { feeds: { limits: { batchMs: 0, readMs: 0 } } });
  const { pool, connectDirect } = db.database;
  writer = await startWakeUps({ pool, connectDirect, log: pino({ level: "silent" }) });
  const roleOf = { olga: "OPERATOR", otto: "OPERATOR", vera: "VIEWER" } as const;
  for (const [name, role] of Object.entries(roleOf)) {
    users.set(name, await aUser(db.database, name, [role]));
    tokens.set(name, await server.signIn(name));
  }
});
afterAll(async () => {
  await writer.close();
  await server[Symbol.asyncDispose]();
  await db.drop();
});
beforeEach(async () => {
  recoveryId = await aRecovery(db.database.pool);
});

const open: (() => void)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) close();
  await expect.poll(() => server.gateway.counts().sources).toBe(0);
});

const write = async (...events: readonly RecoveryEvent[]) => {
  await appendEvents(db.database.pool, recoveryId, events);
  announce(writer, recoveryId, events);
};
const setRoles = (name: string, roles: readonly Role[]) =>
  db.database.prisma.user.update({ where: { id: users.get(name) ?? "" }, data: { roles: [...roles] } });

const outputs = `subscription ($id: ID!, $after: String) {
  recoveryEvents(recoveryId: $id, after: $after) { cursor events { sequence ... on CommandOutputEvent { text } } } }`;

interface Answer {
  readonly data: { readonly recoveryEvents: { readonly cursor: string; readonly events: readonly Record<string, unknown>[] } };
  readonly errors?: readonly { readonly extensions: Record<string, unknown> }[];
}
/** A subscriber that has had its first delivery. */
interface Subscriber {
  readonly first: Answer;
  next(): Promise<Answer>;
}

async function subscriber(name: string, query = outputs, more: object = {}, over: "socket" | "stream" = "socket"): Promise<Subscriber> {
  const token = tokens.get(name) ?? "";
  const variables = { id: encodeId("Recovery", recoveryId), ...more };
  const next = over === "socket" ? await bySocket(token, query, variables) : await byStream(token, query, variables);
  return { first: await next(), next };
}

async function bySocket(token: string, query: string, variables: object) {
  const { socket, next, subscribe } = await rawSocket(server.url, { sessionToken: token });
  open.push(() => socket.close());
  await next("connection_ack");
  subscribe("première", query, variables);
  return async (): Promise<Answer> => JSON.parse(JSON.stringify((await next(["next", "error"], "première")).payload));
}

async function byStream(token: string, query: string, variables: object) {
  const stream = await eventStream(server.url, query, { "session-token": token }, variables);
  open.push(stream.abort);
  return async (): Promise<Answer> => JSON.parse((await stream.next())?.data ?? "null");
}

const nextOf = (subscribers: readonly Subscriber[]) => Promise.all(subscribers.map(({ next }) => next()));
const textsIn = ({ data }: Answer) => data.recoveryEvents.events.map(({ text }) => text);
/** How often an event is executed while this happens. */
async function executions(happens: () => Promise<unknown>): Promise<number> {
  const before = server.contexts();
  await happens();
  return server.contexts() - before;
}

describe("an event for subscribers of the same document, variables and rights", () => {
  it("is executed once, for different users, over WebSocket and event streams, wherever they began", async () => {
    await write(output("early"));
    const early = await subscriber("olga");
    const { cursor } = early.first.data.recoveryEvents;
    const others = await Promise.all([
      subscriber("olga", outputs, {}, "stream"),
      subscriber("otto"),
      subscriber("otto", outputs, { after: cursor }, "stream"),
      subscriber("otto", outputs, { after: cursor }),
    ]);
    expect(others.map(({ first }) => textsIn(first))).toEqual([["early"], ["early"], [], []]);
    for (const text of ["a", "è".repeat(200), "è".repeat(6_000), "è".repeat(40_000)]) {
      let answers: readonly Answer[] = [];
      const count = await executions(async () => {
        const coming = nextOf([early, ...others]);
        await write(output(text));
        answers = await coming;
      });
      expect(count).toBe(1);
      expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
      expect(answers.map(textsIn)[0]).toEqual([text]);
    }
  });

  it("is executed for each of the others by itself: another role, document, or variable", async () => {
    const some = `subscription ($id: ID!, $text: Boolean!) { recoveryEvents(recoveryId: $id) {
      cursor events { sequence ... on CommandOutputEvent { text @include(if: $text) } } } }`;
    const all = await Promise.all([
      subscriber("olga"),
      subscriber("vera"),
      subscriber("olga", `${outputs} `),
      subscriber("olga", some, { text: true }),
      subscriber("olga", some, { text: false }),
    ]);
    let answers: readonly Answer[] = [];
    const count = await executions(async () => {
      const coming = nextOf(all);
      await write(output("secret"));
      answers = await coming;
    });
    expect(count).toBe(5);
    expect(answers.map(textsIn)).toEqual([["secret"], [null], ["secret"], ["secret"], [undefined]]);
  });

  it("is not shared by those whose roles were changed in between, and their stream ends when none is left", async () => {
    const [olga, otto] = [await subscriber("olga"), await subscriber("otto")];
    const both = async (text: string) => {
      const coming = nextOf([olga, otto]);
      await write(output(text));
      return coming;
    };
    try {
      await setRoles("olga", ["VIEWER"]);
      expect((await both("a")).map(textsIn)).toEqual([[null], ["a"]]);
      await setRoles("olga", []);
      const [refused, answered] = await both("b");
      expect(refused).toMatchObject([{ extensions: { code: "FORBIDDEN" } }]);
      expect(answered && textsIn(answered)).toEqual(["b"]);
    } finally {
      await setRoles("olga", ["OPERATOR"]);
    }
  });

  it("is not shared where an answer depends on the user, be it deep inside and for this event alone", async () => {
    const operations = `subscription ($id: ID!) { recoveryEvents(recoveryId: $id) {
      cursor events { sequence ... on PromptOpenedEvent { prompt { step { allowedOperations { operation allowed } } } } } } }`;
    const [olga, otto] = [await subscriber("olga", operations), await subscriber("otto", operations)];
    const opened = prompt("Go on?");
    const { pool } = db.database;
    await pool.query(
      `INSERT INTO recovery_step (run_id, ordinal, path, key, kind, name, spec, after, needs, after_gates, expected_seconds, status, errors, warnings)
       VALUES ($1, 1, '1', 'prompt', 'PROMPT', 'Go on?', '{}', '{}', '{}', '{}', 0, 'RUNNING', '{}', '{}')`,
      [recoveryId],
    );
    await pool.query(
      `INSERT INTO recovery_prompt (id, run_id, ordinal, attempt, name, message, opened_at, needs_two_people, first_answer, first_answered_at, first_answered_by_id, first_answered_by)
       VALUES ($1, $2, 1, 1, 'Go on?', 'Go on?', dr_now(), true, 'CONTINUE', dr_now(), $3, 'olga')`,
      [opened.promptId, recoveryId, users.get("olga")],
    );
    const coming = nextOf([olga, otto]);
    await write(opened);
    const mayWithdraw = (await coming).map((answer) =>
      JSON.stringify(answer).includes('{"operation":"WITHDRAW_PROMPT_ANSWER","allowed":true}'),
    );
    expect(mayWithdraw).toEqual([true, false]);
  });

  it("with errors is each one's own, with the id of its request", async () => {
    const states = `subscription ($id: ID!) { recoveryEvents(recoveryId: $id) {
      cursor events { sequence ... on RecoveryStateChangedEvent { by pausedReason } } } }`;
    const all = [await subscriber("olga", states), await subscriber("otto", states), await subscriber("otto", states)];
    const unknown: RunStateChanged = {
      kind: "RECOVERY_STATE_CHANGED",
      state: "PAUSED",
      pausedReason: "A_LATER_ONE",
      by: "x",
      reason: null,
    };
    const coming = nextOf(all);
    await write(unknown);
    const answers = await coming;
    for (const { data } of answers) expect(data.recoveryEvents.events).toEqual([{ sequence: 1, by: "x", pausedReason: null }]);
    expect(new Set(answers.map(({ errors }) => errors?.[0]?.extensions.requestId)).size).toBe(3);
  });
});

it("who was cut off reads what it missed by itself, goes on with the others, and all see every event once", async () => {
  const kept = [await subscriber("olga"), await subscriber("otto", outputs, {}, "stream")];
  const seen = new Map<Subscriber, unknown[]>(kept.map((one) => [one, []]));
  const readUpTo = async (one: Subscriber, text: string) => {
    const texts = seen.get(one) ?? [];
    while (texts.at(-1) !== text) texts.push(...textsIn(await one.next()));
  };
  await write(output("1"), output("2"));
  await Promise.all(kept.map((one) => readUpTo(one, "2")));
  const late = await subscriber("otto", outputs, { after: null });
  seen.set(late, textsIn(late.first));
  expect(textsIn(late.first)).toEqual(["1", "2"]);
  for (const text of ["3", "4", "5"]) {
    await write(output(text));
    await Promise.all([...seen.keys()].map((one) => readUpTo(one, text)));
  }
  await write(ended);
  for (const [one, texts] of seen) {
    const { data } = await one.next();
    expect(data.recoveryEvents.events.map(({ sequence }) => sequence)).toEqual([6]);
    expect(texts).toEqual(["1", "2", "3", "4", "5"]);
  }
});

describe("nothing that is written later is delivered, while others get it,", () => {
  const whose = "token_hash = sha256(convert_to($1, 'UTF8'))";
  it.each([
    ["to who was signed out on another node", `UPDATE session SET deleted_at = dr_now() WHERE ${whose}`, 4401],
    ["to whose session was removed", `DELETE FROM session WHERE ${whose}`, 4401],
    [
      "to whose user was disabled",
      `UPDATE user_account SET disabled_at = dr_now() WHERE id = (SELECT user_id FROM session WHERE ${whose})`,
      4401,
    ],
    ["to whose session has expired", null, 4403],
  ])("%s", async (_who, change, code) => {
    const name = "nora";
    await db.database.prisma.user.deleteMany({ where: { name } });
    await aUser(db.database, name, ["OPERATOR"]);
    await db.database.pool.query("UPDATE session SET expires_at = expires_at + interval '1 day'"); // the others' go on
    const token = await server.signIn(name);
    const otto = await subscriber("otto");
    const { socket, next, messages, closed, subscribe } = await rawSocket(server.url, { sessionToken: token });
    open.push(() => socket.close());
    await next("connection_ack");
    subscribe("1", outputs, { id: encodeId("Recovery", recoveryId) });
    await next("next");
    const coming = nextOf([otto]);
    await write(output("before"));
    await Promise.all([coming, next("next")]);
    if (change === null) await db.shiftClock(8 * 3600 + 1);
    else await db.database.pool.query(change, [token]);
    const later = nextOf([otto]);
    await write(output("after"));
    expect((await later).map(textsIn)).toEqual([["after"]]);
    expect((await closed).code).toBe(code);
    expect(messages).toEqual([]);
    await db.shiftClock(0);
  });
});
