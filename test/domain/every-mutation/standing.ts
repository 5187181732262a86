/** Changes of what stands while nothing runs: users, webhooks, sites, mappings, groups, plans, drills. */

import { encodeId } from "../../../src/domain/ids.ts";
import { toldAbout } from "../../support/proof-rows.ts";
import type { PublicStage } from "../../support/public-stage.ts";
import { aUser } from "../../support/real-gateway.ts";
import { at, text } from "../read/support.ts";
import type { Sender } from "./sender.ts";

export async function changeUsers(stage: PublicStage, { send }: Sender): Promise<void> {
  const password = "one that is long enough";
  const userId = text(await send("createUser", { name: "eve", password, roles: ["VIEWER"] }), "user.id");
  await send("createSession", { user: "eve", password });
  await send("updateUserRoles", { userId, roles: ["OPERATOR"] });
  await send("updateUserNotifications", { userId, email: "eve@example.com", emailKinds: ["SITE_LOST"] });
  await send("setUserPassword", { userId, password: `${password} 2` });
  await send("endSessions", { userId });
  await send("removeUser", { userId });
  await send("updateMyNotifications", { email: "ada@example.com", emailKinds: ["SITE_LOST"] });
  await toldAbout(stage.db.database, "told", await aUser(stage.db.database, "told", ["VIEWER"]));
}

/** Nothing listens where they go: an attempt that fails is an answer too. */
export async function changeNotifications(stage: PublicStage, { send }: Sender): Promise<void> {
  const { id } = await stage.db.database.prisma.notificationDelivery.findFirstOrThrow({ where: { channel: "WEBHOOK" } });
  await send("redeliverNotification", { deliveryId: encodeId("NotificationDelivery", id) });
  const nowhere = { url: "http://127.0.0.1:1/hook", kinds: ["SITE_LOST"] };
  const webhookId = text(await send("createWebhook", { name: "hook", ...nowhere }), "webhook.id");
  await send("updateWebhook", { webhookId, kinds: ["SITE_LOST", "RUN_FAILED"] });
  await send("rotateWebhookSecret", { webhookId });
  await send("testWebhook", { webhookId });
  await send("deleteWebhook", { webhookId });
  await send("testEmail", { email: "ada@example.com" });
}

export async function changeSites(stage: PublicStage, { send }: Sender): Promise<void> {
  await stage.lab.define({ sites: ["C", "D"].map((id) => ({ id, name: id, vms: [{ id: `vm-${id}`, name: `vm-${id}` }] })), groups: [] });
  const made = async (externalId: string, type: string) =>
    text(await send("registerSite", { name: externalId, externalId, type, provider: "lab" }), "site.id");
  const [localSiteId, remoteSiteId] = [await made("C", "PROTECTED"), await made("D", "RECOVERY")];
  await send("updateSite", { siteId: localSiteId, name: "Third", vcenterServer: "vc.example.com" });
  await send("refreshInventory", { siteId: localSiteId });
  const pairingId = text(await send("pairSites", { localSiteId, remoteSiteId }), "pairing.id");
  await send("updatePairing", { pairingId, powersOffOriginals: false });
  await send("unpairSites", { pairingId });
  await send("removeSite", { siteId: remoteSiteId });
}

export async function changeMappings({ send, idOf }: Sender): Promise<void> {
  const kinds = [
    { name: "Network", list: "networks", of: "", names: ["Other A", "Other B"] },
    { name: "Folder", list: "folders", of: "", names: ["Other", "Other"] },
    { name: "Resource", list: "resourcePools", of: "Pool", names: ["Other pool A", "Other pool B"] },
  ];
  const sites = [await idOf("sites", "A"), await idOf("sites", "B")];
  for (const { name, list, of, names } of kinds) {
    const [source, target] = await Promise.all(names.map((one, at) => idOf(`${list}(filter: { siteId: "${sites[at]}" })`, one)));
    const mapping = `${name.toLowerCase()}Mapping`;
    const answer = await send(`set${name}Mapping`, { [`source${name}${of}Id`]: source, [`target${name}${of}Id`]: target, reverse: true });
    await send(`delete${name}Mapping`, { [`${mapping}Id`]: text(answer, `${mapping}.id`) });
  }
}

/** Groups and what is set for their machines; the task of one is cancelled while its site keeps it waiting. */
export async function changeGroups({ lab }: PublicStage, { send, idOf, waitFor }: Sender): Promise<void> {
  const sites = { protectedSiteId: await idOf("sites", "A"), recoverySiteId: await idOf("sites", "B") };
  const [one, other] = [await idOf("vms", "spare-1"), await idOf("vms", "spare-2")];
  const settled = async (groupId: string, state: string) => {
    const query = "query ($groupId: ID!) { protectionGroup(id: $groupId) { state } }";
    await waitFor(query, { groupId }, (answer) => text(answer, "protectionGroup.state") === state);
  };
  const ended = (taskId: string) =>
    waitFor("query ($taskId: ID!) { task(id: $taskId) { endTime } }", { taskId }, (answer) => at(answer, "task.endTime") !== null);
  const wished = { ...sites, specification: { continuous: { vmIds: [one] } } };
  const groupId = text(await send("createProtectionGroup", { name: "made", ...wished }), "protectionGroup.id");
  await settled(groupId, "READY");
  await send("updateProtectionGroup", { groupId, name: "renamed", rpoMinutes: 30 });
  await send("addProtectedVms", { groupId, vmIds: [other] });
  await settled(groupId, "READY");
  await send("configureVmRecoverySettings", {
    vmId: other,
    priority: "HIGH",
    dependsOnVmIds: [one],
    postPowerOnCommands: [{ command: "/scripts/note.sh" }],
  });
  const networkMapping = { sourceNetworkId: await idOf("networks", "LAN A"), targetNetworkId: await idOf("networks", "Other B") };
  await send("configureVmNetworkMappings", { vmId: other, networkMappings: [networkMapping] });
  await send("removeProtectedVm", { vmId: other });
  await settled(groupId, "READY");
  await ended(text(await send("deleteProtectionGroup", { groupId, force: true }), "task.id"));
  const held = await lab.faults.hold({ kind: "createPlaceholder", when: "BEFORE" });
  const { task } = Object(await send("createProtectionGroup", { name: "given up", ...wished }));
  await held.arrived;
  await send("cancelTask", { taskId: task.id, reason: "not yet" });
  await held.release();
  await ended(task.id);
}

export async function changePlans({ send, idOf }: Sender): Promise<void> {
  const recoveryPriorityGroup = { priority: 1, name: "All" };
  const free = { protectionGroupId: await idOf("protectionGroups", "free"), recoveryPriorityGroup };
  const planId = text(await send("createRecoveryPlan", { name: "made", protectionGroups: [free] }), "recoveryPlan.id");
  await send("updateRecoveryPlan", { planId, name: "renamed", recoverySettings: { defaultVmPriority: "HIGH" } });
  await send("removeProtectionGroupFromPlan", { planId, protectionGroupId: free.protectionGroupId });
  await send("addProtectionGroupToPlan", { planId, ...free });
  const prePowerOnSteps = [{ prompt: { name: "ask", message: "Go on?" } }, { pause: { name: "rest", durationSeconds: 1 } }];
  await send("configurePriorityGroups", { planId, priorityGroups: [{ priority: 1, prePowerOnSteps }] });
  await send("deleteRecoveryPlan", { planId });
}
