import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { enqueue, type Job, type JobKind, startJobs } from "../../src/jobs/queue.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { until } from "../support/run.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await freshDatabase();
});
beforeEach(async () => void (await db.database.pool.query("DELETE FROM job")));
afterAll(() => db.drop());

const never = 2 ** 31 - 1;
const node = (everyMs = never) => startJobs({ pool: db.database.pool, everyMs, log: { warn: () => {} } });
const kind = (given: Pick<JobKind, "work"> & Partial<JobKind>): JobKind => ({
  queue: "letters",
  concurrency: 2,
  leaseSeconds: 30,
  attempts: 3,
  backOffSeconds: () => 0,
  givenUp: async () => {},
  ...given,
});
const post = (...keys: string[]) => enqueue(db.database.pool, "letters", keys);
const rows = async () => (await db.database.pool.query("SELECT key, attempt, owner, lease_until, failure FROM job ORDER BY key")).rows;
/** Until no job is left. */
const drained = () => until(async () => (await rows()).length === 0, "the end of all jobs");
/** Work that tells when it has begun, and ends when it is let, or told to. */
function gated() {
  const [begun, gate] = [Promise.withResolvers<AbortSignal>(), Promise.withResolvers<void>()];
  const work = async (_job: Job, signal: AbortSignal) => {
    begun.resolve(signal);
    await Promise.race([gate.promise, new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)))]);
  };
  return { work, begun: begun.promise, release: gate.resolve };
}

describe("a job in the background", () => {
  it("is done once, whatever the number of nodes, and gone then", async () => {
    const keys = Array.from({ length: 40 }, (_, at) => `letter-${at}`);
    expect([await post(...keys), await post("letter-3", "letter-40")]).toEqual([40, 1]);
    const done: string[] = [];
    const nodes = [node(), node(), node()];
    for (const one of nodes) one.register(kind({ work: async ({ key }) => void done.push(key) }));
    await drained();
    expect(done.toSorted()).toEqual([...keys, "letter-40"].toSorted());
    await Promise.all(nodes.map((one) => one.close()));
  });

  it("is there with the transaction that makes it necessary, and not without it", async () => {
    const client = await db.database.pool.connect();
    await client.query("BEGIN");
    await enqueue(client, "letters", ["unwritten"]);
    await client.query("ROLLBACK");
    client.release();
    expect(await rows()).toEqual([]);
  });

  it("is tried again when it fails, and given up in the end with the reason", async () => {
    await post("unlucky");
    const tried: number[] = [];
    const givenUp: unknown[] = [];
    const jobs = node(5);
    jobs.register(
      kind({
        work: async ({ attempt }) => {
          tried.push(attempt);
          throw new Error(`no stamp ${attempt}`);
        },
        givenUp: async (job, why) => void givenUp.push({ ...job, why }),
      }),
    );
    await drained();
    expect([tried, givenUp]).toEqual([[1, 2, 3], [{ key: "unlucky", attempt: 3, why: "no stamp 3" }]]);
    await jobs.close();
  });

  it("waits for its back-off", async () => {
    await post("later");
    const jobs = node();
    jobs.register(kind({ backOffSeconds: () => 60, work: () => Promise.reject(new Error("not now")) }));
    while ((await rows())[0]?.failure === null);
    await jobs.close();
    const { rows: found } = await db.database.pool.query("SELECT failure, due_at > dr_now() + interval '50 s' AS later FROM job");
    expect(found).toEqual([{ failure: "not now", later: true }]);
  });

  it("of a node that was killed is another one's after its lease, and not before", async () => {
    await post("orphan", "held");
    const killed = (key: string, lease: string) =>
      db.database.pool.query(
        "UPDATE job SET attempt = 1, owner = gen_random_uuid(), lease_until = clock_timestamp() + $2::interval WHERE key = $1",
        [key, lease],
      );
    await killed("orphan", "-1 s");
    await killed("held", "1 h");
    const taken = Promise.withResolvers<Job>();
    const jobs = node();
    jobs.register(kind({ work: async (job) => taken.resolve(job) }));
    expect(await taken.promise).toMatchObject({ key: "orphan", attempt: 2 });
    await jobs.close();
    expect(await rows()).toMatchObject([{ key: "held", attempt: 1 }]);
  });

  it("that has killed its node each time is given up without another try", async () => {
    await post("poison");
    await db.database.pool.query("UPDATE job SET attempt = 3");
    const givenUp = Promise.withResolvers<string>();
    const jobs = node();
    jobs.register(kind({ work: () => Promise.reject(new Error("worked on")), givenUp: async (_job, why) => givenUp.resolve(why) }));
    expect(await givenUp.promise).toBe("The gateway ended while it worked on this.");
    await drained();
    await jobs.close();
  });

  it("goes back when its node stops in order, for another one at once, and the attempt does not count", async () => {
    await post("unfinished");
    const first = gated();
    const [here, there] = [node(), node()];
    here.register(kind({ work: first.work }));
    await first.begun;
    await here.close();
    expect(await rows()).toMatchObject([{ key: "unfinished", attempt: 0, owner: null, lease_until: null }]);
    const second = Promise.withResolvers<Job>();
    there.register(kind({ work: async (job) => second.resolve(job) }));
    expect(await second.promise).toMatchObject({ attempt: 1 });
    await there.close();
  });

  it("is kept by its lease while its work lasts; whoever has lost it is told, and ends nothing", async () => {
    await post("long");
    const work = gated();
    const jobs = node();
    jobs.register(kind({ work: work.work, leaseSeconds: 1.5 })); // a busy machine stands still for less
    const signal = await work.begun;
    const { rows: before } = await db.database.pool.query("SELECT lease_until FROM job");
    const moved = "SELECT FROM job WHERE lease_until > $1";
    await until(async () => (await db.database.pool.query(moved, [before[0]?.lease_until])).rowCount === 1, "a renewed lease");
    const lost = new Promise((resolve) => signal.addEventListener("abort", resolve));
    await db.database.pool.query("UPDATE job SET attempt = 2, owner = gen_random_uuid(), lease_until = clock_timestamp() + interval '1 h'");
    await lost;
    await jobs.close();
    expect(await rows()).toMatchObject([{ key: "long", attempt: 2, failure: null }]);
  });
});
