/** One round of heartbeats: every site of a pair is asked about its peers, and what it tells is written as soon as it is known. */
import { isDeepStrictEqual } from "node:util";
import { type Heartbeat, ProviderError } from "../../providers/contract.ts";
import { isAbort } from "../effects.ts";
import { bounded } from "./bounded.ts";
import { componentsOf, nextPair, type PairSide, pairShowsChange, problemsOf } from "./pair-health.ts";
import type { HealthRows, PairRow, SiteRow, Watched } from "./rows.ts";
import type { HeartbeatParts } from "./settings.ts";
import { nextHealth, type SiteHealth, showsChange, type Told } from "./site-health.ts";

export interface Listening {
  /** For how long this node has listened without a gap, by a clock that nobody turns. */
  since(now: number): number;
  readonly signal: AbortSignal;
}

/** What a site has told of each of its pairs. */
export interface SiteBeat {
  readonly site: SiteRow;
  readonly health: SiteHealth;
  /** By the pair's id; null: no answer. */
  readonly told: ReadonlyMap<string, Heartbeat | null>;
  readonly problems: ReadonlyMap<string, readonly string[]>;
}

/** What a round works with. */
export interface Round extends HeartbeatParts {
  readonly rows: HealthRows;
  readonly listening: Listening;
  /** By the site's id. */
  readonly peers: ReadonlyMap<string, readonly Peer[]>;
}

interface Peer {
  readonly pair: PairRow;
  readonly peer: SiteRow;
}

/** Of every site, in the pairs' order. */
export function peersOf({ sites, pairs }: Watched): ReadonlyMap<string, readonly Peer[]> {
  const byId = new Map(sites.map((site) => [site.id, site]));
  const all = pairs.flatMap((pair) =>
    [pair.siteIds, pair.siteIds.toReversed()].flatMap(([id = "", other = ""]) => {
      const peer = byId.get(other);
      return peer === undefined ? [] : [{ id, pair, peer }];
    }),
  );
  return Map.groupBy(all, ({ id }) => id);
}

/** Null: the site is no longer there, or is being changed by others all the time. */
export async function beatSite(round: Round, site: SiteRow): Promise<SiteBeat | null> {
  const peers = round.peers.get(site.id) ?? [];
  const { signal } = round.listening;
  const answers = await Promise.all(peers.map(({ peer }) => ask(round, site, peer, signal)));
  if (signal.aborted) return null;
  const told = new Map(peers.map(({ pair }, at) => [pair.id, heartbeatOf(answers[at])]));
  const problems = new Map(
    peers.map(({ pair, peer }, at) => {
      const heartbeat = heartbeatOf(answers[at]);
      return [pair.id, heartbeat ? problemsOf(site.name, peer.name, heartbeat) : []] as const;
    }),
  );
  const health = await writeSite(round, site, toldOf(answers, [...problems.values()].flat()));
  return health && { site, health, told, problems };
}

type Answer = Heartbeat | string | undefined;

const heartbeatOf = (answer: Answer): Heartbeat | null => (typeof answer === "object" ? answer : null);

function toldOf(answers: readonly Answer[], problems: readonly string[]): Told {
  if (answers.some((answer) => typeof answer === "object")) return { answered: true, problems: [...new Set(problems)] };
  const why = answers.find((answer) => typeof answer === "string");
  return { answered: false, why: typeof why === "string" ? why : "It does not answer." };
}

/** Why there is no answer, as a sentence, instead of one. */
async function ask({ providers, settings }: HeartbeatParts, site: SiteRow, peer: SiteRow, stop: AbortSignal): Promise<Answer> {
  const provider = providers.get(site.provider);
  if (provider === undefined) return `${site.name} needs the provider ${site.provider}, which is not running.`;
  try {
    return await bounded(settings, stop, (signal) => provider.heartbeat(site.externalId, peer.externalId, signal));
  } catch (error) {
    if (error instanceof ProviderError) return `${site.name} does not answer: ${error.message}`;
    if (isAbort(error)) return `${site.name} does not answer in time.`;
    throw error;
  }
}

/** Another node that has written in between is read, and what is told applied to that. */
const tries = 5;

async function writeSite(round: Round, site: SiteRow, told: Told): Promise<SiteHealth | null> {
  const { rows, listening, settings } = round;
  for (let left = tries; left > 0; left--) {
    const read = await rows.site(site.id);
    if (read === null) return null;
    const { health: before, now } = read;
    const next = nextHealth(before, told, { now, listeningSince: listening.since(now) }, settings);
    if (isDeepStrictEqual(next, before)) return before;
    if (!(await rows.writeSite({ id: site.id, before, next }))) continue;
    if (showsChange(before, next))
      sayChange(round, { site: site.name, state: next.state, reason: next.reason }, before.state !== next.state);
    return next;
  }
  return null;
}

export async function beatPair(round: Round, pair: PairRow, beats: readonly (SiteBeat | null)[]): Promise<void> {
  const sides = pair.siteIds.map((id) => sideOf(pair, beats.find((beat) => beat?.site.id === id) ?? null));
  const [local, remote] = sides;
  if (!local || !remote) return;
  const { rows } = round;
  const reports = componentsOf([local, remote]);
  const changed = reports.length > 0 && (await rows.writeComponents({ pairId: pair.id, reports }));
  for (let left = tries; left > 0; left--) {
    const read = await rows.pair(pair.id);
    if (read === null) return;
    const { health: before, lag, now } = read;
    const next = nextPair(before, [local, remote], lag, now);
    if (!(await rows.writePair({ id: pair.id, before, next, componentsChanged: changed }))) continue;
    const said = { pair: `${local.name} and ${remote.name}`, state: next.state, reason: next.reason };
    if (changed || pairShowsChange(before, next)) sayChange(round, said, before.state !== next.state);
    return;
  }
}

function sideOf(pair: PairRow, beat: SiteBeat | null): PairSide | null {
  if (beat === null) return null;
  const { site, health, told, problems } = beat;
  const problemsElsewhere = [...problems].some(([pairId, found]) => pairId !== pair.id && found.length > 0);
  return { name: site.name, health, told: told.get(pair.id) ?? null, problemsElsewhere };
}

interface Standing {
  readonly site?: string;
  readonly pair?: string;
  readonly state: string;
  readonly reason: string | null;
}

function sayChange({ announce, log }: HeartbeatParts, details: Standing, isNewState: boolean): void {
  announce();
  if (!isNewState) return;
  if (details.state === "CONNECTED") log.info(details, "is connected again");
  else log.warn(details, "is not connected as it should be");
}
