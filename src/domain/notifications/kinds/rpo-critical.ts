import { changedId, idsOf, type Teller, when, withFacts } from "./teller.ts";

interface Row {
  readonly id: string;
  readonly vmId: string;
  readonly vmName: string;
  readonly groupName: string;
  readonly rpoMinutes: number;
  readonly cause: string;
  readonly lagSeconds: number;
  readonly criticalSince: Date;
  /** How many VMs of its group are critical. */
  readonly count: number;
}

const open = "critical_since IS NOT NULL AND closed_at IS NULL";

/** The first of its group alone: where a site is lost, hundreds follow it. */
const text = `SELECT v.id, v.vm_id AS "vmId", v.vm_name AS "vmName", v.group_name AS "groupName", v.rpo_minutes AS "rpoMinutes", v.cause,
    v.current_lag_seconds AS "lagSeconds", v.critical_since AS "criticalSince",
    (SELECT count(*)::int4 FROM rpo_violation o WHERE o.group_id = v.group_id AND ${open}) AS count
  FROM rpo_violation v WHERE v.id = ANY($1::uuid[]) AND ${open} AND NOT EXISTS (SELECT FROM rpo_violation o
    WHERE o.group_id = v.group_id AND ${open} AND (o.critical_since, o.id) < (v.critical_since, v.id))`;

/** Told once for each group, as long as one of its VMs is critical. */
export const rpoCritical: Teller = {
  description: "A VM's recovery point is older than three times its RPO; told once for its protection group.",
  event: "RPO_VIOLATION_CHANGED",
  async tell(client, facts) {
    const { rows } = await client.query<Row>({ name: "notify-violations", text, values: [idsOf(facts, changedId)] });
    return withFacts(rows, facts, changedId).map(({ row, fact }) => ({
      kind: "RPO_CRITICAL",
      key: row.id,
      position: fact.position,
      occurredAt: row.criticalSince,
      content: {
        title: `The RPO of ${row.vmName}${when(row.count > 1, ` and ${row.count - 1} more of ${row.groupName}`)} is critical`,
        message: `${row.vmName} of the protection group ${row.groupName} is ${Math.ceil(row.lagSeconds / 60)} minutes behind, and may be ${row.rpoMinutes}. Cause: ${row.cause}.`,
        remedy: "See the group's replication error and whether its sites are connected: a disaster now would lose that much.",
        subject: { type: "VirtualMachine", id: row.vmId, name: row.vmName },
        plan: null,
        details: {
          groupName: row.groupName,
          vmsCritical: row.count,
          rpoMinutes: row.rpoMinutes,
          lagSeconds: row.lagSeconds,
          cause: row.cause,
        },
      },
    }));
  },
};
