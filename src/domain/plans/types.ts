/** Recovery plans: what comes up at the recovery site, and in which order. (Reference: Recovery Plans Management.) */
import { copies } from "../batching.ts";
import { builder } from "../builder.ts";
import { computed } from "../cost.ts";
import { FaultRef } from "../faults.ts";
import { VmPriority } from "../inventory/types-enums.ts";
import { VmConnection, vmArgs, vmRequest } from "../inventory/types-vm-list.ts";
import { settingsOf, VmRecoverySettingsRef } from "../inventory/types-vm-settings.ts";
import { PeerState } from "../protection/types-enums.ts";
import { groupArgs, groupRequest, ProtectionGroupConnection } from "../protection/types-list.ts";
import { defaultQuotas } from "../quotas.ts";
import { ResultState } from "../recoveries/types/enums.ts";
import { shownIn } from "../shown.ts";
import { SitePairingRef, SiteRef } from "../sites/types.ts";
import { standingOf } from "./service-standing.ts";
import { PlanLifecycle, PlanState } from "./types-enums.ts";
import { PriorityGroupRef, RecoveryPlanRef } from "./types-refs.ts";
import { peerStateOf, stateOf } from "./types-standing.ts";
import { PlanStepRef } from "./types-steps.ts";

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

builder.node(RecoveryPlanRef, {
  description: "What comes up at the recovery site, and in which order. (Reference: List Recovery Plans, Get Recovery Plan Details.)",
  id: { resolve: ({ id }) => id, description: "Global id of the plan." },
  loadManyWithoutCache: (ids, { loaders }) => copies(loaders.plan.loadMany(ids)),
  fields: (t) => ({
    name: t.exposeString("name", { description: "Unique among plans without regard to case." }),
    description: t.exposeString("description", { description: "What it is, in the owner's words; may be empty." }),
    lifecycle: t.expose("lifecycle", {
      type: PlanLifecycle,
      description: "The history of its own runs, which decides what can be started.",
    }),
    state: t.field({
      type: PlanState,
      description: "Its state, computed from lifecycle, run, groups and sites.",
      cost: computed,
      resolve: async (plan, _args, context) => stateOf(await standingOf(plan, context)),
    }),
    peerState: t.field({
      type: PeerState,
      description: "Its groups as the peer site last reported them: the worst of them.",
      resolve: async ({ id }, _args, { loaders }) => peerStateOf(await loaders.standingOfPlan.load(id)),
    }),
    faults: t.field({
      type: [FaultRef],
      description: "What is in the way of a run.",
      cost: computed,
      resolve: async (plan, _args, context) => [...(await standingOf(plan, context)).faults],
    }),
    fault: t.field({
      type: FaultRef,
      nullable: true,
      description: "The first of the faults; null: nothing is in the way.",
      cost: computed,
      resolve: async (plan, _args, context) => (await standingOf(plan, context)).faults[0] ?? null,
    }),
    pairing: t.field({
      type: SitePairingRef,
      nullable: true,
      description: "The pair of sites that it belongs to.",
      resolve: ({ pairingId }, _args, { loaders }) => loaders.pairing.load(pairingId),
    }),
    protectedSite: t.field({
      type: SiteRef,
      nullable: true,
      description: "The site that it recovers from, by its groups' direction now; null: it has no group.",
      resolve: async ({ id }, _args, { loaders }) => {
        const [group] = await loaders.standingOfPlan.load(id);
        return group ? loaders.site.load(group.protectedSiteId) : null;
      },
    }),
    recoverySite: t.field({
      type: SiteRef,
      nullable: true,
      description: "The site that it recovers to, by its groups' direction now; null: it has no group.",
      resolve: async ({ id }, _args, { loaders }) => {
        const [group] = await loaders.standingOfPlan.load(id);
        return group ? loaders.site.load(group.recoverySiteId) : null;
      },
    }),
    defaultVmPriority: t.expose("defaultVmPriority", { type: VmPriority, description: "Priority of VMs that have none of their own." }),
    defaultStartupDelaySeconds: t.exposeInt("defaultStartupDelaySeconds", { description: "Startup delay of VMs without one, in seconds." }),
    defaultShutdownDelaySeconds: t.exposeInt("defaultShutdownDelaySeconds", {
      description: "Shutdown delay of VMs without one, in seconds.",
    }),
    rtoTargetSeconds: t.exposeInt("rtoTargetSeconds", {
      nullable: true,
      description: "So long at most may a recovery take, in seconds; null: it is not judged.",
    }),
    lastTestTime: t.expose("lastTestAt", { type: "DateTime", nullable: true, description: "When it was last tested; null: never." }),
    lastTestResult: t.expose("lastTestResult", { type: ResultState, nullable: true, description: "How that went." }),
    lastRecoveryTime: t.expose("lastRecoveryAt", {
      type: "DateTime",
      nullable: true,
      description: "When it was last recovered; null: never.",
    }),
    lastRecoveryResult: t.expose("lastRecoveryResult", { type: ResultState, nullable: true, description: "How that went." }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was made." }),
    version: t.exposeInt("version", { description: "Rises with each change." }),
    protectionGroupCount: t.int({
      description: "How many protection groups it has.",
      resolve: async ({ id }, _args, { loaders }) => (await loaders.standingOfPlan.load(id)).length,
    }),
    vmCount: t.int({
      description: "How many VMs it has, in all its groups.",
      resolve: async ({ id }, _args, { loaders }) => sum((await loaders.standingOfPlan.load(id)).map(({ vms }) => vms)),
    }),
    priorityGroups: t.field({
      type: [PriorityGroupRef],
      description: "Its priority groups, in the order in which they come up.",
      resolve: ({ id }, _args, { loaders }) => loaders.priorityGroupsOfPlan.load(id),
    }),
    protectionGroups: t.field({
      type: ProtectionGroupConnection,
      description: "Its protection groups, by name unless told otherwise.",
      args: groupArgs,
      resolve: ({ id }, args, { loaders }, info) => loaders.groupList.rows({ kind: "plan", id }, groupRequest(args), shownIn(info)),
    }),
    vms: t.field({
      type: VmConnection,
      description: "The VMs of all its groups, by name unless told otherwise.",
      args: vmArgs,
      resolve: ({ id }, args, { loaders }, info) => loaders.vmList.rows({ kind: "plan", id }, vmRequest(args), shownIn(info)),
    }),
  }),
});

builder.node(PriorityGroupRef, {
  description: "Protection groups of a plan that come up together, with steps before and after. (Reference: recovery_priority_groups.)",
  id: { resolve: ({ id }) => id, description: "Global id of the priority group." },
  loadManyWithoutCache: (ids, { loaders }) => copies(loaders.priorityGroup.loadMany(ids)),
  fields: (t) => ({
    priority: t.exposeInt("priority", { description: "1 to 100; lower ones come up first, gaps are allowed." }),
    name: t.exposeString("name", { description: "What it is called." }),
    plan: t.field({
      type: RecoveryPlanRef,
      nullable: true,
      description: "The plan that it is part of.",
      resolve: ({ planId }, _args, { loaders }) => loaders.plan.load(planId),
    }),
    vmCount: t.int({
      description: "How many VMs it has, in all its protection groups.",
      resolve: async ({ id, planId }, _args, { loaders }) => {
        const [placed, groups] = await Promise.all([loaders.placementOfGroups.load(planId), loaders.standingOfPlan.load(planId)]);
        const mine = new Set(placed.flatMap(({ groupId, priorityGroupId }) => (priorityGroupId === id ? [groupId] : [])));
        return sum(groups.map(({ groupId, vms }) => (mine.has(groupId) ? vms : 0)));
      },
    }),
    protectionGroups: t.field({
      type: ProtectionGroupConnection,
      description: "Its protection groups, by name unless told otherwise.",
      args: groupArgs,
      cost: { shared: defaultQuotas.groupsPerPlan },
      resolve: ({ id }, args, { loaders }, info) =>
        loaders.groupList.rows({ kind: "priorityGroup", id }, groupRequest(args), shownIn(info)),
    }),
    vms: t.field({
      type: VmConnection,
      description: "Its VMs, by name unless told otherwise.",
      args: vmArgs,
      resolve: ({ id }, args, { loaders }, info) => loaders.vmList.rows({ kind: "priorityGroup", id }, vmRequest(args), shownIn(info)),
    }),
    prePowerOnSteps: t.field({
      type: [PlanStepRef],
      description: "Steps before its VMs are powered on, in order.",
      resolve: async ({ id }, _args, { loaders }) =>
        (await loaders.stepsOfPriorityGroup.load(id)).filter(({ phase }) => phase === "PRE_POWER_ON"),
    }),
    postPowerOnSteps: t.field({
      type: [PlanStepRef],
      description: "Steps after its VMs are ready, in order.",
      resolve: async ({ id }, _args, { loaders }) =>
        (await loaders.stepsOfPriorityGroup.load(id)).filter(({ phase }) => phase === "POST_POWER_ON"),
    }),
  }),
});

const VmSettingsConnection = builder.connectionObject(
  { type: VmRecoverySettingsRef, name: "VmRecoverySettingsConnection", description: "A page of VMs' recovery settings." },
  { name: "VmRecoverySettingsEdge", description: "A VM's recovery settings in a page." },
);

builder.objectField(RecoveryPlanRef, "vmRecoverySettings", (t) =>
  t.field({
    type: VmSettingsConnection,
    description: "How each of its VMs is recovered: effective values with their source. (Reference: vm_recovery_settings.)",
    args: vmArgs,
    resolve: async (plan, args, context) => {
      const page = await context.loaders.vmList.rows({ kind: "plan", id: plan.id }, vmRequest(args));
      const settings = await Promise.all(page.nodes.map((node) => settingsOf(node, plan, context)));
      const { edges, pageInfo, totalCount } = page;
      return { pageInfo, totalCount, nodes: settings, edges: settings.map((node, at) => ({ cursor: edges[at]?.cursor ?? "", node })) };
    },
  }),
);
