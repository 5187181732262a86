/** Runs a program of this folder to its end, with the options of Node that `npm start` has, and reads the last line that it says. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { startArguments } from "../../demo/start-arguments.ts";
import { productFolder } from "../support/folders.ts";
import { stopOnInterrupt } from "../support/process.ts";
import type { EngineResult, EngineTask } from "./task.ts";

/** All but the program; the same for everybody who is measured. */
const nodeOptions = startArguments.slice(0, -1);

async function lastLine(program: string, args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [...nodeOptions, join(import.meta.dirname, program), ...args], {
    cwd: productFolder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  stopOnInterrupt(child);
  const [said, complained] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  const line = said.trim().split("\n").at(-1) ?? "";
  if (child.exitCode !== 0 || line === "") throw new Error(`${program} ended with ${child.exitCode}: ${complained.slice(-2_000)}`);
  return line;
}

export async function runEngine(task: EngineTask): Promise<EngineResult> {
  const result: EngineResult = JSON.parse(await lastLine("engine-process.ts", [JSON.stringify(task)]));
  return result;
}

export interface DbosResult {
  readonly steps: number;
  readonly seconds: number;
  readonly nodeCpuSeconds: number;
}

export async function runDbos(url: string, steps: number, workflows: number): Promise<DbosResult> {
  const result: DbosResult = JSON.parse(await lastLine("peers/dbos.ts", [url, String(steps), String(workflows)]));
  return result;
}
