/** How a VM is recovered, as it stands and as it is wished. Pure. (Reference: Configure VM Recovery Settings.) */
import { isDeepStrictEqual } from "node:util";
import { v7 as newId } from "uuid";
import type { IpRule, VmCommand, VmRecoverySettings } from "../../database/generated/client.ts";
import type { ReadyCheck, StepPhase, VmPriority } from "../../database/generated/enums.ts";
import { canonicalAddress, prefixOfMask } from "../addresses.ts";
import { kept } from "../edits.ts";

export type Rule = Omit<IpRule, "id" | "vmId" | "position">;
export type Command = Omit<VmCommand, "vmId" | "position">;

/** Version 0: the VM has no settings of its own yet. */
export interface VmSettings extends Omit<VmRecoverySettings, "vmId"> {
  readonly rules: readonly Rule[];
  /** In order, those before the power-on first. */
  readonly commands: readonly Command[];
  /** Sorted ids. */
  readonly dependsOnVmIds: readonly string[];
}

export const noSettings: VmSettings = {
  priority: null,
  startupDelaySeconds: null,
  shutdownDelaySeconds: null,
  skipGuestShutdown: false,
  powerOnAfterRecovery: true,
  readyCheck: "HEARTBEAT",
  readyTimeoutSeconds: 300,
  readyPort: null,
  readyTarget: null,
  ipCustomizationEnabled: false,
  version: 0,
  rules: [],
  commands: [],
  dependsOnVmIds: [],
};

type Optional<T> = { readonly [Field in keyof T]?: T[Field] | null | undefined };

export type RuleWish = Optional<{
  nicIndex: number;
  sourceIp: string;
  targetIp: string;
  prefixLength: number;
  targetSubnetMask: string;
  targetGateway: string;
  targetDnsServers: readonly string[];
  targetDnsSuffix: string;
}>;

export type VmCommandWish = { readonly command: string } & Optional<{
  arguments: readonly string[];
  timeoutSeconds: number;
  rerunnable: boolean;
  runInGuest: boolean;
  guestCredentials: { readonly username: string; readonly passwordSecretId: string };
}>;

/** What is left out stays as it is; null goes back to the default: the plan's, else the product's. */
export type SettingsWish = Optional<{
  priority: VmPriority;
  startupDelaySeconds: number;
  shutdownDelaySeconds: number;
  skipGuestShutdown: boolean;
  powerOnAfterRecovery: boolean;
  readyCheck: { readonly type: ReadyCheck } & Optional<{ timeoutSeconds: number; port: number; target: string }>;
  dependsOnVmIds: readonly string[];
  ipCustomization: { readonly enabled: boolean } & Optional<{ rules: readonly RuleWish[] }>;
  prePowerOnCommands: readonly VmCommandWish[];
  postPowerOnCommands: readonly VmCommandWish[];
}>;

export function withWish(there: VmSettings, wish: SettingsWish): VmSettings {
  return {
    priority: kept(wish.priority, there.priority, null),
    startupDelaySeconds: kept(wish.startupDelaySeconds, there.startupDelaySeconds, null),
    shutdownDelaySeconds: kept(wish.shutdownDelaySeconds, there.shutdownDelaySeconds, null),
    skipGuestShutdown: kept(wish.skipGuestShutdown, there.skipGuestShutdown, noSettings.skipGuestShutdown),
    powerOnAfterRecovery: kept(wish.powerOnAfterRecovery, there.powerOnAfterRecovery, noSettings.powerOnAfterRecovery),
    ...readyCheckOf(there, wish),
    ...customizationOf(there, wish),
    commands: [
      ...commandsOf("PRE_POWER_ON", wish.prePowerOnCommands, there.commands),
      ...commandsOf("POST_POWER_ON", wish.postPowerOnCommands, there.commands),
    ],
    dependsOnVmIds: kept(wish.dependsOnVmIds, there.dependsOnVmIds, []).toSorted(),
    version: there.version + 1,
  };
}

type ReadyFields = Pick<VmSettings, "readyCheck" | "readyTimeoutSeconds" | "readyPort" | "readyTarget">;

function readyCheckOf(there: VmSettings, { readyCheck: wish }: SettingsWish): ReadyFields {
  const { readyCheck, readyTimeoutSeconds, readyPort, readyTarget } = wish === undefined ? there : noSettings;
  if (!wish) return { readyCheck, readyTimeoutSeconds, readyPort, readyTarget };
  return {
    readyCheck: wish.type,
    readyTimeoutSeconds: wish.timeoutSeconds ?? noSettings.readyTimeoutSeconds,
    readyPort: wish.port ?? null,
    readyTarget: wish.target ?? null,
  };
}

function customizationOf(there: VmSettings, { ipCustomization: wish }: SettingsWish): Pick<VmSettings, "ipCustomizationEnabled" | "rules"> {
  if (wish === undefined) return { ipCustomizationEnabled: there.ipCustomizationEnabled, rules: there.rules };
  if (wish === null) return { ipCustomizationEnabled: false, rules: [] };
  return { ipCustomizationEnabled: wish.enabled, rules: wish.rules === undefined ? there.rules : (wish.rules ?? []).map(ruleOf) };
}

const address = (text: string | null | undefined): string | null => (text === null || text === undefined ? null : canonicalAddress(text));

const ruleOf = (wish: RuleWish): Rule => ({
  nicIndex: wish.nicIndex ?? null,
  sourceIp: address(wish.sourceIp),
  targetIp: address(wish.targetIp),
  prefixLength: wish.prefixLength ?? (wish.targetSubnetMask ? prefixOfMask(wish.targetSubnetMask) : null),
  targetGateway: address(wish.targetGateway),
  targetDnsServers: (wish.targetDnsServers ?? []).map(canonicalAddress),
  targetDnsSuffix: wish.targetDnsSuffix ?? null,
});

/** A command keeps its id while it runs the same program with the same arguments. */
function commandsOf(phase: StepPhase, wishes: readonly VmCommandWish[] | null | undefined, there: readonly Command[]): Command[] {
  const before = there.filter((command) => command.phase === phase);
  if (wishes === undefined) return before;
  const taken = new Set<string>();
  return (wishes ?? []).map((wish) => {
    const list = [...(wish.arguments ?? [])];
    const same = before.find(
      ({ id, command, arguments: given }) => !taken.has(id) && command === wish.command && isDeepStrictEqual(given, list),
    );
    const id = same?.id ?? newId();
    taken.add(id);
    return {
      id,
      phase,
      command: wish.command,
      arguments: list,
      timeoutSeconds: wish.timeoutSeconds ?? 300,
      rerunnable: wish.rerunnable ?? false,
      runInGuest: wish.runInGuest ?? false,
      guestUsername: wish.guestCredentials?.username.trim() ?? null,
      passwordSecretId: wish.guestCredentials?.passwordSecretId ?? null,
    };
  });
}

/** Whether what is run, and whether anything else, is other than before. The program of a ready check is run too. */
export function changesIn(before: VmSettings, after: VmSettings): { readonly commands: boolean; readonly others: boolean } {
  const script = ({ readyCheck, readyTarget }: VmSettings) => (readyCheck === "SCRIPT" ? readyTarget : null);
  const run = (settings: VmSettings) => [settings.commands, script(settings)];
  const rest = ({ commands: _, version: __, readyCheck, readyTarget, ...settings }: VmSettings) =>
    script(before) === script(after) ? { ...settings, readyCheck, readyTarget } : settings;
  return { commands: !isDeepStrictEqual(run(before), run(after)), others: !isDeepStrictEqual(rest(before), rest(after)) };
}

type Dependencies = Pick<VmSettings, "dependsOnVmIds">;

/** Ids of the other VMs that this one has come to depend on, or no longer does: whether they can be removed from their groups follows from it. */
export function othersIn({ dependsOnVmIds: before }: Dependencies, { dependsOnVmIds: after }: Dependencies): string[] {
  return [...before.filter((id) => !after.includes(id)), ...after.filter((id) => !before.includes(id))];
}
