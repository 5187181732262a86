/** Hashes as docs/evidence.md says how to compute them, of the files alone. */
import { createHash } from "node:crypto";
import { expect } from "vitest";

export const sha = (text: string | Uint8Array) => createHash("sha256").update(text).digest("hex");

/** Of a report in JSON: the hash of its facts. */
export const recomputed = (json: string) => {
  const { madeAt, madeFor, factsHash, ...facts } = JSON.parse(json);
  expect([madeAt, madeFor, factsHash].every((value) => typeof value === "string")).toBe(true);
  return sha(sorted(facts));
};

function sorted(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(sorted).join(",")}]`;
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${sorted(Object(value)[name])}`).join(",")}}`;
}

export const words = (file: Uint8Array | undefined) => Buffer.from(file ?? []).toString();

/** Of a pack, as its README says: which files are not what they were, and the head of the events. */
export const checked = (files: Readonly<Record<string, Uint8Array>>) => {
  const sums = words(files.SHA256SUMS).trimEnd().split("\n");
  const wrong = sums.map((line) => line.split("  ")).filter(([sum, name = ""]) => sum !== sha(files[name] ?? ""));
  let head = "0".repeat(64);
  for (const line of words(files["events.jsonl"]).trimEnd().split("\n")) head = sha(head + sha(line));
  return { named: sums.length, wrong: wrong.map(([, name]) => name), head };
};
