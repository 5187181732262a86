/** What processes have used, from /proc. */
import { readdirSync, readFileSync } from "node:fs";

/** Linux counts in hundredths of a second everywhere that this runs. */
const ticksPerSecond = 100;

interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** Its own. */
  readonly seconds: number;
  /** Of its children that have ended and were waited for. */
  readonly endedChildrenSeconds: number;
}

function statOf(pid: number): ProcessStat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(") ") + 2).split(" ");
    const field = (number: number) => Number(fields[number - 3]); // as proc(5) numbers them
    return {
      pid,
      parent: field(4),
      seconds: (field(14) + field(15)) / ticksPerSecond,
      endedChildrenSeconds: (field(16) + field(17)) / ticksPerSecond,
    };
  } catch {
    return null; // it has ended
  }
}

/** The process and all below it. */
function tree(root: number): ProcessStat[] {
  const all = readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? (statOf(Number(name)) ?? []) : []));
  const found = all.filter(({ pid }) => pid === root);
  for (const { pid } of found) found.push(...all.filter(({ parent }) => parent === pid));
  return found;
}

/** CPU seconds of a process and all below it since their start, with those that have ended: only differences say something. */
export const cpuSeconds = (root: number): number =>
  tree(root).reduce((sum, { seconds, endedChildrenSeconds }) => sum + seconds + endedChildrenSeconds, 0);

/** What the process alone holds in memory, in MiB. */
export const memoryMib = (pid: number): number => statusKib(pid, "VmRSS") / 1024;

/** The most that it ever held, in MiB. */
export const peakMemoryMib = (pid: number): number => statusKib(pid, "VmHWM") / 1024;

function statusKib(pid: number, name: string): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
}
