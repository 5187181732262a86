/** How VMs are recovered: commands, ready checks, IP rules, each by itself. */
import { isIP } from "node:net";
import type { ImportFile } from "./file.ts";
import type { SettingsEntry } from "./file-plans.ts";
import type { Path, Problem } from "./problem.ts";

export function checkSettings(file: ImportFile): Problem[] {
  const problems: Problem[] = [];
  const say = (path: Path, message: string) => problems.push({ path, message });
  file.vmSettings.forEach((entry, index) => {
    const path: Path = ["vmSettings", index];
    checkCommands(entry, path, say);
    checkReadyCheck(entry, path, say);
    for (const [r, rule] of entry.ipCustomization.rules.entries()) checkIpRule(rule, [...path, "ipCustomization", "rules", r], say);
  });
  file.recoveryPlans.forEach(({ priorityGroups }, p) => {
    priorityGroups.forEach(({ preSteps, postSteps }, g) => {
      for (const [list, steps] of [
        ["preSteps", preSteps],
        ["postSteps", postSteps],
      ] as const) {
        steps.forEach((step, s) => {
          if (step.type !== "PROMPT" || (step.defaultAnswer === null) === (step.timeoutSeconds === null)) return;
          const path: Path = ["recoveryPlans", p, "priorityGroups", g, list, s];
          say(path, "A prompt has both a timeoutSeconds and a defaultAnswer, or neither: one means nothing without the other.");
        });
      }
    });
  });
  return problems;
}

type Say = (path: Path, message: string) => void;

function checkCommands(entry: SettingsEntry, path: Path, say: Say): void {
  entry.prePowerOnCommands.forEach(({ runInGuest }, c) => {
    if (runInGuest) say([...path, "prePowerOnCommands", c, "runInGuest"], "A command can't run in a guest that is not powered on yet.");
  });
  for (const list of ["prePowerOnCommands", "postPowerOnCommands"] as const) {
    entry[list].forEach(({ runInGuest, guestUsername, passwordSecretId }, c) => {
      if (!runInGuest && (guestUsername !== null || passwordSecretId !== null)) {
        say([...path, list, c], "Credentials of a guest belong to a command with runInGuest.");
      }
    });
  }
}

function checkReadyCheck({ readyCheck }: SettingsEntry, path: Path, say: Say): void {
  const { type, port, target } = readyCheck;
  if (type === "TCP" && port === null) say([...path, "readyCheck"], "A TCP check needs a port.");
  if (type === "SCRIPT" && target === null) say([...path, "readyCheck"], "A SCRIPT check needs its program as target.");
}

function checkIpRule(rule: SettingsEntry["ipCustomization"]["rules"][number], path: Path, say: Say): void {
  if (rule.nicIndex === null && rule.sourceIp === null) say(path, "An IP rule names its adapter by nicIndex or by sourceIp.");
  if (rule.prefixLength !== null && rule.subnetMask !== null) say([...path, "subnetMask"], "Give prefixLength or subnetMask, not both.");
  if (rule.targetIp === null) return;
  const version = isIP(rule.targetIp);
  if (rule.prefixLength === null && rule.subnetMask === null)
    say([...path, "targetIp"], "A target address needs its prefixLength or subnetMask.");
  if (version === 4 && (rule.prefixLength ?? 0) > 32) say([...path, "prefixLength"], "The prefix of an IPv4 address has at most 32 bits.");
  if (version === 6 && rule.subnetMask !== null) say([...path, "subnetMask"], "An IPv6 address has a prefixLength, no mask.");
  if (rule.gateway !== null && isIP(rule.gateway) !== version)
    say([...path, "gateway"], "The gateway is of the same family as the address.");
}
