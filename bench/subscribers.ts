/**
 * Many subscribers of one recovery, one of whom stops reading: do all see the same events, how long until the silent one is ended, does it
 * resume without loss, and what memory is left after all have gone. `npm run bench:subscribers -- SUBSCRIBERS ROUNDS`.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import WebSocket from "ws";
import { follow } from "../client/follow.ts";
import { openDatabase } from "../src/database/database.ts";
import { startEmbedded } from "../src/database/embedded.ts";
import { migrate } from "../src/database/migrations.ts";
import { encodeId } from "../src/domain/ids.ts";
import { dataFolder, signIn, startProcess } from "../test/e2e/gateway-process.ts";
import { aLab, labSites } from "../test/support/lab.ts";
import { aPlan } from "../test/support/plan.ts";

const [subscribers = 500, rounds = 3] = process.argv.slice(2).map(Number);

interface Batch {
  readonly cursor: string;
  readonly events: readonly { readonly sequence: number }[];
}

const subscription = `subscription ($recoveryId: ID!, $after: String) {
  recoveryEvents(recoveryId: $recoveryId, after: $after) { cursor events { sequence kind ... on StepChangedEvent { number name status message } } }
}`;

/** What is alive on the gateway's heap after a collection, in MB, asked over the inspector's protocol. */
async function heap(port: number): Promise<number> {
  const [target] = JSON.parse(await (await fetch(`http://127.0.0.1:${port}/json`)).text());
  const socket = new WebSocket(target.webSocketDebuggerUrl);
  await new Promise((open) => socket.once("open", open));
  const ask = (id: number, method: string) =>
    new Promise<{ usedSize?: number }>((answer) => {
      socket.on("message", (data) => {
        const message = JSON.parse(String(data));
        if (message.id === id) answer(message.result);
      });
      socket.send(JSON.stringify({ id, method }));
    });
  await ask(1, "HeapProfiler.collectGarbage");
  const { usedSize = 0 } = await ask(2, "Runtime.getHeapUsage");
  socket.close();
  return usedSize / 2 ** 20;
}

const memory = (pid: number) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
const cpu = (pid: number) => {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
};

/** Reads a stream to its end; the sequence it has seen, as a hash. */
async function watchAll(url: string, token: string, recoveryId: string, after: string | null = null) {
  const hash = createHash("sha256");
  let count = 0;
  let last = 0;
  await follow<Batch>({
    url: `${url.replace("http", "ws")}/graphql`,
    query: subscription,
    variables: { recoveryId },
    after,
    token,
    onBatch({ events }) {
      for (const { sequence } of events) {
        if (last !== 0 && sequence !== last + 1) throw new Error(`after ${last} came ${sequence}`);
        last = sequence;
        count++;
        hash.update(`${sequence},`);
      }
    },
  });
  return { count, last, hash: hash.digest("hex") };
}

/** Whether this end of a connection still stands, as the kernel has it. */
function isEstablished(port: number): boolean {
  const local = `:${port.toString(16).toUpperCase().padStart(4, "0")} `;
  return readFileSync("/proc/net/tcp", "utf8")
    .split("\n")
    .some((line) => line.slice(6, 20).endsWith(local) && line.slice(34, 36) === "01");
}

/** Subscribes, hears the first events, and then reads no more from its socket. Resolves when the server has ended it. */
function silent(url: string, token: string, recoveryId: string): Promise<{ seconds: number; cursor: string; last: number }> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
    let cursor = "";
    let last = 0;
    let stoppedAt = 0;
    let port = 0;
    socket.on("upgrade", ({ socket: raw }) => {
      port = raw.localPort ?? 0;
    });
    socket.on("open", () => socket.send(JSON.stringify({ type: "connection_init", payload: { "session-token": token } })));
    socket.on("message", (data) => {
      const message = JSON.parse(String(data));
      if (message.type === "connection_ack") {
        socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query: subscription, variables: { recoveryId } } }));
      }
      const batch: Batch | undefined = message.payload?.data?.recoveryEvents;
      if (message.type !== "next" || !batch || batch.events.length === 0 || stoppedAt > 0) return;
      cursor = batch.cursor;
      last = batch.events.at(-1)?.sequence ?? 0;
      stoppedAt = performance.now();
      socket.pause();
      // A paused socket does not notice its end, but the kernel does.
      const look = setInterval(() => {
        if (!isEstablished(port)) ended();
      }, 100);
      const ended = () => {
        clearInterval(look);
        socket.terminate();
        resolve({ seconds: (performance.now() - stoppedAt) / 1000, cursor, last });
      };
      socket.on("error", () => undefined);
    });
    socket.on("error", reject);
  });
}

const inspector = 20_000 + (process.pid % 10_000);
const folder = dataFolder();
const serverFolder = dataFolder();
const server = await startEmbedded({ dataDir: serverFolder.path, instance: `bench-${process.pid}` });
try {
  await migrate(server.url);
  const database = await openDatabase({ url: server.url });
  const sites = labSites({ vms: 100, groups: 2 });
  const lab = await aLab(server.url, sites, { speed: 20 });
  const { planId } = await aPlan(database, sites);
  const gateway = startProcess(folder.path, {
    DATABASE_URL: server.url,
    LAB_SPEED: "20",
    REQUESTS_PER_MINUTE: "10000", // all subscribers share one session
    MAX_STREAMS_PER_SESSION: "10000",
    NODE_OPTIONS: `--inspect=127.0.0.1:${inspector}`,
  });
  const url = await gateway.ready;
  const pid = gateway.child.pid ?? 0;
  const token = await signIn(url, folder.path);
  const mutate = async (name: string, input: object) => {
    const query = `mutation ($input: ${name[0]?.toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { ... on ${name[0]?.toUpperCase()}${name.slice(1)}Payload { recovery { id } } ... on Error { message } } }`;
    const headers = { "content-type": "application/json", "session-token": token };
    const response = await fetch(`${url}/graphql`, { method: "POST", headers, body: JSON.stringify({ query, variables: { input } }) });
    const { data } = JSON.parse(await response.text());
    if (!data[name].recovery) throw new Error(data[name].message);
    return String(data[name].recovery.id);
  };
  const plan = encodeId("RecoveryPlan", planId);
  process.stdout.write(`idle: heap ${(await heap(inspector)).toFixed(1)} MB, process ${memory(pid).toFixed(0)} MB\n`);
  for (let round = 1; round <= rounds; round++) {
    const recoveryId = await mutate("startRecovery", { planId: plan, recoveryType: "TEST" });
    const cpuBefore = cpu(pid);
    const from = performance.now();
    const quiet = round === 1 ? silent(url, token, recoveryId) : null;
    let peak = 0;
    const sampling = setInterval(() => {
      peak = Math.max(peak, memory(pid));
    }, 200);
    const all = await Promise.all(Array.from({ length: subscribers }, () => watchAll(url, token, recoveryId)));
    clearInterval(sampling);
    const seconds = (performance.now() - from) / 1000;
    const hashes = new Set(all.map(({ hash }) => hash));
    const delivered = all.reduce((sum, { count }) => sum + count, 0);
    process.stdout.write(
      `round ${round}: ${subscribers} subscribers, ${all[0]?.count} events each, ${hashes.size === 1 ? "all the same" : `${hashes.size} DIFFERENT sequences`}, ${seconds.toFixed(1)} s, ` +
        `gateway CPU ${(((cpu(pid) - cpuBefore) / delivered) * 1e6).toFixed(0)} µs a delivered event, peak ${peak.toFixed(0)} MB\n`,
    );
    if (quiet) {
      const { seconds: silence, cursor, last } = await quiet;
      const rest = await watchAll(url, token, recoveryId, cursor);
      process.stdout.write(
        `the one that stopped reading after event ${last} was ended after ${silence.toFixed(1)} s and resumed: ${rest.count} more, up to ${rest.last}\n`,
      );
    }
    const cleanup = await mutate("cleanupTest", { planId: plan });
    await watchAll(url, token, cleanup);
    await new Promise((done) => setTimeout(done, 3000));
    process.stdout.write(
      `after round ${round}, all gone: heap ${(await heap(inspector)).toFixed(1)} MB, process ${memory(pid).toFixed(0)} MB\n`,
    );
  }
  gateway.child.kill("SIGTERM");
  await gateway.ended;
  await lab.close();
  await database.close();
} finally {
  await server.stop();
  folder.remove();
  serverFolder.remove();
}
