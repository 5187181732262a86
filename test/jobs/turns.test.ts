/** Turns of the event loop: one at a time, and who waits for an answer goes first, for so long. */
import { setImmediate as look } from "node:timers/promises";
import { expect, it } from "vitest";
import { createTurns } from "../../src/jobs/turns.ts";

/** A clock that stands still until it is told to go on; what waits for it is called then. */
function aClock() {
  let at = 0;
  const calls = new Set<{ readonly call: () => void; readonly due: number }>();
  return {
    now: () => at,
    later: (call: () => void, ms: number) => {
      const one = { call, due: at + ms };
      calls.add(one);
      return () => void calls.delete(one);
    },
    pass(ms: number) {
      at += ms;
      for (const one of calls) {
        if (one.due > at) continue;
        calls.delete(one);
        one.call();
      }
    },
  };
}

/** What has come to its end, in order. */
function noted() {
  const names: string[] = [];
  return { names, note: (name: string) => () => void names.push(name) };
}

it("gives a turn to one at a time between two looks at what comes from outside, in the order in which they asked", async () => {
  const turns = createTurns(aClock());
  const { names, note } = noted();
  const work = async (name: string) => {
    for (let turn = 1; turn <= 2; turn++) await turns.next().then(note(`${name}${turn}`));
  };
  const both = Promise.all([work("a"), work("b")]);
  for (let at = 0; at < 4; at++) {
    await look();
    names.push("look");
  }
  await both;
  expect(names).toEqual(["a1", "look", "b1", "look", "a2", "look", "b2", "look"]);
});

it("keeps turns waiting while somebody waits for an answer", async () => {
  const turns = createTurns(aClock());
  const { names, note } = noted();
  const answered = turns.asked();
  const turn = turns.next().then(note("turn"));
  await look();
  await look();
  names.push("answer");
  answered();
  await turn;
  expect(names).toEqual(["answer", "turn"]);
});

it("gives way until the last of those who wait has an answer", async () => {
  const turns = createTurns(aClock());
  const { names, note } = noted();
  const [first, second] = [turns.asked(), turns.asked()];
  const turn = turns.next().then(note("turn"));
  await look();
  first();
  await look();
  names.push("second");
  second();
  await turn;
  expect(names).toEqual(["second", "turn"]);
});

it("gives way for two thirds of the time at most, however many ask", async () => {
  const clock = aClock();
  const turns = createTurns(clock);
  let [worked, gave] = [0, 0];
  while (worked + gave < 3_000) {
    turns.asked(); // and waits
    let isTurn = false;
    void turns.next().then(() => {
      isTurn = true;
    });
    for (await look(); !isTurn; await look()) {
      clock.pass(1);
      gave++;
    }
    clock.pass(3);
    worked += 3;
  }
  expect(worked).toBeGreaterThan(900);
  expect(gave).toBeGreaterThan(1_700);
});

it("gives no way to who has waited long for an answer: that is work itself", async () => {
  const clock = aClock();
  const turns = createTurns(clock);
  const { names, note } = noted();
  turns.asked();
  clock.pass(249);
  const turn = turns.next().then(note("turn"));
  await look();
  names.push("at last");
  clock.pass(50); // it has been given way to for long enough
  await turn;
  clock.pass(1_000);
  await turns.next();
  expect(names).toEqual(["at last", "turn"]);
});
