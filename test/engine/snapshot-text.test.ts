/** A snapshot as text: read as it was written, a line at a time, and also as others wrote it. */
import { isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "vitest";
import { atOnce } from "../../src/engine/pieces.ts";
import { readingSnapshot, snapshotText } from "../../src/engine/snapshot-text.ts";
import { aPlan } from "./support/plans.ts";

const snapshotOf = (vms: number) =>
  aPlan()
    .group(...Array.from({ length: vms }, (_, at) => `vm "${at}",\n]}`))
    .build();

const piecesOf = (text: string) => {
  let pieces = 0;
  for (const work = readingSnapshot(text); !work.next().done; ) pieces++;
  return pieces;
};

describe.each([0, 1, 100, 101, 250])("of %i VMs", (vms) => {
  const snapshot = snapshotOf(vms);
  it("is JSON, and read as it was written", () => {
    expect(isDeepStrictEqual(JSON.parse(snapshotText(snapshot)), snapshot)).toBe(true);
    expect(isDeepStrictEqual(atOnce(readingSnapshot(snapshotText(snapshot))), snapshot)).toBe(true);
  });
  it("is read as others wrote it", () => {
    expect(isDeepStrictEqual(atOnce(readingSnapshot(JSON.stringify(snapshot))), snapshot)).toBe(true);
    expect(isDeepStrictEqual(atOnce(readingSnapshot(JSON.stringify(snapshot, null, 1))), snapshot)).toBe(true);
  });
});

it("is read in pieces of a hundred VMs", () => {
  expect(piecesOf(snapshotText(snapshotOf(1_000)))).toBe(10);
});
