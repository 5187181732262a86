/** Subscribers in a process of their own, told by messages of their parent what to do. */
import { randomUUID } from "node:crypto";
import type { ClientReport, FromClients, ToClients } from "./clients.ts";
import { openRawSocket, type RawSocket } from "./raw-socket.ts";

interface Event {
  readonly sequence: number;
  /** In milliseconds since 1970. */
  readonly occurredAt: number;
}

/** Connections that are being opened at once: a server's backlog is short. */
const openingAtOnce = 100;
/** Whole seconds and more are one. */
const slowestMs = 60_000;

const sockets: RawSocket[] = [];
const latencies = new Uint32Array(slowestMs + 1);
let report = nothing();
let live = 0;
let ended = 0;
/** Since the start. */
let allEvents = 0;

function nothing(): Omit<ClientReport, "latencies"> {
  return { messages: 0, events: 0, gaps: 0, closed: {}, problems: [] };
}

/** A payload, and what stands in it. */
interface Known {
  readonly bytes: Buffer;
  readonly events: readonly Event[];
}
/** The same came for others just before, mostly: it is read once, and then only compared. */
let newest: Known = { bytes: Buffer.alloc(0), events: [] };

function eventsIn(bytes: Buffer, from: number): readonly Event[] {
  const to = bytes.length - 1;
  if (bytes.compare(newest.bytes, 0, newest.bytes.length, from, to) === 0) return newest.events;
  const { data, errors } = JSON.parse(bytes.toString("utf8", from, to));
  if (errors !== undefined && report.problems.length < 5) report.problems.push(JSON.stringify(errors).slice(0, 300));
  const events: Event[] = (data?.recoveryEvents?.events ?? []).map(
    ({ sequence, occurredAt }: { sequence: number; occurredAt: string }) => ({
      sequence,
      occurredAt: Date.parse(occurredAt),
    }),
  );
  newest = { bytes: Buffer.from(bytes.subarray(from, to)), events };
  return events;
}

const payloadMark = '"payload":';

/** Resolves with its first delivery, or once it is acknowledged where the server sends none by itself. */
function open(
  { host, port, query, variables, firstDelivery }: ToClients & { type: "open" },
  token: string,
  localAddress: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const id = randomUUID();
    /** What stands before the payload of each delivery. */
    let start: Buffer | null = null;
    let last: number | null = null;
    let isSettled = false;
    const settle = () => {
      isSettled = true;
      live++;
      resolve();
    };
    const socket = openRawSocket({
      host,
      port,
      localAddress,
      onOpen: () => socket.send(JSON.stringify({ type: "connection_init", payload: { sessionToken: token } })),
      onMessage(bytes) {
        if (start !== null && startsWith(bytes, start)) return deliver(bytes, start.length);
        const { type }: { type: string } = JSON.parse(String(bytes));
        if (type === "next") {
          start = Buffer.from(bytes.subarray(0, bytes.indexOf(payloadMark) + payloadMark.length));
          return deliver(bytes, start.length);
        }
        if (type === "connection_ack") {
          socket.send(JSON.stringify({ id, type: "subscribe", payload: { query, variables } }));
          if (!firstDelivery) settle();
        } else if (type === "complete") ended++;
        else if (type === "ping") socket.send('{"type":"pong"}');
        else if (type === "error") problem(String(bytes));
      },
      onClose(code) {
        if (!isSettled) reject(new Error(`A socket was closed with ${code} before its first delivery.`));
        report.closed[code] = (report.closed[code] ?? 0) + 1;
        live--;
      },
    });
    sockets.push(socket);

    function deliver(bytes: Buffer, payloadStart: number): void {
      const events = eventsIn(bytes, payloadStart);
      if (!isSettled) settle();
      report.messages++;
      const now = Date.now();
      for (const { sequence, occurredAt } of events) {
        if (last !== null && sequence !== last + 1) report.gaps++;
        last = sequence;
        report.events++;
        allEvents++;
        const at = Math.min(slowestMs, Math.max(0, now - occurredAt));
        latencies[at] = (latencies[at] ?? 0) + 1;
      }
    }
  });
}

const startsWith = (bytes: Buffer, start: Buffer): boolean =>
  bytes.length > start.length && bytes.compare(start, 0, start.length, 0, start.length) === 0;

function problem(text: string): void {
  if (report.problems.length < 5) report.problems.push(text.slice(0, 300));
}

async function openAll(asked: ToClients & { type: "open" }): Promise<void> {
  const { tokens, localAddresses } = asked;
  let next = 0;
  const some = async () => {
    for (let at = next++; at < tokens.length; at = next++) {
      await open(asked, tokens[at] ?? "", localAddresses[at % localAddresses.length] ?? "127.0.0.1");
    }
  };
  await Promise.all(Array.from({ length: openingAtOnce }, some));
}

const answer = (message: FromClients) => process.send?.(message);

process.on("message", (asked: ToClients) => {
  if (asked.type === "open") {
    openAll(asked).then(
      () => answer({ type: "open" }),
      (error: unknown) => answer({ type: "failed", message: String(error) }),
    );
  } else if (asked.type === "reset") {
    report = nothing();
    latencies.fill(0);
    answer({ type: "reset" });
  } else if (asked.type === "report") {
    const { user, system } = process.cpuUsage();
    answer({ type: "report", report: { ...report, latencies: [...latencies] }, allEvents, live, ended, cpuSeconds: (user + system) / 1e6 });
  } else {
    for (const socket of sockets) socket.close();
    process.disconnect();
    setTimeout(() => process.exit(0), 500);
  }
});
process.on("disconnect", () => setTimeout(() => process.exit(0), 500));

/**
 * Between two looks at all sockets it sleeps: subscribers are on other machines, and whoever sends to one does not pay for waking it. Here the
 * sender would, for each message that comes while this process waits for one, out of the time that is counted as the server's. What comes
 * meanwhile is read, and its lateness taken, after the sleep, which so counts as if the server had needed it.
 */
const sleepMs = 4;
const never = new Int32Array(new SharedArrayBuffer(4));
function rest(): void {
  Atomics.wait(never, 0, 0, sleepMs);
  setImmediate(rest);
}
rest();
