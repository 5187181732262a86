import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { announce, appendEvents } from "../../src/events/append.ts";
import { appendChanges, type Change, changesPayload } from "../../src/events/changes.ts";
import { type Batch, createFeeds, type Feeds, type FeedsOptions } from "../../src/events/feed.ts";
import type { RecoveryEvent } from "../../src/events/types.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { testPool } from "../support/pool.ts";
import { localWakeUps, silent, watched } from "./support.ts";

/** One node's feeds on a database of their own, without pauses; what is still open after a test is an error. */
export class Bench {
  pool: pg.Pool = new pg.Pool();
  wakeUps = localWakeUps();
  database = watched(this.pool);
  feeds: Feeds = this.open();

  /** Other limits for this test. */
  open(options: Partial<FeedsOptions> = {}): Feeds {
    const { wakeUps, database } = this;
    const limits = { batchMs: 0, readMs: 0, ...options.limits };
    this.feeds = createFeeds({ pool: database.pool, wakeUps, generation: () => 1, log: silent, ...options, limits });
    return this.feeds;
  }

  async write(recoveryId: string, events: readonly RecoveryEvent[]): Promise<void> {
    await appendEvents(this.pool, recoveryId, events);
    announce(this.wakeUps, recoveryId, events);
  }

  async change(...changes: readonly Change[]): Promise<void> {
    await appendChanges(this.pool, changes);
    this.wakeUps.hint("dr_events", changesPayload);
  }
}

export function useBench(): Bench {
  const bench = new Bench();
  let db: TestDatabase;
  beforeAll(async () => {
    db = await freshDatabase();
    bench.pool = testPool(db.url, { max: 5 });
  });
  afterAll(async () => {
    await bench.pool.end();
    await db.drop();
  });
  beforeEach(() => {
    bench.wakeUps = localWakeUps();
    bench.database = watched(bench.pool);
    bench.open();
  });
  afterEach(() => {
    bench.feeds.close();
    expect(bench.feeds.counts()).toEqual({ feeds: 0, tails: 0 });
  });
  return bench;
}

export async function pull<Entry>(feed: AsyncIterator<Batch<Entry>>): Promise<Batch<Entry>> {
  const { done, value } = await feed.next();
  if (done) throw new Error("the feed is complete");
  return value;
}
