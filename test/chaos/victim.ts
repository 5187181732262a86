/** An engine process that a test kills with -9 and starts again, as often as it likes. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Victim extends AsyncDisposable {
  start(): Promise<void>;
  kill(): Promise<void>;
}

const program = new URL("./engine-process.ts", import.meta.url).pathname;

export async function aVictim(url: string): Promise<Victim> {
  const spoolDir = await mkdtemp(join(tmpdir(), "dr-spool-"));
  let child: ChildProcess | null = null;

  const ended = (process: ChildProcess) =>
    process.exitCode !== null || process.signalCode !== null
      ? Promise.resolve()
      : new Promise<void>((done) => process.once("exit", () => done()));

  async function kill(): Promise<void> {
    if (child === null) return;
    child.kill("SIGKILL");
    await ended(child);
    child = null;
  }

  return {
    async start() {
      const started = spawn(process.execPath, [program, url, spoolDir], { stdio: ["ignore", "pipe", "inherit"] });
      child = started;
      await new Promise<void>((ready, reject) => {
        started.stdout.once("data", () => ready());
        started.once("exit", (code) => reject(new Error(`the engine's process ended with ${code}`)));
      });
    },
    kill,
    async [Symbol.asyncDispose]() {
      await kill();
      await rm(spoolDir, { recursive: true, force: true });
    },
  };
}
