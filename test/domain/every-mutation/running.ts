/** Changes of runs, and what starts them. */
import { idOf as rowId } from "../../../src/domain/ids.ts";
import type { PublicStage } from "../../support/public-stage.ts";
import { at, list, text } from "../read/support.ts";
import type { Sender } from "./sender.ts";

const runQuery = `query ($recoveryId: ID!) { recovery(id: $recoveryId) { state pausedReason endTime openPrompts { id firstAnswer }
  failed: allSteps(first: 5, status: [FAILED], kind: [COMMAND]) { nodes { id attempt } } } }`;

/** A run that goes on in another's place is not there at once. */
const over = (run: unknown) => at(run, "recovery") !== null && at(run, "recovery.endTime") !== null;
const hasFailed = (attempt: number) => (run: unknown) =>
  at(run, "recovery.pausedReason") === "STEP_FAILED" && list(run, "recovery.failed.nodes").some((step) => at(step, "attempt") === attempt);

const runs = ({ send, waitFor }: Sender) => {
  const until = (recoveryId: string, isSo: (run: unknown) => boolean) => waitFor(runQuery, { recoveryId }, isSo);
  return {
    until,
    start: async (mutation: string, input: object) => text(await send(mutation, input), "recovery.id"),
    async whole(mutation: string, input: object) {
      await until(text(await send(mutation, input), "recovery.id"), over);
    },
  };
};

/** A test that asks, by hand and by a drill. */
export async function test(stage: PublicStage, sender: Sender): Promise<void> {
  const { send, idOf } = sender;
  const { until, start, whole } = runs(sender);
  const planId = await idOf("recoveryPlans", "Asks");
  const prePowerOnSteps = [{ prompt: { name: "Ask", message: "Go on?", needsTwoPeople: true } }];
  await send("configurePriorityGroups", { planId, priorityGroups: [{ priority: 1, prePowerOnSteps }] });
  const recoveryId = await start("startRecovery", { planId, recoveryType: "TEST", syncData: true });
  const asking = await until(recoveryId, (run) => list(run, "recovery.openPrompts").length > 0);
  const promptId = text(asking, "recovery.openPrompts.0.id");
  await send("answerPrompt", { promptId, answer: "CONTINUE", comment: "looks well" });
  await send("withdrawPromptAnswer", { promptId });
  await send("pauseRecovery", { recoveryId });
  await send("resumeRecovery", { recoveryId });
  await send("cancelRecovery", { recoveryId, reason: "enough" });
  await until(recoveryId, over);
  await send("updateTestNotes", { recoveryId, notes: "It asked." });
  await send("addRecoveryRemark", { recoveryId, text: "So it did." });
  await whole("cleanupTest", { planId });
  const drill = { name: "nightly", planId, cron: "0 3 * * *", timeZone: "Europe/Berlin", promptPolicy: "ABORT", autoCleanup: false };
  const drillId = text(await send("createDrill", drill), "drill.id");
  await send("updateDrill", { drillId, cron: "0 4 * * *", notes: "an hour later" });
  const drilled = await start("runDrillNow", { drillId });
  await send("cancelRecovery", { recoveryId: drilled });
  await until(drilled, over);
  await stage.drillRound(); // it has to be settled
  await send("deleteDrill", { drillId });
}

/** There, whose last step fails and is skipped; protected there; back. */
export async function move(sender: Sender): Promise<void> {
  const { send, idOf } = sender;
  const { until, start, whole } = runs(sender);
  const planId = await idOf("recoveryPlans", "Fails");
  const recoveryId = await start("startRecovery", { planId, recoveryType: "PLANNED" });
  const stepId = text(await until(recoveryId, hasFailed(1)), "recovery.failed.nodes.0.id");
  await send("retryStep", { stepId });
  await until(recoveryId, hasFailed(2));
  await send("skipStep", { stepId, comment: "They know." });
  await until(recoveryId, over);
  await whole("startReprotect", { planId });
  await whole("startPlannedFailover", { planId, runScripts: false });
}

/** A planned recovery that goes on as a disaster's, is taken as it is, and whose original comes back. */
export async function recover({ db }: PublicStage, sender: Sender): Promise<void> {
  const { send, idOf } = sender;
  const { until, start } = runs(sender);
  const planId = await idOf("recoveryPlans", "Fails too");
  const recoveryId = await start("startRecovery", { planId, recoveryType: "PLANNED" });
  await until(recoveryId, hasFailed(1));
  const followerId = text(await send("switchToDisaster", { recoveryId }), "followerId");
  await until(followerId, over);
  await send("acceptRecovery", { planId, comment: "It goes anyway." });
  const vmId = await idOf("vms", "mail");
  await db.database.pool.query("UPDATE recovered_vm SET both_on_since = dr_now() WHERE vm_id = $1", [rowId("VirtualMachine", vmId)]);
  await send("resolveSplitBrain", { vmId, keep: "RECOVERED", comment: "It is the newer one." });
}

export async function report(sender: Sender): Promise<void> {
  const dateRange = { startDate: "2026-01-01T00:00:00Z", endDate: "2027-01-01T00:00:00Z" };
  const types = ["PROTECTION_STATUS", "RECOVERY_READINESS", "RPO_RTO_COMPLIANCE", "TEST_HISTORY"];
  for (const type of types) {
    const id = text(await sender.send("generateComplianceReport", { type, format: "CSV", dateRange }), "report.id");
    const isMade = (answer: unknown) => text(answer, "report.state") === "COMPLETED";
    await sender.waitFor("query ($id: ID!) { report(id: $id) { state } }", { id }, isMade);
  }
}
