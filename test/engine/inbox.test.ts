import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createInbox } from "../../src/engine/inbox.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

const ended = (ordinal: number) => ({ kind: "ENDED", ordinal, end: { status: "SUCCEEDED", message: "done" } }) as const;

/** Whether it has come to its end by now. */
function watched(work: Promise<void>): () => Promise<boolean> {
  let isOver = false;
  void work.then(() => {
    isOver = true;
  });
  return async () => {
    await vi.advanceTimersByTimeAsync(0);
    return isOver;
  };
}

it("lets more come for so long, and keeps all of them", async () => {
  const inbox = createInbox();
  inbox.put(ended(1));
  const isOver = watched(inbox.gather(200, 50));
  inbox.put(ended(2));
  await vi.advanceTimersByTimeAsync(49);
  expect(await isOver()).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(await isOver()).toBe(true);
  expect(inbox.take(200)).toHaveLength(2);
});

it("gathers no more when enough have come, or had before", async () => {
  const inbox = createInbox();
  const isOver = watched(inbox.gather(3, 50));
  for (const ordinal of [1, 2]) inbox.put(ended(ordinal));
  expect(await isOver()).toBe(false);
  inbox.put(ended(3));
  expect(await isOver()).toBe(true);
  expect(await watched(inbox.gather(3, 50))()).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});

it("lets nobody's wish wait", async () => {
  const inbox = createInbox();
  const isOver = watched(inbox.gather(3, 50));
  inbox.wish();
  expect(await isOver()).toBe(true);
  expect(await watched(inbox.gather(3, 50))()).toBe(true);
});

it("gathers nothing when there is enough to do already, now or since the last time, and does so again after that", async () => {
  const inbox = createInbox();
  const isOver = watched(inbox.gather(3, 50));
  inbox.goOn();
  expect(await isOver()).toBe(true);
  inbox.goOn();
  expect(await watched(inbox.gather(3, 50))()).toBe(true);
  expect(await watched(inbox.gather(3, 50))()).toBe(false);
});
