import { describe, expect, it } from "vitest";
import { type ChangeKind, changeKinds, type LoggedChange } from "../../src/events/changes.ts";
import { decodeLogCursor } from "../../src/events/cursor.ts";
import { pull, useBench } from "./bench.ts";
import { aRecovery, changed, lastPosition, outputs, prompt, take, upTo } from "./support.ts";

const bench = useBench();
const names = (changes: readonly LoggedChange[]) => changes.map(({ change }) => change.name);
const placeOf = (cursor: string) => decodeLogCursor(cursor, { generation: 1 });
const plans = { kinds: ["PLAN_CHANGED"], after: null } as const;

describe("the feed of what changes beside the runs", () => {
  it("starts now, and delivers in commit order what comes then, between the events of runs", async () => {
    await bench.change(changed("PLAN_CHANGED", "before"));
    const feed = bench.feeds.changes({ kinds: changeKinds, after: null });
    const first = await pull(feed);
    expect([first.events, placeOf(first.cursor)]).toEqual([[], await lastPosition(bench.pool)]);
    const next = take(feed, 3);
    const recoveryId = await aRecovery(bench.pool);
    await bench.write(recoveryId, [prompt("Go on?")]);
    await bench.change(changed("PLAN_CHANGED", "a"), changed("TASK_CHANGED", "b"));
    await bench.write(recoveryId, outputs(3));
    await bench.change(changed("VM_CHANGED", "c"));
    expect(names(await next)).toEqual(["a", "b", "c"]);
  });

  it("is shared by readers of different kinds and subjects, for the statements of one", async () => {
    const [mine, other] = [changed("PLAN_CHANGED", "mine"), changed("PLAN_CHANGED", "other")];
    const feeds = upTo(50).flatMap(() => [
      bench.feeds.changes({ kinds: ["PLAN_CHANGED", "TASK_CHANGED"], after: null }),
      bench.feeds.changes({ kinds: ["AUDIT_RECORDED"], after: null }),
      bench.feeds.changes({ ...plans, matches: ({ id }) => id === mine.id }),
    ]);
    await Promise.all(feeds.map(pull));
    expect(bench.feeds.counts()).toEqual({ feeds: 150, tails: 1 });
    const before = bench.database.total();
    const next = feeds.map((feed, index) => take(feed, [3, 1, 1][index % 3] ?? 0));
    await bench.change(mine, changed("AUDIT_RECORDED", "audit"), other, changed("SITE_CHANGED", "site"), changed("TASK_CHANGED", "task"));
    for (const [index, seen] of (await Promise.all(next)).entries()) {
      expect(names(seen)).toEqual([["mine", "other", "task"], ["audit"], ["mine"]][index % 3]);
    }
    expect(bench.database.total() - before).toBeLessThanOrEqual(2);
  });

  it("moves the cursor on past what is not wanted", async () => {
    const feed = bench.feeds.changes(plans);
    await pull(feed);
    const next = pull(feed);
    await bench.change(changed("VM_CHANGED", "x"), changed("PLAN_CHANGED", "a"), changed("VM_CHANGED", "y"), changed("VM_CHANGED", "z"));
    const { events, cursor } = await next;
    expect(names(events)).toEqual(["a"]);
    expect(placeOf(cursor)).toBe(await lastPosition(bench.pool));
    const again = bench.feeds.changes({ kinds: ["PLAN_CHANGED", "VM_CHANGED"], after: placeOf(cursor) });
    expect((await pull(again)).events).toEqual([]);
    await again.return();
  });

  it("hands over a moved cursor now and then although nothing is wanted, so that it does not expire", async () => {
    let now = 0;
    bench.open({ monotonic: () => now, limits: { cursorMs: 60_000 } });
    const [feed, other] = [bench.feeds.changes(plans), bench.feeds.changes({ ...plans, kinds: ["VM_CHANGED"] })];
    await Promise.all([pull(feed), pull(other)]);
    const next = pull(feed);
    const vm = async (name: string) => {
      await bench.change(changed("VM_CHANGED", name));
      await pull(other); // the shared reader has seen it
    };
    now += 59_000;
    await vm("early");
    now += 1_000;
    await vm("late");
    expect(feed.lagSeconds()).toBe(0);
    const { events, cursor } = await next;
    expect([events, placeOf(cursor)]).toEqual([[], await lastPosition(bench.pool)]);
  });

  it("gives each wanted one once, in order, from wherever it is resumed: in memory, behind the window, at a page's end", async () => {
    bench.open({ limits: { batchEvents: 3, windowEvents: 5 } });
    const kindAt = (n: number): ChangeKind => (n % 3 === 0 ? "PLAN_CHANGED" : n % 7 === 0 ? "SITE_CHANGED" : "VM_CHANGED");
    const start = await lastPosition(bench.pool);
    const watching = bench.feeds.changes({ kinds: changeKinds, after: null }); // keeps the tail and its window
    await pull(watching);
    for (let n = 1; n <= 30; n++) await bench.change(changed(kindAt(n), `${n}`));
    await take(watching, 30);
    for (let cut = 0; cut <= 30; cut++) {
      const expected = upTo(30).filter((n) => n > cut && kindAt(n) !== "VM_CHANGED");
      const feed = bench.feeds.changes({ kinds: ["PLAN_CHANGED", "SITE_CHANGED"], after: start + BigInt(cut) });
      expect(names(await take(feed, expected.length))).toEqual(expected.map(String));
      await feed.return();
    }
    expect(bench.feeds.counts()).toEqual({ feeds: 1, tails: 1 });
  });

  it("gives each wanted one once when it is cut anywhere and resumed by its cursor, while 4 writers write", async () => {
    bench.open({ limits: { batchEvents: 3, windowEvents: 8 } });
    let after = await lastPosition(bench.pool);
    let writing = 4;
    const writers = upTo(4).map(async (writer) => {
      for (let n = 0; n < 60; n++) await bench.change(changed(n % 2 === 0 ? "PLAN_CHANGED" : "VM_CHANGED", `${writer}/${n}`));
      writing--;
    });
    const all = bench.feeds.changes({ kinds: ["PLAN_CHANGED"], after });
    const expected = take(all, 120);
    const seen: LoggedChange[] = [];
    for (let length = 0; seen.length < 120; length = (length + 1) % 4) {
      const feed = bench.feeds.changes({ kinds: ["PLAN_CHANGED"], after });
      for (let count = 0; count <= length && seen.length < 120; count++) {
        const { events, cursor } = await pull(feed);
        seen.push(...events);
        after = placeOf(cursor);
      }
      await feed.return();
    }
    await Promise.all(writers);
    expect(writing).toBe(0);
    expect(names(seen)).toEqual(names(await expected));
    expect(new Set(names(seen)).size).toBe(120);
  });

  it("does not lag for what it does not want", async () => {
    let now = 0;
    bench.open({ monotonic: () => now, limits: { cursorMs: 1_000_000 } });
    const [feed, other] = [bench.feeds.changes(plans), bench.feeds.changes({ ...plans, kinds: ["VM_CHANGED"] })];
    await Promise.all([pull(feed), pull(other)]);
    const next = pull(feed);
    for (let n = 0; n < 3; n++) {
      await bench.change(changed("VM_CHANGED", `${n}`));
      await pull(other);
      now += 100_000;
    }
    expect(feed.lagSeconds()).toBe(0);
    await bench.change(changed("PLAN_CHANGED", "a"));
    expect(names((await next).events)).toEqual(["a"]);
  });
});
