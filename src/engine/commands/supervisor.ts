/**
 * A process of its own for each command: starts the program in a session of its own, and ends it and all that it has started at the
 * time-out, when the gateway dies, stops or hangs, and when the program is over. What happened is in the spool before it is told.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { type CommandEnd, type CommandOutcome, ended } from "./command.ts";
import { TextStream } from "./output.ts";
import { Owner } from "./owner.ts";
import { endAll, identityOf, keyVariable } from "./processes.ts";
import { Reports } from "./report.ts";
import { writeResult, writeStarted } from "./spool-files.ts";
import type { SupervisorOrder } from "./supervision.ts";

/** What is in the pipes of a dead program is read within this. */
const drainPatienceMs = 1000;

const said: Readonly<Record<Exclude<CommandEnd, "EXITED" | "NOT_STARTED">, string>> = {
  TIMED_OUT: "The command was stopped at its time-out.",
  OWNER_GONE: "The command was stopped: the gateway that ran it died.",
  OWNER_SILENT: "The command was stopped: the gateway that ran it did not answer any more.",
  CANCELLED: "The command was stopped because its run was.",
};

async function supervise(order: SupervisorOrder, owner: Owner, reports: Reports): Promise<CommandOutcome> {
  let child: ChildProcess;
  try {
    writeStarted(order.spoolDir, order.key, { supervisor: identityOf(process.pid) });
    child = start(order);
    await once(child, "spawn");
  } catch (error) {
    return ended("NOT_STARTED", `The command could not be started: ${error instanceof Error ? error.message : String(error)}.`);
  }
  const exited = once(child, "exit");
  const drained = Promise.all([read(child.stdout, order, reports), read(child.stderr, order, reports)]);
  const timer = new AbortController();
  const reason = await Promise.race<CommandEnd>([
    exited.then(() => "EXITED" as const),
    delay(order.timeoutMs, "TIMED_OUT" as const, { signal: timer.signal }),
    owner.ended,
  ]);
  timer.abort();
  const gone = await endAll({ key: order.key, group: child.pid ?? null }, order.graceMs);
  if (gone) await exited;
  await Promise.race([drained, delay(drainPatienceMs)]);
  return ended(reason, sentence(reason, child, gone), { exitCode: child.exitCode, signal: child.signalCode, ...reports.kept });
}

const start = (order: SupervisorOrder): ChildProcess =>
  spawn(order.program, [...order.arguments], {
    cwd: order.folder,
    env: { ...order.environment, [keyVariable]: order.key },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });

/** stdout and stderr are read apart, so that neither cuts a character of the other. */
async function read(stream: NodeJS.ReadableStream | null, order: SupervisorOrder, reports: Reports): Promise<void> {
  if (stream === null) return;
  const text = new TextStream(order.secrets);
  stream.on("data", (bytes: Buffer) => reports.output(text.push(bytes)));
  stream.on("error", () => {});
  await once(stream, "close");
  reports.output(text.end());
}

function sentence(reason: CommandEnd, child: ChildProcess, gone: boolean): string {
  const leftover = gone ? "" : " Something that it started can't be stopped.";
  if (reason !== "EXITED" && reason !== "NOT_STARTED") return said[reason] + leftover;
  const how = child.signalCode === null ? `ended with exit code ${child.exitCode}` : `was ended by ${child.signalCode}`;
  return `The command ${how}.${leftover}`;
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});

const owner = new Owner(process.stdin);
const order = await owner.order;
if (order === null) process.exit(0);
owner.watch(order.silenceMs);
const reports = new Reports();
const outcome = await supervise(order, owner, reports);
try {
  writeResult(order.spoolDir, order.key, outcome);
} finally {
  await reports.end(outcome);
}
process.exit(0);
