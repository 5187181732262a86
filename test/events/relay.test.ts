import { beforeEach, describe, expect, it } from "vitest";
import { type Hint, relayedWakeUps, relayWakeUps } from "../../src/events/relay.ts";
import { type Channel, createListeners, type WakeUps } from "../../src/events/wake-ups.ts";
import { silent } from "./support.ts";

let notified: string[];
let wakeUps: WakeUps & { wake(channel: Channel, payload: string | null): void };
beforeEach(() => {
  notified = [];
  const { on, wake } = createListeners(silent);
  wakeUps = {
    on,
    wake,
    hint(channel, payload) {
      wake(channel, payload);
      notified.push(`${channel} ${payload}`);
    },
    close: async () => {},
  };
});

/** Both sides, and what the other thread was told. */
function twoThreads() {
  const toOther: Hint[] = [];
  const other = relayedWakeUps(silent, (hint) => relay.hear(hint));
  const relay = relayWakeUps(wakeUps, ["dr_work"], (hint) => {
    toOther.push(hint);
    other.hear(hint);
  });
  return { relay, other, toOther };
}

const heardBy = ({ on }: Pick<WakeUps, "on">, channel: Channel): (string | null)[] => {
  const heard: (string | null)[] = [];
  on(channel, (payload) => heard.push(payload));
  return heard;
};

describe("wake-ups between two threads", () => {
  it("wake the other thread as they wake the main one, on the channels that it listens to, also those that are for everybody", () => {
    const { other, toOther } = twoThreads();
    const heard = heardBy(other, "dr_work");
    wakeUps.hint("dr_work", "a run");
    wakeUps.wake("dr_work", null);
    wakeUps.hint("dr_events", "a run");
    expect(heard).toEqual(["a run", null]);
    expect(toOther).toHaveLength(2);
  });

  it("a hint of the other thread wakes each listener once, in both threads, and the other nodes", () => {
    const { other } = twoThreads();
    const [here, there] = [heardBy(wakeUps, "dr_work"), heardBy(other, "dr_work")];
    other.hint("dr_work", "a follower");
    expect([here, there]).toEqual([["a follower"], ["a follower"]]);
    expect(notified).toEqual(["dr_work a follower"]);
  });

  it("hints of the main thread are relayed on after one of the other thread's, also where a listener fails", () => {
    const { other } = twoThreads();
    wakeUps.on("dr_work", () => {
      throw new Error("a listener");
    });
    const heard = heardBy(other, "dr_work");
    other.hint("dr_work", "one");
    wakeUps.hint("dr_work", "two");
    expect(heard).toEqual(["one", "two"]);
  });

  it("nothing is relayed to a thread that is about to end", () => {
    const { relay, toOther } = twoThreads();
    relay.close();
    wakeUps.hint("dr_work", "a run");
    expect(toOther).toEqual([]);
  });
});
