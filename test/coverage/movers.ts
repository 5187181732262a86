/** Plans of their own that move machines for real, so that the demo's stays where it is. */
import type { Api, Json } from "./api.ts";
import { until } from "./runs.ts";
import { aGroup, dropGroup, vmNamed } from "./tasks.ts";

export interface Mover {
  readonly planId: string;
  readonly groupId: string;
  readonly vmId: string;
}

/** A plan with one machine that nothing else protects. */
export async function aMover(api: Api, vmName: string, steps: object = {}): Promise<Mover> {
  const { id: groupId } = await aGroup(api, `${vmName}-PG`, [vmName]);
  const group = { protectionGroupId: groupId, recoveryPriorityGroup: { priority: 1, name: "All of it" } };
  const { recoveryPlan } = await api.change(
    "createRecoveryPlan",
    { name: `${vmName}-Plan`, protectionGroups: [group] },
    "recoveryPlan { id }",
  );
  const { id: planId } = recoveryPlan;
  await api.change("configurePriorityGroups", { planId, priorityGroups: [{ priority: 1, ...steps }] }, "recoveryPlan { id }");
  return { planId, groupId, vmId: (await vmNamed(api, vmName)).id };
}

/** Takes plan and group away again, once the plan is READY. */
export async function dropMover(api: Api, { planId, groupId }: Mover): Promise<void> {
  await api.change("deleteRecoveryPlan", { planId }, "deletedPlanId");
  await dropGroup(api, groupId);
}

const run = `query ($id: ID!) { recovery(id: $id) { id kind state resultState pausedReason endTime vmCount vmsSucceeded vmsFailed currentVm { name }
  rtoAchievedSeconds rpoAchievedSeconds groups { pointTakenAt } plan { lifecycle protectedSite { name } recoverySite { name } }
  acceptance { acceptedBy comment excludedVms { vm { name } } } failed: allSteps(first: 5, status: [FAILED], kind: [COMMAND]) { nodes { id attempt } } } }`;

export const runOf = async (api: Api, id: string): Promise<Json> => (await api.ask(run, { id })).recovery;

/** Starts it by this mutation, and waits for its end, or until the condition holds. */
export async function moved(api: Api, mutation: string, input: object, holds?: (run: Json) => boolean): Promise<Json> {
  const { recovery } = await api.change(mutation, input, "recovery { id }");
  if (holds === undefined) await until(api, recovery.id, ({ endTime }) => endTime !== null);
  else while (!holds(await runOf(api, recovery.id))) await new Promise((resolve) => setTimeout(resolve, 100));
  return runOf(api, recovery.id);
}
