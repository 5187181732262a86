/** How two sites stand to each other, from both sites' health and what both have told of the pair. Pure. */
import type { ComponentState, ConnectionState, ReplicationHealth } from "../../database/generated/enums.ts";
import type { Heartbeat } from "../../providers/contract.ts";
import type { SiteHealth } from "./site-health.ts";

export interface PairHealth {
  readonly state: ConnectionState;
  readonly reason: string | null;
  readonly since: number;
  readonly suspectSince: number | null;
  /** When both sites were last heard of. */
  readonly heartbeatAt: number | null;
  readonly replication: ReplicationHealth;
}

export interface PairSide {
  readonly name: string;
  readonly health: SiteHealth;
  /** What it told of the other site; null: it did not answer. */
  readonly told: Heartbeat | null;
  /** It has told of a problem with another pair of its. */
  readonly problemsElsewhere: boolean;
}

/** How the groups of the pair replicate, as it is stored. */
export interface Lag {
  readonly critical: boolean;
  readonly late: boolean;
}

/** What is not as it should be between a site and its peer, as the site tells it. */
export function problemsOf(siteName: string, peerName: string, told: Heartbeat): string[] {
  const link = told.peerReachable ? [] : [`${siteName} does not reach ${peerName}.`];
  const words = { ARRAY_MANAGER: "array manager", REPLICATION_SERVER: "replication server" } as const;
  const broken = told.components.filter(({ state }) => state !== "CONNECTED");
  return [...link, ...broken.map(({ kind, name, state }) => `The ${words[kind]} ${name} is ${state}.`)];
}

const worse: readonly ComponentState[] = ["CONNECTED", "DISCONNECTED", "ERROR"];

export interface ComponentReport {
  readonly kind: Heartbeat["components"][number]["kind"];
  readonly name: string;
  readonly state: ComponentState;
}

/** Each component once, with the worse of what the two sites say. */
export function componentsOf(sides: readonly Pick<PairSide, "told">[]): ComponentReport[] {
  const all = sides.flatMap(({ told }) => told?.components ?? []);
  const byName = Map.groupBy(all, ({ kind, name }) => `${kind} ${name.toLowerCase()}`);
  return [...byName.values()].flatMap((reports) => {
    const [worst] = reports.toSorted((a, b) => worse.indexOf(b.state) - worse.indexOf(a.state));
    return worst === undefined ? [] : [worst];
  });
}

const earliest = (times: readonly (number | null)[]): number | null => {
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : Math.min(...known);
};

export function nextPair(before: PairHealth, sides: readonly [PairSide, PairSide], lag: Lag, now: number): PairHealth {
  const beats = sides.map(({ health }) => health.heartbeatAt);
  const next = {
    suspectSince: earliest(sides.map(({ health }) => health.suspectSince)),
    heartbeatAt: beats.includes(null) ? null : earliest(beats),
  };
  const away = sides.filter(({ health }) => health.state === "DISCONNECTED");
  const problems = [...new Set(sides.flatMap(({ name, told }, at) => (told ? problemsOf(name, sides[1 - at]?.name ?? "", told) : [])))];
  const [state, reason] = standing(before, sides, away, problems);
  const replication = replicationOf(before, state, sides, lag);
  return { ...next, state, reason, since: state === before.state ? before.since : now, replication };
}

function standing(
  before: PairHealth,
  sides: readonly PairSide[],
  away: readonly PairSide[],
  problems: readonly string[],
): readonly [ConnectionState, string | null] {
  if (away.length > 0) return ["DISCONNECTED", away.map(({ name, health }) => health.reason ?? `${name} does not answer.`).join(" ")];
  if (problems.length > 0) return ["PARTIALLY_CONNECTED", problems.join(" ")];
  // A site that was asked and kept silent is not a good one, nor is one whose return has not lasted.
  const isGood = ({ health, told, problemsElsewhere }: PairSide) => told !== null && (health.state === "CONNECTED" || problemsElsewhere);
  if (before.state === "CONNECTED" || sides.every(isGood)) return ["CONNECTED", null];
  return [before.state, before.reason];
}

function replicationOf(before: PairHealth, state: ConnectionState, sides: readonly PairSide[], { critical, late }: Lag): ReplicationHealth {
  if (sides.every(({ health }) => health.heartbeatAt === null)) return "UNKNOWN";
  if (state !== "CONNECTED" || critical) return "CRITICAL";
  if (late) return "WARNING";
  return sides.some(({ told }) => told === null) ? before.replication : "HEALTHY";
}

export const pairShowsChange = (before: PairHealth, next: PairHealth): boolean =>
  before.state !== next.state ||
  before.reason !== next.reason ||
  before.suspectSince !== next.suspectSince ||
  before.replication !== next.replication;
