/** Programs that serve: started, waited for, stopped. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { open, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { onInterrupt } from "./interrupt.ts";

export interface ServingProcess extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** From the start of the process to its first answer that it is ready, in seconds. */
  readonly readyAfterSeconds: number;
}

export interface ServingOptions {
  /** Node when left out. */
  readonly command?: string;
  /** For Node: its own options, and the program with its arguments. */
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** What it says goes there: a file costs whoever reads it nothing. */
  readonly logFile: string;
  /** Answers, and with something below 500, once it is ready. */
  readonly readyPath: string;
}

const patienceMs = 120_000;
const stopMs = 20_000;

/** It is told its port by PORT. */
export async function startServing({
  command = process.execPath,
  args,
  cwd,
  env,
  logFile,
  readyPath,
}: ServingOptions): Promise<ServingProcess> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const log = await open(logFile, "a");
  const started = performance.now();
  const child = spawn(command, args, {
    cwd,
    env: { PATH: process.env.PATH ?? "", TMPDIR: process.env.TMPDIR ?? "", ...env, PORT: String(port) },
    stdio: ["ignore", log.fd, log.fd],
  });
  stopOnInterrupt(child);
  await log.close();
  try {
    await ready(`${url}${readyPath}`, child, started);
  } catch (error) {
    await stop(child);
    const said = await readFile(logFile, "utf8");
    throw new Error(`${[command, ...args].join(" ")} did not become ready. The end of what it said: ${said.slice(-2_000)}`, {
      cause: error,
    });
  }
  return {
    url,
    pid: child.pid ?? 0,
    readyAfterSeconds: (performance.now() - started) / 1000,
    [Symbol.asyncDispose]: () => stop(child),
  };
}

async function ready(url: string, child: ChildProcess, started: number): Promise<void> {
  while (performance.now() - started < patienceMs) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`It ended with ${child.exitCode ?? child.signalCode}.`);
    const answer = await fetch(url).catch(() => null);
    await answer?.body?.cancel();
    if (answer !== null && answer.status < 500) return;
    await delay(20);
  }
  throw new Error(`It did not answer within ${patienceMs / 1000} s.`);
}

/** For every process that is started, whoever ends it otherwise. */
export function stopOnInterrupt(child: ChildProcess): void {
  child.once(
    "exit",
    onInterrupt(() => stop(child)),
  );
}

async function stop(child: ChildProcess): Promise<void> {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit", { signal: AbortSignal.timeout(stopMs) });
    child.kill(signal);
    await ended.catch(() => {});
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  if (address === null || typeof address === "string") throw new Error("No port is free.");
  return address.port;
}
