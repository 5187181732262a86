/** How orders share statements, and the statements the line to the sites: nobody answers here before the test lets them. */
import { setImmediate as turn } from "node:timers/promises";
import { expect, it } from "vitest";
import { type OrderLine, Orders } from "../../src/providers/lab/orders.ts";

interface Sent {
  readonly runId: string;
  readonly keys: readonly string[];
  answer(): void;
}

function aLine() {
  const together: Sent[] = [];
  const alone: string[] = [];
  const line: OrderLine = {
    follow: (begin) => begin(),
    async converse(_statement, [, , , key]) {
      alone.push(String(key));
      return { state: "RUNNING", progressPercent: 0 } as never;
    },
    askMany(_statement, [, runId, , given]) {
      const keys = (JSON.parse(String(given)) as { key: string }[]).map(({ key }) => key);
      const { promise, resolve } = Promise.withResolvers<never>();
      const replies = keys.map((key) => ({ kind: "ANSWER", answer: { state: "SUCCEEDED", result: { vmId: key } }, heldBy: null }));
      together.push({ runId: String(runId), keys, answer: () => resolve(replies as never) });
      return promise;
    },
    hear: async (reply) => (reply.kind === "ANSWER" ? reply.answer : expect.unreachable()),
  };
  const orders = new Orders(line);
  const patient = new AbortController().signal;
  const order = (runId: string, count: number, from = 0, signal = patient) =>
    Promise.all(
      Array.from({ length: count }, (_, nth) =>
        orders.order("site", "powerOn", { vmId: "vm" }, { key: `${runId}-${from + nth}`, runId, epoch: 1n, signal }),
      ),
    );
  const runs = () => together.map(({ runId, keys }) => `${runId} ${keys.length}`);
  return { alone, together, order, runs };
}

it("two statements of orders are under way at most, and each order has its own answer", async () => {
  const { together, order, runs } = aLine();
  const answers = order("large", 450);
  await turn();
  expect(runs()).toEqual(["large 100", "large 100"]);
  for (let at = 0; at < 5; at++) {
    together[at]?.answer();
    await turn();
  }
  expect(runs()).toEqual(["large 100", "large 100", "large 100", "large 100", "large 50"]);
  expect(await answers).toEqual(Array.from({ length: 450 }, (_, at) => ({ state: "SUCCEEDED", result: { vmId: `large-${at}` } })));
});

it("those of another run come in turn, not behind all that a large one has ordered", async () => {
  const { together, order, runs } = aLine();
  void order("large", 1_000);
  await turn();
  void order("other", 3);
  await turn();
  together[0]?.answer();
  await turn();
  expect(runs()).toEqual(["large 100", "large 100", "other 3"]);
});

it("a single one of a run that has none under way goes at once, however many others do", async () => {
  const { alone, order, runs } = aLine();
  void order("large", 1_000);
  await turn();
  await order("small", 1);
  expect(alone).toEqual(["small-0"]);
  expect(runs()).toHaveLength(2);
});

it("what is ordered while a statement is under way goes with the next one", async () => {
  const { together, order, runs } = aLine();
  void order("large", 200);
  await turn();
  void order("large", 1, 200);
  await turn();
  void order("large", 1, 201);
  await turn();
  together[0]?.answer();
  await turn();
  expect(runs()).toEqual(["large 100", "large 100", "large 2"]);
});

it("what its caller has given up before its turn is not sent", async () => {
  const { together, order, runs } = aLine();
  void order("large", 200);
  await turn();
  const caller = new AbortController();
  const given = order("large", 30, 200, caller.signal);
  given.catch(() => {}); // it is waited for below
  void order("large", 5, 230);
  await turn();
  caller.abort(new Error("given up"));
  together[0]?.answer();
  await turn();
  await expect(given).rejects.toThrow("given up");
  expect(runs()).toEqual(["large 100", "large 100", "large 5"]);
});
