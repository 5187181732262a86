import { changedId, idsOf, type Teller, withFacts } from "./teller.ts";

interface Row {
  readonly id: string;
  readonly vmId: string;
  readonly vmName: string;
  readonly groupName: string;
  readonly rpoMinutes: number;
  readonly cause: string;
  readonly lagSeconds: number;
  readonly criticalSince: Date;
}

const text = `SELECT v.id, v.vm_id AS "vmId", v.vm_name AS "vmName", v.group_name AS "groupName", v.rpo_minutes AS "rpoMinutes", v.cause,
    v.current_lag_seconds AS "lagSeconds", v.critical_since AS "criticalSince"
  FROM rpo_violation v WHERE v.id = ANY($1::uuid[]) AND v.critical_since IS NOT NULL AND v.closed_at IS NULL`;

/** Told once for each violation, however long it lasts. */
export const rpoCritical: Teller = {
  description: "A VM's recovery point is older than three times its RPO.",
  event: "RPO_VIOLATION_CHANGED",
  async tell(client, facts) {
    const { rows } = await client.query<Row>({ name: "notify-violations", text, values: [idsOf(facts, changedId)] });
    return withFacts(rows, facts, changedId).map(({ row, fact }) => ({
      kind: "RPO_CRITICAL",
      key: row.id,
      position: fact.position,
      occurredAt: row.criticalSince,
      content: {
        title: `The RPO of ${row.vmName} is critical`,
        message: `${row.vmName} of the protection group ${row.groupName} is ${Math.ceil(row.lagSeconds / 60)} minutes behind, and may be ${row.rpoMinutes}. Cause: ${row.cause}.`,
        remedy: "See the group's replication error and whether its sites are connected: a disaster now would lose that much.",
        subject: { type: "VirtualMachine", id: row.vmId, name: row.vmName },
        plan: null,
        details: { groupName: row.groupName, rpoMinutes: row.rpoMinutes, lagSeconds: row.lagSeconds, cause: row.cause },
      },
    }));
  },
};
