import { describe, expect, it } from "vitest";
import { decodeRecoveryCursor } from "../../src/events/cursor.ts";
import { pull, useBench } from "./bench.ts";
import { aRecovery, ended, output, outputs, sequences, take, until, upTo } from "./support.ts";

const bench = useBench();

describe("the feed of a recovery", () => {
  it("opens nothing before the first next()", async () => {
    const feed = bench.feeds.recovery({ recoveryId: await aRecovery(bench.pool), after: 0 });
    expect([bench.feeds.counts(), bench.database.total()]).toEqual([{ feeds: 0, tails: 0 }, 0]);
    await feed.next();
    expect(bench.feeds.counts()).toEqual({ feeds: 1, tails: 1 });
  });

  it("delivers at once, an empty batch when there is nothing yet, and then what comes", async () => {
    const recoveryId = await aRecovery(bench.pool);
    const feed = bench.feeds.recovery({ recoveryId, after: 0 });
    const first = await pull(feed);
    expect(first.events).toEqual([]);
    expect(decodeRecoveryCursor(first.cursor, { recoveryId, generation: 1 })).toBe(0);
    const second = pull(feed);
    await bench.write(recoveryId, outputs(3));
    expect(sequences((await second).events)).toEqual([1, 2, 3]);
    expect(decodeRecoveryCursor((await second).cursor, { recoveryId, generation: 1 })).toBe(3);
    expect((await second).serverTime).toBeInstanceOf(Date);
  });

  it("replays a finished recovery and completes, also from its end", async () => {
    const recoveryId = await aRecovery(bench.pool);
    await bench.write(recoveryId, [...outputs(5), ended]);
    const feed = bench.feeds.recovery({ recoveryId, after: 0 });
    expect(sequences(await take(feed, 100))).toEqual(upTo(6));
    expect(bench.feeds.counts()).toEqual({ feeds: 0, tails: 0 });
    await pull(bench.feeds.recovery({ recoveryId, after: 0 }));
    expect(bench.feeds.counts()).toEqual({ feeds: 0, tails: 0 }); // with its last event, not with the next pull
    const atEnd = bench.feeds.recovery({ recoveryId, after: 6 });
    expect((await pull(atEnd)).events).toEqual([]);
    expect(await atEnd.next()).toEqual({ done: true, value: undefined });
  });

  it("completes for those who watch when the run ends", async () => {
    const recoveryId = await aRecovery(bench.pool);
    const all = take(bench.feeds.recovery({ recoveryId, after: 0 }), 100);
    await until(() => bench.database.count("events_newest") === 1);
    await bench.write(recoveryId, outputs(2));
    await bench.write(recoveryId, [ended]);
    expect(sequences(await all)).toEqual([1, 2, 3]);
  });

  it("gives each event once, in order, from wherever it is resumed: in memory, behind the window, at a page's end", async () => {
    bench.open({ limits: { batchEvents: 7, windowEvents: 10 } });
    const recoveryId = await aRecovery(bench.pool);
    await bench.write(recoveryId, outputs(40));
    const watching = bench.feeds.recovery({ recoveryId, after: 40 }); // keeps the tail and its window
    await pull(watching);
    for (let cut = 0; cut <= 40; cut++) {
      const feed = bench.feeds.recovery({ recoveryId, after: cut });
      expect(sequences(await take(feed, 40 - cut))).toEqual(upTo(40).slice(cut));
      await feed.return();
    }
    expect(bench.feeds.counts()).toEqual({ feeds: 1, tails: 1 });
  });

  it("gives each event once when it is cut anywhere and resumed by its cursor, while the run goes on", async () => {
    bench.open({ limits: { batchEvents: 3, windowEvents: 8 } });
    const recoveryId = await aRecovery(bench.pool);
    const writing = (async () => {
      for (let round = 0; round < 30; round++) await bench.write(recoveryId, outputs(1 + (round % 5)));
      await bench.write(recoveryId, [ended]);
    })();
    const seen: number[] = [];
    let after = 0;
    for (let over = false, length = 0; !over; length = (length + 1) % 4) {
      const feed = bench.feeds.recovery({ recoveryId, after });
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
    const recoveryId = await aRecovery(bench.pool);
    const feed = bench.feeds.recovery({ recoveryId, after: 0 });
    await pull(feed);
    const release = bench.database.hold();
    bench.wakeUps.hint("dr_events", recoveryId); // this read sees nothing, and its answer is held
    const next = pull(feed);
    await until(() => bench.database.count("events_recovery") === 1);
    await until(async () => (await bench.pool.query("SELECT 1")).rowCount === 1);
    await bench.write(recoveryId, outputs(1));
    release();
    expect(sequences((await next).events)).toEqual([1]);
  });

  it("cuts a batch by its events and by the length of their output, and never an event", async () => {
    bench.open({ limits: { batchEvents: 4, batchChars: 100 } });
    const recoveryId = await aRecovery(bench.pool);
    await bench.write(recoveryId, [...outputs(6), output("x".repeat(500)), output("y".repeat(500)), output("z")]);
    const feed = bench.feeds.recovery({ recoveryId, after: 0 });
    const batches = [await pull(feed), await pull(feed), await pull(feed), await pull(feed)];
    expect(batches.map(({ events }) => sequences(events))).toEqual([[1, 2, 3, 4], [5, 6, 7], [8], [9]]);
  });

  it("delivers at most every 100 ms, and leaves nothing out", async () => {
    bench.open({ limits: { batchMs: 100 } });
    const recoveryId = await aRecovery(bench.pool);
    const feed = bench.feeds.recovery({ recoveryId, after: 0 });
    const [times, seen]: [number[], number[]] = [[], []];
    const writing = (async () => {
      for (let round = 0; seen.length < 20 || times.length < 4; round++) await bench.write(recoveryId, [output(`${round}`)]);
      await bench.write(recoveryId, [ended]);
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
    const feed = bench.feeds.recovery({ recoveryId: await aRecovery(bench.pool), after: 0 });
    await pull(feed);
    const [pending, another] = [feed.next(), feed.next()];
    expect(await feed.return()).toEqual({ done: true, value: undefined });
    expect([await pending, await another, await feed.next()]).toEqual(Array(3).fill({ done: true, value: undefined }));
    expect(bench.feeds.counts()).toEqual({ feeds: 0, tails: 0 });
  });

  it("settles the first next() too, while the database does not answer", async () => {
    const release = bench.database.hold();
    const feed = bench.feeds.recovery({ recoveryId: await aRecovery(bench.pool), after: 0 });
    const pending = feed.next();
    await feed.return();
    expect((await pending).done).toBe(true);
    release();
  });

  it("is done by its signal, before and after it was opened", async () => {
    const recoveryId = await aRecovery(bench.pool);
    const stop = new AbortController();
    const feed = bench.feeds.recovery({ recoveryId, after: 0, signal: stop.signal });
    await pull(feed);
    const pending = feed.next();
    stop.abort();
    expect((await pending).done).toBe(true);
    expect((await bench.feeds.recovery({ recoveryId, after: 0, signal: stop.signal }).next()).done).toBe(true);
    expect(bench.feeds.counts()).toEqual({ feeds: 0, tails: 0 });
  });

  it("is done when all feeds are closed, and none opens any more", async () => {
    const recoveryId = await aRecovery(bench.pool);
    const [recovery, prompts] = [bench.feeds.recovery({ recoveryId, after: 0 }), bench.feeds.prompts({ after: null })];
    await Promise.all([pull(recovery), pull(prompts)]);
    const pending = [recovery.next(), prompts.next()];
    bench.feeds.close();
    expect((await Promise.all(pending)).map((result) => result.done)).toEqual([true, true]);
    expect((await bench.feeds.recovery({ recoveryId, after: 0 }).next()).done).toBe(true);
  });
});
