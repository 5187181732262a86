/** How well a site can be reached, from what its heartbeats told. Pure; all times are the database's, in milliseconds. */
import type { ConnectionState } from "../../database/generated/enums.ts";
import type { HeartbeatSettings } from "./settings.ts";

export interface SiteHealth {
  readonly state: ConnectionState;
  readonly reason: string | null;
  readonly since: number;
  readonly suspectSince: number | null;
  /** The last heartbeat that any node had. */
  readonly heartbeatAt: number | null;
  /** Heartbeats in a row that were good enough to leave the state. */
  readonly goodHeartbeats: number;
}

/** What a site has told of itself and all its peers, or why it has told nothing. */
export type Told =
  | { readonly answered: true /** What is not as it should be, in sentences. */; readonly problems: readonly string[] }
  | { readonly answered: false; readonly why: string };

export interface Moment {
  readonly now: number;
  /** Since when this node has listened without a gap: before that it knows of no silence. */
  readonly listeningSince: number;
}

export function nextHealth(before: SiteHealth, told: Told, moment: Moment, settings: HeartbeatSettings): SiteHealth {
  return told.answered ? heard(before, told.problems, moment.now, settings) : unheard(before, told.why, moment, settings);
}

function heard(before: SiteHealth, problems: readonly string[], now: number, settings: HeartbeatSettings): SiteHealth {
  const healthy = { ...before, heartbeatAt: Math.max(now, before.heartbeatAt ?? now), suspectSince: null };
  const state = problems.length === 0 ? "CONNECTED" : "PARTIALLY_CONNECTED";
  const reason = problems.length === 0 ? null : problems.join(" ");
  const isEnough = before.state === "DISCONNECTED" || problems.length === 0;
  const goodHeartbeats = isEnough ? streak(before, now, settings) : 0;
  // What gets worse shows at once, what gets better has to last.
  const isBack = before.state === "CONNECTED" || goodHeartbeats >= settings.heartbeatsToReturn;
  if (before.state === "DISCONNECTED" && !isBack) return { ...healthy, goodHeartbeats };
  if (before.state === "PARTIALLY_CONNECTED" && problems.length === 0 && !isBack) return { ...healthy, goodHeartbeats };
  return { ...healthy, state, reason, since: before.state === state ? before.since : now, goodHeartbeats };
}

/** One more, or the first after a gap. Heartbeats of several nodes count as one while they come in one interval. */
function streak({ heartbeatAt, goodHeartbeats }: SiteHealth, now: number, settings: HeartbeatSettings): number {
  const beatMs = settings.everySeconds * 1000;
  const most = settings.heartbeatsToReturn;
  if (heartbeatAt === null || now - heartbeatAt > 1.5 * beatMs) return 1;
  if (goodHeartbeats > 0 && now - heartbeatAt < 0.5 * beatMs) return Math.min(goodHeartbeats, most);
  return Math.min(goodHeartbeats + 1, most);
}

function unheard(before: SiteHealth, why: string, { now, listeningSince }: Moment, settings: HeartbeatSettings): SiteHealth {
  const silentMs = now - Math.max(before.heartbeatAt ?? listeningSince, listeningSince);
  if (before.state === "DISCONNECTED" || silentMs < settings.suspectAfterSeconds * 1000) return before;
  const suspectSince = before.suspectSince ?? now;
  if (silentMs < settings.disconnectedAfterSeconds * 1000) return { ...before, suspectSince };
  return { ...before, state: "DISCONNECTED", reason: why, since: now, suspectSince, goodHeartbeats: 0 };
}

/** Somebody who reads the site sees a difference: the time of each heartbeat alone is none. */
export const showsChange = (before: SiteHealth, next: SiteHealth): boolean =>
  before.state !== next.state || before.reason !== next.reason || before.suspectSince !== next.suspectSince;
