import { v7 as uuid } from "uuid";
import { afterAll, beforeAll, expect, it } from "vitest";
import { follow } from "../../client/follow.ts";
import { followSse } from "../../client/follow-sse.ts";
import { readGeneration } from "../../src/database/generation.ts";
import { encodeId, idOf } from "../../src/domain/ids.ts";
import { appendChanges } from "../../src/events/changes.ts";
import { decodeLogCursor } from "../../src/events/cursor.ts";
import type { Lab } from "../../src/providers/lab/lab.ts";
import { chance } from "../support/chance.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { aLab, labSites } from "../support/lab.ts";
import { aPlan } from "../support/plan.ts";
import { ended } from "../support/run.ts";
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
    const gateway = startProcess(path, { DATABASE_URL: db.url, LAB_SPEED: "30", REQUESTS_PER_MINUTE: "10000" });
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

interface Batch<Event> {
  readonly cursor: string;
  readonly events: readonly Event[];
}

interface Watch<Event> {
  readonly urls: readonly string[];
  readonly token: string;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly after: string | null;
  readonly seed: number;
  /** A stream that does not end by itself is over behind this event. */
  readonly isLast?: (event: Event) => boolean;
  readonly onCut?: () => void;
}

/** Watches to the end, but is cut after a few batches each time and goes on at another gateway, over another transport. */
async function watchWithCuts<Event>({ urls, token, query, variables, after: start, seed, isLast = () => false, onCut }: Watch<Event>) {
  const next = chance(seed);
  const seen: Event[] = [];
  let [after, over] = [start, false];
  for (let cuts = 0; ; cuts++) {
    const url = urls[Math.floor(next() * urls.length)] ?? "";
    const cut = new AbortController();
    let left = 1 + Math.floor(next() * 5);
    const options = {
      query,
      variables,
      after,
      token,
      signal: cut.signal,
      onBatch({ cursor, events }: Batch<Event>) {
        if (cut.signal.aborted) return;
        after = cursor;
        seen.push(...events);
        over = events.some(isLast);
        if (over || (events.length > 0 && --left === 0)) cut.abort();
      },
    };
    const how = await (next() < 0.5
      ? follow<Batch<Event>>({ ...options, url: `${url.replace("http", "ws")}/graphql` })
      : followSse<Batch<Event>>({ ...options, url: `${url}/graphql` }));
    if (over || how === "COMPLETED") return { seen, cuts };
    onCut?.();
  }
}

async function ask(url: string, token: string, query: string, variables: object = {}) {
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", "session-token": token },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = JSON.parse(await response.text());
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

async function started(url: string, token: string): Promise<string> {
  const query =
    "mutation ($input: StartRecoveryInput!) { startRecovery(input: $input) { ... on StartRecoveryPayload { recovery { id } } ... on Error { message } } }";
  const input = { planId: encodeId("RecoveryPlan", planId), recoveryType: "TEST" };
  return (await ask(url, token, query, { input })).startRecovery.recovery.id;
}

const sum = (watched: readonly { readonly cuts: number }[]) => watched.reduce((total, { cuts }) => total + cuts, 0);

it("a run's stream that is cut at random and resumed shows each event once and in order, over both transports and two gateways", async () => {
  const urls = await Promise.all(gateways.map(({ ready }) => ready));
  const token = await signIn(urls[0] ?? "", folders[0]?.path ?? "");
  const recoveryId = await started(urls[1] ?? "", token);
  const query = `subscription ($recoveryId: ID!, $after: String) {
    recoveryEvents(recoveryId: $recoveryId, after: $after) { cursor events { sequence kind } }
  }`;
  const watch = (seed: number) =>
    watchWithCuts<{ readonly sequence: number }>({ urls, token, query, variables: { recoveryId }, after: null, seed });
  const watched = await Promise.all(Array.from({ length: 12 }, (_, seed) => watch(seed + 1)));
  const total = watched[0]?.seen.length ?? 0;
  expect(total).toBeGreaterThan(100);
  const all = Array.from({ length: total }, (_, index) => index + 1);
  for (const { seen } of watched) expect(seen.map(({ sequence }) => sequence)).toEqual(all);
  expect(sum(watched)).toBeGreaterThan(12);
}, 60_000);

/** The log's own word: positions of all changes behind a place and up to the one of this name, those of one plan only when asked. */
async function positions(after: bigint, last: string, plan: string | null): Promise<bigint[]> {
  const { rows } = await db.database.pool.query<{ position: string }>(
    `SELECT position FROM event WHERE recovery_id IS NULL AND kind <> 'AUDIT_RECORDED' AND position > $1
      AND position <= (SELECT position FROM event WHERE kind = 'PLAN_CHANGED' AND payload ->> 'name' = $2)
      AND ($3::text IS NULL OR (payload -> 'plans')::jsonb ? $3) ORDER BY position`,
    [String(after), last, plan],
  );
  return rows.map(({ position }) => BigInt(position));
}

it("so does the stream of what changes, whole or of one plan, while a run is cleaned up and four writers change things", async () => {
  const urls = await Promise.all(gateways.map(({ ready }) => ready));
  const [url = ""] = urls;
  const token = await signIn(url, folders[0]?.path ?? "");
  const { eventCursor: after } = await ask(url, token, "{ eventCursor }");
  const generation = await readGeneration(db.database.pool);
  const place = (cursor: string) => decodeLogCursor(cursor, { generation });
  const query = `subscription ($filter: ChangeEventFilter, $after: String) {
    events(filter: $filter, after: $after) { cursor events { cursor kind name } }
  }`;
  const last = "the last one";
  const plan = encodeId("RecoveryPlan", planId);
  let cut = 0;
  const watch = (seed: number) =>
    watchWithCuts<{ readonly cursor: string; readonly name: string | null }>({
      ...{ urls, token, query, after, seed, onCut: () => cut++ },
      variables: { filter: seed % 2 === 0 ? null : { planId: plan } },
      isLast: ({ name }) => name === last,
    });
  const watching = Promise.all(Array.from({ length: 12 }, (_, seed) => watch(seed + 1)));

  const cleanup = "mutation ($input: CleanupTestInput!) { cleanupTest(input: $input) { ... on CleanupTestPayload { recovery { id } } } }";
  const { cleanupTest } = await ask(urls[1] ?? "", token, cleanup, { input: { planId: plan } });
  const { rows: vms } = await db.database.pool.query<{ id: string }>("SELECT vm_id AS id FROM protected_vm ORDER BY vm_id");
  const write = async (writer: number) => {
    for (let n = 0; n < 30 || (cut <= 12 && n < 3_000); n++) {
      const id = vms[(writer * 7 + n) % vms.length]?.id ?? "";
      await appendChanges(db.database.pool, [
        { kind: "VM_CHANGED", id, change: "UPDATED" },
        { kind: "SITE_CHANGED", id: uuid(), change: "UPDATED" },
      ]);
    }
  };
  await Promise.all([1, 2, 3, 4].map(write));
  await ended(db.database, idOf("Recovery", cleanupTest.recovery.id), 40);
  await appendChanges(db.database.pool, [{ kind: "PLAN_CHANGED", id: planId, change: "UPDATED", name: last }]);

  const watched = await watching;
  const [all, ofPlan] = await Promise.all([positions(place(after), last, null), positions(place(after), last, planId)]);
  expect(ofPlan.length).toBeGreaterThan(120);
  expect(all.length).toBeGreaterThan(ofPlan.length + 119);
  // What a gateway does by itself goes on behind the last one, and the last batch may hold some of it.
  const end = ofPlan.at(-1) ?? 0n;
  for (const [at, { seen }] of watched.entries()) {
    const places = seen.map(({ cursor }) => place(cursor)).filter((position) => position <= end);
    expect(places).toEqual(at % 2 === 0 ? ofPlan : all);
  }
  expect(sum(watched)).toBeGreaterThan(12);
}, 90_000);
