/** How questions share statements: nobody answers here before the test lets them. */
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Reply } from "../../src/providers/lab/line.ts";
import { type QuestionLine, Questions } from "../../src/providers/lab/questions.ts";

interface Sent {
  readonly sites: readonly string[];
  answer(replies?: readonly Reply<never>[] | null): void;
}

const alone = { name: "alone", text: "SELECT" };

function aLine() {
  const together: Sent[] = [];
  const line: QuestionLine = {
    follow: (begin) => begin(),
    converse: async (_statement, [site]) => `${String(site)} alone` as never,
    askMany(_statement, [kind, given]) {
      expect(kind).toBe("vmStatus");
      const sites = (JSON.parse(String(given)) as [string][]).map(([site]) => site);
      const { promise, resolve } = Promise.withResolvers<readonly Reply<never>[] | null>();
      const replies = sites.map((site) => ({ kind: "ANSWER", answer: site, heldBy: null }) as Reply<never>);
      together.push({ sites, answer: (given = replies) => resolve(given) });
      return promise;
    },
    hear: async (reply) => (reply.kind === "ANSWER" ? reply.answer : expect.unreachable()),
  };
  const questions = new Questions(line, "vmStatus", alone);
  const patient = new AbortController().signal;
  const ask = (sites: readonly string[], signal = patient) => Promise.all(sites.map((site) => questions.ask<string>([site], signal)));
  return { together, ask, sent: () => together.map(({ sites }) => sites.join()) };
}

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

it("those of one turn go together, and those that come meanwhile after them, each with its own answer", async () => {
  const { together, ask, sent } = aLine();
  const first = ask(["a", "b"]);
  await turn();
  const later = [ask(["c"]), ask(["d"])];
  await turn();
  expect(sent()).toEqual(["a,b"]);
  together[0]?.answer();
  await turn();
  expect(sent()).toEqual(["a,b", "c,d"]);
  together[1]?.answer();
  expect(await first).toEqual(["a", "b"]);
  expect(await Promise.all(later)).toEqual([["c"], ["d"]]);
});

it("so many of them at most", async () => {
  const { ask, sent, together } = aLine();
  void ask(Array.from({ length: 70 }, (_, at) => String(at)));
  await turn();
  together[0]?.answer();
  await turn();
  expect(sent().map((sites) => sites.split(",").length)).toEqual([50, 20]);
});

it("ask by themselves where they can't be answered together", async () => {
  const { together, ask } = aLine();
  const answers = ask(["a", "b"]);
  await turn();
  together[0]?.answer(null);
  expect(await answers).toEqual(["a alone", "b alone"]);
});

it("are not asked when their caller has given up before their turn", async () => {
  const { together, ask, sent } = aLine();
  void ask(["a"]);
  await turn();
  const caller = new AbortController();
  const given = ask(["b"], caller.signal);
  given.catch(() => {}); // it is waited for below
  void ask(["c"]);
  caller.abort(new Error("given up"));
  together[0]?.answer();
  await turn();
  await expect(given).rejects.toThrow("given up");
  expect(sent()).toEqual(["a", "c"]);
});

it("wait no longer for a statement whose answer got lost", async () => {
  const { ask, sent } = aLine();
  void ask(["a"]);
  await turn();
  void ask(["b"]);
  await vi.advanceTimersByTimeAsync(4_900);
  expect(sent()).toEqual(["a"]);
  await vi.advanceTimersByTimeAsync(200);
  await turn();
  expect(sent()).toEqual(["a", "b"]);
});
