import { afterEach, expect, it, vi } from "vitest";
import { createPoller, type Poller } from "../../src/engine/poller.ts";

const never = new AbortController().signal;
const next = (poller: Poller<string>, key: string, expectedMs?: number) => poller.until(key, { isEnough: () => true }, expectedMs);
afterEach(() => void vi.useRealTimers());

it("a round asks for every key once, never for more than 500 at once, and a failure is told only to those that were asked for with it", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }); // all of them come at one moment, however busy the machine
  const asked: number[] = [];
  const poller = createPoller<string>(
    async (keys) => {
      asked.push(keys.length);
      if (keys.includes("key 700")) throw new Error("not now");
      return new Map(keys.map((key) => [key, `state of ${key}`]));
    },
    300,
    never,
  );
  const answered = Promise.allSettled(Array.from({ length: 1_200 }, (_, at) => next(poller, `key ${at}`)));
  await vi.advanceTimersByTimeAsync(400);
  const answers = await answered;
  expect(asked).toEqual([500, 500, 200]);
  expect(answers.map(({ status }) => status)).toEqual(answers.map((_, at) => (at >= 500 && at < 1_000 ? "rejected" : "fulfilled")));
  expect(answers[1_100]).toMatchObject({ value: "state of key 1100" });
});

it("what is expected to be over later is asked for then, or when somebody is in a hurry", async () => {
  const asked: (readonly string[])[] = [];
  const ask = async (keys: readonly string[]) => {
    asked.push(keys);
    return new Map(keys.map((key) => [key, key]));
  };
  const poller = createPoller<string>(ask, 60_000, never);
  const late = next(poller, "late", 600_000);
  await next(poller, "soon", 5);
  expect(asked).toEqual([["soon"]]);
  poller.hurry();
  await late;
  expect(asked).toEqual([["soon"], ["late"]]);
});

it("rests after a round that took long, two seconds at most, and not when somebody is in a hurry", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  const asked: number[] = [];
  const ask = async (keys: readonly string[]) => {
    asked.push(performance.now());
    await new Promise((done) => setTimeout(done, 9_000));
    return new Map(keys.map((key) => [key, key]));
  };
  const began = performance.now();
  const poller = createPoller<string>(ask, 10, never);
  const times = () => asked.map((at) => at - began);
  void next(poller, "first");
  await vi.advanceTimersByTimeAsync(9_010);
  void next(poller, "second");
  await vi.advanceTimersByTimeAsync(1_999);
  expect(times()).toEqual([10]);
  await vi.advanceTimersByTimeAsync(1);
  expect(times()).toEqual([10, 11_010]);
  await vi.advanceTimersByTimeAsync(9_000);
  void next(poller, "third");
  poller.hurry();
  await vi.advanceTimersByTimeAsync(1);
  expect(times()[2]).toBeLessThanOrEqual(20_011);
});

it("asks after its interval for what should be over already", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  const ask = vi.fn(async (keys: readonly string[]) => new Map(keys.map((key) => [key, key])));
  const poller = createPoller<string>(ask, 10, never);
  void next(poller, "overdue", 0);
  await vi.advanceTimersByTimeAsync(9);
  expect(ask).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(ask).toHaveBeenCalledTimes(1);
});

it("asks more seldom for what may be over at any time where thousands are, and after its interval for the last ones", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  let asked = 0;
  const poller = createPoller<string>(
    async (keys) => {
      asked += keys.length;
      return new Map(keys.map((key) => [key, key]));
    },
    200,
    never,
  );
  /** How long it is until each has been answered once. */
  const answeredAfter = async (many: number) => {
    const from = performance.now();
    const all = Promise.all(Array.from({ length: many }, (_, at) => next(poller, `key ${at}`))).then(() => performance.now());
    await vi.advanceTimersByTimeAsync(10_000);
    return (await all) - from;
  };
  expect(await answeredAfter(100)).toBe(200);
  expect(await answeredAfter(8_000)).toBeGreaterThan(1_900);
  expect(await answeredAfter(100)).toBe(200);
  expect(asked).toBe(8_200);
});

it("asks at once for what nobody has looked at yet, whatever else is waited for, with what others ask in that moment", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  const asked: number[] = [];
  const poller = createPoller<string>(
    async (keys) => {
      asked.push(keys.length);
      return new Map(keys.map((key) => [key, key]));
    },
    200,
    never,
  );
  for (let at = 0; at < 8_000; at++) void next(poller, `booting ${at}`);
  const first = [1, 2, 3].map((at) => poller.soon(`new ${at}`));
  await vi.advanceTimersByTimeAsync(20);
  expect(await Promise.all(first)).toEqual(["new 1", "new 2", "new 3"]);
  expect(asked).toEqual([3]);
});

it("asks until an answer is enough, each time when that is expected next, and tells of no other", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  const began = performance.now();
  const asked: number[] = [];
  const poller = createPoller<number>(
    async (keys) => {
      asked.push(performance.now() - began);
      return new Map(keys.map((key) => [key, asked.length]));
    },
    100,
    never,
  );
  const heard: unknown[] = [];
  const expected = [30, undefined, 4_000];
  const isEnough = (answer: number | undefined) => heard.push(answer) === 4;
  const found = poller.until("one", { isEnough, expectedMs: () => expected.shift() }, 20);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(await found).toBe(4);
  expect(heard).toEqual([1, 2, 3, 4]);
  // As expected twice, at any time, and to look how far it is.
  expect(asked).toEqual([20, 50, 150, 650]);
});

it("asks once about what several wait for, and each of them judges the answer", async () => {
  const asked: (readonly string[])[] = [];
  const poller = createPoller<number>(
    async (keys) => {
      asked.push(keys);
      return new Map(keys.map((key) => [key, asked.length]));
    },
    5,
    never,
  );
  const atLeast = (least: number) => poller.until("one", { isEnough: (answer) => (answer ?? 0) >= least });
  expect(await Promise.all([atLeast(1), atLeast(3)])).toEqual([1, 3]);
  expect(asked).toEqual([["one"], ["one"], ["one"]]);
});

it("rejects who can't judge an answer, asks about that no more, and tells the others theirs", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  const asked: (readonly string[])[] = [];
  const ask = async (keys: readonly string[]) => {
    asked.push(keys);
    return new Map(keys.map((key) => [key, asked.length]));
  };
  const poller = createPoller<number>(ask, 100, never);
  const isSecond = (answer: number | undefined) => answer === 2;
  const isMad = () => {
    throw new TypeError("of no use");
  };
  const found = Promise.allSettled([
    poller.until("before", { isEnough: isSecond }),
    poller.until("bad", { isEnough: isMad }),
    poller.until("bad estimate", { isEnough: () => false, expectedMs: isMad }),
    poller.until("behind", { isEnough: isSecond }),
  ]);
  await vi.advanceTimersByTimeAsync(1_000);
  const failed = { status: "rejected", reason: new TypeError("of no use") };
  const told = { status: "fulfilled", value: 2 };
  expect(await found).toEqual([told, failed, failed, told]);
  expect(asked).toEqual([
    ["before", "bad", "bad estimate", "behind"],
    ["before", "behind"],
  ]);
});

it("rejects who waits when it ends, also while an answer is under way that is not enough", async () => {
  const end = new AbortController();
  const answer = Promise.withResolvers<ReadonlyMap<string, string>>();
  const isAsked = Promise.withResolvers<void>();
  const poller = createPoller<string>(
    () => {
      isAsked.resolve();
      return answer.promise;
    },
    1,
    end.signal,
  );
  const isEnough = () => false;
  const asked = poller.until("asked", { isEnough });
  await isAsked.promise;
  const waiting = poller.until("waiting", { isEnough });
  end.abort(new Error("over"));
  answer.resolve(new Map());
  await expect(waiting).rejects.toThrow("over");
  await expect(asked).rejects.toThrow("over");
  await expect(poller.until("later", { isEnough })).rejects.toThrow("over");
});
