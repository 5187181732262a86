import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { batched, batchedOne, createGate, padded } from "../../../src/domain/batching.ts";
import { freshDatabase, type TestDatabase } from "../../support/database.ts";

/** A statement that ends when the test says so. */
function held() {
  const sent: { readonly keys: readonly string[]; answer(): void; fail(error: Error): void }[] = [];
  const queue = batched<string, string>({
    identity: (key) => key,
    fetch: (keys) =>
      new Promise((resolve, reject) => {
        sent.push({ keys, answer: () => resolve((key) => `${key}!`), fail: reject });
      }),
  });
  return { queue, sent };
}

const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

describe("a queue of reads", () => {
  it("puts what several requests ask at the same time into one statement, each key once", async () => {
    const { queue, sent } = held();
    const answers = Promise.all([queue.loader().loadMany(["a", "b"]), queue.loader().loadMany(["b", "c"])]);
    await turn();
    expect(sent.map(({ keys }) => keys)).toEqual([["a", "b", "c"]]);
    sent[0]?.answer();
    expect(await answers).toEqual([
      ["a!", "b!"],
      ["b!", "c!"],
    ]);
  });

  it("lets what comes during a statement wait and go together", async () => {
    const { queue, sent } = held();
    const answers = [queue.loader().load("a")];
    await turn();
    for (const key of ["b", "c", "d"]) {
      answers.push(queue.loader().load(key));
      await turn();
    }
    expect(sent.map(({ keys }) => keys)).toEqual([["a"]]);
    sent[0]?.answer();
    await turn();
    expect(sent.map(({ keys }) => keys)).toEqual([["a"], ["b", "c", "d"]]);
    sent[1]?.answer();
    expect(await Promise.all(answers)).toEqual(["a!", "b!", "c!", "d!"]);
  });

  describe("while statements take long", () => {
    beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "performance"] }));
    afterEach(() => void vi.useRealTimers());

    it("runs one beside another that has taken long, and two at most", async () => {
      const { queue, sent } = held();
      const answers: Promise<unknown>[] = [];
      const ask = async (...keys: string[]) => {
        for (const key of keys) answers.push(queue.loader().load(key));
        await turn();
      };
      const keys = () => sent.map((statement) => statement.keys.join(""));
      await ask("a", "b");
      vi.advanceTimersByTime(2);
      await ask("c");
      await ask("d", "e", "f");
      vi.advanceTimersByTime(2);
      expect(keys()).toEqual(["ab"]);
      vi.advanceTimersByTime(1);
      expect(keys()).toEqual(["ab", "cdef"]);
      await ask("g", "h");
      vi.advanceTimersByTime(100);
      expect(keys()).toEqual(["ab", "cdef"]);
      sent[1]?.answer();
      await turn();
      expect(keys()).toEqual(["ab", "cdef", "gh"]);
      await ask("i");
      for (const statement of sent) statement.answer();
      await turn();
      for (const statement of sent) statement.answer();
      expect(await Promise.all(answers)).toEqual([..."abcdefghi"].map((key) => `${key}!`));
    });

    it("never joins one that has been sent", async () => {
      const { queue, sent } = held();
      const first = queue.loader().load("a");
      await turn();
      const second = queue.loader().load("a");
      await turn();
      vi.advanceTimersByTime(5);
      expect(sent.map(({ keys }) => keys)).toEqual([["a"], ["a"]]);
      for (const statement of sent) statement.answer();
      expect(await Promise.all([first, second])).toEqual(["a!", "a!"]);
    });
  });

  it("takes at most 1,000 keys a statement", async () => {
    const sizes: number[] = [];
    const queue = batched<string, string>({
      identity: (key) => key,
      fetch: async (keys) => {
        sizes.push(keys.length);
        return (key) => key;
      },
    });
    const keys = Array.from({ length: 2500 }, (_, at) => String(at));
    expect(await queue.loader().loadMany(keys)).toEqual(keys);
    expect(Math.max(...sizes)).toBe(1000);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(2500);
  });

  it("repeats a failing statement call by call, so that one bad key fails its own request only", async () => {
    const queue = batched<string, string>({
      identity: (key) => key,
      fetch: async (keys) => {
        if (keys.includes("bad")) throw new Error("bad key");
        return (key) => key;
      },
    });
    const answers = await Promise.allSettled([queue.loader().load("good"), queue.loader().load("bad"), queue.loader().load("fine")]);
    expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });

  it("freezes rows, which requests share", async () => {
    const queue = batchedOne<{ id: string }>(
      async (ids) => ids.map((id) => ({ id })),
      ({ id }) => id,
    );
    expect(Object.isFrozen(await queue.loader().load("a"))).toBe(true);
  });

  it("lets a request's reads wait behind its gate", async () => {
    const { queue, sent } = held();
    const gate = createGate();
    let open = () => {};
    gate.hold(
      new Promise<void>((resolve) => {
        open = resolve;
      }),
    );
    const answer = queue.loader(gate).load("a");
    await turn();
    expect(sent).toHaveLength(0);
    open();
    await turn();
    expect(sent).toHaveLength(1);
    sent[0]?.answer();
    await answer;
  });
});

it("fills in lists up to powers of two, so that few statements differ", () => {
  expect(padded([])).toEqual([]);
  expect(padded(["a"])).toEqual(["a"]);
  expect(padded(["a", "b", "c"])).toEqual(["a", "b", "c", "c"]);
});

describe("under load, with a slow statement", () => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await freshDatabase();
    await test.database.pool.query("CREATE TABLE counted (id text PRIMARY KEY, value int NOT NULL)");
    await test.database.pool.query("INSERT INTO counted SELECT i::text, 0 FROM generate_series(0, 9) AS i");
  });
  afterAll(() => test.drop());

  it("no read is older than the write before it", async () => {
    const { pool } = test.database;
    const queue = batchedOne<{ id: string; value: number }>(
      async (ids) => {
        const text = "SELECT id, value FROM counted, pg_sleep(0.02) WHERE id = ANY($1)";
        return (await pool.query<{ id: string; value: number }>({ name: "slow", text, values: [ids] })).rows;
      },
      ({ id }) => id,
    );
    let reads = 0;
    let stale = 0;
    const writeThenRead = async (id: string) => {
      for (let round = 0; round < 12; round++) {
        const { rows } = await pool.query<{ value: number }>("UPDATE counted SET value = value + 1 WHERE id = $1 RETURNING value", [id]);
        const row = await queue.loader().load(id);
        reads++;
        if ((row?.value ?? -1) < (rows[0]?.value ?? 0)) stale++;
      }
    };
    // Several clients write and read the same rows, so that their reads find statements under way.
    await Promise.all(Array.from({ length: 30 }, (_, client) => writeThenRead(String(client % 10))));
    expect({ reads, stale }).toEqual({ reads: 360, stale: 0 });
  });
});
