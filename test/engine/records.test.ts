import type pg from "pg";
import { afterEach, expect, it, vi } from "vitest";
import { loadRun } from "../../src/engine/records.ts";

afterEach(() => void vi.useRealTimers());

it("a run's clock goes from the database's answer on, not from when its snapshot is read", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  const row = {
    id: "run",
    now: 1_000,
    get snapshotText() {
      vi.advanceTimersByTime(500);
      return '{"kind":"TEST"}';
    },
  };
  const pool = { query: async () => ({ rows: [row] }) } as unknown as pg.Pool;
  const { clock, ...record } = await loadRun(pool, "run");
  expect(record).toEqual({ id: "run", now: 1_000, snapshot: { kind: "TEST" } });
  expect(clock.now()).toBe(1_500);
});
