/** Many subscribers of one run at a steady pace: how late an event comes, and what it costs to tell each of them. */
import { setTimeout as delay } from "node:timers/promises";
import { aliveMib } from "../support/heap.ts";
import { cpuSeconds, memoryMib } from "../support/proc.ts";
import type { BenchServer } from "../support/server.ts";
import { type Clients, type Found, latencyAt, openClients } from "./clients.ts";
import type { StreamServer } from "./servers.ts";
import { query } from "./subscribers.ts";
import { aRun, startWriter } from "./writer.ts";

export interface PacedOptions {
  readonly tokens: readonly string[];
  readonly eventsPerSecond: number;
  readonly warmSeconds: number;
  readonly seconds: number;
}

export interface Paced {
  /** In milliseconds, from the time that an event bears, just before its commit, to its being read. */
  readonly p50: number;
  readonly p99: number;
  readonly slowest: number;
  /** Events that came in the measured time, of all subscribers, and in how many messages. */
  readonly delivered: number;
  readonly messages: number;
  /** Microseconds of CPU for each of them. */
  readonly serverUs: number;
  readonly databaseUs: number;
  readonly clientUs: number;
  /** Shares of the measured time. */
  readonly serverCores: number;
  /** Of memory in KiB for each subscriber: alive on the heap while nothing happens and while events come, and what the process has grown by. */
  readonly idleKib: number;
  readonly busyKib: number;
  readonly processKib: number;
  readonly wrong: readonly string[];
}

export async function paced(server: BenchServer, peer: StreamServer, options: PacedOptions): Promise<Paced> {
  const { tokens, eventsPerSecond, warmSeconds, seconds } = options;
  const recoveryId = await aRun(server.database);
  const memoryBefore = { alive: await aliveMib(peer.inspector), process: memoryMib(peer.pid) };
  await using clients = await openClients({
    url: peer.url,
    query,
    variables: peer.variables(recoveryId),
    tokens,
    firstDelivery: peer.hasHistory,
  });
  await delay(1_000); // who is acknowledged has subscribed by then
  const writer = await startWriter(server.database, recoveryId, eventsPerSecond);
  await delay(warmSeconds * 1_000);
  await clients.reset();
  const cpuOf = (found: { readonly cpuSeconds: number }) => ({
    server: cpuSeconds(peer.pid),
    database: cpuSeconds(server.pid),
    clients: found.cpuSeconds,
  });
  const [before, started] = [cpuOf(await clients.report()), performance.now()];
  await delay(seconds * 1_000);
  const found = await clients.report();
  const [after, took] = [cpuOf(found), (performance.now() - started) / 1_000];
  const busy = await aliveMib(peer.inspector);
  const processMib = memoryMib(peer.pid);
  await writer[Symbol.asyncDispose]();
  const all = await whenCome(clients, writer.written * tokens.length);
  const idle = await aliveMib(peer.inspector); // not before: after a collection of everything the heap is small, and is collected all the time
  const us = (seconds: number) => (seconds / found.events) * 1e6;
  const eachKib = (mib: number) => (mib * 1024) / tokens.length;
  return {
    p50: latencyAt(found.latencies, 0.5),
    p99: latencyAt(found.latencies, 0.99),
    slowest: latencyAt(found.latencies, 1),
    delivered: found.events,
    messages: found.messages,
    serverUs: us(after.server - before.server),
    databaseUs: us(after.database - before.database),
    clientUs: us(after.clients - before.clients),
    serverCores: (after.server - before.server) / took,
    idleKib: eachKib(idle - memoryBefore.alive),
    busyKib: eachKib(busy - memoryBefore.alive),
    processKib: eachKib(processMib - memoryBefore.process),
    wrong: problemsOf(all, writer.written, tokens.length),
  };
}

/** What is under way when nothing is written any more may take its time. */
async function whenCome(clients: Clients, expected: number): Promise<Found> {
  const given = performance.now();
  for (;;) {
    const found = await clients.report();
    if (found.allEvents >= expected || performance.now() - given > 20_000) return found;
    await delay(200);
  }
}

function problemsOf({ allEvents, gaps, live, problems }: Found, written: number, subscribers: number): string[] {
  const expected = written * subscribers;
  return [
    ...(allEvents === expected ? [] : [`${allEvents} events came, of ${expected}.`]),
    ...(gaps === 0 ? [] : [`${gaps} events did not follow the one before.`]),
    ...(live === subscribers ? [] : [`${subscribers - live} of ${subscribers} sockets were closed.`]),
    ...problems.slice(0, 2),
  ];
}
