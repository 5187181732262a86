import { v7 as uuid } from "uuid";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeId } from "../../../src/domain/ids.ts";
import { appendEvents } from "../../../src/events/append.ts";
import { encodeLogCursor, encodeRecoveryCursor } from "../../../src/events/cursor.ts";
import type { RecoveryEvent } from "../../../src/events/types.ts";
import { aGroup, aPair, aPlan, aRun, type PairRows } from "../../support/rows.ts";
import { type Asker, anAsker, at, generation, list, text } from "./support.ts";

let asker: Asker;
let pair: PairRows;
let planId: string;

beforeAll(async () => {
  asker = await anAsker();
  pair = await aPair(asker.database);
  planId = await aPlan(asker.database, pair, "Plan", [{ groupIds: [(await aGroup(asker.database, pair, "g", 1)).groupId] }]);
});
afterAll(() => asker.drop());

async function aNewRun(): Promise<string> {
  // A plan has one open run.
  const over = { state: "COMPLETED", resultState: "SUCCESS", endedAt: new Date() } as const;
  await asker.database.prisma.recovery.updateMany({ where: { endedAt: null }, data: over });
  return (await aRun(asker.database, pair, planId, [{ kind: "COMMAND", name: "c", status: "RUNNING" }])).runId;
}

async function append(runId: string, events: readonly RecoveryEvent[]): Promise<void> {
  await appendEvents(asker.database.pool, runId, events);
  asker.wake();
}

const common = { ordinal: 1, path: "1" };
const promptId = uuid();
const all: readonly RecoveryEvent[] = [
  { kind: "RECOVERY_STATE_CHANGED", state: "RUNNING", pausedReason: null, by: "admin", reason: null },
  {
    kind: "STEP_CHANGED",
    ...common,
    stepKind: "COMMAND",
    name: "c",
    status: "RUNNING",
    attempt: 1,
    progressPercent: 0,
    message: null,
    errors: [],
    warnings: ["w"],
    vmId: null,
    groupId: null,
    siteId: null,
  },
  { kind: "COMMAND_OUTPUT", ...common, text: "hello", totalBytes: 5 },
  {
    kind: "PROGRESS",
    progressPercent: 50,
    currentStep: "c",
    estimatedCompletionTime: "2026-01-15T14:50:00.000Z",
    steps: [{ ...common, progressPercent: 5 }],
  },
  { kind: "PROMPT_OPENED", promptId, ...common, name: "c", message: "Go on?", dueAt: null, defaultAnswer: "SKIP" },
  { kind: "PROMPT_ANSWERED", promptId, ...common, answer: "CONTINUE", by: "admin", automatic: false },
  {
    kind: "RECOVERY_ENDED",
    state: "COMPLETED",
    resultState: "SUCCESS",
    rtoAchievedSeconds: 9,
    rpoAchievedSeconds: null,
    vmsSucceeded: 1,
    vmsFailed: 0,
  },
];

const watchRun = `subscription ($id: ID!, $after: String) { recoveryEvents(recoveryId: $id, after: $after) { cursor serverTime events {
  __typename kind cursor occurredAt recovery { state }
  ... on StepChangedEvent { number stepKind status warnings step { name status } }
  ... on RecoveryStateChangedEvent { state by } ... on ProgressEvent { progressPercent estimatedCompletionTime steps { number progressPercent } }
  ... on PromptOpenedEvent { message defaultAnswer } ... on PromptAnsweredEvent { answer by automatic }
  ... on CommandOutputEvent { text totalBytes step { status } } ... on RecoveryEndedEvent { resultState rtoAchievedSeconds vmsSucceeded } } } }`;

/** Deliveries until there is one with so many events in all. */
async function take(stream: Awaited<ReturnType<Asker["watch"]>>, path: string, count: number): Promise<unknown[]> {
  if (!("next" in stream)) throw stream.errors?.[0] ?? new Error("no stream");
  const events: unknown[] = [];
  while (events.length < count) {
    const { done, value } = await stream.next();
    if (done) break;
    if (value.errors?.[0]) throw value.errors[0];
    events.push(...list(value.data, `${path}.events`));
  }
  return events;
}

describe("recoveryEvents", () => {
  it("delivers each kind with its own fields, and completes behind the last one", async () => {
    const runId = await aNewRun();
    await append(runId, all);
    const stream = await asker.watch(watchRun, { id: encodeId("Recovery", runId) });
    const events = await take(stream, "recoveryEvents", all.length + 1);
    expect(events).toMatchObject([
      { __typename: "RecoveryStateChangedEvent", state: "RUNNING", by: "admin", recovery: { state: "RUNNING" } },
      { __typename: "StepChangedEvent", number: "1", stepKind: "COMMAND", status: "RUNNING", warnings: ["w"], step: { name: "c" } },
      { __typename: "CommandOutputEvent", text: "hello", totalBytes: 5 },
      { __typename: "ProgressEvent", progressPercent: 50, steps: [{ number: "1", progressPercent: 5 }] },
      { __typename: "PromptOpenedEvent", message: "Go on?", defaultAnswer: "SKIP" },
      { __typename: "PromptAnsweredEvent", answer: "CONTINUE", automatic: false },
      { __typename: "RecoveryEndedEvent", resultState: "SUCCESS", rtoAchievedSeconds: 9 },
    ]);
    expect(events.map((event) => at(event, "cursor"))).toEqual(
      all.map((_, index) => encodeRecoveryCursor({ generation, recoveryId: runId, sequence: index + 1 })),
    );
    expect(asker.feeds.counts()).toEqual({ feeds: 0, tails: 0 });
  });

  it("goes on behind the cursor of a query, with what comes later", async () => {
    const runId = await aNewRun();
    await append(runId, all.slice(0, 2));
    const id = encodeId("Recovery", runId);
    const after = text(await asker.ask("query ($id: ID!) { recovery(id: $id) { eventCursor } }", { id }), "recovery.eventCursor");
    const stream = await asker.watch(watchRun, { id, after });
    const coming = take(stream, "recoveryEvents", 2);
    await append(runId, all.slice(2, 4));
    expect((await coming).map((event) => at(event, "kind"))).toEqual(["COMMAND_OUTPUT", "PROGRESS"]);
    if ("return" in stream) await stream.return?.();
    expect(asker.feeds.counts().feeds).toBe(0);
  });

  it("is closed while it waits, and leaves no source open", async () => {
    const stream = await asker.watch(watchRun, { id: encodeId("Recovery", await aNewRun()) });
    if (!("next" in stream)) throw new Error("no stream");
    await stream.next();
    const pending = stream.next();
    await stream.return?.();
    expect(await pending).toMatchObject({ done: true });
    expect(asker.feeds.counts()).toEqual({ feeds: 0, tails: 0 });
  });

  it.each([
    ["an unknown run", { id: encodeId("Recovery", uuid()) }, "NOT_FOUND"],
    ["an id of another type", { id: encodeId("Site", uuid()) }, "INVALID_REQUEST"],
    ["no cursor at all", { after: "nonsense" }, "INVALID_REQUEST"],
    ["a cursor of the log", { after: encodeLogCursor({ generation, position: 1n }) }, "INVALID_REQUEST"],
    ["a cursor of another run", { after: encodeRecoveryCursor({ generation, recoveryId: uuid(), sequence: 1 }) }, "INVALID_REQUEST"],
    ["a cursor beyond the end", { beyond: generation }, "PRECONDITION_FAILED"],
    ["a cursor of an older database", { beyond: generation - 1 }, "PRECONDITION_FAILED"],
  ])(
    "with %s answers with an error at once",
    async (_what, { beyond, ...given }: { id?: string; after?: string; beyond?: number }, code) => {
      const runId = await aNewRun();
      const after = beyond === undefined ? given.after : encodeRecoveryCursor({ generation: beyond, recoveryId: runId, sequence: 99 });
      const answer = await asker.watch(watchRun, { id: encodeId("Recovery", runId), after, ...("id" in given ? given : {}) });
      expect("errors" in answer && answer.errors?.[0]?.originalError).toMatchObject({ code });
      expect(asker.feeds.counts().feeds).toBe(0);
    },
  );

  it("without a session opens nothing", async () => {
    const answer = await asker.watch(watchRun, { id: encodeId("Recovery", await aNewRun()) }, asker.context({ signedIn: false }));
    expect("errors" in answer && answer.errors?.[0]?.originalError).toMatchObject({ code: "UNAUTHORIZED" });
  });
});

describe("promptEvents", () => {
  const watchPrompts = `subscription ($after: String) { promptEvents(after: $after) { cursor events { kind cursor recovery { id } ... on PromptOpenedEvent { message } } } }`;

  it("delivers prompts of all runs behind the cursor of a query, and resumes at an event's own cursor", async () => {
    const after = text(await asker.ask("{ eventCursor }"), "eventCursor");
    const first = await aNewRun();
    await append(first, all);
    const second = await aNewRun();
    await append(second, all.slice(0, 5));
    const stream = await asker.watch(watchPrompts, { after });
    const events = await take(stream, "promptEvents", 3);
    expect(events.map((event) => [at(event, "kind"), at(event, "recovery.id")])).toEqual([
      ["PROMPT_OPENED", encodeId("Recovery", first)],
      ["PROMPT_ANSWERED", encodeId("Recovery", first)],
      ["PROMPT_OPENED", encodeId("Recovery", second)],
    ]);
    if ("return" in stream) await stream.return?.();
    const again = await asker.watch(watchPrompts, { after: text(events[1], "cursor") });
    expect((await take(again, "promptEvents", 1)).map((event) => at(event, "recovery.id"))).toEqual([encodeId("Recovery", second)]);
    if ("return" in again) await again.return?.();
  });

  it("refuses a cursor of one run", async () => {
    const after = encodeRecoveryCursor({ generation, recoveryId: uuid(), sequence: 1 });
    const answer = await asker.watch(watchPrompts, { after });
    expect("errors" in answer && answer.errors?.[0]?.originalError).toMatchObject({ code: "INVALID_REQUEST" });
  });
});

/** The statements of a query: when each was sent and answered. `cursor` names the one whose answer the cursor is. */
async function orderOf(cursor: string, query: string, variables: Record<string, unknown>): Promise<string[]> {
  const order: string[] = [];
  const { pool } = asker.database;
  const send = pool.query.bind(pool);
  Reflect.set(pool, "query", async (...args: Parameters<typeof send>) => {
    const isCursor = JSON.stringify(args[0]).includes(cursor);
    order.push(isCursor ? "cursor sent" : "read sent");
    const answer = await send(...args);
    if (isCursor) order.push("cursor read");
    return answer;
  });
  try {
    await asker.ask(query, variables);
    return order;
  } finally {
    Reflect.deleteProperty(pool, "query");
  }
}

describe("an eventCursor is read before anything that it stands beside is asked for:", () => {
  it("of a query", async () => {
    const query = `query ($id: ID!) { sites { nodes { name } } recovery(id: $id) { state steps { status } } eventCursor }`;
    const order = await orderOf("events_last", query, { id: encodeId("Recovery", await aNewRun()) });
    expect(order.slice(0, 3)).toEqual(["cursor sent", "cursor read", "read sent"]);
  });

  it("of a run, whichever way leads to its steps", async () => {
    const runId = await aNewRun();
    const query = `query ($id: ID!) { node(id: $id) { ... on RecoveryStep { status children { nodes { status } } recovery { eventCursor } } } }`;
    const order = await orderOf("recovery-by-id", query, { id: encodeId("RecoveryStep", `${runId}/1`) });
    expect(order.slice(0, 3)).toEqual(["cursor sent", "cursor read", "read sent"]);
  });
});
