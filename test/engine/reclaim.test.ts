import { afterAll, beforeAll, expect, it } from "vitest";
import { until } from "../support/run.ts";
import { aStage, type Stage } from "./scene.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await aStage();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

it("a node that wins its own lapsed run back holds it from then on, and ends it", async () => {
  const scene = await stage.scene({ machines: 1 });
  const held = await stage.lab.faults.hold({ kind: "powerOn", target: scene.vm(1), when: "AFTER", times: Number.POSITIVE_INFINITY });
  const recoveryId = await scene.start();
  await held.arrived;
  const { pool } = stage.db.database;
  const epoch = async () => Number((await pool.query("SELECT epoch FROM recovery WHERE id = $1", [recoveryId])).rows[0].epoch);
  const before = await epoch();
  await pool.query("UPDATE recovery SET lease_until = clock_timestamp() - interval '1 s' WHERE id = $1", [recoveryId]);
  const leaseUntil = async (): Promise<Date> =>
    (await pool.query("SELECT lease_until FROM recovery WHERE id = $1", [recoveryId])).rows[0].lease_until;
  // Renewed by the older claim, or claimed anew: held it is, either way.
  await until(
    async () => (await pool.query("SELECT 1 FROM recovery WHERE id = $1 AND lease_until > clock_timestamp()", [recoveryId])).rowCount === 1,
  );
  const after = await epoch();
  expect(after - before).toBeLessThanOrEqual(1);
  const first = await leaseUntil();
  await until(async () => (await pool.query("SELECT 1 WHERE clock_timestamp() > $1", [first])).rowCount === 1);
  expect(Number(await leaseUntil())).toBeGreaterThan(Number(first)); // one that is not renewed would have lapsed
  expect(await epoch()).toBe(after);
  expect(stage.node.engine.driving).toBe(1);
  await held.release();
  expect((await scene.end(recoveryId)).resultState).toBe("SUCCESS");
});
