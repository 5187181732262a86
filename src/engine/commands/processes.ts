/** Processes of this machine: who belongs to a command, whoever started them, and how they are ended. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { monotonicMs } from "../monotonic.ts";

/** In the environment of everything that a command starts; a child that leaves its group and session still carries it. */
export const keyVariable = "DR_COMMAND_KEY";

const lookEveryMs = 20;
/** What still lives so long after KILL hangs in the kernel. */
const killPatienceMs = 5000;

/** A process for certain: pids are used again, also after a restart of the machine. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTime: string;
  readonly boot: string;
}

export const identityOf = (pid: number): ProcessIdentity | null => {
  const stat = readStat(pid);
  return stat && { pid, startTime: stat.startTime, boot: bootId() };
};

export const isAlive = ({ pid, startTime, boot }: ProcessIdentity): boolean => readStat(pid)?.startTime === startTime && bootId() === boot;

export interface Belonging {
  readonly key: string;
  /** The group and session of the program; null when it is not known. */
  readonly group: number | null;
}

/** Living processes of a command, by its mark, its group or its session. Elsewhere than on Linux: the group, as a negative number. */
export function members({ key, group }: Belonging): number[] {
  if (process.platform !== "linux") return group !== null && send(-group, 0) ? [-group] : [];
  const mark = `${keyVariable}=${key}`;
  return pids().filter((pid) => {
    const stat = readStat(pid);
    if (stat === null) return false;
    return (group !== null && (stat.group === group || stat.session === group)) || environmentOf(pid).includes(mark);
  });
}

/** TERM, then KILL for what is left after `graceMs`, until nothing is. False: something does not die. */
export async function endAll(command: Belonging, graceMs: number): Promise<boolean> {
  for (const pid of members(command)) send(pid, "SIGTERM");
  if (await goneWithin(command, graceMs)) return true;
  const start = monotonicMs();
  while (monotonicMs() - start < killPatienceMs) {
    for (const pid of members(command)) send(pid, "SIGKILL");
    if (await goneWithin(command, 2 * lookEveryMs)) return true;
  }
  return false;
}

/** False when there is no such process, or it is not ours. */
export function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

async function goneWithin(command: Belonging, ms: number): Promise<boolean> {
  const start = monotonicMs();
  for (;;) {
    if (members(command).length === 0) return true;
    if (monotonicMs() - start >= ms) return false;
    await delay(lookEveryMs);
  }
}

interface Stat {
  readonly group: number;
  readonly session: number;
  readonly startTime: string;
}

/** Null: gone, or a zombie that nobody has waited for. */
function readStat(pid: number): Stat | null {
  const text = read(`/proc/${pid}/stat`);
  // The name, in brackets, may hold anything; behind its last bracket: state, parent, group, session, …, start time as the 20th.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, , group, session] = fields;
  const startTime = fields[19];
  if (startTime === undefined || state === "Z" || state === "X") return null;
  return { group: Number(group), session: Number(session), startTime };
}

const pids = (): number[] => readdirSync("/proc").map(Number).filter(Number.isInteger);
const environmentOf = (pid: number): string[] => read(`/proc/${pid}/environ`).split("\0");
const bootId = (): string => read("/proc/sys/kernel/random/boot_id").trim();

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
