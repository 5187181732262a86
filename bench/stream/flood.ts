/** A recovery of hundreds of VMs as fast as the engine drives it, with everybody watching from its start to its end. */
import { setTimeout as delay } from "node:timers/promises";
import { field } from "../../demo/api.ts";
import { decodeId, encodeId } from "../../src/domain/ids.ts";
import { aLab, labSites } from "../../test/support/lab.ts";
import { aPlan } from "../../test/support/plan.ts";
import { aliveMib } from "../support/heap.ts";
import { cpuSeconds, memoryMib } from "../support/proc.ts";
import type { BenchServer } from "../support/server.ts";
import { latencyAt, openClients } from "./clients.ts";
import type { Product, StreamServer } from "./servers.ts";
import { fallSilent, type Silence } from "./silent.ts";
import { query } from "./subscribers.ts";

export interface FloodOptions {
  readonly tokens: readonly string[];
  /** Database id of a plan that nothing else runs. */
  readonly planId: string;
  /** One more subscribes and then reads no more. */
  readonly withSilent: boolean;
}

export interface Flood {
  readonly events: number;
  /** From the start to the last event that anybody has read. */
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
  readonly slowest: number;
  readonly delivered: number;
  readonly messages: number;
  readonly serverUs: number;
  /** In MiB: the most that the process held, before, and what was alive before and after everybody had gone. */
  readonly peakMib: number;
  readonly processMib: number;
  readonly aliveBeforeMib: number;
  readonly aliveAfterMib: number;
  readonly silence: Silence | null;
  readonly wrong: readonly string[];
}

/** Plans with sites of their own, before a gateway looks at those: their database ids. */
export async function plansFor(server: BenchServer, rounds: number, vms: number): Promise<readonly string[]> {
  const planIds: string[] = [];
  for (let round = 1; round <= rounds; round++) {
    const sites = labSites({ vms, groups: 5, prefix: `round-${round}-` });
    await using _lab = await aLab(server.url, sites);
    planIds.push((await aPlan(server.database, sites, { name: `Round ${round}` })).planId);
  }
  return planIds;
}

/** `product` drives the run, and `peer` serves it; they may be the same. */
export async function flood(server: BenchServer, product: Product, peer: StreamServer, options: FloodOptions): Promise<Flood> {
  const { tokens, planId, withSilent } = options;
  const api = await product.signIn();
  const [aliveBeforeMib, processMib] = [await aliveMib(peer.inspector), memoryMib(peer.pid)];
  const told = async (mutation: string, input: object) => {
    const type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}`;
    const text = `mutation ($input: ${type}Input!) { ${mutation}(input: $input) { ... on ${type}Payload { recovery { id } } ... on Error { message remedy } } }`;
    return String(field(await api.query(text, { input }), mutation, "recovery", "id"));
  };
  const globalId = await told("startRecovery", { planId: encodeId("RecoveryPlan", planId), recoveryType: "TEST" });
  await told("pauseRecovery", { recoveryId: globalId });
  const recoveryId = decodeId(globalId, []).id;
  const run = async () => {
    const { rows } = await server.database.pool.query<{ state: string; lastEvent: number; ended: boolean }>(
      `SELECT state, last_event AS "lastEvent", ended_at IS NOT NULL AS ended FROM recovery WHERE id = $1`,
      [recoveryId],
    );
    return rows[0] ?? { state: "", lastEvent: 0, ended: false };
  };
  while ((await run()).state !== "PAUSED") await delay(50);
  const missed = peer.hasHistory ? 0 : (await run()).lastEvent;

  const variables = peer.variables(recoveryId);
  const asked = { url: peer.url, variables };
  const clients = await openClients({ ...asked, query, tokens, firstDelivery: peer.hasHistory });
  const silent = withSilent ? await fallSilent({ ...asked, token: tokens[0] ?? "" }) : null;
  await delay(1_000);
  await clients.reset();
  let peakMib = 0;
  const sampling = setInterval(() => {
    peakMib = Math.max(peakMib, memoryMib(peer.pid));
  }, 100);
  const [cpuBefore, started] = [cpuSeconds(peer.pid), performance.now()];
  await told("resumeRecovery", { recoveryId: globalId });
  let found = await clients.report();
  for (;;) {
    const { ended, lastEvent } = await run();
    found = await clients.report();
    if (ended && found.allEvents >= (lastEvent - missed) * tokens.length) break;
    if (performance.now() - started > 120_000) break;
    await delay(200);
  }
  const [serverSeconds, seconds] = [cpuSeconds(peer.pid) - cpuBefore, (performance.now() - started) / 1_000];
  clearInterval(sampling);
  const { lastEvent: events } = await run();
  const silence = silent === null ? null : await silent();
  await clients[Symbol.asyncDispose]();
  await delay(2_000);
  return {
    events,
    seconds,
    p50: latencyAt(found.latencies, 0.5),
    p99: latencyAt(found.latencies, 0.99),
    slowest: latencyAt(found.latencies, 1),
    delivered: found.events,
    messages: found.messages,
    serverUs: (serverSeconds / found.events) * 1e6,
    peakMib,
    processMib,
    aliveBeforeMib,
    aliveAfterMib: await aliveMib(peer.inspector),
    silence,
    wrong: [
      ...(found.allEvents === (events - missed) * tokens.length
        ? []
        : [`${found.allEvents} events came, of ${(events - missed) * tokens.length}.`]),
      ...(found.gaps === 0 ? [] : [`${found.gaps} events did not follow the one before.`]),
      ...(silence === null || (silence.inOrder && silence.seen === events)
        ? []
        : ["Who had stopped reading came back and missed something."]),
      ...found.problems.slice(0, 2),
    ],
  };
}
