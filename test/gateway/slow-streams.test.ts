import { request } from "node:http";
import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { encodeId } from "../../src/domain/ids.ts";
import { announce, appendEvents } from "../../src/events/append.ts";
import type { RecoveryEvent } from "../../src/events/types.ts";
import { startWakeUps, type WakeUps } from "../../src/events/wake-ups.ts";
import { aRecovery, ended, output } from "../events/support.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { memoryUsed } from "../support/heap.ts";
import { aUser, type RealGateway, realGateway } from "../support/real-gateway.ts";
import { eventStream } from "./support.ts";

let db: TestDatabase;
let server: RealGateway;
/** Of a node that writes. */
let writer: WakeUps;
/** By how much the gateway's clock is ahead, in milliseconds. */
let ahead = 0;
beforeAll(async () => {
  db = await freshDatabase();
  const monotonic = () => performance.now() + ahead;
  server = await realGateway(db.database, {
    feeds: { monotonic, limits: { batchChars: 100_000, windowChars: 200_000, batchMs: 0, readMs: 0 } },
  });
  const { pool, connectDirect } = db.database;
  writer = await startWakeUps({ pool, connectDirect, log: pino({ level: "silent" }) });
  await aUser(db.database, "olga", ["OPERATOR"]);
});
afterAll(async () => {
  await writer.close();
  await server[Symbol.asyncDispose]();
  await db.drop();
});

const write = async (recoveryId: string, events: readonly RecoveryEvent[]) => {
  await appendEvents(db.database.pool, recoveryId, events);
  announce(writer, recoveryId, events);
};

const subscription = (recoveryId: string, after: string | null = null) =>
  `subscription { recoveryEvents(recoveryId: "${encodeId("Recovery", recoveryId)}", after: ${JSON.stringify(after)}) { cursor events { sequence ... on CommandOutputEvent { text } } } }`;

interface Batch {
  readonly cursor: string;
  readonly events: readonly { readonly sequence: number }[];
}
const batchIn = (data: string): Batch => JSON.parse(data).data.recoveryEvents;

/** A connection from which nothing is read before `rest` is asked for: what had come until it was cut. */
function pausedStream(token: string, query: string) {
  return new Promise<{ rest: () => Promise<string> }>((resolve, reject) => {
    const body = JSON.stringify({ query });
    const headers = {
      "session-token": token,
      "content-type": "application/json",
      accept: "text/event-stream",
      "content-length": Buffer.byteLength(body),
    };
    request(server.url, { method: "POST", agent: false, headers }, (response) => {
      const rest = () =>
        new Promise<string>((done) => {
          let text = "";
          response.setEncoding("utf8").on("data", (chunk: string) => {
            text += chunk;
          });
          response.on("error", () => {}).on("close", () => done(text));
        });
      resolve({ rest });
    })
      .on("error", reject)
      .end(body);
  });
}

it("a client that stops reading an event stream is held back, ended when it lags, and resumes without loss", async () => {
  const recoveryId = await aRecovery(db.database.pool);
  const token = await server.signIn("olga");
  const reading = await eventStream(server.url, subscription(recoveryId), { "session-token": token });
  const paused = await pausedStream(token, subscription(recoveryId));
  await expect.poll(() => server.gateway.counts().sources).toBe(2);

  const seen: number[] = [];
  const readUpTo = async (sequence: number) => {
    while ((seen.at(-1) ?? 0) < sequence) {
      const event = await reading.next();
      if (event?.event === "next") seen.push(...batchIn(event.data).events.map((one) => one.sequence));
    }
  };
  const text = "x".repeat(8_000);
  const total = 1_500; // 12 MB: the buffers of the kernel hold less
  let before = 0;
  for (let written = 0; written < total; written += 100) {
    await write(
      recoveryId,
      Array.from({ length: 100 }, () => output(text)),
    );
    await readUpTo(written + 100);
    if (written === 500) before = await memoryUsed();
  }
  expect(((await memoryUsed()) - before) / 2 ** 20).toBeLessThan(3); // what is not sent is not held either

  ahead = 121_000;
  await expect.poll(() => server.gateway.counts().sources).toBe(1);
  const blocks = (await paused.rest()).split("\n\n").filter((block) => block.startsWith("event: next"));
  const whole = blocks.filter((_block, at) => at < blocks.length - 1).map((block) => batchIn(/^data: (.*)$/m.exec(block)?.[1] ?? ""));
  const first = whole.flatMap(({ events }) => events.map(({ sequence }) => sequence));
  expect(first.length).toBeLessThan(total);

  await write(recoveryId, [ended]);
  const resumed = await eventStream(server.url, subscription(recoveryId, whole.at(-1)?.cursor), { "session-token": token });
  const second: number[] = [];
  for (let event = await resumed.next(); event?.event === "next"; event = await resumed.next())
    second.push(...batchIn(event.data).events.map(({ sequence }) => sequence));
  const all = Array.from({ length: total + 1 }, (_, at) => at + 1);
  expect([...first, ...second]).toEqual(all);
  await readUpTo(total + 1);
  expect(seen).toEqual(all);
  await expect.poll(() => server.gateway.counts()).toEqual({ sockets: 0, streams: 0, sources: 0 });
}, 60_000);
