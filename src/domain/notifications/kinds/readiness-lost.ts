import { changedId, type Fact, idsOf, type Teller, when, withFacts } from "./teller.ts";

interface Row {
  readonly id: string;
  readonly name: string;
  readonly score: number | null;
  /** Open blockers, the oldest first: what is in the way, and how to mend it. */
  readonly blockers: readonly { readonly code: string; readonly message: string; readonly remedy: string }[];
}

const text = `SELECT p.id, p.name, e.score, coalesce((SELECT jsonb_agg(jsonb_build_object('code', f.code, 'message', f.message, 'remedy', f.remedy)
      ORDER BY f.opened_at, f.id) FROM readiness_finding f WHERE f.plan_id = p.id AND f.severity = 'BLOCKER' AND f.resolved_at IS NULL), '[]') AS blockers
  FROM recovery_plan p JOIN readiness_evaluation e ON e.plan_id = p.id WHERE p.id = ANY($1::uuid[]) AND e.readiness = 'NOT_READY'`;

/** A plan's first evaluation loses nothing. */
function isLoss({ payload }: Fact): boolean {
  const { details } = payload;
  if (typeof details !== "object" || details === null || !("before" in details) || !("after" in details)) return false;
  return details.after === "NOT_READY" && details.before !== "NOT_READY";
}

const shownBlockers = 3;

export const readinessLost: Teller = {
  description: "A plan that would have recovered is NOT_READY: something is in the way of its recovery.",
  event: "READINESS_CHANGED",
  async tell(client, facts) {
    const losses = facts.filter(isLoss);
    if (losses.length === 0) return [];
    const { rows } = await client.query<Row>({ name: "notify-readiness", text, values: [idsOf(losses, changedId)] });
    return withFacts(rows, losses, changedId).map(({ row, fact }) => {
      const shown = row.blockers.slice(0, shownBlockers);
      const more = row.blockers.length - shown.length;
      const plan = { type: "RecoveryPlan", id: row.id, name: row.name } as const;
      return {
        kind: "READINESS_LOST",
        key: `${row.id} ${fact.position}`,
        position: fact.position,
        occurredAt: fact.occurredAt,
        content: {
          title: `${row.name} is no longer ready`,
          message: `A recovery of ${row.name} would not succeed now.${shown.map(({ message }) => `\n${message}`).join("")}${when(more > 0, `\nand ${more} more.`)}`,
          remedy: row.blockers[0]?.remedy ?? "See the plan's findings.",
          subject: plan,
          plan,
          details: { score: row.score, blockers: row.blockers.length, firstBlocker: row.blockers[0]?.code ?? null },
        },
      };
    });
  },
};
