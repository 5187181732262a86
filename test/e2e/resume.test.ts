import { afterAll, beforeAll, expect, it } from "vitest";
import { follow } from "../../client/follow.ts";
import { followSse } from "../../client/follow-sse.ts";
import { encodeId } from "../../src/domain/ids.ts";
import type { Lab } from "../../src/providers/lab/lab.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { aLab, labSites } from "../support/lab.ts";
import { aPlan } from "../support/plan.ts";
import { dataFolder, type GatewayProcess, signIn, startProcess } from "./gateway-process.ts";

let db: TestDatabase;
let lab: Lab;
let planId: string;
const gateways: GatewayProcess[] = [];
const folders = [dataFolder(), dataFolder()];
beforeAll(async () => {
  db = await freshDatabase();
  const sites = labSites({ vms: 24, groups: 3 });
  lab = await aLab(db.url, sites, { speed: 30 });
  planId = (await aPlan(db.database, sites)).planId;
  for (const { path } of folders) {
    const gateway = startProcess(path, { DATABASE_URL: db.url, LAB_SPEED: "30" });
    gateways.push(gateway);
    await gateway.ready;
  }
}, 60_000);
afterAll(async () => {
  for (const { child } of gateways) child.kill("SIGTERM");
  await Promise.all(gateways.map(({ ended }) => ended));
  await lab?.close();
  await db?.drop();
  for (const folder of folders) folder.remove();
});

const subscription = `subscription ($recoveryId: ID!, $after: String) {
  recoveryEvents(recoveryId: $recoveryId, after: $after) { cursor events { sequence kind } }
}`;

interface Batch {
  readonly cursor: string;
  readonly events: readonly { readonly sequence: number; readonly kind: string }[];
}

/** Repeatable chance (mulberry32). */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Watches to the end, but is cut after a few batches each time and goes on at another gateway, over another transport. */
async function watchWithCuts(
  urls: readonly string[],
  token: string,
  recoveryId: string,
  seed: number,
): Promise<{ seen: number[]; cuts: number }> {
  const next = chance(seed);
  const seen: number[] = [];
  let after: string | null = null;
  for (let cuts = 0; ; cuts++) {
    const url = urls[Math.floor(next() * urls.length)] ?? "";
    const cut = new AbortController();
    let left = 1 + Math.floor(next() * 5);
    const options = {
      query: subscription,
      variables: { recoveryId },
      after,
      token,
      signal: cut.signal,
      onBatch({ cursor, events }: Batch) {
        if (cut.signal.aborted) return;
        after = cursor;
        seen.push(...events.map(({ sequence }) => sequence));
        if (events.length > 0 && --left === 0) cut.abort();
      },
    };
    const how = await (next() < 0.5
      ? follow<Batch>({ ...options, url: `${url.replace("http", "ws")}/graphql` })
      : followSse<Batch>({ ...options, url: `${url}/graphql` }));
    if (how === "COMPLETED") return { seen, cuts };
  }
}

it("a stream that is cut at random and resumed shows each event once and in order, over both transports and two gateways", async () => {
  const urls = await Promise.all(gateways.map(({ ready }) => ready));
  const token = await signIn(urls[0] ?? "", folders[0]?.path ?? "");
  const query =
    "mutation ($input: StartRecoveryInput!) { startRecovery(input: $input) { ... on StartRecoveryPayload { recovery { id } } ... on Error { message } } }";
  const response = await fetch(`${urls[1]}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", "session-token": token },
    body: JSON.stringify({ query, variables: { input: { planId: encodeId("RecoveryPlan", planId), recoveryType: "TEST" } } }),
  });
  const { data } = JSON.parse(await response.text());
  const recoveryId: string = data.startRecovery.recovery.id;
  const watched = await Promise.all(Array.from({ length: 12 }, (_, seed) => watchWithCuts(urls, token, recoveryId, seed + 1)));
  const total = watched[0]?.seen.length ?? 0;
  expect(total).toBeGreaterThan(100);
  for (const { seen } of watched) expect(seen).toEqual(Array.from({ length: total }, (_, index) => index + 1));
  expect(watched.reduce((sum, { cuts }) => sum + cuts, 0)).toBeGreaterThan(12);
}, 60_000);
