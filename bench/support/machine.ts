/** What the figures were measured on. */
import { readFile } from "node:fs/promises";
import { availableParallelism, cpus, release, totalmem } from "node:os";

export interface MachineFacts {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGib: number;
  readonly system: string;
  readonly node: string;
  /** When they were read, as an ISO date. */
  readonly date: string;
}

export async function machineFacts(): Promise<MachineFacts> {
  const os = await readFile("/etc/os-release", "utf8").catch(() => "");
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `${/^PRETTY_NAME="(.*)"$/m.exec(os)?.[1] ?? process.platform}, kernel ${release()}`,
    node: process.version,
    date: new Date().toISOString().slice(0, 10),
  };
}

export const factsLine = ({ cores, cpu, memoryGib, system, node, date }: MachineFacts): string =>
  `${date}, ${cores} cores (${cpu}), ${memoryGib} GiB, ${system}, Node ${node}`;
