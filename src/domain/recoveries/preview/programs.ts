/** Whether the programs and secrets are there that a run's commands need. Looks at the folders, as the steps will. */
import { PermanentCommandError } from "../../../engine/commands/command.ts";
import { resolveProgram } from "../../../engine/commands/program.ts";
import { secretIds } from "../../../engine/secrets.ts";
import type { PlanRows } from "../snapshot/rows.ts";
import { type Finding, finding, whoOf } from "./findings.ts";

/** A program or a secret, and who needs it. */
interface Need {
  readonly what: string;
  readonly by: string;
}

interface Folders {
  readonly scriptsDir: string;
  readonly secretsDir: string;
}

export interface ProgramsOf {
  readonly kind: "TEST" | "PLANNED" | "DISASTER";
  readonly options: { readonly runScripts: boolean; readonly powerOnVms: boolean };
}

/** Checks and probes run a program too, whether commands are run or not. */
export async function programFindings(rows: PlanRows, { kind, options }: ProgramsOf, folders: Folders): Promise<Finding[]> {
  const vms = rows.vms.filter((vm) => vm.placeholderExternalId !== null);
  const names = new Map(vms.map(({ id, name }) => [id, name]));
  const given = options.runScripts ? commandsOf(rows, kind, names) : { programs: [], secrets: [] };
  const checks = options.powerOnVms ? checksOf(rows, vms) : [];
  return [...(await missingPrograms([...given.programs, ...checks], folders)), ...(await missingSecrets(given.secrets, folders))];
}

function commandsOf(rows: PlanRows, kind: ProgramsOf["kind"], names: ReadonlyMap<string, string>) {
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
  return { programs: [...ofPlan, ...ofVms], secrets };
}

function checksOf({ probes }: PlanRows, vms: PlanRows["vms"]): Need[] {
  const on = vms.filter(({ powerOnAfterRecovery }) => powerOnAfterRecovery !== false);
  return on.flatMap(({ id, name: by, readyCheck, readyTarget }) => {
    const targets = probes.flatMap(({ vmId, check, target }) => (vmId === id && check === "SCRIPT" ? [target] : []));
    return [readyCheck === "SCRIPT" ? readyTarget : null, ...targets].flatMap((what) => (what === null ? [] : [{ what, by }]));
  });
}

async function missingPrograms(needs: readonly Need[], { scriptsDir }: Folders): Promise<Finding[]> {
  const found = [...Map.groupBy(needs, ({ what }) => what)].map(async ([command, by]) => {
    const problem = await problemOf(scriptsDir, command);
    return problem === null ? [] : [finding("SCRIPT_MISSING", command, `${problem} It is for ${whoOf(by.map((need) => need.by))}.`)];
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
    .map(([id, by]) =>
      finding(
        "SECRET_MISSING",
        id,
        `There is no secret ${JSON.stringify(id)} in SECRETS_DIR. It is for ${whoOf(by.map((need) => need.by))}.`,
      ),
    );
}
