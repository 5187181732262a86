import { readdirSync, readFileSync } from "node:fs";

export interface Example {
  /** The file's name without its extension. */
  readonly name: string;
  readonly query: string;
  /** JSON; from the line "# Variables: {…}" that the file may begin with. */
  readonly variables: string;
}

const byNumber = (a: string, b: string) => a.localeCompare(b, "en", { numeric: true });

/** What the playground's tabs hold, in the files' order. A test validates and runs each. */
export function examples(): readonly Example[] {
  const folder = new URL("examples/", import.meta.url);
  const files = readdirSync(folder).filter((file) => file.endsWith(".graphql"));
  return files.sort(byNumber).map((file) => {
    const text = readFileSync(new URL(file, folder), "utf8");
    const [, variables = "{}"] = /^# Variables: (.*)$/m.exec(text) ?? [];
    return { name: file.replace(/\.graphql$/, ""), query: text.replace(/^# Variables: .*\n/m, ""), variables };
  });
}
