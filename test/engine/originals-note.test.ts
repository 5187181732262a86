/** Copies of recovered VMs are noted while heartbeats come, also beside a test of thousands of VMs, whose snapshot has megabytes. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { recoveredSites } from "../../src/engine/heartbeat/original-rows.ts";
import { aStage, type Stage } from "../domain/recoveries/stage.ts";
import { labSites } from "../support/lab.ts";
import { recordStatements } from "../support/large-tables.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await aStage({}, labSites({ vms: 1 }));
});
afterAll(() => stage?.close());

interface Plan {
  readonly "Relation Name"?: string;
  readonly "Actual Loops": number;
  readonly Plans?: readonly Plan[];
}

it("reads the snapshot of a disaster that is open, and that of no other run, whatever the planner has heard of the tables", async () => {
  const { pool } = stage.db.database;
  const sent = recordStatements();
  await recoveredSites(pool)(stage.protectedSiteId);
  const text = [...sent.stop()].find((one) => one.includes("INSERT INTO recovered_vm")) ?? expect.unreachable("nothing is noted");
  await pool.query(
    `WITH run AS (INSERT INTO recovery (id, plan_name, pairing_id, kind, options, initiated_by)
      VALUES (gen_random_uuid(), 'large', $1, 'TEST', '{}', 'ada') RETURNING id)
    INSERT INTO recovery_snapshot (run_id, content) SELECT id, jsonb_build_object('protectedSite', jsonb_build_object('id', $2::text)) FROM run`,
    [stage.pairingId, stage.protectedSiteId],
  );
  const client = await pool.connect();
  const loops = async () => {
    const { rows } = await client.query<{ "QUERY PLAN": readonly { readonly Plan: Plan }[] }>(`EXPLAIN (ANALYZE, FORMAT JSON) ${text}`, [
      [stage.protectedSiteId],
    ]);
    const of = (plan: Plan): number =>
      (plan["Relation Name"] === "recovery_snapshot" ? plan["Actual Loops"] : 0) +
      (plan.Plans ?? []).reduce((sum, inner) => sum + of(inner), 0);
    return of(rows[0]?.["QUERY PLAN"][0]?.Plan ?? expect.unreachable("there is no plan"));
  };
  try {
    // As after a time without runs, from whose end on the planner thinks that snapshots are few, and open runs many.
    await client.query(`SELECT pg_restore_relation_stats('schemaname', 'public', 'relname', 'recovery', 'reltuples', 200000::real, 'relpages', 1),
      pg_restore_relation_stats('schemaname', 'public', 'relname', 'recovery_snapshot', 'reltuples', 1::real, 'relpages', 1)`);
    expect(await loops()).toBe(0);
    await client.query("UPDATE recovery SET kind = 'DISASTER' WHERE plan_name = 'large'");
    expect(await loops()).toBe(1);
  } finally {
    client.release(true);
  }
});
