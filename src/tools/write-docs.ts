/** Writes docs/schema and docs/codes.md from schema.graphql and the registries, and takes stale marks off docs/coverage.md; with --check it writes nothing and fails when a page is stale. */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { buildSchema } from "graphql";
import { codesPage } from "./codes-page.ts";
import { coveragePage } from "./coverage-page.ts";
import { schemaPages } from "./schema-pages.ts";

const root = new URL("../../", import.meta.url);
const schema = buildSchema(await readFile(new URL("schema.graphql", root), "utf8"));
const pages = new Map([...schemaPages(schema)].map(([name, text]) => [`docs/schema/${name}`, text]));
pages.set("docs/codes.md", codesPage());
pages.set("docs/coverage.md", coveragePage(await readFile(new URL("docs/coverage.md", root), "utf8"), schema));
const present = await readdir(new URL("docs/schema/", root)).catch(() => []);
const extra = present.map((name) => `docs/schema/${name}`).filter((name) => !pages.has(name));

if (process.argv.includes("--check")) {
  const stale = [...extra];
  for (const [name, text] of pages) if ((await readFile(new URL(name, root), "utf8").catch(() => "")) !== text) stale.push(name);
  if (stale.length > 0) {
    console.error(`These pages are not what the schema says: ${stale.join(", ")}. Write them anew: npm run docs`);
    process.exitCode = 1;
  }
} else {
  await mkdir(new URL("docs/schema/", root), { recursive: true });
  await Promise.all(extra.map((name) => rm(new URL(name, root))));
  await Promise.all([...pages].map(([name, text]) => writeFile(new URL(name, root), text)));
}
