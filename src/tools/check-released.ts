/**
 * Compares schema.graphql with released.graphql, the schema of the last release, and fails where a client of that release would break.
 * With --write it is a release: released.graphql is written anew, unless something breaks. (A deliberate break begins with removing the file.)
 */
import { readFile, writeFile } from "node:fs/promises";
import { buildSchema } from "graphql";
import { type SchemaChanges, schemaChanges, undatedDeprecations } from "./schema-changes.ts";

const file = (name: string) => new URL(`../../${name}`, import.meta.url);
const write = process.argv.includes("--write");
const text = await readFile(file("schema.graphql"), "utf8");
const before = await readFile(file("released.graphql"), "utf8").catch(() => null);

const fail = (lines: readonly string[]): void => {
  console.error(lines.join("\n"));
  process.exitCode = 1;
};

if (before === null && !write) {
  fail(["There is no released.graphql to compare with. At a release write it: npm run release:schema"]);
} else {
  const schema = buildSchema(text);
  const today = new Date().toISOString().slice(0, "YYYY-MM-DD".length);
  const { breaking, dangerous }: SchemaChanges =
    before === null ? { breaking: [], dangerous: [] } : await schemaChanges(buildSchema(before), schema, today);
  const undated = undatedDeprecations(schema);
  for (const change of dangerous) console.log(`since the last release, with care: ${change}`);
  if (breaking.length > 0)
    fail([
      "These changes break clients of the last release:",
      ...breaking.map((change) => `  ${change}`),
      'Add beside what there is, and deprecate that: @deprecated(reason: "Use x. Goes after YYYY-MM-DD."), six months ahead.',
    ]);
  if (undated.length > 0) fail([`Deprecated without "Goes after YYYY-MM-DD." in the reason: ${undated.join(", ")}`]);
  if (write && process.exitCode === undefined) await writeFile(file("released.graphql"), text);
}
