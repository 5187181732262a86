/** Plans to run: sites of the lab, their VMs and groups, and the product's rows for them. */
import { openLab } from "../../src/providers/lab/lab.ts";
import { labSites } from "../../test/support/lab.ts";
import { aPlan } from "../../test/support/plan.ts";
import type { BenchServer } from "../support/server.ts";

const mostOfGroup = 500;

/** One plan for each count of VMs, each on a pair of sites of its own; all VMs of a plan may come up at once. */
export async function makePlans({ url, database }: BenchServer, name: string, counts: readonly number[]): Promise<readonly string[]> {
  await using lab = await openLab({ url, speed: "instant", guestServices: false });
  const planIds: string[] = [];
  for (const [at, vms] of counts.entries()) {
    const prefix = `${name}-${at + 1}-`;
    const sites = labSites({ vms, groups: Math.ceil(vms / mostOfGroup), prefix });
    await lab.define(sites.definition);
    const everyGroup = sites.groups.map((_, group) => group);
    const { planId } = await aPlan(database, sites, { name: `${prefix}plan`, priorityGroups: [{ groups: everyGroup }] });
    planIds.push(planId);
  }
  await database.pool.query("ANALYZE");
  return planIds;
}
