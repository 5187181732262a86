/**
 * Rows that mutations hold, in one order: plans, pairs, sites, groups, runs, the rest, the log's counter. Whatever changes the order in which VMs
 * start (members of a group, groups of a plan, priorities, dependencies) holds the pair, so that two changes which are right by
 * themselves don't make a cycle together. A pair is also the parent that counts plans per site.
 */
import type pg from "pg";
import { together } from "../database/together.ts";

type Queryable = Pick<pg.ClientBase, "query">;

export async function lockPair(client: Queryable, pairingId: string): Promise<void> {
  await client.query({ name: "pair-lock", text: "SELECT 1 FROM site_pairing WHERE id = $1 FOR UPDATE", values: [pairingId] });
}

/** Behind the pair: what a run finds out about its plan's groups, such as the points that they keep, holds until it is written. */
export async function lockGroupsOfPlan(client: Queryable, planId: string): Promise<void> {
  const text = `SELECT 1 FROM protection_group WHERE id IN (SELECT group_id FROM plan_protection_group WHERE plan_id = $1)
    ORDER BY id FOR NO KEY UPDATE`;
  await client.query({ name: "plan-groups-lock", text, values: [planId] });
}

/** Both, of a plan whose row is held: in this order, without waiting for the first one's answer in between. */
export async function lockPairAndGroups(client: Queryable, planId: string): Promise<void> {
  const text = "SELECT 1 FROM site_pairing WHERE id = (SELECT pairing_id FROM recovery_plan WHERE id = $1) FOR UPDATE";
  await together([client.query({ name: "pair-of-plan-lock", text, values: [planId] }), lockGroupsOfPlan(client, planId)]);
}

/** Every pair of these sites, by id. */
export async function lockPairsOf(client: Queryable, siteIds: readonly string[]): Promise<void> {
  const text =
    "SELECT 1 FROM site_pairing WHERE local_site_id = ANY ($1::uuid[]) OR remote_site_id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE";
  await client.query({ name: "pairs-lock", text, values: [siteIds] });
}
