import { setTimeout as delay } from "node:timers/promises";
import type { BenchServer } from "./server.ts";

const mostSeconds = 60;

/** As with a gateway that has been up for a while: the readiness of each plan has been evaluated once, and does not take from what is measured. */
export async function evaluated({ database }: BenchServer): Promise<void> {
  const unknown = "SELECT FROM recovery_plan p LEFT JOIN readiness_evaluation e ON e.plan_id = p.id WHERE e.evaluated_at IS NULL LIMIT 1";
  for (let second = 0; second < mostSeconds && (await database.pool.query(unknown)).rows.length > 0; second++) await delay(1_000);
}
