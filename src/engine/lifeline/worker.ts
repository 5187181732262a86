/** The lifeline's thread: renews leases and feeds supervisors for as long as the engine's thread moves. */
import { parentPort, workerData } from "node:worker_threads";
import type { CommandOrder } from "../commands/command.ts";
import { launch, type Supervised } from "../commands/launch.ts";
import { scriptEnvironment } from "../commands/program.ts";
import { monotonicMs } from "../monotonic.ts";
import { HealingConnection } from "./connection.ts";
import type { FromWorker, LogLevel, ToWorker, WorkerSettings } from "./protocol.ts";
import { Renewal } from "./renewal.ts";

const settings: WorkerSettings = workerData;
const { limits } = settings;
/** After a failure the next try comes sooner than the next renewal would. */
const retryMs = Math.min(250, limits.renewMs);

const connection = new HealingConnection(settings.directUrl, limits.renewMs);
const commands = new Map<string, { runId: string; supervised: Supervised }>();
const renewal = new Renewal(settings, connection, ({ runId, epoch }) => {
  for (const command of commands.values()) if (command.runId === runId) command.supervised.cancel();
  tell({ type: "lost", runId, epoch });
});

function tell(message: FromWorker): void {
  parentPort?.postMessage(message);
}

const log = (level: LogLevel, message: string, details: Readonly<Record<string, unknown>> = {}): void =>
  tell({ type: "log", level, message, details });

const moves = new Int32Array(settings.moves);
let lastMove = { count: Atomics.load(moves, 0), atMs: monotonicMs() };

/** An engine that hangs for ever must not keep its runs for ever. */
function stalled(): boolean {
  const count = Atomics.load(moves, 0);
  if (count !== lastMove.count) lastMove = { count, atMs: monotonicMs() };
  return monotonicMs() - lastMove.atMs > limits.stalledMs;
}

const beating = setInterval(() => {
  if (!stalled()) for (const { supervised } of commands.values()) supervised.beat();
}, limits.beatMs);

let failing = false;
let closed = false;
let renewing: NodeJS.Timeout;

async function renewAndPlanNext(): Promise<void> {
  const start = monotonicMs();
  let next = limits.renewMs;
  try {
    if (!stalled()) noteGap(await renewal.round());
    if (failing) log("info", "Leases are renewed again.");
    failing = false;
  } catch (error) {
    if (!failing) log("warn", "Leases can't be renewed; nothing new is started until they are.", { err: error });
    failing = true;
    next = retryMs;
  }
  if (!closed) renewing = setTimeout(renewAndPlanNext, Math.max(0, next - (monotonicMs() - start)));
}

function noteGap(gapSeconds: number): void {
  if (gapSeconds > 0) log("info", "No node served for a while; deadlines of open prompts were moved by it.", { gapSeconds });
}

function run(order: CommandOrder): void {
  const { key, runId, program, environment, timeoutSeconds } = order;
  const supervised = launch(
    {
      key,
      program,
      arguments: order.arguments,
      environment: scriptEnvironment(settings.scriptsDir, environment),
      folder: settings.scriptsDir,
      spoolDir: settings.spoolDir,
      timeoutMs: timeoutSeconds * 1000,
      silenceMs: limits.silenceMs,
      graceMs: limits.graceMs,
      secrets: order.secrets ?? [],
    },
    (text, totalBytes) => tell({ type: "output", key, text, totalBytes }),
  );
  commands.set(key, { runId, supervised });
  void supervised.outcome.then((outcome) => {
    commands.delete(key);
    tell({ type: "ended", key, outcome });
  });
}

/** Leases are kept until the last command is dead. */
async function close(): Promise<void> {
  const running = [...commands.values()].map(({ supervised }) => supervised);
  for (const supervised of running) supervised.leave();
  await Promise.all(running.map((supervised) => supervised.outcome));
  closed = true;
  clearInterval(beating);
  clearTimeout(renewing);
  await connection.close();
  tell({ type: "closed" });
}

parentPort?.on("message", (message: ToWorker) => {
  switch (message.type) {
    case "own":
      renewal.own(message);
      break;
    case "disown":
      renewal.disown(message.runId);
      break;
    case "run":
      run(message.order);
      break;
    case "cancel":
      commands.get(message.key)?.supervised.cancel();
      break;
    case "close":
      void close();
  }
});

await renewAndPlanNext();
tell({ type: "ready" });
