/** What the pages name is there, or said to be coming. */
import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { schema } from "../../src/domain/schema.ts";
import { coveragePage, namesOf, namesOn } from "../../src/tools/coverage-page.ts";

const coverage = await readFile("docs/coverage.md", "utf8");
const there = namesOf(schema);
const names = namesOn(coverage);
const coming = new Set(names.filter(({ isComing }) => isComing).map(({ name }) => name));

it("each field that the table of the reference's rows names is in the schema, or marked as coming", () => {
  expect(names.length).toBeGreaterThan(80);
  expect(names.filter(({ name, isComing }) => !isComing && !there.has(name))).toEqual([]);
});

it("a mark goes when its field has come", () => {
  expect([...coming].filter((name) => there.has(name))).toEqual([]);
  const page = "`viewer` (coming), `Site.pairing` (coming), `recovery(id)` (coming), `neverHeardOf(id)` (coming)";
  expect(coveragePage(page, schema)).toBe("`viewer`, `Site.pairing`, `recovery(id)`, `neverHeardOf(id)` (coming)");
});

it("what is to be done about a code names no field that is neither there nor coming", async () => {
  const words = (await readFile("docs/codes.md", "utf8")).match(/(?<![\w/.])[a-z]+[A-Z]\w*/g) ?? [];
  expect(words).toContain("cleanupTest");
  expect(words.filter((word) => !there.has(word) && !coming.has(word))).toEqual([]);
});
