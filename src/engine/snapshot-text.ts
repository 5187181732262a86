/**
 * A snapshot as it is stored: JSON with its VMs last and a few of them to a line. JSON breaks no line by itself, so whoever reads it can do so a
 * line at a time: that of 25,000 VMs is 10 MB, and takes a tenth of a second at once.
 */
import type { Pieces } from "./pieces.ts";
import type { RunSnapshot } from "./run-snapshot.ts";

const vmsOfLine = 100;
const beforeVms = '"vms":[';
const afterVms = "]}";

export function snapshotText(snapshot: RunSnapshot): string {
  if (!("vms" in snapshot) || snapshot.vms.length <= vmsOfLine) return JSON.stringify(snapshot);
  const { vms, ...rest } = snapshot;
  const lines: string[] = [];
  for (let at = 0; at < vms.length; at += vmsOfLine) lines.push(JSON.stringify(vms.slice(at, at + vmsOfLine)).slice(1, -1));
  return `${JSON.stringify(rest).slice(0, -1)},${beforeVms}\n${lines.join(",\n")}\n${afterVms}`;
}

/** Also of one that was written in another way. */
export function* readingSnapshot(text: string): Pieces<RunSnapshot> {
  const lines = text.split("\n");
  const [first = "", ...others] = lines;
  if (others.length < 2 || !first.endsWith(beforeVms) || others.pop() !== afterVms) return JSON.parse(text);
  const vms: unknown[] = [];
  for (const line of others) {
    yield;
    for (const vm of JSON.parse(`[${line.endsWith(",") ? line.slice(0, -1) : line}]`)) vms.push(vm);
  }
  return { ...JSON.parse(first + afterVms), vms };
}
