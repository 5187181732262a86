/** Tasks and groups, as a client of the API follows them. */
import { expect } from "vitest";
import type { Api, Json } from "./api.ts";

const taskQuery = `query ($id: ID!) { task(id: $id) { id name type state progressPercent currentStep startTime endTime initiatedBy errors warnings { code }
  steps { stepNumber name state durationSeconds progressPercent } target { __typename ... on ProtectionGroup { id } ... on RecoveryPlan { id } } } }`;

/** Polls until the task is over. */
export async function taskEnded(api: Api, id: string): Promise<Json> {
  for (;;) {
    const { task } = await api.ask(taskQuery, { id });
    if (task.endTime !== null) return task;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export async function vmNamed(api: Api, name: string): Promise<Json> {
  const query =
    "query ($name: String!) { vms(filter: { name: $name }) { nodes { id name protectionState protectionGroup { id } placeholder { name } } } }";
  const { vms } = await api.ask(query, { name });
  return vms.nodes.find((vm: Json) => vm.name === name);
}

export async function siteIds(api: Api): Promise<{ protectedSiteId: string; recoverySiteId: string }> {
  const { sites } = await api.ask("{ sites { nodes { id name } } }");
  const id = (name: string) => sites.nodes.find((site: Json) => site.name === name).id;
  return { protectedSiteId: id("Primary-Site"), recoverySiteId: id("Recovery-Site") };
}

const groupQuery = `query ($id: ID!) { protectionGroup(id: $id) { id name description type replicationType state peerState protectionState version rpoMinutes
  pointInTimeInstances consistencyGroups snapshotIntervalMinutes snapshotRetention vmCount datastoreCount recoveryPlanCount lastTestTime fault { code message remedy }
  datastores { name capacityBytes freeBytes replicationState } recoveryPlans { id name } recoveryPoints { totalCount nodes { id } }
  vms { totalCount nodes { name protectionState needsConfiguration placeholder { name } fault { code } } } } }`;

export const groupOf = async (api: Api, id: string): Promise<Json> => (await api.ask(groupQuery, { id })).protectionGroup;

/** A group of these VMs, made to its end. */
export async function aGroup(api: Api, name: string, vmNames: readonly string[], more: object = {}): Promise<Json> {
  const vmIds = (await Promise.all(vmNames.map((vm) => vmNamed(api, vm)))).map(({ id }) => id);
  const input = { name, ...(await siteIds(api)), specification: { continuous: { vmIds, consistencyGroups: true } }, ...more };
  const { task, protectionGroup } = await api.change("createProtectionGroup", input, "task { id type } protectionGroup { id state }");
  expect(task.type).toBe("PROTECTION_GROUP_CREATE");
  expect(await taskEnded(api, task.id)).toMatchObject({ state: "COMPLETED", errors: [] });
  return groupOf(api, protectionGroup.id);
}

/** Takes the group away again, whatever holds it. */
export async function dropGroup(api: Api, id: string): Promise<void> {
  const { task } = await api.change("deleteProtectionGroup", { groupId: id, force: true }, "task { id type }");
  expect(task.type).toBe("PROTECTION_GROUP_DELETE");
  expect(await taskEnded(api, task.id)).toMatchObject({ state: "COMPLETED" });
  expect(await groupOf(api, id)).toBeNull();
}
