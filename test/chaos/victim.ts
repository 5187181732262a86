/** An engine process that a test kills with -9 and starts again, as often as it likes. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";

export interface Victim extends AsyncDisposable {
  start(): Promise<void>;
  kill(): Promise<void>;
}

type Engine = ChildProcessByStdio<Writable, Readable, null>;

const program = new URL("./engine-process.ts", import.meta.url).pathname;

export async function aVictim(url: string): Promise<Victim> {
  const spoolDir = await mkdtemp(join(tmpdir(), "dr-spool-"));
  /** Loads what the engine needs while the one before it still works, as another node would stand by. */
  const aSpare = () => spawn(process.execPath, [program, url, spoolDir], { stdio: ["pipe", "pipe", "inherit"] });
  let spare = aSpare();
  let child: Engine | null = null;

  async function end(engine: Engine): Promise<void> {
    const ended = engine.exitCode === null && engine.signalCode === null ? once(engine, "exit") : null;
    engine.kill("SIGKILL");
    await ended;
  }

  async function kill(): Promise<void> {
    if (child !== null) await end(child);
    child = null;
  }

  return {
    async start() {
      const started = spare;
      child = started;
      started.stdin.write("begin\n");
      await new Promise<void>((ready, reject) => {
        started.stdout.once("data", () => ready());
        started.once("exit", (code) => reject(new Error(`the engine's process ended with ${code}`)));
      });
      spare = aSpare();
    },
    kill,
    async [Symbol.asyncDispose]() {
      await kill();
      await end(spare);
      await rm(spoolDir, { recursive: true, force: true });
    },
  };
}
