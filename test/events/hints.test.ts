import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Hints, heard } from "../../src/events/hints.ts";
import type { Queryable } from "../../src/events/log.ts";
import { silent } from "./support.ts";

let sent: unknown[];
let answer: () => Promise<unknown>;
const pool: Queryable = {
  async query({ values }) {
    sent.push(values?.[1]);
    await answer();
    return { rows: [], rowCount: 0, command: "SELECT", oid: 0, fields: [] };
  },
};
const someHints = () => new Hints({ pool, node: "a", channel: "dr_events", log: silent, coalesceMs: 50 });

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  answer = async () => {};
});
afterEach(() => void vi.useRealTimers());

it("sends the first hint at once, and those of the next 50 ms together, each once", async () => {
  const hints = someHints();
  for (const payload of ["x", "y", "z"]) hints.add(payload);
  for (let again = 0; again < 10_000; again++) hints.add("y");
  expect(sent).toEqual(["a|x"]);
  await vi.advanceTimersByTimeAsync(49);
  expect(sent).toEqual(["a|x"]);
  await vi.advanceTimersByTimeAsync(1);
  expect(sent).toEqual(["a|x", "a|y,z"]);
});

it("has one NOTIFY under way, however long that takes", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  answer = () => promise;
  const hints = someHints();
  hints.add("x");
  hints.add("y");
  await vi.advanceTimersByTimeAsync(500);
  expect(sent).toEqual(["a|x"]);
  resolve();
  await vi.advanceTimersByTimeAsync(0);
  expect(sent).toEqual(["a|x", "a|y"]);
});

it("tells everybody to look when there are too many names for one NOTIFY", async () => {
  const hints = someHints();
  hints.add("first");
  for (let index = 0; index < 1_000; index++) hints.add(`recovery-${index}`);
  await vi.advanceTimersByTimeAsync(50);
  expect(sent).toEqual(["a|first", "a|"]);
  hints.add("later");
  await vi.advanceTimersByTimeAsync(50);
  expect(sent.at(-1)).toBe("a|later");
});

it("never throws, and goes on after a NOTIFY that failed", async () => {
  answer = () => Promise.reject(new Error("the database is away"));
  const hints = someHints();
  hints.add("x");
  await vi.advanceTimersByTimeAsync(50);
  answer = async () => {};
  hints.add("y");
  expect(sent).toEqual(["a|x", "a|y"]);
});

it("sends nothing after it was closed", async () => {
  const hints = someHints();
  hints.add("x");
  hints.add("y");
  hints.close();
  await vi.advanceTimersByTimeAsync(500);
  expect(sent).toEqual(["a|x"]);
});

it("hears other nodes' payloads, and not its own", () => {
  expect(heard("b|x,y", "a")).toEqual(["x", "y"]);
  expect(heard("b|", "a")).toEqual([null]);
  expect(heard("a|x", "a")).toEqual([]);
  expect(heard("", "a")).toEqual([null]); // sent by hand
});
