import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTimer, type TimerOptions } from "../../src/jobs/timer.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { testPool } from "../support/pool.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await freshDatabase();
});
afterAll(() => db.drop());

const never = 2 ** 31 - 1;
const timer = (options: Pick<TimerOptions, "work"> & Partial<TimerOptions>) =>
  startTimer({
    pool: db.database.pool,
    name: "tidy",
    everyMs: never,
    firstWithinMs: never,
    random: () => 1,
    log: { warn: () => {} },
    ...options,
  });

/** Work that tells when it has begun, and goes on when it is let. */
function gated() {
  const [begun, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const work = async () => {
    begun.resolve();
    await gate.promise;
  };
  return { work, begun: begun.promise, release: gate.resolve };
}

describe("a job on a timer", () => {
  it("is done by one node at a time; another one leaves it, and may do it afterwards", async () => {
    const first = gated();
    let second = 0;
    const [here, there] = [timer({ work: first.work }), timer({ work: async () => void second++ })];
    const done = here.run();
    await first.begun;
    expect([await there.run(), second]).toEqual([false, 0]);
    first.release();
    expect(await done).toBe(true);
    expect([await there.run(), second]).toEqual([true, 1]);
    await Promise.all([here.close(), there.close()]);
  });

  it("keeps others from it for as long as it takes, although its own transaction stands still", async () => {
    const pool = testPool(db.url, { options: "-c idle_in_transaction_session_timeout=50", max: 1 });
    const first = gated();
    const here = timer({ pool, work: first.work });
    const done = here.run();
    await first.begun;
    await setTimeout(150);
    expect(await timer({ work: async () => {} }).run()).toBe(false);
    first.release();
    expect(await done).toBe(true);
    await here.close();
    await pool.end();
  });

  it("does not keep jobs of other names from being done", async () => {
    const first = gated();
    const [here, there] = [timer({ work: first.work }), timer({ name: "other", work: async () => {} })];
    const done = here.run();
    await first.begun;
    expect(await there.run()).toBe(true);
    first.release();
    await done;
    await Promise.all([here.close(), there.close()]);
  });

  it("comes again after its time, and when it has failed too, which is logged", async () => {
    const third = Promise.withResolvers<void>();
    const warnings: string[] = [];
    let times = 0;
    const work = async () => {
      if (++times === 3) third.resolve();
      if (times === 1) throw new Error("no");
    };
    const job = timer({ work, everyMs: 1, firstWithinMs: 1, log: { warn: (_details, message) => void warnings.push(message) } });
    await third.promise;
    await job.close();
    expect(warnings).toEqual(["a job failed; it is due again in its turn"]);
    const after = times;
    expect(await job.run()).toBe(true); // the lock of the failed one is free
    expect(times).toBe(after + 1);
  });

  it("is told to stop when its node stops, which waits for it", async () => {
    const begun = Promise.withResolvers<void>();
    let stopped = false;
    const job = timer({
      work: (signal) =>
        new Promise((resolve) => {
          begun.resolve();
          signal.addEventListener("abort", () => {
            stopped = true;
            resolve();
          });
        }),
    });
    const done = job.run();
    await begun.promise;
    await job.close();
    expect([stopped, await done]).toEqual([true, true]);
  });
});
