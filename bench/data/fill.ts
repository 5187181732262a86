/**
 * Plans with groups with VMs, as imports and weeks of quiet operation leave them: all that the product reads of them is there, the lab knows
 * the sites, and nothing of it is due in the next hours. By SQL alone; 200,000 VMs take some seconds.
 */
import type { Database } from "../../src/database/database.ts";
import { openLab } from "../../src/providers/lab/lab.ts";
import { places, protection, recoveryPlans, standing } from "./statements.ts";

export interface DataSize {
  readonly plans: number;
  readonly groupsPerPlan: number;
  readonly vmsPerGroup: number;
}

export interface Data extends DataSize {
  /** Database ids, in the plans' order: "plan-00001" comes first. */
  readonly planIds: readonly string[];
}

/** As many plans as the product's default quota allows for a site. */
const plansPerPair = 250;

/** Into a database that is empty but for its tables. */
export async function fill(database: Pick<Database, "pool">, url: string, { plans, groupsPerPlan, vmsPerGroup }: DataSize): Promise<Data> {
  const pairs = Math.ceil(plans / plansPerPair);
  await using lab = await openLab({ url, speed: 1, guestServices: false });
  const sites = Array.from({ length: pairs }, (_, at) => [`site-a-${at + 1}`, `site-b-${at + 1}`] as const);
  const pairsOfLab = sites.map((siteIds) => ({ siteIds, arrayManagers: ["SRA"], replicationServers: ["VR"] }));
  await lab.define({ sites: sites.flat().map((id) => ({ id, name: id })), groups: [], pairs: pairsOfLab });
  const client = await database.pool.connect();
  try {
    await client.query("BEGIN");
    await client.query("SET LOCAL statement_timeout = 0");
    // What refers to what is right by construction, and millions of look-ups would take longer than all the rest.
    await client.query("SET LOCAL session_replication_role = replica");
    for (const text of [
      ...places(pairs),
      ...recoveryPlans({ plans, groupsPerPlan, plansPerPair }),
      ...protection(vmsPerGroup),
      ...standing,
    ]) {
      await client.query(text);
    }
    const { rows } = await client.query<{ id: string }>("SELECT id FROM made_plan ORDER BY n");
    await client.query("COMMIT");
    // Pages are marked as visible too, as autovacuum has done in a database that has been there for a while.
    await client.query("SET statement_timeout = 0");
    await client.query("VACUUM (ANALYZE)");
    return { plans, groupsPerPlan, vmsPerGroup, planIds: rows.map(({ id }) => id) };
  } finally {
    client.release(true); // its settings go with it
  }
}
