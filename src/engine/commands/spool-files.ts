/** Files of the spool, written so that they are whole or not there, also after a power cut. */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { CommandOutcome } from "./command.ts";
import type { ProcessIdentity } from "./processes.ts";

/** `supervisor`: who watches over the program, and writes its result. */
export interface Started {
  readonly supervisor: ProcessIdentity | null;
}

export const startedPath = (spoolDir: string, key: string): string => join(spoolDir, `${encodeURIComponent(key)}.started`);
export const resultPath = (spoolDir: string, key: string): string => join(spoolDir, `${encodeURIComponent(key)}.result`);

/** From here on an older result of the same key does not count. */
export function writeStarted(spoolDir: string, key: string, started: Started): void {
  rmSync(resultPath(spoolDir, key), { force: true });
  writeWhole(startedPath(spoolDir, key), spoolDir, started);
}

export const writeResult = (spoolDir: string, key: string, outcome: CommandOutcome): void =>
  writeWhole(resultPath(spoolDir, key), spoolDir, outcome);

/** Undefined: not there, or no JSON. */
export function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

function writeWhole(path: string, folder: string, content: object): void {
  const temporary = `${path}.tmp`;
  const file = openSync(temporary, "w", 0o600);
  try {
    writeSync(file, JSON.stringify(content));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  const directory = openSync(folder, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
