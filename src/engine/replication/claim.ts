/** Who does which cycle: claimed like runs, by one statement for all groups that are due. */
import type pg from "pg";
import { monotonicMs } from "../monotonic.ts";
import { type Cycle, fence, intervalOf, isReplicated, ownCycle } from "./cycle.ts";

export interface ClaimOptions {
  readonly nodeId: string;
  readonly leaseSeconds: number;
  /** The least time between two cycles of a group. */
  readonly minimumSeconds: number;
  /** Cycles under way at one recovery site. Two nodes that claim at the same moment may exceed it for one cycle. */
  readonly perSite: number;
  /** Most to claim now. */
  readonly limit: number;
}

interface ClaimedRow extends Omit<Cycle, "epoch" | "site" | "claimedAtMs"> {
  readonly epoch: string;
  readonly provider: string;
  readonly siteExternalId: string;
  readonly siteId: string;
  readonly siteName: string;
}

const isFree = "(c.owner IS NULL OR c.lease_until IS NULL OR c.lease_until < clock_timestamp())";

/** The time is asked for once, and there are two bounds, so that an index is asked for the few that are due among all that are not. */
const isDue = "c.next_at > (SELECT timestamptz '-infinity') AND c.next_at <= (SELECT dr_now())";

const claimText = `
  WITH busy AS (
    SELECT g.recovery_site_id, count(*) AS cycles FROM replication_cycle c JOIN protection_group g ON g.id = c.group_id
    WHERE c.lease_until > (SELECT clock_timestamp()) AND c.lease_until < (SELECT timestamptz 'infinity') GROUP BY g.recovery_site_id
  ), due AS (
    SELECT c.group_id, row_number() OVER (PARTITION BY g.recovery_site_id ORDER BY c.next_at, c.group_id) + COALESCE(busy.cycles, 0) AS place
    FROM replication_cycle c JOIN protection_group g ON g.id = c.group_id LEFT JOIN busy ON busy.recovery_site_id = g.recovery_site_id
    WHERE ${isDue} AND ${isFree} AND ${isReplicated}
  ), free AS MATERIALIZED (
    SELECT c.group_id, c.cycle_id FROM replication_cycle c
    WHERE c.group_id = ANY (ARRAY(SELECT group_id FROM due WHERE place <= $4)) AND ${isFree}
    ORDER BY c.next_at, c.group_id LIMIT $5 FOR UPDATE SKIP LOCKED
  )
  UPDATE replication_cycle c SET owner = $1, epoch = c.epoch + 1, lease_until = clock_timestamp() + make_interval(secs => $2),
    cycle_id = COALESCE(c.cycle_id, gen_random_uuid()), started_at = CASE WHEN c.cycle_id IS NULL THEN dr_now() ELSE c.started_at END
  FROM free, protection_group g, site s
  WHERE c.group_id = free.group_id AND g.id = c.group_id AND s.id = g.recovery_site_id
  RETURNING c.group_id AS "groupId", g.name AS "groupName", g.external_id AS "externalId", c.cycle_id AS "cycleId", c.epoch::text AS epoch,
    free.cycle_id IS NOT NULL AS resumed, ${intervalOf("$3")} AS "intervalSeconds", c.failures, s.provider, s.external_id AS "siteExternalId",
    s.id AS "siteId", s.name AS "siteName"`;

/** Begins cycles that are due, and takes over those whose owner is gone; the longest due come first. */
export async function claimCycles(pool: pg.Pool, options: ClaimOptions): Promise<Cycle[]> {
  const { nodeId, leaseSeconds, minimumSeconds, perSite, limit } = options;
  const claimedAtMs = monotonicMs();
  const values = [nodeId, leaseSeconds, minimumSeconds, perSite, limit];
  const { rows } = await pool.query<ClaimedRow>({ name: "replication-claim", text: claimText, values });
  return rows.map(({ provider, siteExternalId, siteId, siteName, epoch, ...cycle }) => ({
    ...cycle,
    epoch: BigInt(epoch),
    site: { provider, externalId: siteExternalId, siteId, siteName },
    claimedAtMs,
  }));
}

const renewText = `
  UPDATE replication_cycle c SET lease_until = clock_timestamp() + make_interval(secs => $2)
  FROM unnest($3::uuid[], $4::bigint[]) AS held(group_id, epoch)
  WHERE c.group_id = held.group_id AND c.epoch = held.epoch AND c.owner = $1
  RETURNING c.group_id AS "groupId"`;

/** Answers the groups whose cycles are still this node's. */
export async function renewCycles(
  pool: pg.Pool,
  { nodeId, leaseSeconds }: Pick<ClaimOptions, "nodeId" | "leaseSeconds">,
  cycles: readonly Cycle[],
): Promise<ReadonlySet<string>> {
  const values = [nodeId, leaseSeconds, cycles.map(({ groupId }) => groupId), cycles.map(({ epoch }) => epoch.toString())];
  const { rows } = await pool.query<{ groupId: string }>({ name: "replication-renew", text: renewText, values });
  return new Set(rows.map(({ groupId }) => groupId));
}

const endText = `UPDATE replication_cycle c SET cycle_id = NULL, owner = NULL, lease_until = NULL,
    next_at = GREATEST(dr_now(), c.started_at + make_interval(secs => ${intervalOf("$4")}))
  FROM protection_group g WHERE g.id = c.group_id AND ${ownCycle}`;

/** The cycle is over, and well; the next one starts an interval after this one did, which may be another one by now. */
export async function endCycle(pool: pg.Pool, cycle: Cycle, minimumSeconds: number): Promise<void> {
  await pool.query({ name: "replication-end", text: endText, values: [...fence(cycle), minimumSeconds] });
}

/** Gives back all that this node has, at an orderly stop: others go on with it at once. */
export async function releaseCycles(pool: pg.Pool, nodeId: string): Promise<void> {
  const text = "UPDATE replication_cycle SET owner = NULL, lease_until = NULL WHERE owner = $1";
  await pool.query({ name: "replication-release", text, values: [nodeId] });
}
