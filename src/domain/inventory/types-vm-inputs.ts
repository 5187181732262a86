/** What the mutations of a VM's recovery take. */
import { builder } from "../builder.ts";
import { expectedVersion, keyField } from "../mutation-parts.ts";
import { ReadyCheck, VmPriority } from "./types-enums.ts";

const ReadyCheckInput = builder.inputType("ReadyCheckInput", {
  description: "How it is seen that a VM is ready. What dependents, lower tiers and later priority groups wait for.",
  fields: (t) => ({
    type: t.field({ type: ReadyCheck, required: true, description: "Which check." }),
    timeoutSeconds: t.int({
      description: "So long it may take, in seconds, 1 to 86,400; 300 by default. Longer is a warning when the VM is on, else a failure.",
    }),
    port: t.int({ description: "1 to 65,535: of TCP, which needs it, or of HTTP, where it is 80 by default." }),
    target: t.string({
      description:
        "Path of an HTTP check, / by default; program of a SCRIPT check, which needs it, from the scripts folder as a command's. At most 4,096 characters.",
    }),
  }),
});

const IpCustomizationRuleInput = builder.inputType("IpCustomizationRuleInput", {
  description:
    "The address that an adapter gets. It is matched by nicIndex, else by sourceIp; one of them is needed. (Reference: ip_customization.rules.)",
  fields: (t) => ({
    nicIndex: t.int({ description: "Position of the adapter, 0 to 9 (reference: nic_id)." }),
    sourceIp: t.string({ description: "An address that the adapter has at home, IPv4 or IPv6." }),
    targetIp: t.string({
      description: "The address that it gets, IPv4 or IPv6; left out: by DHCP. The same one twice in a plan is a field error.",
    }),
    prefixLength: t.int({
      description: "Length of the network's prefix in bits, up to 32 or 128; with a targetIp it or the mask is needed.",
    }),
    targetSubnetMask: t.string({
      description:
        "The same as a mask such as 255.255.255.0, for IPv4 only and not together with prefixLength (reference: target_subnet_mask).",
    }),
    targetGateway: t.string({ description: "The gateway that it gets, of the same family as targetIp." }),
    targetDnsServers: t.stringList({ description: "The name servers that it gets, at most 16 addresses." }),
    targetDnsSuffix: t.string({ description: "The search suffix that it gets, at most 255 characters." }),
  }),
});

const IpCustomizationInput = builder.inputType("IpCustomizationInput", {
  description: "The addresses that a VM's adapters get when it is recovered. (Reference: ip_customization.)",
  fields: (t) => ({
    enabled: t.boolean({ required: true, description: "The rules are applied; false keeps them for later." }),
    rules: t.field({
      type: [IpCustomizationRuleInput],
      description: "At most 10, in place of those that are there. Left out: they stay; null or an empty list: none.",
    }),
  }),
});

const GuestCredentialsInput = builder.inputType("GuestCredentialsInput", {
  description: "Who a command runs as in the guest. (Reference: guest_credentials.)",
  fields: (t) => ({
    username: t.string({ required: true, description: "The guest's user, 1 to 255 characters." }),
    passwordSecretId: t.string({
      required: true,
      description:
        "Id of the secret with the password: letters, digits, dots, dashes. It is read when the command runs, and its value is never shown.",
    }),
  }),
});

const VmCommandInput = builder.inputType("VmCommandInput", {
  description:
    "A program that is run for a VM. (Reference: pre_power_on_commands, post_power_on_commands.) Its form is checked here. When it runs at the site, it has to be there: a file that resolves, after links, into the scripts folder, is executable and names its interpreter; else it fails.",
  fields: (t) => ({
    command: t.string({
      required: true,
      description:
        "The program, 1 to 4,096 characters: at the site by its path in the scripts folder, which a leading /scripts/ stands for; in the guest any. No shell reads it.",
    }),
    arguments: t.stringList({ description: "At most 256, each of at most 4,096 characters, handed over as they are; none by default." }),
    timeoutSeconds: t.int({ description: "After so many seconds it is ended, and has failed; 1 to 86,400, 300 by default." }),
    rerunnable: t.boolean({ description: "It may be run again when nobody knows how it ended; false by default." }),
    runInGuest: t.boolean({
      description: "In the guest instead of at the recovery site; false by default. Only after the power-on: before it there is no guest.",
    }),
    guestCredentials: t.field({ type: GuestCredentialsInput, description: "Who it runs as in the guest; only with runInGuest." }),
  }),
});

const commands = (when: string) =>
  `Programs that are run ${when}, in order, at most 100, in place of those that are there. Left out: they stay; null or an empty list: none. Needs the role SCRIPT_EDITOR, unless they are there as they are.`;

export const ConfigureVmRecoverySettingsInput = builder.inputType("ConfigureVmRecoverySettingsInput", {
  description:
    "How a VM is recovered: a field that is left out stays as it is, null goes back to the default. (Reference: Configure VM Recovery Settings.)",
  fields: (t) => ({
    vmId: t.id({ required: true, description: "The VM, protected or not yet." }),
    priority: t.field({ type: VmPriority, description: "Its tier within its priority group; null: the plan's default." }),
    startupDelaySeconds: t.int({ description: "It waits so long before it starts, in seconds, 0 to 604,800; null: the plan's default." }),
    shutdownDelaySeconds: t.int({
      description: "So long its guest may take to shut down before it is powered off, in seconds, 0 to 604,800; null: the plan's default.",
    }),
    skipGuestShutdown: t.boolean({ description: "It is powered off at once, without asking its guest; null: false." }),
    powerOnAfterRecovery: t.boolean({ description: "It is powered on once it is recovered; null: true." }),
    readyCheck: t.field({
      type: ReadyCheckInput,
      description:
        "How it is seen that it is ready, as a whole; null: HEARTBEAT within 300 seconds. The program of a SCRIPT check is a command, and needs the role SCRIPT_EDITOR where it changes.",
    }),
    dependsOnVmIds: t.idList({
      description:
        "VMs of its site that must be ready before it starts, across priority groups too, at most 500, in place of those before (reference: depends_on_vms); null or an empty list: none. Itself, or a VM that in some plan would wait for it, is a field error that names the shortest cycle.",
    }),
    ipCustomization: t.field({
      type: IpCustomizationInput,
      description: "The addresses that its adapters get; null: they keep their own, and the rules go.",
    }),
    prePowerOnCommands: t.field({ type: [VmCommandInput], description: commands("before its power-on; one that fails keeps it off") }),
    postPowerOnCommands: t.field({ type: [VmCommandInput], description: commands("once it is ready") }),
    expectedVersion: t.int({ description: `${expectedVersion.description} 0: it has no settings of its own yet.` }),
    idempotencyKey: t.string(keyField),
  }),
});

const VmNetworkMappingInput = builder.inputType("VmNetworkMappingInput", {
  description: "Where the adapters on one network are connected. (Reference: network_mappings.)",
  fields: (t) => ({
    sourceNetworkId: t.id({ required: true, description: "A network that an adapter of the VM is connected to, each once." }),
    targetNetworkId: t.id({ required: true, description: "The network of a real recovery, at the recovery site." }),
    testNetworkId: t.id({
      description: "The network of a test, at the recovery site; left out: each test makes an isolated one of its own.",
    }),
  }),
});

export const ConfigureVmNetworkMappingsInput = builder.inputType("ConfigureVmNetworkMappingsInput", {
  description: "A VM's own network mappings, which go before the inventory's. (Reference: Configure VM Network Mappings.)",
  fields: (t) => ({
    vmId: t.id({ required: true, description: "The VM, which is protected: its group says which site is the recovery site." }),
    networkMappings: t.field({
      type: [VmNetworkMappingInput],
      required: true,
      description: "All of them, in place of those that are there; an empty list: none, so that the inventory's count.",
    }),
    expectedVersion: t.int({ description: `${expectedVersion.description} It is VirtualMachine.networkMappingsVersion.` }),
    idempotencyKey: t.string(keyField),
  }),
});
