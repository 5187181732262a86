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
  /** One that says nothing for so long hangs; its leases lapse by then, too. */
  readonly stalledMs?: number;
  /** What the thread runs. */
  readonly program?: URL;
}

export interface EngineThread {
  /** Why it drives no runs now; null: it does. */
  unready(): string | null;
  /** Starts nothing more, gives every run back, ends commands. Rejects with what that failed with. */
  close(): Promise<void>;
}

/** As main.ts's heap has it on the command line of `npm start`: three parts of 32 MB. */
const resourceLimits = { maxYoungGenerationSizeMb: 96 };

/** Rejects when it can't be started. A thread that fails later is started anew, and its runs are taken up as those of a node that died. */
export async function startEngineThread(options: EngineThreadOptions): Promise<EngineThread> {
  const thread = new RestartedThread(options);
  try {
    await thread.started;
  } catch (error) {
    thread.stopListening();
    throw error;
  }
  return thread;
}

class RestartedThread implements EngineThread {
  readonly started: Promise<void>;
  readonly stopListening: () => void;
  readonly #options: EngineThreadOptions;
  readonly #hear: (message: FromEngine) => void;
  readonly #startedNow = Promise.withResolvers<void>();
  readonly #endedNow = Promise.withResolvers<void>();
  #wasStarted = false;
  #isClosing = false;
  #restart: NodeJS.Timeout | undefined;
  /** When it last said that it works; null: it has not yet, or no more. */
  #heardAt: number | null = null;
  #worker: Worker;

  constructor(options: EngineThreadOptions) {
    this.#options = options;
    this.started = this.#startedNow.promise;
    this.#endedNow.promise.catch(() => undefined); // only who closes it waits for that
    const relay = relayWakeUps(options.wakeUps, ["dr_work"], (hint) => this.#tell({ type: "hint", hint }));
    this.stopListening = relay.close;
    this.#hear = (message) => {
      if (message.type === "hint") return void relay.hear(message.hint);
      this.#heardAt = performance.now();
      this.#wasStarted = true;
      this.#startedNow.resolve();
    };
    this.#worker = this.#start();
  }

  unready(): string | null {
    if (this.#heardAt === null) return "the engine is being started again";
    const { stalledMs = 10_000 } = this.#options;
    return performance.now() - this.#heardAt > stalledMs ? "the engine does not move" : null;
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.stopListening();
    if (this.#restart !== undefined) return clearTimeout(this.#restart);
    this.#tell({ type: "close" });
    await this.#endedNow.promise;
  }

  #tell(message: ToEngine): void {
    this.#worker.postMessage(message);
  }

  #start(): Worker {
    const { wakeUps, log, restartMs, stalledMs, program = new URL("./engine-worker.ts", import.meta.url), ...settings } = this.#options;
    const worker = new Worker(program, { name: "engine", workerData: settings, execArgv: [...prepared], resourceLimits });
    worker.on("message", this.#hear);
    worker.on("error", (error) => this.#fail(error));
    worker.on("exit", () => this.#exit());
    return worker;
  }

  #fail(error: unknown): void {
    this.#startedNow.reject(error);
    if (this.#isClosing) this.#endedNow.reject(error);
    else if (this.#wasStarted) this.#options.log.error({ err: error }, "the engine's thread failed; it is started again");
  }

  #exit(): void {
    this.#heardAt = null;
    this.#startedNow.reject(new Error("The engine's thread ended before it was ready."));
    if (this.#wasStarted && !this.#isClosing) this.#startLater();
    else this.#endedNow.resolve();
  }

  #startLater(): void {
    this.#restart = setTimeout(() => {
      this.#restart = undefined;
      try {
        this.#worker = this.#start();
      } catch (error) {
        this.#fail(error);
        this.#startLater();
      }
    }, this.#options.restartMs ?? 1_000);
  }
}
