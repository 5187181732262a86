/** Each rule of docs/rules.md names tests that are there, or says that it is coming. */
import { existsSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { schema } from "../../src/domain/schema.ts";
import { namesOf } from "../../src/tools/coverage-page.ts";
import { titlesOf } from "./titles.ts";

interface Rule {
  readonly rule: string;
  readonly tests: string;
}

const rules: readonly Rule[] = readFileSync("docs/rules.md", "utf8")
  .split("\n")
  .flatMap((line) => {
    const [, rule, tests] = /^\| (.*?) \| (.*) \|$/.exec(line) ?? [];
    return rule === undefined || tests === undefined || rule === "rule" || rule === "---" ? [] : [{ rule, tests }];
  });
const coming = rules.filter(({ tests }) => tests === "(coming)");
const named = rules
  .filter((row) => !coming.includes(row))
  .map(({ rule, tests }) => ({
    rule,
    tests: tests.split("<br>").map((test) => /^`(test\/[^`]+\.ts)`: (.+)$/.exec(test) ?? [test]),
  }));

it("each rule names at least one test, by its file and its full name", () => {
  expect(rules.length).toBeGreaterThan(100);
  expect(named.filter(({ tests }) => tests.some(([, file, name]) => file === undefined || name === undefined))).toEqual([]);
});

it("each test that a rule names is there", () => {
  const titles = new Map<string, ReadonlySet<string>>();
  const isThere = (file: string, name: string): boolean => {
    if (!existsSync(file)) return false;
    const known = titles.get(file) ?? new Set(titlesOf(file));
    titles.set(file, known);
    return known.has(name);
  };
  const missing = named.flatMap(({ rule, tests }) =>
    tests.filter(([, file = "", name = ""]) => !isThere(file, name)).map(([test]) => `${rule} ${test}`),
  );
  expect(missing).toEqual([]);
});

it("no rule stands there twice", () => {
  const texts = rules.map(({ rule }) => rule);
  expect(texts.filter((text, index) => texts.indexOf(text) !== index)).toEqual([]);
});

it("a rule that is coming names no field that has come", () => {
  const there = namesOf(schema);
  const fields = coming.flatMap(({ rule }) => [...rule.matchAll(/`(\w+)`/g)].map(([, field = ""]) => field));
  expect(fields.filter((field) => there.has(field))).toEqual([]);
});

it("titles are read with their groups, also below a table and from a template", () => {
  expect(titlesOf("test/docs/rules.test.ts")).toContain("no rule stands there twice");
  expect(titlesOf("test/engine/failure.test.ts")).toContain("a failure › of the fence is a warning in a disaster");
  expect(titlesOf("test/engine/lease.test.ts").length).toBeGreaterThan(10);
});
