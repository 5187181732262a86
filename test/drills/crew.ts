/** Three nodes that look for what is due, die in the middle of it, and come back: mostly within two minutes, now and then after days. */
import { aDrillNode, type DrillNode, isCut } from "./node.ts";
import type { World } from "./world.ts";

interface Place {
  /** Null: it is down. */
  node: DrillNode | null;
  backAt: number;
}

export interface Crew {
  readonly someAlive: boolean;
  /** When the next one comes back; Infinity: none is down. */
  readonly nextAt: number;
  /** Statement by statement, what nodes died at. */
  readonly deaths: readonly string[];
  /** Moments at which a node has gone through everything that was due, and lived. */
  readonly served: readonly number[];
  /** What nodes that live could not do. */
  readonly warnings: readonly string[];
  /** Those whose time has come. */
  comeBack(now: number): Promise<void>;
  /** Every node looks; `mayDie`: some do. */
  look(now: number, mayDie: boolean): Promise<void>;
  /** None is left, until then. */
  outage(until: number): Promise<void>;
  close(): Promise<void>;
}

const hour = 3_600_000;

export function aCrew({ db: { url }, provider }: World, random: () => number): Crew {
  const places: Place[] = [0, 1, 2].map(() => ({ node: null, backAt: 0 }));
  const [deaths, served, warnings]: [string[], number[], string[]] = [[], [], []];

  async function bury(place: Place, backAt: number): Promise<void> {
    const { node } = place;
    place.node = null;
    place.backAt = backAt;
    await node?.bury();
  }

  async function lookOf(node: DrillNode, alone: boolean, now: number): Promise<void> {
    const { cuts } = node;
    const did = await (alone ? node.runTimer() : node.round().then(() => true)).catch((error: unknown) => {
      if (node.diedAt === null && !isCut(error)) throw error;
      return false;
    });
    if (did && node.diedAt === null && node.cuts === cuts) served.push(now);
  }

  return {
    deaths,
    served,
    warnings,
    get someAlive() {
      return places.some(({ node }) => node !== null);
    },
    get nextAt() {
      return Math.min(Number.POSITIVE_INFINITY, ...places.filter(({ node }) => node === null).map(({ backAt }) => backAt));
    },
    async comeBack(now) {
      for (const place of places) if (place.backAt <= now) place.node ??= await aDrillNode(url, provider, (what) => warnings.push(what));
    },
    async look(now, mayDie) {
      const nodes = places.flatMap(({ node }) => node ?? []).sort(() => random() - 0.5);
      for (const node of nodes) {
        const statement = 1 + Math.floor(random() * 60);
        node.setFuse(mayDie && random() < 0.1 ? { statement, when: random() < 0.5 ? "BEFORE" : "AFTER" } : null);
      }
      // Mostly one after the other; else all at once, with the timer's lock or without it.
      const [together, alone] = [random() < 0.3, random() < 0.7];
      if (together) await Promise.all(nodes.map((node) => lookOf(node, alone, now)));
      else for (const node of nodes) await lookOf(node, alone, now);
      for (const place of places) {
        const diedAt = place.node?.diedAt ?? null;
        if (diedAt === null) continue;
        deaths.push(diedAt);
        await bury(place, now + (random() < 0.9 ? 5_000 + random() * 100_000 : random() * 40 * hour));
      }
    },
    async outage(until) {
      for (const place of places) await bury(place, until + random() * hour);
    },
    async close() {
      for (const place of places) await bury(place, 0);
    },
  };
}
