import type pg from "pg";
import { v7 as uuid } from "uuid";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { claim, release, releaseAll } from "../../src/engine/lease.ts";
import { monotonicMs } from "../../src/engine/monotonic.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { aRun, endRun, letLapse, ownershipOf, takeOver } from "./support/runs.ts";

const [ada, ben] = [uuid(), uuid()];
let db: TestDatabase;
let pool: pg.Pool;

beforeAll(async () => {
  db = await freshDatabase();
  pool = db.database.pool;
});
afterAll(() => db.drop());
beforeEach(async () => {
  await pool.query("TRUNCATE recovery CASCADE");
  await db.shiftClock(0);
});

const claimOne = async (nodeId: string) => {
  const [claimed] = await claim(pool, nodeId, 6, 1);
  if (!claimed) throw new Error("There was nothing to claim.");
  return claimed;
};

describe("a claim", () => {
  it("gives each of 50 runs to one of two nodes that sweep at once", async () => {
    const runs = await Promise.all(Array.from({ length: 50 }, () => aRun(pool)));
    const sweeps = Array.from({ length: 12 }, (_, index) => claim(pool, index % 2 === 0 ? ada : ben, 6, 7));
    const claimed = (await Promise.all(sweeps)).flat().concat(await claim(pool, ada, 6, 50));
    expect(claimed.map(({ runId }) => runId).sort()).toEqual(runs.sort());
    expect(claimed.every(({ epoch }) => epoch === 1n)).toBe(true);
  });

  it("takes the oldest runs first, and no more than asked for", async () => {
    const first = await aRun(pool);
    const second = await aRun(pool);
    await aRun(pool);
    await pool.query("UPDATE recovery SET requested_at = requested_at - interval '1 h' WHERE id = ANY($1)", [[first, second]]);
    const claimed = await claim(pool, ada, 6, 2);
    expect(claimed.map(({ runId }) => runId).sort()).toEqual([first, second].sort());
  });

  it("says when it was sent, and holds from then on for the lease", async () => {
    const runId = await aRun(pool);
    const before = monotonicMs();
    const { claimedAtMs } = await claimOne(ada);
    expect(claimedAtMs).toBeGreaterThanOrEqual(before);
    const { leaseUntil, owner } = await ownershipOf(pool, runId);
    const { rows } = await pool.query<{ now: Date }>("SELECT clock_timestamp() AS now");
    const left = (leaseUntil?.getTime() ?? 0) - (rows[0]?.now.getTime() ?? 0);
    expect(owner).toBe(ada);
    expect(left).toBeLessThanOrEqual(6000);
    expect(left).toBeGreaterThan(6000 - (monotonicMs() - before) - 5);
  });

  it("leaves alone what has ended, what somebody owns, and what is not to be woken yet", async () => {
    await endRun(pool, await aRun(pool));
    const asleep = await aRun(pool);
    await pool.query("UPDATE recovery SET wake_at = dr_now() + interval '1 h' WHERE id = $1", [asleep]);
    const owned = await aRun(pool);
    expect((await claimOne(ada)).runId).toBe(owned);
    expect(await claim(pool, ben, 6, 10)).toEqual([]);
  });

  it("takes over a lapsed lease with a higher epoch, and fences the owner before", async () => {
    const runId = await aRun(pool);
    const old = await claimOne(ada);
    await letLapse(pool, runId);
    expect(await claimOne(ben)).toMatchObject({ runId, epoch: old.epoch + 1n });
    expect(await release(pool, old, ada, "AT_ONCE")).toBe(false);
    expect(await ownershipOf(pool, runId)).toMatchObject({ owner: ben });
  });

  it("fences the owner before also when it is the same node", async () => {
    const runId = await aRun(pool);
    const old = await claimOne(ada);
    await letLapse(pool, runId);
    await claimOne(ada);
    expect(await release(pool, old, ada, "AT_ONCE")).toBe(false);
    expect(await ownershipOf(pool, runId)).toMatchObject({ owner: ada, epoch: 2n });
  });

  it("skips a run whose row somebody has locked, and takes the others", async () => {
    const locked = await aRun(pool);
    const free = await aRun(pool);
    const client = await pool.connect();
    await client.query("BEGIN");
    await client.query("SELECT FROM recovery WHERE id = $1 FOR UPDATE", [locked]);
    expect((await claim(pool, ada, 6, 10)).map(({ runId }) => runId)).toEqual([free]);
    await client.query("ROLLBACK");
    client.release();
  });
});

describe("a run that is given back", () => {
  it("can be claimed at once", async () => {
    const runId = await aRun(pool);
    expect(await release(pool, await claimOne(ada), ada, "AT_ONCE")).toBe(true);
    expect(await ownershipOf(pool, runId)).toMatchObject({ owner: null, leaseUntil: null });
    expect(await claimOne(ben)).toMatchObject({ runId, epoch: 2n });
  });

  it("is claimed again when its time has come", async () => {
    const runId = await aRun(pool);
    const at = new Date(Date.now() + 3_600_000);
    await release(pool, await claimOne(ada), ada, at);
    expect((await ownershipOf(pool, runId)).wakeAt).toEqual(at);
    expect(await claim(pool, ben, 6, 1)).toEqual([]);
    await db.shiftClock(7200);
    expect(await claimOne(ben)).toMatchObject({ runId });
  });

  it("is claimed when it is woken", async () => {
    const runId = await aRun(pool);
    await release(pool, await claimOne(ada), ada, "WHEN_WOKEN");
    expect(await claim(pool, ben, 6, 1)).toEqual([]);
    await pool.query("UPDATE recovery SET wake_at = dr_now() WHERE id = $1", [runId]);
    expect(await claimOne(ben)).toMatchObject({ runId });
  });

  it.each(["WHEN_WOKEN", new Date("2999-01-01")] as const)(
    "until %s is claimed at once when it was woken before it was given back",
    async (next) => {
      const runId = await aRun(pool);
      const claimed = await claimOne(ada);
      await pool.query("UPDATE recovery SET wake_at = dr_now() WHERE id = $1", [runId]);
      await release(pool, claimed, ada, next);
      expect(await claimOne(ben)).toMatchObject({ runId });
    },
  );

  it("hears only of wakes since it was claimed", async () => {
    const runId = await aRun(pool);
    await pool.query("UPDATE recovery SET wake_at = dr_now() WHERE id = $1", [runId]);
    await release(pool, await claimOne(ada), ada, "WHEN_WOKEN");
    expect(await claim(pool, ben, 6, 1)).toEqual([]);
  });

  it("is still another node's when that one has it", async () => {
    const runId = await aRun(pool);
    const old = await claimOne(ada);
    await takeOver(pool, runId, ben);
    expect(await release(pool, old, ada, "AT_ONCE")).toBe(false);
    expect((await ownershipOf(pool, runId)).owner).toBe(ben);
  });
});

it("A node that stops gives back all of its open runs and none of others", async () => {
  const mine = [await aRun(pool), await aRun(pool)];
  await claim(pool, ada, 6, 2);
  const theirs = await aRun(pool);
  await claim(pool, ben, 6, 1);
  expect(await releaseAll(pool, ada)).toBe(2);
  expect((await claim(pool, ada, 6, 10)).map(({ runId }) => runId).sort()).toEqual(mine.sort());
  expect((await ownershipOf(pool, theirs)).owner).toBe(ben);
});
