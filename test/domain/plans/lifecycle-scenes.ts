/** A plan in each of its lifecycles, as the runs that lead there leave it. Nothing drives the runs: what the engine would do is written by hand. */
import { aPrompt, aStep, operator } from "../recoveries/stage.ts";
import type { PlanStage } from "./stage.ts";

/** What is there to be operated on, by database id. */
export interface Scene {
  /** The plan's newest run, open or ended. */
  readonly runId: string;
  readonly promptId: string;
  /** "run/ordinal" of a step that has FAILED. */
  readonly stepId: string;
}

type Kind = "TEST" | "PLANNED" | "DISASTER" | "CLEANUP" | "REPROTECT";

export function scenesOf(stage: PlanStage) {
  const { recoveries, planId } = stage;
  const sql = (text: string, ...values: unknown[]) => stage.db.database.pool.query(text, values);

  /** With a step that has failed, and a prompt for two that one person has answered. */
  async function dressed(runId: string): Promise<Scene> {
    await aStep(stage, runId, { ordinal: 1, kind: "POWER_ON", status: "FAILED" });
    await aStep(stage, runId, { ordinal: 2, kind: "PROMPT", status: "WAITING" });
    const promptId = await aPrompt(stage, runId, 2);
    await sql(
      `UPDATE recovery_prompt SET needs_two_people = true, first_answer = 'CONTINUE', first_answered_at = dr_now(),
        first_answered_by_id = $2, first_answered_by = $3 WHERE id = $1`,
      promptId,
      operator.userId,
      operator.name,
    );
    return { runId, promptId, stepId: `${runId}/1` };
  }

  async function begin(kind: Kind): Promise<string> {
    if (kind === "CLEANUP") return (await recoveries.cleanup(operator, { planId })).recoveryId;
    if (kind === "REPROTECT") return (await recoveries.startReprotect(operator, { planId })).recoveryId;
    return (await recoveries.start(operator, { planId, recoveryType: kind })).recoveryId;
  }

  const underWay = async (kind: Kind): Promise<string> => {
    const runId = await begin(kind);
    await sql("UPDATE recovery SET state = 'RUNNING' WHERE id = $1", runId);
    return runId;
  };
  const running = async (kind: "TEST" | "PLANNED" | "DISASTER"): Promise<Scene> => dressed(await underWay(kind));
  /** It asks nothing and stops at nothing: there are the prompt and the step of the run before it. */
  const behind = async (earlier: Scene, kind: "CLEANUP" | "REPROTECT"): Promise<Scene> => ({ ...earlier, runId: await underWay(kind) });

  /** The run ends: the plan's lifecycle, its groups' state, and whether it keeps them. */
  async function end(
    { runId }: Scene,
    lifecycle: string,
    { state, keeps = false, result = "SUCCESS" }: { state: string; keeps?: boolean; result?: string },
  ): Promise<void> {
    await sql(
      "UPDATE recovery SET state = 'COMPLETED', result_state = $2, ended_at = dr_now(), paused_reason = NULL WHERE id = $1",
      runId,
      result,
    );
    await sql("UPDATE task SET state = 'COMPLETED', ended_at = dr_now() WHERE recovery_id = $1", runId);
    await sql("UPDATE recovery_plan SET lifecycle = $2 WHERE id = $1", planId, lifecycle);
    await sql(`UPDATE protection_group SET state = $2 WHERE id IN (SELECT group_id FROM recovery_group WHERE run_id = $1)`, runId, state);
    if (!keeps) await sql("DELETE FROM group_use WHERE run_id = $1", runId);
  }

  /** What a recovery leaves of each VM of the plan. */
  const recovered = ({ runId }: Scene) =>
    sql(
      `INSERT INTO recovered_vm (vm_id, group_id, run_id, original_site_id, original_external_id, recovery_site_id, recovered_external_id)
        SELECT m.vm_id, m.group_id, $1, g.protected_site_id, v.external_id, g.recovery_site_id, 'copy-of-' || v.name
        FROM recovery_group r JOIN protection_group g ON g.id = r.group_id JOIN protected_vm m ON m.group_id = g.id
          JOIN virtual_machine v ON v.id = m.vm_id WHERE r.run_id = $1`,
      runId,
    );

  const tested = async (): Promise<Scene> => {
    const test = await running("TEST");
    await end(test, "TEST_COMPLETE", { state: "TESTING", keeps: true });
    return test;
  };
  const cleaningUp = async (): Promise<Scene> => behind(await tested(), "CLEANUP");
  const cleanedUp = async (lifecycle: "READY" | "CLEANUP_INCOMPLETE"): Promise<Scene> => {
    const cleanup = await cleaningUp();
    const left = lifecycle === "CLEANUP_INCOMPLETE";
    await end(cleanup, lifecycle, { state: left ? "TESTING" : "READY", keeps: left, result: left ? "FAILED" : "SUCCESS" });
    return cleanup;
  };
  const recovery = async (kind: "PLANNED" | "DISASTER", lifecycle: "RECOVERY_COMPLETE" | "RECOVERY_INCOMPLETE"): Promise<Scene> => {
    const run = await running(kind);
    const complete = lifecycle === "RECOVERY_COMPLETE";
    await recovered(run);
    await end(run, lifecycle, {
      state: complete ? "RECOVERED" : "PARTIALLY_RECOVERED",
      keeps: !complete,
      result: complete ? "SUCCESS" : "PARTIAL",
    });
    return run;
  };
  const reprotecting = async (): Promise<Scene> => behind(await recovery("PLANNED", "RECOVERY_COMPLETE"), "REPROTECT");

  return {
    running,
    tested,
    cleaningUp,
    cleanedUp,
    recovery,
    reprotecting,
    async pausedAtFailure(kind: "TEST" | "PLANNED"): Promise<Scene> {
      const run = await running(kind);
      await sql("UPDATE recovery SET state = 'PAUSED', paused_reason = 'STEP_FAILED' WHERE id = $1", run.runId);
      return run;
    },
    async pausedByOperator(kind: "TEST" | "PLANNED"): Promise<Scene> {
      const run = await running(kind);
      await recoveries.pause(operator, { recoveryId: run.runId });
      return run;
    },
    async cancelling(kind: "TEST" | "PLANNED"): Promise<Scene> {
      const run = await running(kind);
      await recoveries.cancel(operator, { recoveryId: run.runId });
      return run;
    },
    /** A forced cleanup could not remove everything. */
    async withLeftovers(): Promise<Scene> {
      const cleanup = await cleanedUp("READY");
      await sql(
        `INSERT INTO leftover (id, plan_id, run_id, site_id, kind, external_id, name)
          SELECT gen_random_uuid(), r.plan_id, r.id, $1, 'VM', 'left', 'left' FROM recovery r WHERE r.kind = 'TEST'`,
        stage.recoverySiteId,
      );
      return cleanup;
    },
    /** A disaster recovery went past a test. */
    async recoveredPastTest(): Promise<Scene> {
      await running("TEST");
      return recovery("DISASTER", "RECOVERY_COMPLETE");
    },
    async splitBrain(): Promise<Scene> {
      const run = await recovery("DISASTER", "RECOVERY_COMPLETE");
      await sql("UPDATE recovered_vm SET both_on_since = dr_now()");
      return run;
    },
    /** One of two groups has its data at the other site again. */
    async halfTurned(): Promise<Scene> {
      const turned = stage.groupIds[2];
      await sql(
        "INSERT INTO plan_protection_group (plan_id, group_id, priority_group_id) SELECT plan_id, $1, id FROM plan_priority_group",
        turned,
      );
      const run = await reprotecting();
      await end(run, "REPROTECT_INCOMPLETE", { state: "RECOVERED", keeps: true, result: "PARTIAL" });
      await sql("DELETE FROM group_use WHERE group_id = $1", turned);
      await sql("DELETE FROM recovered_vm WHERE group_id = $1", turned);
      await sql(
        `UPDATE protection_group SET state = 'READY', protected_site_id = recovery_site_id, recovery_site_id = protected_site_id WHERE id = $1`,
        turned,
      );
      await sql("DELETE FROM vm_nic WHERE vm_id IN (SELECT vm_id FROM protected_vm WHERE group_id = $1)", turned);
      await sql(
        "INSERT INTO recovery_point (id, group_id, external_id, taken_at, complete) VALUES (gen_random_uuid(), $1, 'back', dr_now(), true)",
        turned,
      );
      return run;
    },
    async partlyReprotected(): Promise<Scene> {
      const run = await reprotecting();
      await end(run, "REPROTECT_INCOMPLETE", { state: "RECOVERED", keeps: true, result: "FAILED" });
      return run;
    },
  };
}
export type Scenes = ReturnType<typeof scenesOf>;
