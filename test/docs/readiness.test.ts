/** The page of the readiness rules is what the registry says. */
import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { rules } from "../../src/domain/readiness/rules.ts";

it("every rule stands on its page with its severity, its meaning and its remedy, and no others do", async () => {
  const [, table = ""] = (await readFile("docs/readiness.md", "utf8")).split("\n## The rules\n");
  const rows = table.split("\n").filter((line) => /^\| `[A-Z_]+` \|/.test(line));
  const expected = Object.entries(rules).map(
    ([code, { severity, meaning, remedy }]) => `| \`${code}\` | ${severity} | ${meaning} | ${remedy} |`,
  );
  expect(rows.toSorted()).toEqual(expected.toSorted());
});
