/**
 * Keeps this node's leases and commands alive from a thread beside the engine's, so that a busy engine loses neither; one that
 * hangs loses both. Here is the engine's side.
 */
import { Worker } from "node:worker_threads";
import { type CommandOutcome, type CommandRequest, ended, keyPattern } from "./commands/command.ts";
import { type FromWorker, type LifelineLimits, type LogLevel, limitsFor, type ToWorker, type WorkerSettings } from "./lifeline/protocol.ts";
import { monotonicMs } from "./monotonic.ts";
import { prepared } from "./prepared.ts";

export type LifelineLog = Readonly<Record<LogLevel, (details: object, message: string) => void>>;

export interface LifelineOptions {
  readonly directUrl: string;
  readonly nodeId: string;
  readonly leaseSeconds: number;
  readonly spoolDir: string;
  /** Working directory and HOME of commands. */
  readonly scriptsDir: string;
  readonly log: LifelineLog;
  readonly limits?: Partial<LifelineLimits>;
}

export interface RunningCommand {
  readonly key: string;
  /** Never rejects. The outcome stays in the spool until `forget`. */
  readonly outcome: Promise<CommandOutcome>;
}

export interface Lifeline {
  /** Renews the lease of a claimed run until `disown`. */
  own(runId: string, epoch: bigint, claimedAtMs: number): void;
  /** Before the run is released. */
  disown(runId: string): void;
  /** What is left of a run's lease for certain, in milliseconds; 0 when it is lost or not ours. Under half of the lease: start nothing new. */
  remainingMs(runId: string): number;
  /** The same for the node: how long others still count it as alive. At 0 the database is away: do not sweep. */
  servingMs(): number;
  /** A run that another node has claimed, or that is gone. Answers how to stop listening. */
  onLost(listener: (runId: string) => void): () => void;
  runCommand(request: CommandRequest): RunningCommand;
  /** Stops what commands still run (OWNER_GONE) and the renewing. Before `releaseAll`. */
  close(): Promise<void>;
}

/** How often the engine's thread shows that it moves; well below `stalledMs`. */
const moveMs = 250;

/** It makes few objects. */
const maxYoungGenerationSizeMb = 6;

interface Owned {
  readonly epoch: bigint;
  readonly confirmed: SharedArrayBuffer;
  /** Of the same bytes: each call to a site looks at them. */
  readonly sentAt: BigInt64Array;
}

interface Waiting {
  readonly request: CommandRequest;
  end(outcome: CommandOutcome): void;
}

export async function startLifeline(options: LifelineOptions): Promise<Lifeline> {
  const lifeline = new ThreadedLifeline(options);
  await lifeline.ready;
  return lifeline;
}

class ThreadedLifeline implements Lifeline {
  readonly ready: Promise<void>;
  readonly #options: LifelineOptions;
  readonly #settings: WorkerSettings;
  readonly #seen: BigInt64Array;
  readonly #owned = new Map<string, Owned>();
  readonly #commands = new Map<string, Waiting>();
  readonly #listeners = new Set<(runId: string) => void>();
  readonly #moving: NodeJS.Timeout;
  readonly #readyNow = Promise.withResolvers<void>();
  readonly #closedNow = Promise.withResolvers<void>();
  #worker: Worker;
  #closing = false;
  #wasReady = false;

  constructor(options: LifelineOptions) {
    const { directUrl, nodeId, spoolDir, scriptsDir } = options;
    const limits = { ...limitsFor(options.leaseSeconds), ...options.limits };
    const moves = new SharedArrayBuffer(4);
    this.#options = options;
    this.#settings = { directUrl, nodeId, spoolDir, scriptsDir, limits, moves, seen: new SharedArrayBuffer(8) };
    this.#seen = new BigInt64Array(this.#settings.seen);
    this.ready = this.#readyNow.promise;
    const counter = new Int32Array(moves);
    this.#moving = setInterval(() => Atomics.add(counter, 0, 1), Math.min(moveMs, limits.stalledMs / 4));
    this.#moving.unref();
    this.#worker = this.#start();
  }

  own(runId: string, epoch: bigint, claimedAtMs: number): void {
    const confirmed = new SharedArrayBuffer(8);
    const sentAt = new BigInt64Array(confirmed);
    Atomics.store(sentAt, 0, BigInt(Math.floor(claimedAtMs * 1000)));
    this.#owned.set(runId, { epoch, confirmed, sentAt });
    this.#tell({ type: "own", runId, epoch, confirmed });
  }

  disown(runId: string): void {
    if (this.#owned.delete(runId)) this.#tell({ type: "disown", runId });
  }

  remainingMs(runId: string): number {
    const owned = this.#owned.get(runId);
    return owned ? this.#remaining(owned.sentAt) : 0;
  }

  servingMs(): number {
    return this.#remaining(this.#seen);
  }

  onLost(listener: (runId: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  runCommand(request: CommandRequest): RunningCommand {
    const { key, signal } = request;
    if (!keyPattern.test(key)) throw new Error(`A command's key can't be ${JSON.stringify(key)}.`);
    if (this.#commands.has(key)) throw new Error(`The command ${key} is running already.`);
    if (this.#closing || signal?.aborted) {
      return { key, outcome: Promise.resolve(ended("NOT_STARTED", "The command was not started: its run was stopped before.")) };
    }
    const { promise, resolve } = Promise.withResolvers<CommandOutcome>();
    const cancel = () => this.#tell({ type: "cancel", key });
    signal?.addEventListener("abort", cancel, { once: true });
    const end = (outcome: CommandOutcome) => {
      signal?.removeEventListener("abort", cancel);
      this.#commands.delete(key);
      resolve(outcome);
    };
    this.#commands.set(key, { request, end });
    const { onOutput: _, signal: __, ...order } = request;
    this.#tell({ type: "run", order });
    return { key, outcome: promise };
  }

  async close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      this.#tell({ type: "close" });
    }
    await this.#closedNow.promise;
    clearInterval(this.#moving);
    this.#owned.clear();
    await this.#worker.terminate();
  }

  #remaining(confirmed: BigInt64Array): number {
    const sentAt = Atomics.load(confirmed, 0);
    return sentAt === 0n ? 0 : Math.max(0, Number(sentAt) / 1000 + this.#settings.limits.leaseMs - monotonicMs());
  }

  #start(): Worker {
    const worker = new Worker(new URL("./lifeline/worker.ts", import.meta.url), {
      name: "lifeline",
      workerData: this.#settings,
      execArgv: [...prepared],
      resourceLimits: { maxYoungGenerationSizeMb },
    });
    worker.on("message", (message: FromWorker) => this.#hear(message));
    worker.on("error", (error) => this.#options.log.error({ err: error }, "The lifeline thread failed; it is started again."));
    worker.on("exit", () => this.#exited());
    return worker;
  }

  #tell(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #hear(message: FromWorker): void {
    switch (message.type) {
      case "ready":
        this.#wasReady = true;
        this.#readyNow.resolve();
        break;
      case "lost":
        if (this.#owned.get(message.runId)?.epoch === message.epoch) this.#lose(message.runId);
        break;
      case "output":
        this.#commands.get(message.key)?.request.onOutput(message.text, message.totalBytes);
        break;
      case "ended":
        this.#commands.get(message.key)?.end(message.outcome);
        break;
      case "log":
        this.#options.log[message.level](message.details, message.message);
        break;
      case "closed":
        this.#closedNow.resolve();
    }
  }

  #lose(runId: string): void {
    this.#owned.delete(runId);
    for (const listener of this.#listeners) listener(runId);
  }

  /** The thread has died, and with it its pipes: the supervisors stop their commands. Leases run on for what is left of them. */
  #exited(): void {
    for (const { end } of [...this.#commands.values()]) end(ended("OWNER_GONE", "The command was stopped: the gateway's lifeline failed."));
    if (this.#closing || !this.#wasReady) {
      this.#readyNow.reject(new Error("The lifeline thread ended before it was ready."));
      this.#closedNow.resolve();
      return;
    }
    this.#worker = this.#start();
    for (const [runId, { epoch, confirmed }] of this.#owned) this.#tell({ type: "own", runId, epoch, confirmed });
  }
}
