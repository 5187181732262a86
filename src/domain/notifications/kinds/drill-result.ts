import { changedId, idsOf, type Teller, when, withFacts } from "./teller.ts";

interface Row {
  /** The drill's. */
  readonly id: string;
  readonly occurrenceId: string;
  readonly drillName: string;
  readonly planId: string;
  readonly planName: string;
  readonly dueAt: Date;
  readonly outcome: "SUCCEEDED" | "FAILED" | "SKIPPED";
  readonly message: string | null;
  readonly remedy: string | null;
  readonly runId: string | null;
  readonly resultState: string | null;
  readonly rtoSeconds: number | null;
}

/** An event names the drill: what has become of it within a day is new, or has been told. */
const text = `SELECT d.id, o.id AS "occurrenceId", d.name AS "drillName", p.id AS "planId", p.name AS "planName", o.due_at AS "dueAt", o.outcome, o.message,
    o.remedy, o.run_id AS "runId", o.result_state AS "resultState", o.rto_achieved_seconds AS "rtoSeconds"
  FROM drill d JOIN recovery_plan p ON p.id = d.plan_id JOIN drill_occurrence o ON o.drill_id = d.id
  WHERE d.id = ANY($1::uuid[]) AND o.outcome <> 'STARTED' AND coalesce(o.ended_at, o.recorded_at) > dr_now() - interval '1 day'
  ORDER BY o.due_at, o.id`;

const became = { SUCCEEDED: "succeeded", FAILED: "failed", SKIPPED: "was skipped" } as const;
const remedies = {
  SUCCEEDED: "Nothing: see the run if you want to know more.",
  FAILED: "See which steps failed, mend that, and start the drill by hand.",
  SKIPPED: "Mend what was in its way, and start the drill by hand if it matters.",
} as const;

export const drillResult: Teller = {
  description: "A drill has ended, well or badly, or was skipped.",
  event: "DRILL_CHANGED",
  async tell(client, facts) {
    const { rows } = await client.query<Row>({ name: "notify-drills", text, values: [idsOf(facts, changedId)] });
    return withFacts(rows, facts, changedId).map(({ row, fact }) => {
      const plan = { type: "RecoveryPlan", id: row.planId, name: row.planName } as const;
      const sentence = `The drill ${row.drillName} of ${row.planName}, due at ${row.dueAt.toISOString()}, ${became[row.outcome]}.`;
      return {
        kind: "DRILL_RESULT",
        key: row.occurrenceId,
        position: fact.position,
        occurredAt: fact.occurredAt,
        content: {
          title: `The drill ${row.drillName} ${became[row.outcome]}`,
          message: `${sentence}${when(row.message, ` ${row.message}`)}${when(row.rtoSeconds !== null, ` Its VMs were ready after ${row.rtoSeconds} s.`)}`,
          remedy: row.remedy ?? remedies[row.outcome],
          subject: row.runId === null ? plan : { type: "Recovery", id: row.runId, name: row.planName },
          plan,
          details: { outcome: row.outcome, resultState: row.resultState, dueAt: row.dueAt.toISOString(), rtoSeconds: row.rtoSeconds },
        },
      };
    });
  },
};
