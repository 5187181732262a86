/** How a VM is recovered: its own settings, else the plan's defaults. (Reference: recovery_settings, Configure VM Recovery Settings.) */
import { isIPv4 } from "node:net";
import type { IpRule, VmCommand, VmRecoverySettings } from "../../database/generated/client.ts";
import { maskOfPrefix } from "../addresses.ts";
import { builder } from "../builder.ts";
import type { Context } from "../context.ts";
import { idIfGiven } from "../ids.ts";
import type { PlanRow } from "../plans/types-refs.ts";
import { ReadyCheck, StepPhase, VmPriority } from "./types-enums.ts";
import { VirtualMachineRef } from "./types-vm.ts";
import type { VmRow } from "./types-vm-rows.ts";

/** A VM in the light of a plan, or of none. */
export interface SettingsOf {
  readonly vm: VmRow;
  readonly settings: VmRecoverySettings | null;
  readonly plan: PlanRow | null;
}

export async function settingsOf(vm: VmRow, plan: PlanRow | null, { loaders }: Context): Promise<SettingsOf> {
  return { vm, plan, settings: await loaders.settingsOfVm.load(vm.id) };
}

async function dependenciesOf(vmId: string, { loaders }: Context): Promise<Readonly<VmRow>[]> {
  const dependencies = await loaders.dependenciesOfVm.load(vmId);
  const found = await Promise.all(dependencies.map(({ dependsOnVmId }) => loaders.vm.load(dependsOnVmId)));
  return found.filter((row) => row !== null);
}

type Source = "VM" | "PLAN" | "DEFAULT";
const sourceOf = (own: unknown, plan: PlanRow | null): Source => (own !== null && own !== undefined ? "VM" : plan ? "PLAN" : "DEFAULT");

const SettingSource = builder.enumType("SettingSource", {
  description: "Where an effective setting comes from.",
  values: {
    VM: { description: "The VM's own settings." },
    PLAN: { description: "The plan's defaults." },
    DEFAULT: { description: "The product's default: neither VM nor plan says anything." },
  } as const,
});

const IpCustomizationRule = builder.objectRef<IpRule>("IpCustomizationRule").implement({
  description:
    "An address that a network adapter gets when its VM is recovered. It matches the adapter by its position, else by an address.",
  fields: (t) => ({
    nicIndex: t.exposeInt("nicIndex", { nullable: true, description: "Position of the adapter, from 0 (reference: nic_id)." }),
    sourceIp: t.exposeString("sourceIp", { nullable: true, description: "An address that the adapter has at home." }),
    targetIp: t.exposeString("targetIp", { nullable: true, description: "The address that it gets; null: by DHCP." }),
    prefixLength: t.exposeInt("prefixLength", { nullable: true, description: "Length of the network's prefix, in bits." }),
    targetSubnetMask: t.string({
      nullable: true,
      description: "The same as a mask such as 255.255.255.0 (reference: target_subnet_mask); null for IPv6, and without a target address.",
      resolve: ({ targetIp, prefixLength }) =>
        targetIp !== null && isIPv4(targetIp) && prefixLength !== null ? maskOfPrefix(prefixLength) : null,
    }),
    targetGateway: t.exposeString("targetGateway", { nullable: true, description: "The gateway that it gets." }),
    targetDnsServers: t.exposeStringList("targetDnsServers", { description: "The name servers that it gets." }),
    targetDnsSuffix: t.exposeString("targetDnsSuffix", { nullable: true, description: "The search suffix that it gets." }),
  }),
});

const VmCommandRef = builder.objectRef<VmCommand>("VmCommand").implement({
  description: "A program that is run for a VM before or after its power-on. (Reference: pre_power_on_commands, post_power_on_commands.)",
  fields: (t) => ({
    phase: t.expose("phase", { type: StepPhase, description: "Before or after the power-on." }),
    command: t.exposeString("command", { description: "The program: at the site one of the scripts folder, in the guest any." }),
    arguments: t.exposeStringList("arguments", { description: "Its arguments; no shell reads them." }),
    timeoutSeconds: t.exposeInt("timeoutSeconds", { description: "After so many seconds it is ended, and has failed." }),
    rerunnable: t.exposeBoolean("rerunnable", { description: "It may be run again when nobody knows how it ended." }),
    runInGuest: t.exposeBoolean("runInGuest", { description: "In the guest instead of at the site." }),
    guestUsername: t.exposeString("guestUsername", { nullable: true, description: "The guest's user that it runs as." }),
    passwordSecretId: t.exposeString("passwordSecretId", {
      nullable: true,
      description: "Id of the secret with the user's password; the password itself is never shown.",
    }),
  }),
});

export const VmRecoverySettingsRef = builder.objectRef<SettingsOf>("VmRecoverySettings").implement({
  description:
    "How a VM is recovered: effective values, each with its source where a plan's default may decide. (Reference: recovery_settings.)",
  fields: (t) => ({
    vm: t.field({ type: VirtualMachineRef, description: "The VM (reference: vm_id, vm_name).", resolve: ({ vm }) => vm }),
    priority: t.field({
      type: VmPriority,
      description: "Its tier within its priority group.",
      resolve: ({ settings, plan }) => settings?.priority ?? plan?.defaultVmPriority ?? "NORMAL",
    }),
    prioritySource: t.field({
      type: SettingSource,
      description: "Where the priority comes from.",
      resolve: ({ settings, plan }) => sourceOf(settings?.priority, plan),
    }),
    startupDelaySeconds: t.int({
      description: "It waits so long before it starts, in seconds.",
      resolve: ({ settings, plan }) => settings?.startupDelaySeconds ?? plan?.defaultStartupDelaySeconds ?? 0,
    }),
    startupDelaySource: t.field({
      type: SettingSource,
      description: "Where the startup delay comes from.",
      resolve: ({ settings, plan }) => sourceOf(settings?.startupDelaySeconds, plan),
    }),
    shutdownDelaySeconds: t.int({
      description: "So long its guest may take to shut down before it is powered off, in seconds.",
      resolve: ({ settings, plan }) => settings?.shutdownDelaySeconds ?? plan?.defaultShutdownDelaySeconds ?? 300,
    }),
    shutdownDelaySource: t.field({
      type: SettingSource,
      description: "Where the shutdown delay comes from.",
      resolve: ({ settings, plan }) => sourceOf(settings?.shutdownDelaySeconds, plan),
    }),
    skipGuestShutdown: t.boolean({
      description: "It is powered off at once, without asking its guest.",
      resolve: ({ settings }) => settings?.skipGuestShutdown ?? false,
    }),
    powerOnAfterRecovery: t.boolean({
      description: "It is powered on once it is recovered.",
      resolve: ({ settings }) => settings?.powerOnAfterRecovery ?? true,
    }),
    readyCheck: t.field({
      type: ReadyCheck,
      description: "How it is seen that it is ready.",
      resolve: ({ settings }) => settings?.readyCheck ?? "HEARTBEAT",
    }),
    readyTimeoutSeconds: t.int({
      description: "So long it may take to be ready, in seconds; longer is a warning when it is on, else a failure.",
      resolve: ({ settings }) => settings?.readyTimeoutSeconds ?? 300,
    }),
    readyPort: t.int({
      nullable: true,
      description: "Port of a TCP or HTTP check.",
      resolve: ({ settings }) => settings?.readyPort ?? null,
    }),
    readyTarget: t.string({
      nullable: true,
      description: "Path of an HTTP check, or program of a SCRIPT check.",
      resolve: ({ settings }) => settings?.readyTarget ?? null,
    }),
    ipCustomizationEnabled: t.boolean({
      description: "The rules are applied; false keeps them for later (reference: ip_customization.enabled).",
      resolve: ({ settings }) => settings?.ipCustomizationEnabled ?? false,
    }),
    ipCustomizationRules: t.field({
      type: [IpCustomizationRule],
      description: "The addresses that its adapters get (reference: ip_customization.rules).",
      resolve: ({ vm }, _args, { loaders }) => loaders.ipRulesOfVm.load(vm.id),
    }),
    commands: t.field({
      type: [VmCommandRef],
      description: "Programs that are run for it, in order: those before its power-on, then those after.",
      resolve: ({ vm }, _args, { loaders }) => loaders.commandsOfVm.load(vm.id),
    }),
    dependsOnVms: t.field({
      type: [VirtualMachineRef],
      description: "VMs that must be ready before it starts, across priority groups too (reference: depends_on_vms).",
      resolve: ({ vm }, _args, context) => dependenciesOf(vm.id, context),
    }),
    version: t.int({
      description: "Rises with each change; 0: the VM has no settings of its own. What configureVmRecoverySettings can expect.",
      resolve: ({ settings }) => settings?.version ?? 0,
    }),
  }),
});

builder.objectFields(VirtualMachineRef, (t) => ({
  recoverySettings: t.field({
    type: VmRecoverySettingsRef,
    description: "How it is recovered. (Reference: recovery_settings.)",
    args: { planId: t.arg.id({ description: "The plan whose defaults hold for what the VM leaves open; without one, the product's." }) },
    resolve: async (vm, { planId }, context) => {
      const id = idIfGiven("RecoveryPlan", planId, ["planId"]);
      const plan = id === null ? null : await context.loaders.plan.load(id);
      return settingsOf(vm, plan, context);
    },
  }),
  dependsOnVms: t.field({
    type: [VirtualMachineRef],
    description: "VMs that must be ready before it starts.",
    resolve: ({ id }, _args, context) => dependenciesOf(id, context),
  }),
}));
