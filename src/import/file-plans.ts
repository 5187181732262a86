/** The part of an import file that is about protection: groups, plans, and how each VM is recovered. */
import { z } from "zod";
import { isSecretId, secretIdRule } from "../domain/inventory/recovery-rules.ts";
import { command, commandArguments, commandTimeout, ipAddress, name, object, seconds, subnetMask, text, whole } from "./fields.ts";

const vmPriority = z.enum(["LOWEST", "LOW", "NORMAL", "HIGH", "HIGHEST"]);
const count = (min: number, max: number) => whole(min, max).nullable().default(null);

export const protectionGroup = object({
  name,
  description: text.default(""),
  type: z.enum(["REPLICATION", "SNAPSHOT", "CONTINUOUS"]),
  replicationType: z.enum(["SAN", "HOST", "SNAPSHOT", "CONTINUOUS"]).optional(),
  protectedSite: name,
  recoverySite: name,
  externalId: name.optional(),
  rpoMinutes: whole(1, 10_080).default(15),
  pointInTimeInstances: whole(1, 64).default(1),
  consistencyGroups: z.boolean().default(false),
  snapshotIntervalMinutes: count(1, 10_080),
  snapshotRetention: count(1, 1000),
  storageGroups: z.array(object({ sources: z.array(name).min(1), target: name })).default([]),
  /** Left out with storage groups: every VM on their datastores. */
  virtualMachines: z.array(name).optional(),
});

const step = z.discriminatedUnion(
  "type",
  [
    object({
      type: z.literal("COMMAND"),
      name,
      command,
      arguments: commandArguments,
      timeoutSeconds: commandTimeout,
      runOnSite: z.enum(["PROTECTED", "RECOVERY"]).default("RECOVERY"),
      continueOnFailure: z.boolean().default(false),
      runInTest: z.boolean().default(false),
      rerunnable: z.boolean().default(false),
    }),
    object({
      type: z.literal("PROMPT"),
      name,
      message: text.min(1),
      timeoutSeconds: count(1, 604_800),
      defaultAnswer: z.enum(["CONTINUE", "SKIP", "ABORT"]).nullable().default(null),
    }),
    object({ type: z.literal("PAUSE"), name, durationSeconds: count(1, 86_400) }),
  ],
  { error: "The type of a step is COMMAND, PROMPT or PAUSE." },
);

const priorityGroup = object({
  priority: whole(1, 100),
  name,
  protectionGroups: z.array(name).min(1, "A priority group has at least one protection group."),
  preSteps: z.array(step).default([]),
  postSteps: z.array(step).default([]),
});

export const recoveryPlan = object({
  name,
  description: text.default(""),
  protectedSite: name,
  recoverySite: name,
  defaultVmPriority: vmPriority.default("NORMAL"),
  defaultStartupDelaySeconds: seconds.default(0),
  defaultShutdownDelaySeconds: seconds.default(300),
  rtoTargetSeconds: count(1, 31_536_000),
  priorityGroups: z.array(priorityGroup).default([]),
});

const vmCommand = object({
  command,
  arguments: commandArguments,
  timeoutSeconds: commandTimeout,
  rerunnable: z.boolean().default(false),
  runInGuest: z.boolean().default(false),
  guestUsername: name.nullable().default(null),
  passwordSecretId: z.string().refine(isSecretId, secretIdRule).nullable().default(null),
});

const ipRule = object({
  nicIndex: count(0, 9),
  sourceIp: ipAddress.nullable().default(null),
  /** Null: DHCP. */
  targetIp: ipAddress.nullable().default(null),
  prefixLength: count(0, 128),
  subnetMask: subnetMask.nullable().default(null),
  gateway: ipAddress.nullable().default(null),
  dnsServers: z.array(ipAddress).max(16).default([]),
  dnsSuffix: text.nullable().default(null),
});

export const vmSettings = object({
  virtualMachine: name,
  /** Needed only where VMs of several sites have this name. */
  site: name.optional(),
  priority: vmPriority.nullable().default(null),
  startupDelaySeconds: seconds.nullable().default(null),
  shutdownDelaySeconds: seconds.nullable().default(null),
  skipGuestShutdown: z.boolean().default(false),
  powerOnAfterRecovery: z.boolean().default(true),
  readyCheck: object({
    type: z.enum(["HEARTBEAT", "POWERED_ON", "TCP", "HTTP", "SCRIPT"]).default("HEARTBEAT"),
    timeoutSeconds: whole(1, 86_400).default(300),
    port: count(1, 65_535),
    target: text.nullable().default(null),
  }).default({ type: "HEARTBEAT", timeoutSeconds: 300, port: null, target: null }),
  dependsOn: z.array(name).default([]),
  ipCustomization: object({ enabled: z.boolean().default(true), rules: z.array(ipRule).max(10) }).default({ enabled: false, rules: [] }),
  prePowerOnCommands: z.array(vmCommand).default([]),
  postPowerOnCommands: z.array(vmCommand).default([]),
  networkMappings: z.array(object({ source: name, target: name, testNetwork: name.nullable().default(null) })).default([]),
});

export type GroupEntry = z.infer<typeof protectionGroup>;
export type PlanEntry = z.infer<typeof recoveryPlan>;
export type StepEntry = z.infer<typeof step>;
export type SettingsEntry = z.infer<typeof vmSettings>;
