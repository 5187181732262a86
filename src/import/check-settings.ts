/** How VMs are recovered: commands, ready checks, IP rules, each by itself. */
import { checkCommand, checkIpRule, checkReadyCheck } from "../domain/inventory/recovery-rules.ts";
import { promptProblem } from "../domain/plans/steps.ts";
import type { ImportFile } from "./file.ts";
import type { SettingsEntry } from "./file-plans.ts";
import type { Path, Problem } from "./problem.ts";

export function checkSettings(file: ImportFile): Problem[] {
  const problems: Problem[] = [];
  const say = (path: Path, message: string) => problems.push({ path, message });
  file.vmSettings.forEach((entry, index) => {
    const path: Path = ["vmSettings", index];
    checkCommands(entry, path, say);
    checkReadyCheck(entry.readyCheck, about([...path, "readyCheck"], say));
    for (const [r, rule] of entry.ipCustomization.rules.entries()) checkIpRule(rule, about([...path, "ipCustomization", "rules", r], say));
  });
  file.recoveryPlans.forEach(({ priorityGroups }, p) => {
    priorityGroups.forEach(({ preSteps, postSteps }, g) => {
      for (const [list, steps] of [
        ["preSteps", preSteps],
        ["postSteps", postSteps],
      ] as const) {
        steps.forEach((step, s) => {
          const problem = step.type === "PROMPT" ? promptProblem(step) : null;
          if (problem !== null) say(["recoveryPlans", p, "priorityGroups", g, list, s], problem);
        });
      }
    });
  });
  return problems;
}

/** Says it of a field of the thing at this path, or of the thing itself. */
const about =
  <Field extends string>(path: Path, say: (path: Path, message: string) => void) =>
  (field: Field | null, message: string) =>
    say(field === null ? path : [...path, field], message);

function checkCommands(entry: SettingsEntry, path: Path, say: Parameters<typeof about>[1]): void {
  const lists = [
    ["prePowerOnCommands", "PRE_POWER_ON"],
    ["postPowerOnCommands", "POST_POWER_ON"],
  ] as const;
  for (const [list, phase] of lists) {
    entry[list].forEach(({ runInGuest, guestUsername, passwordSecretId }, c) => {
      const hasCredentials = guestUsername !== null || passwordSecretId !== null;
      checkCommand({ runInGuest, hasCredentials }, phase, about([...path, list, c], say));
    });
  }
}
