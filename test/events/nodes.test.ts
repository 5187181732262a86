import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { announce, appendEvents } from "../../src/events/append.ts";
import { createFeeds, type Feeds } from "../../src/events/feed.ts";
import { startWakeUps, type WakeUps } from "../../src/events/wake-ups.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { testPool } from "../support/pool.ts";
import { aRecovery, ended, outputs, prompt, sequences, silent, take, until, upTo } from "./support.ts";

const never = 2 ** 31 - 1;
let db: TestDatabase;
let pool: pg.Pool;
beforeAll(async () => {
  db = await freshDatabase();
  pool = testPool(db.url, { max: 5 });
});
afterAll(async () => {
  await pool.end();
  await db.drop();
});

interface Node {
  readonly name: string;
  readonly wakeUps: WakeUps;
  readonly feeds: Feeds;
}

/** A gateway's share of the log. Without the timer, so that only notifications wake it. */
async function startNode(name: string, everyMs = never): Promise<Node> {
  const connectDirect = async () => {
    const client = new pg.Client({ connectionString: db.url, application_name: name });
    client.on("error", () => {});
    await client.connect();
    return client;
  };
  const wakeUps = await startWakeUps({ connectDirect, pool, log: silent, everyMs, coalesceMs: 1 });
  return { name, wakeUps, feeds: createFeeds({ pool, wakeUps, generation: () => 1, log: silent, limits: { batchMs: 0, readMs: 0 } }) };
}

async function stop({ feeds, wakeUps, name }: Node): Promise<void> {
  feeds.close();
  await wakeUps.close();
  expect(feeds.counts()).toEqual({ feeds: 0, tails: 0 });
  await until(async () => (await backends(name)).length === 0);
}

async function backends(name: string): Promise<number[]> {
  const { rows } = await pool.query<{ pid: number }>("SELECT pid FROM pg_stat_activity WHERE application_name = $1", [name]);
  return rows.map((row) => row.pid);
}

/** As a failing network or an administrator does it. Resolves when another connection listens. */
async function killListener({ name, wakeUps }: Node): Promise<void> {
  const [pid] = await backends(name);
  const healed = new Promise<void>((resolve) => {
    const off = wakeUps.on("dr_work", (payload) => {
      if (payload !== null) return;
      off();
      resolve();
    });
  });
  await pool.query("SELECT pg_terminate_backend($1)", [pid]);
  await healed;
}

async function write(node: Node, recoveryId: string, events: Parameters<typeof appendEvents>[2]): Promise<void> {
  await appendEvents(pool, recoveryId, events);
  announce(node.wakeUps, recoveryId, events);
}

let [a, b]: Node[] = [];
const nodes = (): [Node, Node] => {
  if (a === undefined || b === undefined) throw new Error("not started");
  return [a, b];
};
beforeEach(async () => {
  [a, b] = await Promise.all([startNode("node-a"), startNode("node-b")]);
});
afterEach(async () => void (await Promise.all(nodes().map(stop))));

it("two nodes on one database show the same events, whichever of them writes", async () => {
  const [here, there] = nodes();
  const recoveryId = await aRecovery(pool);
  const seen = nodes().map(({ feeds }) => take(feeds.recovery({ recoveryId, after: 0 }), 100));
  await until(() => here.feeds.counts().feeds + there.feeds.counts().feeds === 2);
  for (let round = 0; round < 10; round++) await write(round % 2 === 0 ? here : there, recoveryId, outputs(3));
  await write(here, recoveryId, [ended]);
  for (const events of await Promise.all(seen)) expect(sequences(events)).toEqual(upTo(31));
});

it("prompts reach the other node by their own name", async () => {
  const [here, there] = nodes();
  const recoveryId = await aRecovery(pool);
  const feed = there.feeds.prompts({ after: null });
  await feed.next();
  const next = take(feed, 1);
  await write(here, recoveryId, [prompt("Go on?")]);
  expect(sequences(await next)).toEqual([1]);
});

it("events that are written while a node's LISTEN connection is dead arrive with its next one", async () => {
  const [here, there] = nodes();
  const recoveryId = await aRecovery(pool);
  const feed = there.feeds.recovery({ recoveryId, after: 0 });
  await feed.next();
  const before = await backends("node-b");
  const next = take(feed, 2);
  const killed = killListener(there);
  await write(here, recoveryId, outputs(2));
  await killed;
  expect(sequences(await next)).toEqual([1, 2]);
  const after = await backends("node-b");
  expect(after).toHaveLength(1);
  expect(after).not.toEqual(before);
});

it("a re-established LISTEN hears as the first did, also after several losses", async () => {
  const [here, there] = nodes();
  for (let round = 0; round < 3; round++) await killListener(there);
  const recoveryId = await aRecovery(pool);
  const feed = there.feeds.recovery({ recoveryId, after: 0 });
  await feed.next();
  const next = take(feed, 1);
  await write(here, recoveryId, outputs(1));
  expect(sequences(await next)).toEqual([1]);
});

it("a node's own listeners are woken once by its hint, at once, and the other node's by name", async () => {
  const [here, there] = nodes();
  const [own, other]: [unknown[], unknown[]] = [[], []];
  here.wakeUps.on("dr_work", (payload) => own.push(payload));
  const off = there.wakeUps.on("dr_work", (payload) => other.push(payload));
  here.wakeUps.hint("dr_work", "run-1");
  expect(own).toEqual(["run-1"]);
  await until(() => other.length === 1);
  off();
  there.wakeUps.hint("dr_work", "run-2"); // behind the echo of the first, which must not have come
  await until(() => own.length === 2);
  expect([own, other]).toEqual([["run-1", "run-2"], ["run-1"]]);
});

it("a listener that throws does not keep the others from being woken", () => {
  const [here] = nodes();
  const woken: unknown[] = [];
  here.wakeUps.on("dr_work", () => {
    throw new Error("broken");
  });
  here.wakeUps.on("dr_work", (payload) => woken.push(payload));
  here.wakeUps.hint("dr_work", "run-1");
  expect(woken).toEqual(["run-1"]);
});

it("without any NOTIFY the timer is enough", async () => {
  const node = await startNode("node-c", 20);
  const recoveryId = await aRecovery(pool);
  const feed = node.feeds.recovery({ recoveryId, after: 0 });
  await feed.next();
  const next = take(feed, 1);
  await appendEvents(pool, recoveryId, outputs(1));
  expect(sequences(await next)).toEqual([1]);
  await stop(node);
});

it("a start without a database fails instead of waiting", async () => {
  const connectDirect = () => Promise.reject(new Error("no database"));
  await expect(startWakeUps({ connectDirect, pool, log: silent })).rejects.toThrow("no database");
});
