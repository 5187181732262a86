/** What goes by the door is answered as yoga answers it over its own HTTP: a query that has the word "subscription" in it goes there. */
import { type IncomingHttpHeaders, request } from "node:http";
import { text } from "node:stream/consumers";
import { auditServer } from "graphql-http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestGateway, testGateway } from "./support.ts";

let server: TestGateway;
let narrow: TestGateway;
let token: string;
beforeAll(async () => {
  server = await testGateway();
  narrow = await testGateway({ allowedOrigins: ["https://a.example", "https://b.example"], maxQueryCost: 20, requestsPerMinute: 20 });
  token = server.sessions.open();
});
afterAll(async () => {
  await server.close();
  await narrow.close();
});

interface Sent {
  readonly query?: unknown;
  readonly [parameter: string]: unknown;
}

/** Of one kind of client, so that nothing is added on the way. Without what no two answers have the same. */
async function answerTo(url: string, body: Sent, headers: Record<string, string>) {
  const answer = await new Promise<{ status: number | undefined; headers: IncomingHttpHeaders; body: string }>((resolve, reject) => {
    const sent = JSON.stringify(body);
    const always = {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(sent),
      "x-request-id": "one",
    };
    const asking = request(url, { method: "POST", headers: { ...always, ...headers } }, (response) => {
      const { date, ...rest } = response.headers;
      text(response).then((body) => resolve({ status: response.statusCode, headers: rest, body }), reject);
    });
    asking.on("error", reject);
    asking.end(sent);
  });
  const { "content-length": length, "transfer-encoding": _encoding, ...rest } = answer.headers;
  if (length !== undefined) expect(Number(length)).toBe(Buffer.byteLength(answer.body));
  return { ...answer, headers: rest, body: answer.body.replace(/"timestamp":"[^"]+"/g, '"timestamp":""') };
}

/** By yoga: the same, with a comment behind it. */
const throughYoga = (body: Sent): Sent => ({ ...body, query: `${body.query}\n# no subscription` });

/** What changes with each request that is counted. */
function withoutCounts({ headers, ...answer }: Awaited<ReturnType<typeof answerTo>>) {
  const known = Object.entries(headers).map(([name, value]) => [name, name.startsWith("ratelimit") ? "counted" : value]);
  return { ...answer, headers: Object.fromEntries(known) };
}

async function both(url: string, body: Sent, headers: Record<string, string> = {}) {
  const door = withoutCounts(await answerTo(url, body, headers));
  const own = withoutCounts(await answerTo(url, throughYoga(body), headers));
  expect(door).toEqual(own);
  return door;
}

const accepts = [
  undefined,
  "*/*",
  "application/json",
  "application/graphql-response+json",
  "application/graphql-response+json, application/json;q=0.9",
  "text/html, application/graphql-response+json;charset=utf-8, */*",
  "application/json; charset=latin1, application/graphql-response+json",
  "application/*",
  "text/event-stream, application/json",
  "text/event-stream",
  "text/html",
  ",",
];

const bodies: readonly [string, Sent][] = [
  ["a query", { query: "{ hello }" }],
  ["several operations, one named", { query: "query A { hello } query B { data { name } }", operationName: "B" }],
  ["several operations, none named", { query: "query A { hello } query B { hello }" }],
  ["a name that none has", { query: "query A { hello }", operationName: "C" }],
  ["no name, as null", { query: "{ hello }", operationName: null, variables: null, extensions: null }],
  ["a syntax error", { query: "{ hello }}" }],
  ["an unknown field", { query: "{ hello unknown }" }],
  ["variables", { query: "query ($n: Int!) { twice(n: $n) }", variables: { n: 4 } }],
  ["variables that are wrong", { query: "query ($n: Int!) { twice(n: $n) }", variables: { n: "x" } }],
  ["variables that are a list", { query: "{ hello }", variables: [] }],
  ["variables that are text", { query: "{ hello }", variables: "{}" }],
  ["extensions that are text", { query: "{ hello }", extensions: "x" }],
  ["a parameter that is none", { query: "{ hello }", id: 1 }],
  ["a fault inside", { query: "{ boom }" }],
  ["a fault beside data", { query: "{ hello boom conflict }" }],
  ["null where there can't be null", { query: "{ must hello }" }],
  ["an error of its own", { query: "{ conflict }" }],
  ["a session that is missing", { query: "{ secret }" }],
  ["a mutation", { query: "mutation { answerPrompt }" }],
  ["a document without an operation", { query: "fragment F on Thing { name }" }],
  ["too many aliases", { query: `{ ${Array.from({ length: 40 }, (_, at) => `a${at}: hello`).join(" ")} }` }],
];

describe("an answer by the door is yoga's", () => {
  it.each(bodies)("to %s", async (_what, body) => {
    for (const accept of accepts) await both(server.graphqlUrl, body, accept === undefined ? {} : { accept });
  });

  it("to sessions, bad and good, and to those who ask for the cost", async () => {
    const query = "{ secret hello }";
    const tokens = [{ "session-token": token }, { authorization: `Bearer ${token}` }, { "session-token": "unknown" }];
    for (const known of tokens) await both(server.graphqlUrl, { query }, { ...known, "x-query-cost": "true" });
    const disagreeing = await both(server.graphqlUrl, { query }, { "session-token": token, authorization: "Bearer other" });
    expect(disagreeing.status).toBe(401);
  });

  it.each([undefined, "https://a.example", "https://c.example", "null"])("to a page of %s", async (origin) => {
    const headers: Record<string, string> = origin === undefined ? {} : { origin };
    await both(server.graphqlUrl, { query: "{ hello }" }, headers);
    await both(narrow.graphqlUrl, { query: "{ hello }" }, headers);
  });

  it("to what is too much", async () => {
    const dear = await both(narrow.graphqlUrl, { query: "{ data { things { thing { thing { name } } } } }" }, { "x-query-cost": "true" });
    expect(dear.status).toBe(400);
    const ask = () => answerTo(narrow.graphqlUrl, { query: "{ hello }" }, {});
    for (let answer = await ask(); answer.status === 200; answer = await ask());
    const tooMany = await both(narrow.graphqlUrl, { query: "{ hello }" });
    expect([tooMany.status, tooMany.headers["retry-after"]]).toEqual([429, "60"]);
  });

  it("in all that graphql-http audits, which http.test.ts asks the door", async () => {
    const commented = (body: string) => {
      const sent: unknown = body.startsWith('{"query":"') ? JSON.parse(body) : null;
      return typeof sent === "object" && sent !== null ? JSON.stringify(throughYoga({ ...sent })) : body;
    };
    const byYoga: typeof fetch = (url, init) =>
      fetch(url, init?.method === "POST" && typeof init.body === "string" ? { ...init, body: commented(init.body) } : init);
    const results = await auditServer({ url: server.graphqlUrl, fetchFn: byYoga });
    expect(results.filter(({ status }) => status !== "ok").map(({ name }) => name)).toEqual([]);
    expect(results).toHaveLength(61);
  });
});

it("runs a mutation once, whatever its client accepts", async () => {
  for (const [at, accept] of ["application/json", "text/event-stream", "text/html", "multipart/mixed"].entries()) {
    await answerTo(server.graphqlUrl, { query: "mutation { bump }" }, { accept });
    expect(server.bumped()).toBe(at + 1);
  }
});
