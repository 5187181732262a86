/** When a site is suspect, DISCONNECTED, and back: the rule alone, for any sequence of heartbeats. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextPair, type PairHealth, type PairSide, problemsOf } from "../../src/engine/heartbeat/pair-health.ts";
import { defaultHeartbeat as settings } from "../../src/engine/heartbeat/settings.ts";
import { nextHealth, type SiteHealth, type Told } from "../../src/engine/heartbeat/site-health.ts";

const connected: SiteHealth = { state: "CONNECTED", reason: null, since: 0, suspectSince: null, heartbeatAt: 0, goodHeartbeats: 3 };
const good: Told = { answered: true, problems: [] };
const partial: Told = { answered: true, problems: ["A does not reach B."] };
const silent: Told = { answered: false, why: "A does not answer in time." };
const of = { GOOD: good, PARTIAL: partial, SILENT: silent };

/** One heartbeat every five seconds, from the fifth on; every state in turn. */
function play(beats: readonly (keyof typeof of)[], first = connected, listeningSince = 0): SiteHealth[] {
  let health = first;
  return beats.map((beat, at) => {
    health = nextHealth(health, of[beat], { now: (at + 1) * 5_000, listeningSince }, settings);
    return health;
  });
}
const silence = (count: number): "SILENT"[] => Array.from({ length: count }, () => "SILENT");
const states = (all: readonly SiteHealth[]) => all.map(({ state }) => state);

const anyBeat = fc.constantFrom<keyof typeof of>("GOOD", "PARTIAL", "SILENT");
const anyBeats = fc.array(anyBeat, { minLength: 1, maxLength: 40 });

describe("a site whose heartbeats are missing", () => {
  it("is suspect after 15 s and keeps its state, and is DISCONNECTED 30 s after the last one", () => {
    const health = play(silence(7));
    expect(health.map(({ suspectSince }) => suspectSince)).toEqual([null, null, 15_000, 15_000, 15_000, 15_000, 15_000]);
    expect(states(health).indexOf("DISCONNECTED")).toBe(5);
    expect(health[5]).toMatchObject({ since: 30_000, reason: silent.answered ? "" : silent.why, heartbeatAt: 0 });
  });

  it("is not found silent by a node that has not listened", () => {
    const late = { now: 3_600_000, listeningSince: 3_590_000 };
    expect(nextHealth(connected, silent, late, settings)).toEqual(connected);
    expect(nextHealth(connected, silent, { ...late, listeningSince: 3_570_000 }, settings).state).toBe("DISCONNECTED");
  });

  it("is back after three in a row, and begins anew when one is missing in between", () => {
    const beats = [...silence(6), "GOOD", "GOOD", "SILENT", "GOOD", "GOOD", "GOOD"] as const;
    expect(states(play(beats)).slice(5)).toEqual([...Array(6).fill("DISCONNECTED"), "CONNECTED"]);
  });

  it("comes back PARTIALLY_CONNECTED when that is what it tells", () => {
    const health = play([...silence(6), "PARTIAL", "PARTIAL", "PARTIAL"]).at(-1);
    expect(health).toMatchObject({ state: "PARTIALLY_CONNECTED", reason: "A does not reach B." });
  });

  it("counts heartbeats of several nodes at one time as one", () => {
    let health: SiteHealth = { ...connected, state: "DISCONNECTED", goodHeartbeats: 0, heartbeatAt: -60_000 };
    for (const now of [0, 100, 200, 5_000, 5_100]) health = nextHealth(health, good, { now, listeningSince: 0 }, settings);
    expect(health).toMatchObject({ state: "DISCONNECTED", goodHeartbeats: 2 });
    expect(nextHealth(health, good, { now: 10_000, listeningSince: 0 }, settings).state).toBe("CONNECTED");
  });

  it("holds for every sequence: DISCONNECTED exactly from 30 s of silence on until three answers in a row", () => {
    fc.assert(
      fc.property(anyBeats, (beats) => {
        let expected = false;
        let row = 0;
        let last = 0;
        const away = beats.map((beat, at) => {
          row = beat === "SILENT" ? 0 : row + 1;
          if (beat !== "SILENT") last = at + 1;
          if (at + 1 - last >= 6) expected = true;
          if (row >= 3) expected = false;
          return expected;
        });
        expect(states(play(beats)).map((state) => state === "DISCONNECTED")).toEqual(away);
      }),
    );
  });
});

describe("a site that answers in part", () => {
  it("is shown so at once, and is CONNECTED after three good ones in a row", () => {
    const all = states(play(["PARTIAL", "GOOD", "GOOD", "PARTIAL", "GOOD", "GOOD", "GOOD"]));
    expect(all).toEqual([...Array(6).fill("PARTIALLY_CONNECTED"), "CONNECTED"]);
  });

  it("holds for every sequence: an answer with problems never leaves it CONNECTED, the reason goes with the state, and times don't go back", () => {
    fc.assert(
      fc.property(anyBeats, (beats) => {
        let before = connected;
        for (const [at, health] of play(beats).entries()) {
          if (beats[at] === "PARTIAL") expect(health.state).not.toBe("CONNECTED");
          expect(health.reason === null).toBe(health.state === "CONNECTED");
          expect(health.since >= before.since && (health.heartbeatAt ?? 0) >= (before.heartbeatAt ?? 0)).toBe(true);
          expect(health.since === before.since || health.state !== before.state).toBe(true);
          expect(health.suspectSince === null).toBe(beats.slice(Math.max(0, at - 2), at + 1).some((beat) => beat !== "SILENT") || at < 2);
          before = health;
        }
      }),
    );
  });
});

describe("a pair", () => {
  const pair: PairHealth = { state: "CONNECTED", reason: null, since: 0, suspectSince: null, heartbeatAt: 0, replication: "HEALTHY" };
  const well = { peerReachable: true, components: [{ kind: "ARRAY_MANAGER", name: "SRA", state: "CONNECTED" }] } as const;
  const side = (name: string, more: Partial<PairSide> = {}): PairSide => ({
    name,
    health: connected,
    told: well,
    problemsElsewhere: false,
    ...more,
  });
  const noLag = { critical: false, late: false };

  it("is DISCONNECTED while one of its sites is, and says which and why", () => {
    const away = { ...connected, state: "DISCONNECTED", reason: "B does not answer in time." } as const;
    const next = nextPair(pair, [side("A"), side("B", { health: away, told: null })], noLag, 9);
    expect(next).toMatchObject({ state: "DISCONNECTED", reason: "B does not answer in time.", since: 9, replication: "CRITICAL" });
  });

  it.each([
    ["its link is down", { ...well, peerReachable: false }, "A does not reach B."],
    ["an array manager is down", { ...well, components: [{ ...well.components[0], state: "ERROR" }] }, "The array manager SRA is ERROR."],
  ] as const)("is PARTIALLY_CONNECTED while %s", (_when, told, reason) => {
    expect(problemsOf("A", "B", told)).toEqual([reason]);
    expect(nextPair(pair, [side("A", { told }), side("B")], noLag, 9)).toMatchObject({ state: "PARTIALLY_CONNECTED", reason });
  });

  it("is CONNECTED again only with both of its sites, and stays what it was over one lost heartbeat", () => {
    const before = { ...pair, state: "PARTIALLY_CONNECTED", reason: "A does not reach B." } as const;
    const settling = { ...connected, state: "PARTIALLY_CONNECTED", reason: before.reason } as const;
    expect(nextPair(before, [side("A", { health: settling }), side("B")], noLag, 9)).toMatchObject({ state: before.state, since: 0 });
    expect(nextPair(before, [side("A", { health: settling, problemsElsewhere: true }), side("B")], noLag, 9).state).toBe("CONNECTED");
    expect(nextPair(pair, [side("A", { told: null }), side("B")], noLag, 9)).toEqual(pair);
  });

  it("tells by open RPO violations how replication does", () => {
    const of = (lag: typeof noLag) => nextPair(pair, [side("A"), side("B")], lag, 9).replication;
    expect([of(noLag), of({ critical: false, late: true }), of({ critical: true, late: true })]).toEqual([
      "HEALTHY",
      "WARNING",
      "CRITICAL",
    ]);
  });
});
