import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { until } from "../support/run.ts";
import { aRecoveryStage, type RecoveryStage } from "./recovery-stage.ts";

let stage: RecoveryStage;
beforeAll(async () => {
  stage = await aRecoveryStage();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

it("the time of a suspect site being over, a plan of many machines waits for slots without keeping the node busy", async () => {
  const scene = await stage.scene({ machines: 205 });
  const { recoverySite } = scene.sites;
  const heal = await stage.lab.faults.latency(2500, { site: recoverySite, kind: "registerVm" });
  const running = scene.recover("DISASTER", { protectedSiteCondition: "SUSPECT", options: { protectedSiteBudgetSeconds: 1 } });
  const sinceStart = `SELECT extract(epoch FROM dr_now() - min(started_at)) > 1.2 AS over FROM recovery_step WHERE kind = 'REGISTER_VM'
    AND run_id IN (SELECT id FROM recovery WHERE plan_id = $1)`;
  await until(
    async () => (await stage.db.database.pool.query<{ over: boolean | null }>(sinceStart, [scene.planId])).rows[0]?.over === true,
  );
  const before = performance.eventLoopUtilization();
  await delay(600);
  const { utilization } = performance.eventLoopUtilization(before);
  await heal();
  expect(await running).toMatchObject({ vmsSucceeded: 205 });
  expect(utilization).toBeLessThan(0.9); // a loop that turns without a pause is 1, whatever else the machine does
});
