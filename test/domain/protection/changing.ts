/** A stage for what is changed about a protection group, and the words that its tests use. */
import { afterAll, beforeAll, beforeEach, expect } from "vitest";
import { decodeId } from "../../../src/domain/ids.ts";
import { untilWaiting } from "../../support/run.ts";
import { holding } from "../../support/session.ts";
import { type Answer, aStage, endRun, everything, type Stage } from "./stage.ts";

export let stage: Stage;
export function playOnStage(): void {
  beforeAll(async () => {
    stage = await aStage({ quotas: { vmsPerGroup: 5 } });
  });
  beforeEach(() => stage.reset());
  afterAll(() => stage.close());
}

export const group =
  "protectionGroup { id name description state rpoMinutes pointInTimeInstances snapshotIntervalMinutes snapshotRetention version vmCount }";
export const storage = (sources: string[], target: string) => ({
  sourceDatastoreIds: stage.datastore(...sources),
  targetDatastoreId: stage.datastore(target)[0],
});
export const update = (groupId: string, changes: object) => stage.send("updateProtectionGroup", group, { groupId, ...changes });
export const add = (groupId: string, vmIds: readonly string[], more: object = {}) =>
  stage.send("addProtectedVms", group, { groupId, vmIds, ...more });
export const remove = (vmId: string | undefined, more: object = {}) =>
  stage.send("removeProtectedVm", `vm { name protectionState protectionGroup { name } } ${group}`, { vmId, ...more });
export const deleteGroup = (groupId: string, more: object = {}) =>
  stage.send("deleteProtectionGroup", `${group} task { name type state }`, { groupId, ...more });

/** A group whose creation has ended well. */
export async function made(name: string, specification: object, more: object = {}): Promise<string> {
  const input = { name, protectedSiteId: stage.site("north"), recoverySiteId: stage.site("south"), specification, ...more };
  const { protectionGroup } = await stage.send("createProtectionGroup", "protectionGroup { id }", input);
  await endRun(stage, decodeId(protectionGroup.id).id);
  return protectionGroup.id;
}
export const ofVms = (name: string, ...names: Parameters<Stage["vm"]>) => made(name, { continuous: { vmIds: stage.vm(...names) } });
export const ofDatastores = (name: string, sources: string[], target = "dr-1") =>
  made(name, { replication: { storageGroups: [storage(sources, target)] } });
export const lastSnapshot = async () =>
  (await stage.db.database.prisma.recoverySnapshot.findFirstOrThrow({ orderBy: { runId: "desc" } })).content;

/** The message at each path, when that and nothing else is wrong; nothing was changed. */
export async function fieldErrors(mutation: Promise<{ fieldErrors: { path: string[]; message: string }[] }>, before: string) {
  const answer = await mutation;
  expect(answer).toMatchObject({ __typename: "InvalidRequestError" });
  expect(await everything(stage)).toBe(before);
  return Object.fromEntries(answer.fieldErrors.map(({ path, message }) => [path.join("."), message]));
}

export async function aPlanWith(groupId: string): Promise<void> {
  const { prisma } = stage.db.database;
  const plan = await prisma.recoveryPlan.create({ data: { name: "All", pairingId: stage.pairingId } });
  const priorityGroup = await prisma.planPriorityGroup.create({ data: { planId: plan.id, priority: 1, name: "First" } });
  await prisma.planProtectionGroup.create({
    data: { planId: plan.id, groupId: decodeId(groupId).id, priorityGroupId: priorityGroup.id },
  });
}

/** Both have asked the sites and wait for the pair's row, which is held until then. */
export async function atOnce(...mutations: (() => Promise<Answer>)[]): Promise<Answer[]> {
  const { database } = stage.db;
  await using holder = await holding(database, "SELECT 1 FROM site_pairing WHERE id = $1 FOR UPDATE", [stage.pairingId]);
  const answers = mutations.map((mutation) => mutation());
  await untilWaiting(database, mutations.length);
  await holder.query("COMMIT");
  return await Promise.all(answers);
}
