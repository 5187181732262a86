import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { announce, appendEvents } from "../../src/events/append.ts";
import { decodeLogCursor, decodeRecoveryCursor } from "../../src/events/cursor.ts";
import { type Batch, createFeeds, type Feeds, type FeedsOptions } from "../../src/events/feed.ts";
import { lastPosition } from "../../src/events/log.ts";
import type { RecoveryEvent } from "../../src/events/types.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { aRecovery, ended, localWakeUps, output, outputs, prompt, sequences, silent, take, until, upTo, watched } from "./support.ts";

let db: TestDatabase;
let pool: pg.Pool;
beforeAll(async () => {
  db = await freshDatabase();
  pool = new pg.Pool({ connectionString: db.url, max: 5 });
  pool.on("error", () => {});
});
afterAll(async () => {
  await pool.end();
  await db.drop();
});

let wakeUps: ReturnType<typeof localWakeUps>;
let database: ReturnType<typeof watched>;
let feeds: Feeds;
const open = (options: Partial<FeedsOptions> = {}): Feeds => {
  const limits = { batchMs: 0, readMs: 0, ...options.limits };
  return createFeeds({ pool: database.pool, wakeUps, generation: () => 1, log: silent, ...options, limits });
};
beforeEach(() => {
  wakeUps = localWakeUps();
  database = watched(pool);
  feeds = open();
});
afterEach(() => {
  feeds.close();
  expect(feeds.counts()).toEqual({ feeds: 0, tails: 0 });
});

async function write(recoveryId: string, events: readonly RecoveryEvent[]): Promise<void> {
  await appendEvents(pool, recoveryId, events);
  announce(wakeUps, recoveryId, events);
}

const pull = async (feed: AsyncIterator<Batch>): Promise<Batch> => {
  const { done, value } = await feed.next();
  if (done) throw new Error("the feed is complete");
  return value;
};

describe("the feed of a recovery", () => {
  it("opens nothing before the first next()", async () => {
    const feed = feeds.recovery({ recoveryId: await aRecovery(pool), after: 0 });
    expect([feeds.counts(), database.total()]).toEqual([{ feeds: 0, tails: 0 }, 0]);
    await feed.next();
    expect(feeds.counts()).toEqual({ feeds: 1, tails: 1 });
  });

  it("delivers at once, an empty batch when there is nothing yet, and then what comes", async () => {
    const recoveryId = await aRecovery(pool);
    const feed = feeds.recovery({ recoveryId, after: 0 });
    const first = await pull(feed);
    expect(first.events).toEqual([]);
    expect(decodeRecoveryCursor(first.cursor, { recoveryId, generation: 1 })).toBe(0);
    const second = pull(feed);
    await write(recoveryId, outputs(3));
    expect(sequences((await second).events)).toEqual([1, 2, 3]);
    expect(decodeRecoveryCursor((await second).cursor, { recoveryId, generation: 1 })).toBe(3);
    expect((await second).serverTime).toBeInstanceOf(Date);
  });

  it("replays a finished recovery and completes, also from its end", async () => {
    const recoveryId = await aRecovery(pool);
    await write(recoveryId, [...outputs(5), ended]);
    const feed = feeds.recovery({ recoveryId, after: 0 });
    expect(sequences(await take(feed, 100))).toEqual(upTo(6));
    expect(feeds.counts()).toEqual({ feeds: 0, tails: 0 });
    await pull(feeds.recovery({ recoveryId, after: 0 }));
    expect(feeds.counts()).toEqual({ feeds: 0, tails: 0 }); // with its last event, not with the next pull
    const atEnd = feeds.recovery({ recoveryId, after: 6 });
    expect((await pull(atEnd)).events).toEqual([]);
    expect(await atEnd.next()).toEqual({ done: true, value: undefined });
  });

  it("completes for those who watch when the run ends", async () => {
    const recoveryId = await aRecovery(pool);
    const all = take(feeds.recovery({ recoveryId, after: 0 }), 100);
    await until(() => database.count("events_newest") === 1);
    await write(recoveryId, outputs(2));
    await write(recoveryId, [ended]);
    expect(sequences(await all)).toEqual([1, 2, 3]);
  });

  it("gives each event once, in order, from wherever it is resumed: in memory, behind the window, at a page's end", async () => {
    feeds = open({ limits: { batchEvents: 7, windowEvents: 10 } });
    const recoveryId = await aRecovery(pool);
    await write(recoveryId, outputs(40));
    const watching = feeds.recovery({ recoveryId, after: 40 }); // keeps the tail and its window
    await pull(watching);
    for (let cut = 0; cut <= 40; cut++) {
      const feed = feeds.recovery({ recoveryId, after: cut });
      expect(sequences(await take(feed, 40 - cut))).toEqual(upTo(40).slice(cut));
      await feed.return();
    }
    expect(feeds.counts()).toEqual({ feeds: 1, tails: 1 });
  });

  it("gives each event once when it is cut anywhere and resumed by its cursor, while the run goes on", async () => {
    feeds = open({ limits: { batchEvents: 3, windowEvents: 8 } });
    const recoveryId = await aRecovery(pool);
    const writing = (async () => {
      for (let round = 0; round < 30; round++) await write(recoveryId, outputs(1 + (round % 5)));
      await write(recoveryId, [ended]);
    })();
    const seen: number[] = [];
    let after = 0;
    for (let over = false, length = 0; !over; length = (length + 1) % 4) {
      const feed = feeds.recovery({ recoveryId, after });
      for (let count = 0; count <= length && !over; count++) {
        const { done, value } = await feed.next();
        over = done === true;
        if (value === undefined) break;
        seen.push(...sequences(value.events));
        after = decodeRecoveryCursor(value.cursor, { recoveryId, generation: 1 });
      }
      await feed.return();
    }
    await writing;
    expect(seen).toEqual(upTo(91));
  });

  it("reads again for a wake-up that comes while it reads", async () => {
    const recoveryId = await aRecovery(pool);
    const feed = feeds.recovery({ recoveryId, after: 0 });
    await pull(feed);
    const release = database.hold();
    wakeUps.hint("dr_events", recoveryId); // this read sees nothing, and its answer is held
    const next = pull(feed);
    await until(() => database.count("events_recovery") === 1);
    await until(async () => (await pool.query("SELECT 1")).rowCount === 1);
    await write(recoveryId, outputs(1));
    release();
    expect(sequences((await next).events)).toEqual([1]);
  });

  it("cuts a batch by its events and by the length of their output, and never an event", async () => {
    feeds = open({ limits: { batchEvents: 4, batchChars: 100 } });
    const recoveryId = await aRecovery(pool);
    await write(recoveryId, [...outputs(6), output("x".repeat(500)), output("y".repeat(500)), output("z")]);
    const feed = feeds.recovery({ recoveryId, after: 0 });
    const batches = [await pull(feed), await pull(feed), await pull(feed), await pull(feed)];
    expect(batches.map(({ events }) => sequences(events))).toEqual([[1, 2, 3, 4], [5, 6, 7], [8], [9]]);
  });

  it("delivers at most every 100 ms, and leaves nothing out", async () => {
    feeds = open({ limits: { batchMs: 100 } });
    const recoveryId = await aRecovery(pool);
    const feed = feeds.recovery({ recoveryId, after: 0 });
    const [times, seen]: [number[], number[]] = [[], []];
    const writing = (async () => {
      for (let round = 0; seen.length < 20 || times.length < 4; round++) await write(recoveryId, [output(`${round}`)]);
      await write(recoveryId, [ended]);
    })();
    for (let next = await feed.next(); !next.done; next = await feed.next()) {
      times.push(performance.now());
      seen.push(...sequences(next.value.events));
    }
    await writing;
    expect(seen).toEqual(upTo(seen.length));
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThan(95);
  });
});

describe("ending a feed", () => {
  it("settles a pending next() by return(), and leaves nothing open", async () => {
    const feed = feeds.recovery({ recoveryId: await aRecovery(pool), after: 0 });
    await pull(feed);
    const [pending, another] = [feed.next(), feed.next()];
    expect(await feed.return()).toEqual({ done: true, value: undefined });
    expect([await pending, await another, await feed.next()]).toEqual(Array(3).fill({ done: true, value: undefined }));
    expect(feeds.counts()).toEqual({ feeds: 0, tails: 0 });
  });

  it("settles the first next() too, while the database does not answer", async () => {
    const release = database.hold();
    const feed = feeds.recovery({ recoveryId: await aRecovery(pool), after: 0 });
    const pending = feed.next();
    await feed.return();
    expect((await pending).done).toBe(true);
    release();
  });

  it("is done by its signal, before and after it was opened", async () => {
    const recoveryId = await aRecovery(pool);
    const stop = new AbortController();
    const feed = feeds.recovery({ recoveryId, after: 0, signal: stop.signal });
    await pull(feed);
    const pending = feed.next();
    stop.abort();
    expect((await pending).done).toBe(true);
    expect((await feeds.recovery({ recoveryId, after: 0, signal: stop.signal }).next()).done).toBe(true);
    expect(feeds.counts()).toEqual({ feeds: 0, tails: 0 });
  });

  it("is done when all feeds are closed, and none opens any more", async () => {
    const recoveryId = await aRecovery(pool);
    const [recovery, prompts] = [feeds.recovery({ recoveryId, after: 0 }), feeds.prompts({ after: null })];
    await Promise.all([pull(recovery), pull(prompts)]);
    const pending = [recovery.next(), prompts.next()];
    feeds.close();
    expect((await Promise.all(pending)).map((result) => result.done)).toEqual([true, true]);
    expect((await feeds.recovery({ recoveryId, after: 0 }).next()).done).toBe(true);
  });
});

describe("500 feeds of one recovery", () => {
  it("see the same sequence, for the statements of one", async () => {
    const recoveryId = await aRecovery(pool);
    await write(recoveryId, outputs(300));
    const watching = upTo(500).map((n) => take(feeds.recovery({ recoveryId, after: n % 2 === 0 ? 0 : 299 }), 10_000));
    await until(() => feeds.counts().feeds === 500);
    expect(feeds.counts()).toEqual({ feeds: 500, tails: 1 });
    for (let round = 0; round < 20; round++) await write(recoveryId, outputs(10));
    await write(recoveryId, [ended]);
    const seen = await Promise.all(watching);
    for (const [index, events] of seen.entries()) expect(sequences(events)).toEqual(upTo(501).slice(index % 2 === 0 ? 299 : 0));
    expect(database.total()).toBeLessThanOrEqual(1 + 2 * 21);
    expect(feeds.counts()).toEqual({ feeds: 0, tails: 0 });
  });

  it("that are behind the window share the pages they ask for", async () => {
    feeds = open({ limits: { windowEvents: 10 } });
    const recoveryId = await aRecovery(pool);
    await write(recoveryId, [...outputs(1_999), ended]);
    const seen = await Promise.all(upTo(500).map(() => take(feeds.recovery({ recoveryId, after: 0 }), 10_000)));
    for (const events of seen) expect(events.length).toBe(2_000);
    expect(database.total()).toBeLessThanOrEqual(1 + 5);
  });
});

describe("when the database is away", () => {
  it("feeds wait, open ones and new ones, and go on without a gap", async () => {
    const recoveryId = await aRecovery(pool);
    feeds = open({ limits: { windowEvents: 2 } });
    const watching = feeds.recovery({ recoveryId, after: 0 });
    await pull(watching);
    database.setAway(true);
    const [next, late] = [pull(watching), feeds.recovery({ recoveryId, after: 0 })];
    const first = take(late, 5);
    await write(recoveryId, outputs(5));
    await until(() => database.count("events_recovery") >= 2);
    database.setAway(false);
    expect(sequences((await next).events)).toEqual(upTo(5));
    expect(sequences(await first)).toEqual(upTo(5));
  });

  it("a new feed has its first batch as soon as it is back", async () => {
    const recoveryId = await aRecovery(pool);
    await write(recoveryId, outputs(2));
    database.setAway(true);
    const first = pull(feeds.recovery({ recoveryId, after: 0 }));
    await until(() => database.count("events_newest") === 2);
    database.setAway(false);
    expect(sequences((await first).events)).toEqual([1, 2]);
  });
});

describe("a feed that is not pulled", () => {
  it("lags from the first event that waits, tells once, and no longer lags once it has caught up", async () => {
    let now = 0;
    let told = 0;
    feeds = open({ monotonic: () => now, limits: { lagSeconds: 120 } });
    const recoveryId = await aRecovery(pool);
    const feed = feeds.recovery({ recoveryId, after: 0, onLagging: () => void told++ });
    const other = feeds.recovery({ recoveryId, after: 0 });
    await Promise.all([pull(feed), pull(other)]);
    now += 3_600_000; // nothing happens for an hour
    expect(feed.lagSeconds()).toBe(0);
    await write(recoveryId, outputs(1));
    await pull(other); // the event has been read, and waits for the first feed
    now += 60_000;
    await write(recoveryId, outputs(1));
    await pull(other);
    wakeUps.wakeAll();
    expect([feed.lagSeconds(), other.lagSeconds(), told]).toEqual([60, 0, 0]);
    now += 61_000;
    wakeUps.wakeAll();
    wakeUps.wakeAll();
    expect([feed.lagSeconds(), told]).toEqual([121, 1]);
    expect(sequences(await take(feed, 2))).toEqual([1, 2]);
    expect(feed.lagSeconds()).toBe(0);
  });
});

describe("the feed of all prompts", () => {
  it("starts now, follows every recovery in commit order, and does not complete when one ends", async () => {
    const [one, other] = [await aRecovery(pool), await aRecovery(pool)];
    await write(one, [prompt("before")]);
    const feed = feeds.prompts({ after: null });
    const first = await pull(feed);
    expect(first.events).toEqual([]);
    expect(decodeLogCursor(first.cursor, { generation: 1 })).toBe(await lastPosition(pool));
    const next = take(feed, 3);
    await write(one, [output("x"), prompt("a"), ended]);
    await write(other, [prompt("b"), output("y")]);
    await write(other, [prompt("c")]);
    const names = (await next).map(({ event }) => (event.kind === "PROMPT_OPENED" ? event.name : event.kind));
    expect(names).toEqual(["a", "b", "c"]);
    expect(feeds.counts().feeds).toBe(1);
  });

  it("gives each once from wherever it is resumed", async () => {
    feeds = open({ limits: { batchEvents: 3, windowEvents: 4 } });
    const recoveryId = await aRecovery(pool);
    const start = await lastPosition(pool);
    const watching = feeds.prompts({ after: null });
    await pull(watching);
    for (let round = 0; round < 12; round++) await write(recoveryId, [output("x"), prompt(`${round}`), output("y")]);
    await take(watching, 12);
    const positions = upTo(12).map((n) => start + BigInt(3 * n - 1));
    for (let cut = 0n; cut <= 33n; cut++) {
      const expected = positions.filter((position) => position > start + cut);
      const feed = feeds.prompts({ after: start + cut });
      expect((await take(feed, expected.length)).map(({ position }) => position)).toEqual(expected);
      await feed.return();
    }
  });
});
