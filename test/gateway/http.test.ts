import { request } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { brotliDecompressSync } from "node:zlib";
import { auditServer } from "graphql-http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { post, type TestGateway, testGateway } from "./support.ts";

let server: TestGateway;
let unready: string | null = null;
beforeAll(async () => {
  server = await testGateway({ unready: async () => unready, allowedOrigins: ["https://console.example"] });
});
afterAll(() => server.close());

describe("GraphQL over HTTP", () => {
  it("passes every audit of graphql-http", async () => {
    const results = await auditServer({ url: server.graphqlUrl });
    expect(results.filter(({ status }) => status !== "ok").map(({ name }) => name)).toEqual([]);
    expect(results).toHaveLength(61);
  });

  it("answers queries by GET, and refuses mutations there", async () => {
    const query = await fetch(`${server.graphqlUrl}?query={hello}`);
    expect(await query.json()).toEqual({ data: { hello: "world" } });
    const before = server.bumped();
    const mutation = await fetch(`${server.graphqlUrl}?query=mutation{bump}`);
    expect(mutation.status).toBe(405);
    expect(mutation.headers.get("allow")).toBe("POST");
    expect((await mutation.json()).errors[0].extensions.code).toBe("INVALID_REQUEST");
    expect(server.bumped()).toBe(before);
  });

  it("runs no batches", async () => {
    const before = server.bumped();
    const answer = await post(server.graphqlUrl, [{ query: "mutation{bump}" }, { query: "mutation{bump}" }]);
    expect(answer.status).toBe(400);
    expect(answer.errors).toMatchObject([{ extensions: { code: "INVALID_REQUEST", limit: 1, measured: 2 } }]);
    expect(server.bumped()).toBe(before);
  });

  it("takes no multipart body", async () => {
    const form = new FormData();
    form.set("operations", JSON.stringify({ query: "{hello}" }));
    const body = new Uint8Array(await new Response(form).arrayBuffer());
    const answer = await fetch(server.graphqlUrl, { method: "POST", body, headers: { "content-type": "multipart/form-data; boundary=x" } });
    expect(answer.status).toBe(415);
  });

  it.each(["text/plain", "application/xml; charset=utf-8", "nonsense"])("says what it takes to a body of %s", async (type) => {
    const headers = { "content-type": type, "x-request-id": "type-1" };
    const answer = await fetch(server.graphqlUrl, { method: "POST", body: '{"query":"{hello}"}', headers });
    expect(answer.status).toBe(415);
    expect((await answer.json()).errors[0].extensions).toMatchObject({
      code: "INVALID_REQUEST",
      remedy: "Send JSON with Content-Type: application/json.",
      requestId: "type-1",
    });
  });

  it.each([
    ["application/graphql", "{hello}"],
    ["application/graphql+json; charset=utf-8", '{"query":"{hello}"}'],
    ["application/x-www-form-urlencoded", "query={hello}"],
  ])("takes a body of %s", async (type, body) => {
    const answer = await fetch(server.graphqlUrl, { method: "POST", body, headers: { "content-type": type } });
    expect(await answer.json()).toEqual({ data: { hello: "world" } });
  });

  it("lets browsers of the listed origins in, others not", async () => {
    const from = (origin: string) =>
      fetch(server.graphqlUrl, { method: "OPTIONS", headers: { origin, "access-control-request-method": "POST" } });
    const listed = await from("https://console.example");
    expect(listed.headers.get("access-control-allow-origin")).toBe("https://console.example");
    expect(listed.headers.get("access-control-allow-credentials")).not.toBe("true");
    expect((await from("https://evil.example")).headers.get("access-control-allow-origin")).not.toBe("https://evil.example");
  });
});

describe("request ids", () => {
  it("keeps a safe one, in the answer's header and its errors", async () => {
    const answer = await server.post("{ boom }", { "x-request-id": "job-7_a.b" });
    expect(answer.headers.get("x-request-id")).toBe("job-7_a.b");
    expect(answer.errors?.[0]?.extensions.requestId).toBe("job-7_a.b");
    expect(server.logged.filter((line) => line.requestId === "job-7_a.b")).not.toEqual([]);
  });

  it.each(["a".repeat(65), "a b", "<script>", "", 'x"y'])("makes a new one instead of %j", async (given) => {
    const answer = await server.post("{ hello }", { "x-request-id": given });
    expect(answer.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe("bodies", () => {
  it("refuses one over 256 KiB with 413, limit and size", async () => {
    const answer = await post(server.graphqlUrl, { query: "{hello}", variables: { fill: "x".repeat(256 * 1024) } });
    expect(answer.status).toBe(413);
    expect(answer.errors?.[0]?.extensions).toMatchObject({ code: "INVALID_REQUEST", limit: 262_144, measured: 262_144 + 43 });
  });

  it("refuses 10 MB and the client hears it", async () => {
    const answer = await post(server.graphqlUrl, { query: "{hello}", variables: { fill: "x".repeat(10_000_000) } });
    expect(answer.status).toBe(413);
  });

  it("takes one just under it", async () => {
    const rest = JSON.stringify({ query: "{hello}", variables: { fill: "" } }).length;
    const answer = await post(server.graphqlUrl, { query: "{hello}", variables: { fill: "x".repeat(256 * 1024 - rest) } });
    expect(answer).toMatchObject({ status: 200, data: { hello: "world" } });
  });

  it("refuses one without a length with 411", async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const chunked = request(server.graphqlUrl, { method: "POST", headers: { "content-type": "application/json" } }, (response) => {
        text(response).then(() => resolve(response.statusCode), reject);
      });
      chunked.on("error", reject);
      chunked.write('{"query":');
      chunked.end('"{hello}"}');
    });
    expect(status).toBe(411);
  });

  it.each([
    ["not JSON", "{"],
    ["an array", "[1]"],
    ["without a query", "{}"],
    ["with a query that is no text", '{"query":1}'],
    ["with variables that are no object", '{"query":"{hello}","variables":"x"}'],
  ])("says INVALID_REQUEST to one %s", async (_name, body) => {
    const headers = { "content-type": "application/json", accept: "application/graphql-response+json" };
    const response = await fetch(server.graphqlUrl, { method: "POST", headers, body });
    expect(response.status).toBe(400);
    expect((await response.json()).errors[0].extensions).toMatchObject({ code: "INVALID_REQUEST", requestId: expect.any(String) });
  });

  it.each(["//", "/graphql http://x", "/%", "//evil/graphql"])("does not show its inside when the address is %s", async (path) => {
    const answer = await raw(`POST ${path} HTTP/1.1\r\nHost: a b\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`);
    expect(answer).toMatch(/^HTTP\/1.1 4\d\d /);
    expect(answer).not.toMatch(/node_modules|at .*\(/);
  });

  const raw = (message: string) => {
    const socket = connect(server.gateway.port, "127.0.0.1");
    socket.write(message);
    return text(socket);
  };
});

describe("health", () => {
  it("is live, and ready unless there is a reason", async () => {
    expect((await fetch(`${server.gateway.url}/health/live`)).status).toBe(200);
    expect((await fetch(`${server.gateway.url}/health/ready`)).status).toBe(200);
    unready = "the database can't be reached";
    const response = await fetch(`${server.gateway.url}/health/ready`);
    unready = null;
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ status: "unavailable", reason: "the database can't be reached" });
  });
});

describe("the playground", () => {
  const page = (headers = {}) => raw({ accept: "text/html", ...headers });
  const raw = (headers: Record<string, string>) =>
    new Promise<{ status: number | undefined; headers: Record<string, unknown>; body: Buffer }>((resolve, reject) => {
      request(server.graphqlUrl, { headers }, (response) => {
        response
          .toArray()
          .then((chunks) => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }), reject);
      }).end();
    });

  it("is one page that needs nothing from outside, compressed, known by its ETag", async () => {
    const compressed = await page({ "accept-encoding": "gzip, br" });
    expect(compressed.headers["content-encoding"]).toBe("br");
    expect(compressed.body.length).toBeLessThan(2_500_000);
    const html = brotliDecompressSync(compressed.body).toString();
    expect(html).toContain("DR gateway");
    expect(html).not.toMatch(/<(script|link)[^>]+(src|href)="?https?:/);
    expect((await page()).body.toString()).toBe(html);
    const again = await page({ "if-none-match": String(compressed.headers.etag) });
    expect([again.status, again.body.length]).toEqual([304, 0]);
  }, 20_000);

  it("is where a browser is sent first", async () => {
    const response = await fetch(server.gateway.url, { redirect: "manual" });
    expect([response.status, response.headers.get("location")]).toEqual([302, "/graphql"]);
  });
});
