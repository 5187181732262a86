/**
 * What mostly happens is nothing: a site tells the same machines again, and nobody has changed what the database has of them. A node remembers
 * that they were the same, and where the log was before it looked; as long as neither has news, they are not read again.
 */
import { createHash } from "node:crypto";
import type pg from "pg";
import { inTurns, type Pieces } from "../../engine/pieces.ts";
import type { InventoryVm } from "../../providers/inventory.ts";

interface Seen {
  readonly digest: string;
  /** The log's newest position before the machines were read. */
  readonly position: bigint;
  readonly atMs: number;
}

/** What the log tells of whatever a comparison reads: machines, what they stand on, and what keeps one that has vanished. */
const kinds = ["VM_CHANGED", "PROTECTION_GROUP_CHANGED", "SITE_CHANGED", "PAIRING_CHANGED"];
/** All the same everything is read so often: somebody may have changed the database by hand. */
const longestMs = 600_000;

/** More is read no quicker than the machines. */
const mostNews = 5_000;

/** `isKnown`: behind $1 the log has no news. A log that is behind it is another one. The order has the log read by its index, from there on. */
const newsText = `SELECT c.value::text AS position, c.value >= $1 AND n.are < $3 AND n.ours = 0 AS "isKnown"
  FROM event_counter c CROSS JOIN LATERAL (
    SELECT count(*) AS are, count(*) FILTER (WHERE e.kind = ANY ($2)) AS ours
    FROM (SELECT kind FROM event WHERE position > $1 AND recovery_id IS NULL ORDER BY position LIMIT $3) e) n
  WHERE c.id = 1`;

interface Look {
  /** They are as they were when the database was found to have the same. */
  readonly isKnown: boolean;
  /** To be called when they were read since, and are the same. */
  readonly same: () => void;
}

/** Of one node. */
export interface SeenMachines {
  look(database: Pick<pg.Pool, "query">, siteId: string, told: readonly InventoryVm[]): Promise<Look>;
}

export function createSeen(nowMs: () => number = () => performance.now()): SeenMachines {
  const seen = new Map<string, Seen>();
  return {
    async look(database, siteId, told) {
      const digest = await inTurns(digesting(told));
      const before = seen.get(siteId);
      const values = [String(before?.position ?? 0n), kinds, mostNews];
      const { rows } = await database.query<{ position: string; isKnown: boolean }>({ name: "inventory-news", text: newsText, values });
      const [now] = rows;
      const atMs = nowMs();
      const isKnown = before !== undefined && now?.isKnown === true && before.digest === digest && atMs - before.atMs < longestMs;
      const position = BigInt(now?.position ?? 0);
      if (isKnown) seen.set(siteId, { ...before, position });
      else seen.delete(siteId);
      return { isKnown, same: () => void seen.set(siteId, { digest, position, atMs }) };
    },
  };
}

const machinesAtOnce = 500;

function* digesting(told: readonly InventoryVm[]): Pieces<string> {
  const digest = createHash("sha256");
  for (let at = 0; at < told.length; at += machinesAtOnce) {
    digest.update(JSON.stringify(told.slice(at, at + machinesAtOnce)));
    yield;
  }
  return digest.digest("base64");
}

/** Reads everything each time. */
export const neverSeen: SeenMachines = { look: async () => ({ isKnown: false, same: () => {} }) };
