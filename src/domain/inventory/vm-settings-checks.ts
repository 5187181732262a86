/** A VM's wished settings by their form, each error with the path into the input. Pure. */

import { canonicalAddress } from "../addresses.ts";
import { checkInt, checkName, checkText, type FieldErrors, type Path } from "../field-errors.ts";
import { checkProgram } from "../program.ts";
import { checkAddress, checkCommand, checkIpRule, checkReadyCheck, isSecretId, secretIdRule } from "./recovery-rules.ts";
import type { RuleWish, SettingsWish, VmCommandWish } from "./vm-settings.ts";

const longestDelaySeconds = 604_800;
const daySeconds = 86_400;
const most = { commands: 100, rules: 10, dnsServers: 16, dependencies: 500 } as const;

export function checkSettings(errors: FieldErrors, wish: SettingsWish): void {
  checkInt(errors, ["startupDelaySeconds"], wish.startupDelaySeconds, 0, longestDelaySeconds);
  checkInt(errors, ["shutdownDelaySeconds"], wish.shutdownDelaySeconds, 0, longestDelaySeconds);
  if (wish.readyCheck) {
    const { type, timeoutSeconds, port = null, target = null } = wish.readyCheck;
    checkInt(errors, ["readyCheck", "timeoutSeconds"], timeoutSeconds, 1, daySeconds);
    checkInt(errors, ["readyCheck", "port"], port, 1, 65_535);
    checkText(errors, ["readyCheck", "target"], target, 4_096);
    checkReadyCheck({ type, port, target }, about(errors, ["readyCheck"]));
  }
  checkCount(errors, ["dependsOnVmIds"], wish.dependsOnVmIds, most.dependencies);
  const rules = wish.ipCustomization?.rules ?? [];
  checkCount(errors, ["ipCustomization", "rules"], rules, most.rules);
  for (const [at, rule] of rules.entries()) checkRule(errors, ["ipCustomization", "rules", at], rule);
  checkTargets(errors, rules);
  checkCommands(errors, "prePowerOnCommands", "PRE_POWER_ON", wish.prePowerOnCommands ?? []);
  checkCommands(errors, "postPowerOnCommands", "POST_POWER_ON", wish.postPowerOnCommands ?? []);
}

/** Says it of a field of the thing at this path, or of the thing itself. */
const about =
  <Field extends string>(errors: FieldErrors, path: Path, names: Partial<Record<string, string>> = {}) =>
  (field: Field | null, message: string): void =>
    errors.add(field === null ? path : [...path, names[field] ?? field], message);

function checkCount(errors: FieldErrors, path: Path, list: readonly unknown[] | null | undefined, limit: number): void {
  if (list && list.length > limit) errors.add(path, `There may be ${limit} of these, and there are ${list.length}.`);
}

function checkRule(errors: FieldErrors, path: Path, wish: RuleWish): void {
  checkInt(errors, [...path, "nicIndex"], wish.nicIndex, 0, 9);
  checkInt(errors, [...path, "prefixLength"], wish.prefixLength, 0, 128);
  checkText(errors, [...path, "targetDnsSuffix"], wish.targetDnsSuffix, 255);
  checkCount(errors, [...path, "targetDnsServers"], wish.targetDnsServers, most.dnsServers);
  for (const [at, server] of (wish.targetDnsServers ?? []).entries())
    checkAddress(server, (message) => errors.add([...path, "targetDnsServers", at], message));
  const { nicIndex = null, sourceIp = null, targetIp = null, prefixLength = null, targetSubnetMask = null, targetGateway = null } = wish;
  const rule = { nicIndex, sourceIp, targetIp, prefixLength, subnetMask: targetSubnetMask, gateway: targetGateway };
  checkIpRule(rule, about(errors, path, { subnetMask: "targetSubnetMask", gateway: "targetGateway" }));
}

/** Of the VM itself; of the other VMs of its plans when all are seen together. */
function checkTargets(errors: FieldErrors, rules: readonly RuleWish[]): void {
  const seen = new Set<string>();
  for (const [at, { targetIp }] of rules.entries()) {
    if (!targetIp) continue;
    const target = canonicalAddress(targetIp);
    if (seen.has(target)) errors.add(["ipCustomization", "rules", at, "targetIp"], `A rule above gives the address ${targetIp} already.`);
    seen.add(target);
  }
}

function checkCommands(
  errors: FieldErrors,
  list: "prePowerOnCommands" | "postPowerOnCommands",
  phase: "PRE_POWER_ON" | "POST_POWER_ON",
  commands: readonly VmCommandWish[],
): void {
  checkCount(errors, [list], commands, most.commands);
  for (const [at, wish] of commands.entries()) {
    const path = [list, at];
    checkProgram(errors, path, wish);
    const { guestCredentials } = wish;
    checkCommand({ runInGuest: wish.runInGuest ?? false, hasCredentials: !!guestCredentials }, phase, about(errors, path));
    if (!guestCredentials) continue;
    checkName(errors, [...path, "guestCredentials", "username"], guestCredentials.username);
    if (!isSecretId(guestCredentials.passwordSecretId)) errors.add([...path, "guestCredentials", "passwordSecretId"], secretIdRule);
  }
}
