/** A snapshot as text: read as it was written, a line at a time, and also as others wrote it. */
import { isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "vitest";
import { atOnce } from "../../src/engine/pieces.ts";
import type { TestSnapshot } from "../../src/engine/run-snapshot.ts";
import { readingSnapshot, snapshotText } from "../../src/engine/snapshot-text.ts";
import { aCleanup, aPlan } from "./support/plans.ts";

const secondsOf = (steps: number) => {
  const long = "-".repeat(36);
  const keys = Array.from({ length: steps }, (_, at) => [`${long}:${at}",\n}`, `${long}${at},`, `:${long}${at}`, `,"${at}\\`][at % 4]);
  return Object.fromEntries(keys.map((key, at) => [key, at / 1_000]));
};
const snapshotOf = (vms: number, steps: number) =>
  aPlan()
    .group(...Array.from({ length: vms }, (_, at) => `vm "${at}",\n]}`))
    .with({ pastSeconds: secondsOf(steps) })
    .build();
/** With lines for VMs only. */
const asWrittenBefore = ({ vms, ...rest }: TestSnapshot) =>
  `${JSON.stringify(rest).slice(0, -1)},"vms":[\n${vms.map((vm) => JSON.stringify(vm)).join(",\n")}\n]}`;

const piecesOf = (text: string) => {
  let pieces = 0;
  for (const work = readingSnapshot(text); !work.next().done; ) pieces++;
  return pieces;
};

describe.each([
  [0, 0],
  [1, 1],
  [100, 500],
  [101, 1_000],
  [250, 0],
  [0, 5_000],
  [250, 54_321],
])("of %i VMs, and %i steps in past runs", (vms, steps) => {
  const snapshot = snapshotOf(vms, steps);
  it("is JSON, and read as it was written", () => {
    expect(isDeepStrictEqual(JSON.parse(snapshotText(snapshot)), snapshot)).toBe(true);
    expect(isDeepStrictEqual(atOnce(readingSnapshot(snapshotText(snapshot))), snapshot)).toBe(true);
  });
  it("is read as others wrote it", () => {
    expect(isDeepStrictEqual(atOnce(readingSnapshot(JSON.stringify(snapshot))), snapshot)).toBe(true);
    expect(isDeepStrictEqual(atOnce(readingSnapshot(JSON.stringify(snapshot, null, 1))), snapshot)).toBe(true);
    expect(isDeepStrictEqual(atOnce(readingSnapshot(asWrittenBefore(snapshot))), snapshot)).toBe(true);
  });
});

it("of a run that has no VMs is read as it was written, too", () => {
  const snapshot = { ...aCleanup(["a"]), pastSeconds: secondsOf(5_000) };
  expect(piecesOf(snapshotText(snapshot))).toBeGreaterThan(2);
  expect(isDeepStrictEqual(atOnce(readingSnapshot(snapshotText(snapshot))), snapshot)).toBe(true);
});

it("is read in pieces of a hundred VMs, and of some hundred steps in past runs", () => {
  const pieces = { ofVms: piecesOf(snapshotText(snapshotOf(1_000, 0))), ofSteps: piecesOf(snapshotText(snapshotOf(0, 50_000))) };
  expect(pieces.ofVms).toBe(10);
  expect(pieces.ofSteps).toBeGreaterThan(40);
  const between = 1;
  expect(piecesOf(snapshotText(snapshotOf(1_000, 50_000)))).toBe(pieces.ofVms + between + pieces.ofSteps);
});
