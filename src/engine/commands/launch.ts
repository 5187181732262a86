/** Starts a command's supervisor, keeps telling it that the gateway lives, and hears what it reports. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { prepared } from "../prepared.ts";
import { type CommandOutcome, ended } from "./command.ts";
import { outcomeAfterDeath } from "./spool.ts";
import { beat, cancelling, reportFd, type SupervisorOrder, type SupervisorReport } from "./supervision.ts";

const supervisorPath = fileURLToPath(new URL("./supervisor.ts", import.meta.url));

export interface Supervised {
  /** Never rejects. */
  readonly outcome: Promise<CommandOutcome>;
  beat(): void;
  cancel(): void;
  /** As if the gateway had died. */
  leave(): void;
}

export function launch(order: SupervisorOrder, onOutput: (text: string, totalBytes: number) => void): Supervised {
  // In a group of its own: Ctrl-C in a terminal stops the gateway first, which then stops its commands in order.
  const supervisor = spawn(process.execPath, [...prepared, supervisorPath], {
    detached: true,
    env: {},
    cwd: "/",
    stdio: ["pipe", "ignore", "ignore", "pipe"],
  });
  const { stdin } = supervisor;
  stdin?.on("error", () => {});
  stdin?.write(`${JSON.stringify(order)}\n`);
  const say = (byte: string) => stdin?.writable && stdin.write(byte);
  return {
    outcome: follow(supervisor, order, onOutput),
    beat: () => say(beat),
    cancel: () => say(cancelling),
    leave: () => stdin?.end(),
  };
}

async function follow(
  supervisor: ChildProcess,
  order: SupervisorOrder,
  onOutput: (text: string, totalBytes: number) => void,
): Promise<CommandOutcome> {
  let told: CommandOutcome | null = null;
  const reports = supervisor.stdio[reportFd];
  if (reports instanceof Readable) {
    reports.on("error", () => {});
    createInterface({ input: reports }).on("line", (line) => {
      const report: SupervisorReport = JSON.parse(line);
      if (report.type === "output") onOutput(report.text, report.totalBytes);
      else told = report.outcome;
    });
  }
  const failure = await new Promise<Error | null>((resolve) => {
    supervisor.once("error", resolve);
    supervisor.once("close", () => resolve(null));
  });
  if (failure) return ended("NOT_STARTED", `The command could not be started: ${failure.message}.`);
  return told ?? (await outcomeAfterDeath(order.spoolDir, order.key));
}
