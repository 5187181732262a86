import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Beat, type BeatReader } from "../../src/events/beat.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setImmediate", "clearImmediate", "performance"] }));
afterEach(() => void vi.useRealTimers());

/** A beat each 100 ms, and readers that note when they were served. */
function aBeat() {
  const beat = new Beat({ everyMs: 100, monotonic: () => performance.now() });
  const begun = performance.now();
  const reader = () => {
    const served: number[] = [];
    const one: BeatReader = { serve: () => served.push(Math.round(performance.now() - begun)) > 0 };
    const comesBack = () => {
      beat.isBack(one);
      beat.wait(one);
    };
    return { served, comesBack, leaves: () => beat.leave(one) };
  };
  return { reader };
}

describe("readers that wait are served together", () => {
  it("soon, and then at most each 100 ms", () => {
    const { reader } = aBeat();
    const [one, other] = [reader(), reader()];
    for (const { comesBack } of [one, other]) comesBack();
    expect(one.served).toEqual([]);
    vi.advanceTimersByTime(5);
    for (const { comesBack } of [one, other]) comesBack();
    vi.advanceTimersByTime(94);
    expect([one.served, other.served]).toEqual([[0], [0]]);
    vi.advanceTimersByTime(1);
    expect([one.served, other.served]).toEqual([
      [0, 100],
      [0, 100],
    ]);
  });

  it("a little sooner after they were served late, until that is made up for", () => {
    const { reader } = aBeat();
    const one = reader();
    for (const passed of [0, 100, 106, 94, 100, 100]) {
      vi.advanceTimersByTime(passed);
      one.comesBack();
    }
    vi.advanceTimersByTime(5);
    expect(one.served).toEqual([0, 100, 206, 304, 402, 500]);
  });

  it("a beat later, not two, when it could take nothing yet", () => {
    const beat = new Beat({ everyMs: 100, monotonic: () => performance.now() });
    const begun = performance.now();
    const asked: number[] = [];
    const reader: BeatReader = {
      serve() {
        asked.push(performance.now() - begun);
        if (asked.length > 1) return true;
        beat.wait(reader);
        return false;
      },
    };
    beat.wait(reader);
    vi.advanceTimersByTime(101);
    expect(asked).toHaveLength(2);
  });

  it("once the last of them is back, where that takes longer", () => {
    const { reader } = aBeat();
    const [quick, slow] = [reader(), reader()];
    for (const { comesBack } of [quick, slow]) comesBack();
    vi.advanceTimersByTime(10);
    quick.comesBack();
    vi.advanceTimersByTime(120);
    expect(quick.served).toEqual([0]);
    slow.comesBack();
    vi.advanceTimersByTime(1);
    expect([quick.served, slow.served]).toEqual([
      [0, 130],
      [0, 130],
    ]);
  });

  it("without one that does not come back for 200 ms, which is not waited for again", () => {
    const { reader } = aBeat();
    const [quick, silent] = [reader(), reader()];
    for (const { comesBack } of [quick, silent]) comesBack();
    for (let ms = 0; ms < 450; ms++) {
      vi.advanceTimersByTime(1);
      quick.comesBack();
    }
    expect([quick.served, silent.served]).toEqual([[0, 200, 300, 400], [0]]);
  });

  it("without waiting for one that left while the others were served", () => {
    const beat = new Beat({ everyMs: 100, monotonic: () => performance.now() });
    const begun = performance.now();
    const served: number[] = [];
    const leaving: BeatReader = { serve: () => false };
    const staying: BeatReader = {
      serve() {
        beat.leave(leaving);
        return served.push(performance.now() - begun) > 0;
      },
    };
    for (const reader of [staying, leaving]) beat.wait(reader);
    vi.advanceTimersByTime(1);
    beat.isBack(staying);
    beat.wait(staying);
    vi.advanceTimersByTime(150);
    expect(served.map(Math.round)).toEqual([0, 100]);
  });

  /** Which are back at once. */
  function namedReaders() {
    const beat = new Beat({ everyMs: 100, monotonic: () => performance.now() });
    const served: string[] = [];
    const reader = (name: string): BeatReader => {
      const one: BeatReader = {
        serve() {
          served.push(name);
          beat.isBack(one);
          beat.wait(one);
          return true;
        },
      };
      return one;
    };
    return { beat, served, reader };
  }

  it("each once in a beat, those that wait twice or come back meanwhile too", () => {
    const { beat, served, reader } = namedReaders();
    const [first, second, gone] = [reader("first"), reader("second"), reader("gone")];
    for (const one of [first, gone, second, first]) beat.wait(one);
    beat.leave(gone);
    vi.advanceTimersByTime(1);
    expect(served).toEqual(["second", "first"]);
    vi.advanceTimersByTime(100);
    expect(served).toEqual(["second", "first", "first", "second"]);
  });

  it.each([2, 3, 10, 100])("and none of %i is last much more often than another", (count) => {
    const { beat, served, reader } = namedReaders();
    for (let at = 0; at < count; at++) beat.wait(reader(`${at}`));
    const places = new Map<string, number[]>();
    for (let round = 0; round < 40; round++) {
      vi.advanceTimersByTime(101);
      served.splice(0).forEach((name, place) => {
        places.set(name, [...(places.get(name) ?? []), place]);
      });
    }
    expect(places.size).toBe(count);
    for (const had of places.values()) {
      const mean = had.reduce((sum, place) => sum + place, 0) / had.length;
      expect(Math.abs(mean - (count - 1) / 2) / count).toBeLessThan(0.1);
    }
  });

  it("at once when the one that is waited for has left", () => {
    const { reader } = aBeat();
    const [quick, leaving] = [reader(), reader()];
    for (const { comesBack } of [quick, leaving]) comesBack();
    vi.advanceTimersByTime(10);
    quick.comesBack();
    vi.advanceTimersByTime(100);
    leaving.leaves();
    vi.advanceTimersByTime(1);
    expect(quick.served).toEqual([0, 110]);
  });
});
