/** The figures of the read path, as tables. */
import { median, medianRatio } from "../support/figures.ts";
import type { Sample } from "../support/rounds.ts";
import { figure, type Goal, goalTable, type Table } from "../support/section.ts";
import type { ContenderName } from "./contenders.ts";
import type { LoadName, ReadLoad } from "./loads.ts";

export type Samples = ReadonlyMap<string, readonly Sample[]>;

const product: ContenderName = "dr-gateway";

const of = (samples: Samples, name: string, what: keyof Sample) => (samples.get(name) ?? []).map((sample) => sample[what]);

export function loadTable({ name, connections, operation }: ReadLoad, samples: Samples): Table {
  const against = (peer: string, other: ContenderName) => {
    const theirs = of(samples, other, "requestsPerSecond");
    return theirs.length === 0 ? "–" : figure(medianRatio(of(samples, peer, "requestsPerSecond"), theirs));
  };
  return {
    title: `${name} (${operation}, ${connections === 1 ? "1 connection" : `${connections} connections`})`,
    columns: ["", "req/s", "/mercurius", "/limit", "gateway CPU ms", "PostgreSQL CPU ms", "p50 ms", "p99 ms"],
    rows: [...samples.keys()].map((peer) => [
      peer,
      figure(median(of(samples, peer, "requestsPerSecond"))),
      against(peer, "mercurius"),
      against(peer, "limit"),
      figure(median(of(samples, peer, "gatewayCpuMs"))),
      figure(median(of(samples, peer, "postgresCpuMs"))),
      figure(median(of(samples, peer, "p50Ms"))),
      figure(median(of(samples, peer, "p99Ms"))),
    ]),
  };
}

/** What is demanded: the product's figure by another one's, in the same rounds. */
const demanded: readonly {
  readonly load: LoadName;
  readonly peer: ContenderName;
  readonly figure: "requestsPerSecond" | "gatewayCpuMs" | "postgresCpuMs";
  readonly goal: number;
  readonly floor?: number;
}[] = [
  { load: "one plan", peer: "mercurius", figure: "requestsPerSecond", goal: 1.5, floor: 1.2 },
  { load: "one plan", peer: "limit", figure: "requestsPerSecond", goal: 0.85, floor: 0.8 },
  { load: "one plan", peer: "postgraphile", figure: "requestsPerSecond", goal: 2 },
  { load: "one plan", peer: "apollo", figure: "requestsPerSecond", goal: 3 },
  { load: "one plan", peer: "limit", figure: "gatewayCpuMs", goal: 2.7 },
  { load: "one plan", peer: "limit", figure: "postgresCpuMs", goal: 0.5 },
  { load: "five plans", peer: "mercurius", figure: "requestsPerSecond", goal: 1.25, floor: 1.1 },
  { load: "five plans", peer: "limit", figure: "requestsPerSecond", goal: 0.8, floor: 0.7 },
  { load: "everybody on one plan", peer: "limit", figure: "requestsPerSecond", goal: 1.5, floor: 1.3 },
  { load: "one connection", peer: "mercurius", figure: "requestsPerSecond", goal: 0.9 },
];

const words = {
  requestsPerSecond: "requests a second",
  gatewayCpuMs: "gateway CPU of a request",
  postgresCpuMs: "PostgreSQL CPU of a request",
};

export function goalsOf(measured: ReadonlyMap<LoadName, Samples>): Table {
  return goalTable(
    demanded.map(({ load, peer, figure: what, goal, floor = goal }): Goal => {
      const samples = measured.get(load);
      const ratio = samples ? medianRatio(of(samples, product, what), of(samples, peer, what)) : null;
      const better = what === "requestsPerSecond" ? "more" : "less";
      return { what: `${load}: ${words[what]}, by ${peer}'s`, measured: ratio, goal, floor, better, unit: "×" };
    }),
    "Goals (medians of the ratios of each round)",
  );
}
