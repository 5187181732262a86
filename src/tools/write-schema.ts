/** Writes schema.graphql from the code; with --check it writes nothing and fails when the file is stale. */
import { readFile, writeFile } from "node:fs/promises";
import { schemaText } from "../domain/schema.ts";

const file = new URL("../../schema.graphql", import.meta.url);
const text = schemaText();

if (!process.argv.includes("--check")) {
  await writeFile(file, text);
} else if ((await readFile(file, "utf8").catch(() => "")) !== text) {
  console.error("schema.graphql is not what the code says. Write it anew: npm run schema");
  process.exitCode = 1;
}
