/** Every code that a program may meet stands on the page of the codes. */
import { readFile } from "node:fs/promises";
import { isEnumType } from "graphql";
import { expect, it } from "vitest";
import { remedies } from "../../src/domain/faults.ts";
import { schema } from "../../src/domain/schema.ts";

const valuesOf = (name: string): string[] => {
  const type = schema.getType(name);
  return isEnumType(type) ? type.getValues().map((value) => value.name) : [];
};

it.each([
  ["Faults", Object.keys(remedies)],
  ["Reasons", valuesOf("PreconditionReason")],
  ["Warnings of runs", valuesOf("RunWarningCode").filter((code) => code !== "OTHER")],
])("%s are all listed, and no others", async (title, codes) => {
  const page = await readFile("docs/codes.md", "utf8");
  const section = page.split("\n## ").find((part) => part.startsWith(`${title}\n`)) ?? "";
  const listed = [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, code]) => code);
  expect(listed.sort()).toEqual(codes.toSorted());
});
