/**
 * A snapshot as it is stored: JSON with what it has many of last, a few of them to a line. JSON breaks no line by itself, so whoever reads it can
 * do so a line at a time: that of 25,000 VMs is 20 MB with what past runs took, and takes more than a tenth of a second at once.
 */
import type { Pieces } from "./pieces.ts";
import type { RunSnapshot } from "./run-snapshot.ts";

const vmsOfLine = 100;
/** So many characters are about five hundred steps of past runs. */
const secondsLength = 32_768;
const vms = { begins: '"vms":[', ends: "]" };
const seconds = { begins: '"pastSeconds":{', ends: "}" };

export function snapshotText(snapshot: RunSnapshot): string {
  const { pastSeconds, ...rest } = snapshot;
  const vmLines = "vms" in snapshot && snapshot.vms.length > vmsOfLine ? linesOfVms(snapshot.vms) : null;
  const parts = [JSON.stringify(vmLines === null ? rest : { ...rest, vms: undefined }).slice(0, -1)];
  const secondLines = linesOfSeconds(pastSeconds);
  parts.push(secondLines.length === 1 ? `${seconds.begins}${secondLines[0]}${seconds.ends}` : inLines(seconds, secondLines));
  if (vmLines !== null) parts.push(inLines(vms, vmLines));
  return `${parts.join(",")}}`;
}

const inLines = ({ begins, ends }: typeof vms, lines: readonly string[]) => `${begins}\n${lines.join(",\n")}\n${ends}`;

function linesOfVms(all: readonly unknown[]): string[] {
  const lines: string[] = [];
  for (let at = 0; at < all.length; at += vmsOfLine) lines.push(JSON.stringify(all.slice(at, at + vmsOfLine)).slice(1, -1));
  return lines;
}

/**
 * Cut before keys: a comma, and a quote that no colon follows, are the end of a number and the beginning of a key. A hundred thousand of them are
 * written sooner at once than each for itself.
 */
function linesOfSeconds(pastSeconds: RunSnapshot["pastSeconds"]): string[] {
  const text = JSON.stringify(pastSeconds).slice(1, -1);
  const beforeKey = /,(?="[^:])/g;
  const lines: string[] = [];
  for (let from = 0; ; from = beforeKey.lastIndex) {
    beforeKey.lastIndex = from + secondsLength;
    const cut = beforeKey.exec(text);
    lines.push(text.slice(from, cut?.index));
    if (cut === null) return lines;
  }
}

/** Also of one that was written in another way, or without lines for what past runs took. */
export function* readingSnapshot(text: string): Pieces<RunSnapshot> {
  const [first = "", ...others] = text.split("\n");
  const last = others.pop();
  const hasSeconds = first.endsWith(seconds.begins);
  if (!(hasSeconds || first.endsWith(vms.begins)) || !(last === `${vms.ends}}` || last === `${seconds.ends}}`)) return JSON.parse(text);
  const foundVms: unknown[] = [];
  const foundSeconds: Record<string, unknown> = {};
  let rest = first;
  for (const line of others) {
    yield;
    const entries = line.endsWith(",") ? line.slice(0, -1) : line;
    if (line.startsWith("{")) for (const vm of JSON.parse(`[${entries}]`)) foundVms.push(vm);
    else if (line.startsWith('"')) Object.assign(foundSeconds, JSON.parse(`{${entries}}`));
    else rest += line;
  }
  const read = JSON.parse(rest + last);
  if (foundVms.length > 0) read.vms = foundVms;
  if (hasSeconds) read.pastSeconds = foundSeconds;
  return read;
}
