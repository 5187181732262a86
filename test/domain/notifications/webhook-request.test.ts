import { once } from "node:events";
import net, { type Server } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parseNetworks } from "../../../src/domain/notifications/addresses.ts";
import type { Outcome } from "../../../src/domain/notifications/outcome.ts";
import { type Lookup, lookup } from "../../../src/domain/notifications/resolve.ts";
import type { WebhookPolicy } from "../../../src/domain/notifications/settings.ts";
import { post } from "../../../src/domain/notifications/webhook-request.ts";
import { aReceiver, ok, type Receiver, status, trusting } from "./servers.ts";

const loopback: WebhookPolicy = { allowHttp: true, allowedNetworks: parseNetworks(["127.0.0.0/8", "::1"]) ?? [] };
const closed: WebhookPolicy = { allowHttp: true, allowedNetworks: [] };

let receiver: Receiver;
beforeAll(async () => {
  receiver = await aReceiver();
});
beforeEach(() => {
  receiver.answer = ok;
  receiver.received.length = 0;
  receiver.connections = 0;
});
afterAll(() => receiver[Symbol.asyncDispose]());

interface Given {
  readonly policy?: WebhookPolicy;
  readonly find?: Lookup;
  readonly answerMs?: number;
  readonly signal?: AbortSignal;
}
const send = (
  url: string,
  { policy = loopback, find = lookup, answerMs = 10_000, signal = new AbortController().signal }: Given = {},
): Promise<Outcome> =>
  post(url, { "x-test": "1" }, '{"name":"Zürich"}', { policy, lookup: find, times: { connectMs: answerMs, answerMs }, signal });

const failed = (error: string | RegExp, code: number | null = null) =>
  expect.objectContaining({ delivered: false, status: code, error: typeof error === "string" ? error : expect.stringMatching(error) });

describe("a request to a webhook", () => {
  it("carries the body and the headers as they are, and is delivered with any status from 200 to 299", async () => {
    for (const code of [200, 202, 299]) {
      receiver.answer = status(code);
      expect(await send(receiver.url)).toEqual({ delivered: true, status: code });
    }
    expect(receiver.received[0]).toMatchObject({
      url: "/hook",
      body: '{"name":"Zürich"}',
      headers: { "x-test": "1", "content-length": "18" },
    });
  });

  it.each([301, 302, 303, 307, 308])("follows no redirect, and says so: %d", async (code) => {
    receiver.answer = status(code, { location: `http://127.0.0.1:${receiver.port}/latest/meta-data` });
    expect(await send(receiver.url)).toEqual(failed(new RegExp(`^It answered ${code}, a redirect, which is not followed`), code));
    expect([receiver.received.map(({ url }) => url), receiver.connections]).toEqual([["/hook"], 1]);
  });

  it("fails with another status, and hears for how long it shall wait", async () => {
    receiver.answer = status(503, { "retry-after": "120" });
    expect(await send(receiver.url)).toEqual({
      delivered: false,
      status: 503,
      error: "It answered 503.",
      permanent: false,
      retryAfterSeconds: 120,
    });
  });

  it("fails when there is no answer in time, also where one has begun", async () => {
    receiver.answer = () => {};
    expect(await send(receiver.url, { answerMs: 60 })).toEqual(failed("There was no answer within 0.06 s."));
    const silent = net.createServer((socket) => void socket.on("error", () => {}).write("HTTP/1.1 200 OK\r\nx-slow: "));
    expect(await withServer(silent, (url) => send(url, { answerMs: 60 }))).toEqual(failed("There was no answer within 0.06 s."));
    const patient = net.createServer((socket) => {
      const timer = setInterval(() => socket.write("HTTP/1.1 100 Continue\r\n\r\n"), 5);
      socket.on("error", () => {}).on("close", () => clearInterval(timer));
    });
    expect(await withServer(patient, (url) => send(url, { answerMs: 60 }))).toEqual(failed("There was no answer within 0.06 s."));
  });

  it("fails when there is no connection in time: a name that is not resolved, an encryption that does not begin", async () => {
    const given = { answerMs: 60, find: () => new Promise<never>(() => {}) };
    expect(await send("http://hooks.example.com/", given)).toEqual(failed("There was no connection within 0.06 s."));
    const deaf = net.createServer((socket) => void socket.on("error", () => {}));
    const encrypted = (url: string) => send(url.replace("http:", "https:"), { answerMs: 60 });
    expect(await withServer(deaf, encrypted)).toEqual(failed("There was no connection within 0.06 s."));
  });

  it("counts once its status is there, however long the rest takes; another protocol is no answer", async () => {
    receiver.answer = (response) => void response.writeHead(200).write("…");
    expect(await send(receiver.url, { answerMs: 60 })).toEqual({ delivered: true, status: 200 });
    const switching = net.createServer(
      (socket) => void socket.on("error", () => {}).write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"),
    );
    expect(await withServer(switching, send)).toEqual(failed("The connection was closed before there was an answer."));
  });

  it("fails when the name is not found, nobody listens, or the connection is reset", async () => {
    const unknown: Lookup = () => Promise.reject(Object.assign(new Error("no"), { code: "ENOTFOUND" }));
    expect(await send("http://nowhere.example/", { find: unknown })).toEqual(failed("There is no address for its host name."));
    const { port } = await aReceiver().then(async (gone) => {
      await gone[Symbol.asyncDispose]();
      return gone;
    });
    expect(await send(`http://127.0.0.1:${port}/`)).toEqual(failed("The connection was refused."));
    const resetting = net.createServer((socket) => socket.once("data", () => socket.resetAndDestroy()));
    expect(await withServer(resetting, send)).toEqual(failed("The connection was closed before there was an answer."));
  });

  it("reads no more of an answer than its status and a little: one without end is cut off, and counts", async () => {
    const written = Promise.withResolvers<number>();
    receiver.answer = (response) => {
      let bytes = 0;
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write("x".repeat(65_536))) bytes += 65_536;
      };
      response.on("drain", more).on("close", () => written.resolve(bytes));
      more();
    };
    expect(await send(receiver.url)).toEqual({ delivered: true, status: 200 });
    expect(await written.promise).toBeLessThan(20_000_000);
    const headers = net.createServer(
      (socket) => void socket.on("error", () => {}).end(`HTTP/1.1 200 OK\r\nx: ${"x".repeat(70_000)}\r\n\r\n`),
    );
    expect(await withServer(headers, send)).toEqual(failed("Its answer can't be read: the headers are too long."));
  });

  it("takes https alone, unless http is allowed; never credentials", async () => {
    const strict = { ...loopback, allowHttp: false };
    expect(await send(receiver.url, { policy: strict })).toEqual(failed(/^It has to begin with https:/));
    expect(await send(receiver.url.replace("//", "//user:secret@"))).toEqual(failed(/^User and password don't belong into it/));
    expect(await send("ftp://127.0.0.1/")).toEqual(failed("It has to begin with https:// or http://."));
    expect(receiver.connections).toBe(0);
  });

  it("breaks off when the gateway stops", async () => {
    const stop = new AbortController();
    receiver.answer = () => stop.abort();
    expect(await send(receiver.url, { signal: stop.signal })).toEqual(failed("The gateway stopped while it was sent."));
  });
});

describe("over https", () => {
  let secure: Receiver;
  beforeAll(async () => {
    secure = await aReceiver({ secure: true });
  });
  afterAll(() => secure[Symbol.asyncDispose]());

  it("a certificate has to be known, and of the host name", async () => {
    const { port, url } = secure;
    expect(await send(url)).toEqual(failed(/^Its certificate is self-signed.*NODE_EXTRA_CA_CERTS/));
    await trusting(async () => {
      expect(await send(url)).toEqual({ delivered: true, status: 204 });
      expect(await send(`https://127.0.0.1:${port}/`)).toEqual(failed(/^Its certificate is of another host name/));
    });
    expect(await send(receiver.url.replace("http:", "https:"))).toEqual(
      failed("The connection can't be encrypted: its port may not speak TLS."),
    );
    expect(secure.received).toHaveLength(1);
  });
});

describe("an address that is not public", () => {
  it.each([
    "http://127.0.0.1",
    "http://localhost",
    "http://127.1",
    "http://2130706433",
    "http://0x7f.1",
    "http://[::1]",
    "http://[::ffff:127.0.0.1]",
  ])("is refused before anything is connected: %s", async (base) => {
    expect(await send(`${base}:${receiver.port}/`, { policy: closed })).toEqual(failed(/leads to an address that is not public/));
    expect(receiver.connections).toBe(0);
  });

  it("is refused behind a name, also behind one that leads elsewhere when it is asked again", async () => {
    let asked = 0;
    const rebinding: Lookup = async () =>
      asked++ === 0 ? [{ address: "127.0.0.1", family: 4 }] : [{ address: "93.184.215.14", family: 4 }];
    expect(await send(`http://rebind.example:${receiver.port}/`, { policy: closed, find: rebinding })).toEqual(failed(/not public/));
    expect([asked, receiver.connections]).toEqual([1, 0]);
  });

  it("is connected to as it was checked: the name is resolved once, here, and by nobody else", async () => {
    let asked = 0;
    const find: Lookup = async () => {
      asked++;
      return [
        { address: "10.9.8.7", family: 4 },
        { address: "127.0.0.1", family: 4 },
      ];
    };
    const policy = { ...closed, allowedNetworks: parseNetworks(["127.0.0.1"]) ?? [] };
    expect(await send(`http://hooks.example.com:${receiver.port}/`, { policy, find })).toEqual({ delivered: true, status: 204 });
    expect([asked, receiver.received[0]?.headers.host]).toEqual([1, `hooks.example.com:${receiver.port}`]);
  });
});

async function withServer<T>(server: Server, use: (url: string) => Promise<T>): Promise<T> {
  const sockets = new Set<net.Socket>();
  server.on("connection", (socket) => sockets.add(socket));
  await once(server.listen(0, "127.0.0.1"), "listening");
  try {
    return await use(`http://127.0.0.1:${Object(server.address()).port}/`);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}
