/** Whether the programs and secrets are there that a run's commands need. Looks at the folders, as the steps will. */
import { PermanentCommandError } from "../../../engine/commands/command.ts";
import { resolveProgram } from "../../../engine/commands/program.ts";
import { secretIds } from "../../../engine/secrets.ts";
import type { PlanRows } from "../snapshot/rows.ts";
import { type Finding, finding } from "./findings.ts";

/** A program or a secret, and who needs it. */
interface Need {
  readonly what: string;
  readonly by: string;
}

interface Folders {
  readonly scriptsDir: string;
  readonly secretsDir: string;
}

export async function programFindings(rows: PlanRows, kind: "TEST" | "PLANNED" | "DISASTER", folders: Folders): Promise<Finding[]> {
  const names = new Map(rows.vms.filter((vm) => vm.placeholderExternalId !== null).map(({ id, name }) => [id, name]));
  const commands = rows.vmCommands
    .filter(({ vmId }) => names.has(vmId))
    .map((command) => ({ ...command, by: names.get(command.vmId) ?? "" }));
  const ofPlan = rows.planSteps.flatMap(({ command, name, runOnSite, runInTest }) =>
    command === null || (kind === "TEST" && runOnSite === "PROTECTED" && !runInTest) ? [] : [{ what: command, by: name }],
  );
  const ofVms = commands.filter(({ runInGuest }) => !runInGuest).map(({ command, by }) => ({ what: command, by }));
  const secrets = commands.flatMap(({ runInGuest, passwordSecretId, by }) =>
    runInGuest && passwordSecretId !== null ? [{ what: passwordSecretId, by }] : [],
  );
  return [...(await missingPrograms([...ofPlan, ...ofVms], folders)), ...(await missingSecrets(secrets, folders))];
}

async function missingPrograms(needs: readonly Need[], { scriptsDir }: Folders): Promise<Finding[]> {
  const found = [...Map.groupBy(needs, ({ what }) => what)].map(async ([command, by]) => {
    const problem = await problemOf(scriptsDir, command);
    return problem === null ? [] : [finding("SCRIPT_MISSING", command, `${problem} It is for ${whoOf(by)}.`)];
  });
  return (await Promise.all(found)).flat();
}

async function problemOf(scriptsDir: string, command: string): Promise<string | null> {
  try {
    await resolveProgram(scriptsDir, command);
    return null;
  } catch (error) {
    if (error instanceof PermanentCommandError) return error.message;
    throw error;
  }
}

async function missingSecrets(needs: readonly Need[], { secretsDir }: Folders): Promise<Finding[]> {
  if (needs.length === 0) return [];
  const there = new Set(await secretIds(secretsDir));
  return [...Map.groupBy(needs, ({ what }) => what)]
    .filter(([id]) => !there.has(id))
    .map(([id, by]) => finding("SECRET_MISSING", id, `There is no secret ${JSON.stringify(id)} in SECRETS_DIR. It is for ${whoOf(by)}.`));
}

function whoOf(needs: readonly Need[]): string {
  const names = [...new Set(needs.map(({ by }) => by))];
  return names.slice(0, 5).join(", ") + (names.length > 5 ? ` and ${names.length - 5} more` : "");
}
