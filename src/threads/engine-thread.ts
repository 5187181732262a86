/**
 * The engine has a thread of its own: what a run of thousands of machines computes, and the garbage that it leaves, keep nobody waiting who asks for
 * something, and no query keeps a recovery waiting. The two threads know of each other what two nodes do, by the database; hints go directly.
 */
import { Worker } from "node:worker_threads";
import type { Logger } from "pino";
import { prepared } from "../engine/prepared.ts";
import { relayWakeUps } from "../events/relay.ts";
import type { WakeUps } from "../events/wake-ups.ts";
import type { EngineThreadSettings, FromEngine, ToEngine } from "./protocol.ts";

export interface EngineThreadOptions extends EngineThreadSettings {
  readonly wakeUps: WakeUps;
  readonly log: Pick<Logger, "error">;
  /** Between a failure of the thread and its next start. */
  readonly restartMs?: number;
  /** What the thread runs. */
  readonly program?: URL;
}

export interface EngineThread {
  /** Starts nothing more, gives every run back, ends commands. */
  close(): Promise<void>;
}

/** As main.ts's heap has it on the command line of `npm start`: three parts of 32 MB. */
const resourceLimits = { maxYoungGenerationSizeMb: 96 };

/** Rejects when it can't be started. A thread that fails later is started anew, and its runs are taken up as those of a node that died. */
export async function startEngineThread(options: EngineThreadOptions): Promise<EngineThread> {
  const { wakeUps, log, restartMs = 1_000, program = new URL("./engine-worker.ts", import.meta.url), ...settings } = options;
  const started = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  let wasStarted = false;
  let isClosing = false;
  let restart: NodeJS.Timeout | undefined;
  let worker = start();
  const tell = (message: ToEngine) => worker.postMessage(message);
  const relay = relayWakeUps(wakeUps, ["dr_work"], (hint) => tell({ type: "hint", hint }));

  function start(): Worker {
    restart = undefined;
    const thread = new Worker(program, { name: "engine", workerData: settings, execArgv: [...prepared], resourceLimits });
    return thread.on("message", hear).on("error", fail).on("exit", exit);
  }

  function hear(message: FromEngine): void {
    if (message.type === "hint") relay.hear(message.hint);
    else {
      wasStarted = true;
      started.resolve();
    }
  }

  function fail(error: unknown): void {
    started.reject(error);
    if (wasStarted) log.error({ err: error }, "the engine's thread failed; it is started again");
  }

  function exit(): void {
    if (wasStarted && !isClosing) {
      restart = setTimeout(() => {
        worker = start();
      }, restartMs);
    } else ended.resolve();
  }

  async function close(): Promise<void> {
    isClosing = true;
    relay.close();
    if (restart !== undefined) return clearTimeout(restart);
    tell({ type: "close" });
    await ended.promise;
  }

  try {
    await started.promise;
  } catch (error) {
    relay.close();
    throw error;
  }
  return { close };
}
