/** One round of heartbeats: every site of a pair is asked about its peers, and what it tells is written as soon as it is known. */
import { isDeepStrictEqual } from "node:util";
import { type Heartbeat, ProviderError } from "../../providers/contract.ts";
import { isAbort } from "../effects.ts";
import { bounded } from "./bounded.ts";
import { componentsOf, nextPair, type PairSide, pairShowsChange, problemsOf } from "./pair-health.ts";
import {
  type PairRow,
  readPairHealth,
  readSiteHealth,
  type SiteRow,
  type Watched,
  writeComponents,
  writePairHealth,
  writeSiteHealth,
} from "./rows.ts";
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

const peersOf = (site: SiteRow, { sites, pairs }: Watched) =>
  pairs.flatMap((pair) => {
    if (!pair.siteIds.includes(site.id)) return [];
    const peer = sites.find(({ id }) => id !== site.id && pair.siteIds.includes(id));
    return peer ? [{ pair, peer }] : [];
  });

/** Null: the site is no longer there, or is being changed by others all the time. */
export async function beatSite(parts: HeartbeatParts, site: SiteRow, watched: Watched, listening: Listening): Promise<SiteBeat | null> {
  const peers = peersOf(site, watched);
  const answers = await Promise.all(peers.map(({ peer }) => ask(parts, site, peer, listening.signal)));
  if (listening.signal.aborted) return null;
  const told = new Map(peers.map(({ pair }, at) => [pair.id, heartbeatOf(answers[at])]));
  const problems = new Map(
    peers.map(({ pair, peer }, at) => {
      const heartbeat = heartbeatOf(answers[at]);
      return [pair.id, heartbeat ? problemsOf(site.name, peer.name, heartbeat) : []] as const;
    }),
  );
  const health = await writeSite(parts, site, toldOf(answers, [...problems.values()].flat()), listening);
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

async function writeSite(parts: HeartbeatParts, site: SiteRow, told: Told, listening: Listening): Promise<SiteHealth | null> {
  for (let left = tries; left > 0; left--) {
    const read = await readSiteHealth(parts.pool, site.id);
    if (read === null) return null;
    const { health: before, now } = read;
    const next = nextHealth(before, told, { now, listeningSince: listening.since(now) }, parts.settings);
    if (isDeepStrictEqual(next, before)) return before;
    if (!(await writeSiteHealth(parts.pool, site.id, before, next))) continue;
    if (showsChange(before, next))
      sayChange(parts, { site: site.name, state: next.state, reason: next.reason }, before.state !== next.state);
    return next;
  }
  return null;
}

export async function beatPair(parts: HeartbeatParts, pair: PairRow, beats: readonly (SiteBeat | null)[]): Promise<void> {
  const sides = pair.siteIds.map((id) => sideOf(pair, beats.find((beat) => beat?.site.id === id) ?? null));
  const [local, remote] = sides;
  if (!local || !remote) return;
  const changed = await writeComponents(parts.pool, pair.id, componentsOf([local, remote]));
  for (let left = tries; left > 0; left--) {
    const read = await readPairHealth(parts.pool, pair.id);
    if (read === null) return;
    const { health: before, lag, now } = read;
    const next = nextPair(before, [local, remote], lag, now);
    if (!(await writePairHealth(parts.pool, pair.id, before, next, changed))) continue;
    const said = { pair: `${local.name} and ${remote.name}`, state: next.state, reason: next.reason };
    if (changed || pairShowsChange(before, next)) sayChange(parts, said, before.state !== next.state);
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
