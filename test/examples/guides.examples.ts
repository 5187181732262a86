import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { buildSchema } from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FollowError } from "../../client/follow.ts";
import { followSse } from "../../client/follow-sse.ts";
import { type GuideOperation, operationsOf, valueAt } from "../docs/operations.ts";
import { aReceiver, type Receiver } from "../domain/notifications/servers.ts";
import { type DemoGateway, demoGateway } from "../e2e/demo-gateway.ts";
import { type GraphqlAnswer, post } from "../gateway/support.ts";

const file = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");
const schema = buildSchema(file("schema.graphql"));

describe("the operations of the guides, one after the other, as they stand there", () => {
  let gateway: DemoGateway;
  let receiver: Receiver;
  beforeAll(async () => {
    receiver = await aReceiver();
    gateway = await demoGateway({ REQUESTS_PER_MINUTE: "10000", WEBHOOK_ALLOW_HTTP: "on", WEBHOOK_ALLOWED_NETWORKS: "127.0.0.1" });
  }, 60_000);
  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
    await receiver?.[Symbol.asyncDispose]();
  });

  it.each([
    "notifications.md",
    "drills.md",
    "clients.md",
    "errors.md",
    "coming-from-rest.md",
    "subscriptions.md",
    "recoveries.md",
    "rpo.md",
    "readiness.md",
    "reports.md",
    "evidence.md", // of a run that the guides above have left behind
  ])("docs/%s", { timeout: 120_000 }, async (name) => {
    const operations = operationsOf(name, file(`docs/${name}`), schema);
    expect(operations.length).toBeGreaterThan(0);
    const reader = readerOf(gateway, new Map([["webhookUrl", receiver.url]]));
    for (const operation of operations) await reader.follow(operation);
  });
});

/** Somebody who goes through a guide from top to bottom: keeps what it says to keep, and waits where it says so. */
function readerOf({ url, user, password }: DemoGateway, given: ReadonlyMap<string, string>) {
  const kept = new Map<string, unknown>([...given, ["user", user], ["password", password]]);
  const token = async (): Promise<string> => {
    if (!kept.has("token")) {
      const query = "mutation ($input: CreateSessionInput!) { createSession(input: $input) { ... on CreateSessionPayload { token } } }";
      kept.set(
        "token",
        valueAt((await post(`${url}/graphql`, { query, variables: { input: { user, password } } })).data, "createSession.token"),
      );
    }
    return String(kept.get("token"));
  };

  /** What the operation's variables are called is what was kept; those with a question mark in their type may be left out. */
  const variablesOf = ({ place, definition }: GuideOperation): Record<string, unknown> => {
    const names =
      definition.variableDefinitions?.map(({ variable, type }) => ({ name: variable.name.value, needed: type.kind === "NonNullType" })) ??
      [];
    for (const { name, needed } of names) if (needed && !kept.has(name)) throw new Error(`${place}: nothing above has given $${name}`);
    return Object.fromEntries(names.flatMap(({ name }) => (kept.has(name) ? [[name, kept.get(name)]] : [])));
  };

  async function ask(operation: GuideOperation): Promise<unknown> {
    const signsIn = operation.text.includes("createSession");
    const headers: Record<string, string> = signsIn ? {} : { "session-token": await token() };
    const answer = await post(`${url}/graphql`, { query: operation.text, variables: variablesOf(operation) }, headers);
    expect(refusalIn(answer), `${operation.place}: ${JSON.stringify(answer.errors ?? answer.data)}`).toBe(operation.refusal);
    return answer.data;
  }

  /** To the stream's end, or to the first delivery that holds what the guide waits for. */
  async function watch(operation: GuideOperation): Promise<unknown> {
    const end = new AbortController();
    let last: unknown;
    const [field] = operation.definition.selectionSet.selections.flatMap((one) => (one.kind === "Field" ? [one.name.value] : []));
    const refusal = await followSse({
      url: `${url}/graphql`,
      query: operation.text,
      variables: variablesOf(operation),
      token,
      signal: end.signal,
      onBatch: (batch) => {
        last = { [field ?? ""]: batch };
        if (field !== "recoveryEvents" && isEnough(operation, last)) end.abort();
      },
    }).then(
      () => null,
      (error: unknown) => (error instanceof FollowError ? error.code : String(error)),
    );
    expect(refusal, operation.place).toBe(operation.refusal);
    return last;
  }

  return {
    async follow(operation: GuideOperation): Promise<void> {
      const until = Date.now() + 60_000;
      const once = () => (operation.definition.operation === "subscription" ? watch(operation) : ask(operation));
      let data = await once();
      while (!isEnough(operation, data)) {
        expect(Date.now(), `${operation.place}: in vain, ${JSON.stringify(data)}`).toBeLessThan(until);
        await setTimeout(50); // between two questions, as a reader presses play again
        data = await once();
      }
      for (const { path, name } of operation.keeps) kept.set(name, valueAt(data, path));
    },
  };
}

const isEnough = ({ keeps, until }: GuideOperation, data: unknown): boolean =>
  keeps.every(({ path }) => (valueAt(data, path) ?? null) !== null) &&
  until.every(({ path, value }) => String(valueAt(data, path)) === value);

/** The code of what the answer refuses, at the top or as a mutation's answer; null: nothing is refused. */
function refusalIn({ data, errors }: GraphqlAnswer): string | null {
  if (errors !== undefined) return String(errors[0]?.extensions.code ?? errors[0]?.message);
  const refused = Object.values(data ?? {}).find(
    (answer) => valueAt(answer, "remedy") !== undefined && valueAt(answer, "code") !== undefined,
  );
  return refused === undefined ? null : String(valueAt(refused, "code"));
}
