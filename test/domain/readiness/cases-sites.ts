/** Rules about sites, their inventory and replication. */
import type { Case } from "./cases.ts";
import type { ReadinessStage } from "./stage.ts";

/** The site is read again, as it really is. */
const refresh = (stage: ReadinessStage, site: "A" | "B") => stage.change("refreshInventory", { siteId: stage.id("Site", site) });
const vm = (name: string) => ["VirtualMachine", name] as const;
const data = ["ProtectionGroup", "data"] as const;

/** As the next cycle of the group finds it, rather than when its RPO is half over. */
const cycleNow =
  "UPDATE replication_cycle SET next_at = dr_now() WHERE owner IS NULL AND group_id = (SELECT id FROM protection_group WHERE name = 'data')";
const failed = "SELECT FROM replication_cycle c JOIN protection_group g ON g.id = c.group_id WHERE g.name = 'data' AND c.error IS NOT NULL";

const pool = (change: string) => `UPDATE resource_pool SET ${change} WHERE name = 'Pool B'`;

/** As a reading of the inventory leaves it, and the site mended since. */
export const siteCases: readonly Case[] = [
  {
    code: "MEMORY_SHORT",
    severity: "BLOCKER",
    object: ["ResourcePool", "Pool B"],
    make: ({ sql }) => sql(pool("memory_limit_mb = 1")),
    remedy: /Raise the pool's limit/,
    follow: (stage) => refresh(stage, "B"),
  },
  {
    code: "CPU_SHORT",
    severity: "WARNING",
    object: ["ResourcePool", "Pool B"],
    make: ({ sql }) => sql(pool("cpu_limit_mhz = 1")),
    remedy: /Raise the pool's limit/,
    follow: (stage) => refresh(stage, "B"),
  },
  {
    code: "DATASTORE_SHORT",
    plan: "stored",
    severity: "BLOCKER",
    object: ["Datastore", "All B"],
    make: ({ sql }) => sql("UPDATE datastore SET free_bytes = 1 WHERE name = 'All B'"),
    remedy: /Free room on the datastore/,
    follow: (stage) => refresh(stage, "B"),
  },
  {
    code: "MISSING_AT_SOURCE",
    severity: "WARNING",
    object: vm("vm-1"),
    make: ({ sql }) => sql("UPDATE virtual_machine SET missing_since = dr_now() WHERE name = 'vm-1'"),
    remedy: /Recover it, or remove it/,
    follow: (stage) => refresh(stage, "A"),
  },
  {
    code: "UNPROTECTED_VM",
    plan: "stored",
    severity: "WARNING",
    object: ["ProtectionGroup", "stored"],
    make: ({ sql }) =>
      sql("UPDATE virtual_machine SET datastore_id = (SELECT id FROM datastore WHERE name = 'Disk A') WHERE name = 'vm-4'"),
    remedy: /move it to another datastore/,
    follow: (stage) => refresh(stage, "A"),
  },
  {
    code: "SITE_DISCONNECTED",
    severity: "BLOCKER",
    object: ["Site", "B"],
    make: ({ sql }) => sql("UPDATE site SET state = 'DISCONNECTED' WHERE name = 'B'"),
    remedy: /Restore the connection/,
    follow: ({ sql }) => sql("UPDATE site SET state = 'CONNECTED' WHERE name = 'B'"),
  },
  {
    code: "SITE_DISCONNECTED",
    severity: "WARNING",
    object: ["Site", "A"],
    make: ({ sql }) => sql("UPDATE site SET state = 'DISCONNECTED' WHERE name = 'A'"),
    remedy: /Restore the connection/,
    follow: ({ sql }) => sql("UPDATE site SET state = 'CONNECTED' WHERE name = 'A'"),
  },
  {
    code: "SITE_PARTIALLY_CONNECTED",
    severity: "WARNING",
    object: ["Site", "B"],
    make: ({ sql }) => sql("UPDATE site SET state = 'PARTIALLY_CONNECTED' WHERE name = 'B'"),
    remedy: /managers or replication servers/,
    follow: ({ sql }) => sql("UPDATE site SET state = 'CONNECTED' WHERE name = 'B'"),
  },
  {
    code: "SITE_NOT_ANSWERING",
    severity: "BLOCKER",
    make: async ({ lab, sql }) => lab.faults.fail({ site: await labId(sql, "B"), kind: "capabilities", times: Infinity }),
    remedy: /See why the site's provider does not answer/,
    follow: ({ lab }) => lab.faults.clear(),
  },
  {
    code: "REPLICATION_FAILED",
    severity: "WARNING",
    object: data,
    async make({ lab, sql, until }) {
      await lab.faults.fail({ kind: "synchronise", failure: "PERMANENT", times: Infinity });
      await sql(cycleNow);
      await until(async () => (await sql(failed)).length > 0);
    },
    remedy: /the group is replicated again by itself/,
    async follow({ lab, sql, until }) {
      await lab.faults.clear();
      await sql(cycleNow);
      await until(async () => (await sql(failed)).length === 0);
    },
  },
  {
    code: "NO_RECOVERY_POINT",
    severity: "BLOCKER",
    object: data,
    make: ({ sql }) => sql("DELETE FROM recovery_point WHERE group_id = (SELECT id FROM protection_group WHERE name = 'data')"),
    remedy: /Wait for the group's next replication/,
    follow: (stage) => stage.replicated(),
  },
  ...(["RPO_VIOLATION", "RPO_CRITICAL"] as const).map(
    (code): Case => ({
      code,
      severity: code === "RPO_CRITICAL" ? "BLOCKER" : "WARNING",
      object: data,
      make: ({ sql }) =>
        sql(
          `INSERT INTO rpo_violation (id, vm_id, vm_name, group_id, group_name, rpo_minutes, cause, opened_at, critical_since, worst_lag_seconds, current_lag_seconds)
            SELECT gen_random_uuid(), v.id, v.name, g.id, g.name, 15, 'LAG', dr_now(), CASE WHEN $1 THEN dr_now() END, 5000, 5000
            FROM virtual_machine v, protection_group g WHERE v.name = 'vm-1' AND g.name = 'data'`,
          code === "RPO_CRITICAL",
        ),
      remedy: /See why replication lags/,
      follow: ({ sql }) => sql("UPDATE rpo_violation SET closed_at = dr_now()"),
    }),
  ),
];

async function labId(sql: ReadinessStage["sql"], site: string): Promise<string> {
  const [row] = await sql("SELECT external_id FROM site WHERE name = $1", site);
  return String(row?.external_id);
}
