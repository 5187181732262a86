/** From a command as a plan names it to a program in the scripts folder. Never through a shell, never outside that folder. */
import { constants } from "node:fs";
import { access, open, realpath, stat } from "node:fs/promises";
import { isAbsolute, join, sep } from "node:path";
import { PermanentCommandError } from "./command.ts";

const longestCommand = 4096;
const folderPrefix = "/scripts/";

/** The absolute path, after all links, of the program that `command` names. */
export async function resolveProgram(scriptsDir: string, command: string): Promise<string> {
  const name = relativeName(command);
  const folder = await realpath(scriptsDir).catch(() => {
    throw new PermanentCommandError("The scripts folder (SCRIPTS_DIR) does not exist or can't be read.");
  });
  const program = await realpath(join(folder, name)).catch(() => {
    throw new PermanentCommandError(`There is no program ${shown(command)} in the scripts folder.`);
  });
  if (!program.startsWith(folder + sep)) throw new PermanentCommandError(`${shown(command)} leads out of the scripts folder.`);
  await checkExecutable(program, command);
  return program;
}

/** What a script sees of the environment: nothing of the gateway's own. */
export function scriptEnvironment(scriptsDir: string, variables: Readonly<Record<string, string>>): Record<string, string> {
  const given = Object.entries(variables).filter(([name]) => /^DR_[A-Z0-9_]+$/.test(name));
  return { ...Object.fromEntries(given), PATH: "/usr/local/bin:/usr/bin:/bin", LANG: "C.UTF-8", HOME: scriptsDir };
}

function relativeName(command: string): string {
  if (command.length > longestCommand) throw new PermanentCommandError(`A command has at most ${longestCommand} characters.`);
  const name = command.startsWith(folderPrefix) ? command.slice(folderPrefix.length) : command;
  if (name === "" || name.includes("\0")) throw new PermanentCommandError("A command names a program in the scripts folder.");
  if (isAbsolute(name))
    throw new PermanentCommandError(`${shown(command)} is outside the scripts folder; name a program in it, such as /scripts/check.sh.`);
  return name;
}

async function checkExecutable(program: string, command: string): Promise<void> {
  if (!(await stat(program)).isFile()) throw new PermanentCommandError(`${shown(command)} is not a file.`);
  const executable = await access(program, constants.X_OK | constants.R_OK).then(
    () => true,
    () => false,
  );
  if (!executable) throw new PermanentCommandError(`${shown(command)} is not executable; its file needs the permissions r and x.`);
  if (!(await namesItsInterpreter(program))) {
    // The system would hand such a file to /bin/sh.
    throw new PermanentCommandError(`${shown(command)} does not say what runs it: its first line must be one such as #!/bin/sh.`);
  }
}

async function namesItsInterpreter(program: string): Promise<boolean> {
  await using file = await open(program);
  const { buffer } = await file.read({ buffer: Buffer.alloc(4), length: 4, position: 0 });
  return buffer.toString("latin1").startsWith("#!") || buffer.toString("latin1") === "\x7fELF";
}

const shown = (command: string): string => JSON.stringify(command.length > 100 ? `${command.slice(0, 100)}…` : command);
