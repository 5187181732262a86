import { describe, expect, it } from "vitest";
import { decodeLogCursor } from "../../src/events/cursor.ts";
import { pull, useBench } from "./bench.ts";
import { aRecovery, ended, lastPosition, output, outputs, prompt, sequences, take, until, upTo } from "./support.ts";

const bench = useBench();

describe("500 feeds of one recovery", () => {
  it("see the same sequence, for the statements of one", async () => {
    const recoveryId = await aRecovery(bench.pool);
    await bench.write(recoveryId, outputs(300));
    const watching = upTo(500).map((n) => take(bench.feeds.recovery({ recoveryId, after: n % 2 === 0 ? 0 : 299 }), 10_000));
    await until(() => bench.feeds.counts().feeds === 500);
    expect(bench.feeds.counts()).toEqual({ feeds: 500, tails: 1 });
    for (let round = 0; round < 20; round++) await bench.write(recoveryId, outputs(10));
    await bench.write(recoveryId, [ended]);
    const seen = await Promise.all(watching);
    for (const [index, events] of seen.entries()) expect(sequences(events)).toEqual(upTo(501).slice(index % 2 === 0 ? 299 : 0));
    expect(bench.database.total()).toBeLessThanOrEqual(1 + 2 * 21);
    expect(bench.feeds.counts()).toEqual({ feeds: 0, tails: 0 });
  });

  it("get the same batches once they have caught up, wherever they began, and whatever they have missed", async () => {
    const recoveryId = await aRecovery(bench.pool);
    await bench.write(recoveryId, outputs(3));
    const feeds = upTo(500).map((n) => bench.feeds.recovery({ recoveryId, after: n % 4 }));
    await Promise.all(feeds.map(pull));
    const [slow, ...others] = feeds;
    const round = async (pulled: typeof feeds) => {
      const coming = pulled.map(pull);
      await bench.write(recoveryId, outputs(2));
      return new Set(await Promise.all(coming)).size;
    };
    expect([await round(others), await round(others)]).toEqual([1, 1]);
    expect(slow && sequences(await take(slow, 4))).toEqual([4, 5, 6, 7]);
    expect(await round(feeds)).toBe(1);
  });

  it("that are behind the window share the pages they ask for", async () => {
    bench.open({ limits: { windowEvents: 10 } });
    const recoveryId = await aRecovery(bench.pool);
    await bench.write(recoveryId, [...outputs(1_999), ended]);
    const seen = await Promise.all(upTo(500).map(() => take(bench.feeds.recovery({ recoveryId, after: 0 }), 10_000)));
    for (const events of seen) expect(events.length).toBe(2_000);
    expect(bench.database.total()).toBeLessThanOrEqual(1 + 5);
  });
});

describe("when the database is away", () => {
  it("feeds wait, open ones and new ones, and go on without a gap", async () => {
    const recoveryId = await aRecovery(bench.pool);
    bench.open({ limits: { windowEvents: 2 } });
    const watching = bench.feeds.recovery({ recoveryId, after: 0 });
    await pull(watching);
    bench.database.setAway(true);
    const [next, late] = [pull(watching), bench.feeds.recovery({ recoveryId, after: 0 })];
    const first = take(late, 5);
    await bench.write(recoveryId, outputs(5));
    await until(() => bench.database.count("events_recovery") >= 2);
    bench.database.setAway(false);
    expect(sequences((await next).events)).toEqual(upTo(5));
    expect(sequences(await first)).toEqual(upTo(5));
  });

  it("a new feed has its first batch as soon as it is back", async () => {
    const recoveryId = await aRecovery(bench.pool);
    await bench.write(recoveryId, outputs(2));
    bench.database.setAway(true);
    const first = pull(bench.feeds.recovery({ recoveryId, after: 0 }));
    await until(() => bench.database.count("events_newest") === 2);
    bench.database.setAway(false);
    expect(sequences((await first).events)).toEqual([1, 2]);
  });
});

describe("a feed that is not pulled", () => {
  it("lags from the first event that waits, tells once, and no longer lags once it has caught up", async () => {
    let now = 0;
    let told = 0;
    bench.open({ monotonic: () => now, limits: { lagSeconds: 120 } });
    const recoveryId = await aRecovery(bench.pool);
    const feed = bench.feeds.recovery({ recoveryId, after: 0, onLagging: () => void told++ });
    const other = bench.feeds.recovery({ recoveryId, after: 0 });
    await Promise.all([pull(feed), pull(other)]);
    now += 3_600_000; // nothing happens for an hour
    expect(feed.lagSeconds()).toBe(0);
    await bench.write(recoveryId, outputs(1));
    await pull(other); // the event has been read, and waits for the first feed
    now += 60_000;
    await bench.write(recoveryId, outputs(1));
    await pull(other);
    bench.wakeUps.wakeAll();
    expect([feed.lagSeconds(), other.lagSeconds(), told]).toEqual([60, 0, 0]);
    now += 61_000;
    bench.wakeUps.wakeAll();
    bench.wakeUps.wakeAll();
    expect([feed.lagSeconds(), told]).toEqual([121, 1]);
    expect(sequences(await take(feed, 2))).toEqual([1, 2]);
    expect(feed.lagSeconds()).toBe(0);
  });
});

describe("the feed of all prompts", () => {
  it("starts now, follows every recovery in commit order, and does not complete when one ends", async () => {
    const [one, other] = [await aRecovery(bench.pool), await aRecovery(bench.pool)];
    await bench.write(one, [prompt("before")]);
    const feed = bench.feeds.prompts({ after: null });
    const first = await pull(feed);
    expect(first.events).toEqual([]);
    expect(decodeLogCursor(first.cursor, { generation: 1 })).toBe(await lastPosition(bench.pool));
    const next = take(feed, 3);
    await bench.write(one, [output("x"), prompt("a"), ended]);
    await bench.write(other, [prompt("b"), output("y")]);
    await bench.write(other, [prompt("c")]);
    const names = (await next).map(({ event }) => (event.kind === "PROMPT_OPENED" ? event.name : event.kind));
    expect(names).toEqual(["a", "b", "c"]);
    expect(bench.feeds.counts().feeds).toBe(1);
  });

  it("gives each once from wherever it is resumed", async () => {
    bench.open({ limits: { batchEvents: 3, windowEvents: 4 } });
    const recoveryId = await aRecovery(bench.pool);
    const start = await lastPosition(bench.pool);
    const watching = bench.feeds.prompts({ after: null });
    await pull(watching);
    for (let round = 0; round < 12; round++) await bench.write(recoveryId, [output("x"), prompt(`${round}`), output("y")]);
    await take(watching, 12);
    const positions = upTo(12).map((n) => start + BigInt(3 * n - 1));
    for (let cut = 0n; cut <= 33n; cut++) {
      const expected = positions.filter((position) => position > start + cut);
      const feed = bench.feeds.prompts({ after: start + cut });
      expect((await take(feed, expected.length)).map(({ position }) => position)).toEqual(expected);
      await feed.return();
    }
  });
});
