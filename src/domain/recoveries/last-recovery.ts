/** A plan's newest planned or disaster recovery: what a run goes on with, and what somebody accepts. */
import type pg from "pg";

/** Its id; null: the plan has never been recovered. */
export async function lastRecovery(client: Pick<pg.ClientBase, "query">, planId: string): Promise<string | null> {
  const { rows } = await client.query<{ id: string }>({
    name: "plan-last-recovery",
    text: "SELECT id FROM recovery WHERE plan_id = $1 AND kind IN ('PLANNED', 'DISASTER') ORDER BY requested_at DESC, id DESC LIMIT 1",
    values: [planId],
  });
  return rows[0]?.id ?? null;
}
