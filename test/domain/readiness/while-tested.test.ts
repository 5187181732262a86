/** A plan whose test goes on: a run that changes what it works on all the time, and nothing of what the plan is made of. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { decodeId } from "../../../src/domain/ids.ts";
import { evaluateAgain, evaluateNow, evaluateTouched } from "../../../src/domain/readiness/service.ts";
import { at, text } from "../read/support.ts";
import { aReadinessStage, type ReadinessStage } from "./stage.ts";

let stage: ReadinessStage;
beforeAll(async () => {
  stage = await aReadinessStage();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

it("its changes wait for the end of the run, and its turn comes meanwhile as ever", async () => {
  const planId = stage.id("RecoveryPlan", "spare");
  const evaluatedAt = async () =>
    at(
      await stage.ask("query ($id: ID!) { recoveryPlan(id: $id) { readinessEvaluatedAt } }", { id: planId }),
      "recoveryPlan.readinessEvaluatedAt",
    );
  const isEvaluated = async (work: (context: ReadinessStage["context"]) => Promise<unknown>) => {
    const before = await evaluatedAt();
    await work(stage.context);
    return (await evaluatedAt()) !== before;
  };
  /** Since its last evaluation. */
  const passed = (seconds: number) =>
    stage.sql(
      `UPDATE readiness_evaluation r SET evaluated_at = evaluated_at - make_interval(secs => $1), due_at = due_at - make_interval(secs => $1)
        FROM recovery_plan p WHERE p.id = r.plan_id AND p.name = 'spare'`,
      seconds,
    );
  const change = (priority: string) => stage.change("configureVmRecoverySettings", { vmId: stage.id("VirtualMachine", "vm-4"), priority });

  await evaluateNow(stage.context, decodeId(planId).id);
  const held = await stage.lab.faults.hold({ kind: "createSnapshot", when: "BEFORE" });
  const recoveryId = text(await stage.mutate("startRecovery", { planId, recoveryType: "TEST" }, "recovery { id }"), "recovery.id");
  await held.arrived;
  await change("LOW");
  await passed(20);
  expect(await isEvaluated(evaluateTouched)).toBe(false);
  await passed(260);
  expect(await isEvaluated(evaluateAgain)).toBe(true);
  await change("HIGH");
  await passed(20);
  expect(await isEvaluated(evaluateTouched)).toBe(false);
  await held.release();
  await stage.end(recoveryId);
  expect(await isEvaluated(evaluateTouched)).toBe(true);
});
