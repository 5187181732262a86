/** A scripts folder, a spool and real processes for tests of commands. */
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import type { CommandOutcome } from "../../../src/engine/commands/command.ts";
import { launch, type Supervised } from "../../../src/engine/commands/launch.ts";
import { scriptEnvironment } from "../../../src/engine/commands/program.ts";
import type { SupervisorOrder } from "../../../src/engine/commands/supervision.ts";

export interface Workshop {
  readonly scriptsDir: string;
  readonly spoolDir: string;
  script(name: string, text: string, mode?: number): Promise<string>;
  /** What scripts have written into the file of this name, by lines. */
  lines(name: string): Promise<string[]>;
  /** Runs a program under a supervisor that hears from its gateway. */
  run(program: string, order?: Partial<SupervisorOrder>): Run;
  drop(): Promise<void>;
}

export interface Run {
  readonly outcome: Promise<CommandOutcome>;
  readonly pieces: { text: string; totalBytes: number }[];
  readonly supervised: Supervised;
  /** The gateway says nothing more. */
  fallSilent(): void;
}

export async function openWorkshop(): Promise<Workshop> {
  const folder = await mkdtemp(join(tmpdir(), "dr-commands-"));
  const scriptsDir = await mkdtemp(join(folder, "scripts-"));
  const spoolDir = await mkdtemp(join(folder, "spool-"));
  let count = 0;
  return {
    scriptsDir,
    spoolDir,
    async script(name, text, mode = 0o755) {
      const path = join(scriptsDir, name);
      await writeFile(path, text);
      await chmod(path, mode);
      return path;
    },
    async lines(name) {
      const text = await readFile(join(scriptsDir, name), "utf8").catch(() => "");
      return text.split("\n").filter((line) => line !== "");
    },
    run(program, given = {}) {
      const pieces: Run["pieces"] = [];
      const order: SupervisorOrder = {
        key: `${process.pid}-${++count}`,
        program,
        arguments: [],
        environment: scriptEnvironment(scriptsDir, {}),
        folder: scriptsDir,
        spoolDir,
        timeoutMs: 60_000,
        silenceMs: 30_000,
        graceMs: 300,
        secrets: [],
        ...given,
      };
      const supervised = launch(order, (text, totalBytes) => pieces.push({ text, totalBytes }));
      const beating = setInterval(() => supervised.beat(), 200);
      const outcome = supervised.outcome.finally(() => clearInterval(beating));
      return { outcome, pieces, supervised, fallSilent: () => clearInterval(beating) };
    },
    drop: () => rm(folder, { recursive: true, force: true }),
  };
}

/**
 * Four processes that ignore TERM and write their pids into `pids`: the script, a child in a session of its own, a child of that
 * whose parent has gone, and one of the script's group.
 */
export const stubbornTree = `#!/bin/sh
trap '' TERM
stay='trap "" TERM; echo $$ >> pids; while :; do sleep 1; done'
sh -c "$stay" &
setsid sh -c "$stay" &
setsid sh -c "setsid sh -c '$stay' & exit" &
echo $$ >> pids
echo ready
while :; do sleep 1; done
`;

export const treeSize = 4;

/** The pids of a `stubbornTree`, once all of it runs. */
export async function treeOf(workshop: Workshop): Promise<number[]> {
  return vi.waitFor(
    async () => {
      const pids = await workshop.lines("pids");
      if (pids.length < treeSize) throw new Error(`${pids.length} of ${treeSize} processes run.`);
      return pids.map(Number);
    },
    { timeout: 30_000, interval: 20 },
  );
}

/** Of these processes those that live; a zombie does not. */
export async function living(pids: readonly number[]): Promise<number[]> {
  const states = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, "utf8").catch(() => ") Z")));
  return pids.filter((_, index) => !/\) [ZX]/.test(states[index] ?? ""));
}
