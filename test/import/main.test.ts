import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runImport } from "../../src/import/run.ts";
import { type Ended, ended } from "../support/command-line.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { base, type Files, someFiles } from "./stage.ts";

describe("npm run import", () => {
  let db: TestDatabase;
  let files: Files;
  beforeAll(async () => {
    db = await freshDatabase();
    files = await someFiles();
  });
  afterAll(async () => {
    await files.remove();
    await db.drop();
  });

  const run = (args: readonly string[], env: Record<string, string> = { DATABASE_URL: db.url }) => ended(runImport, { argv: args, env });

  /** As the script of package.json has it. */
  const importProcess = (args: readonly string[]) =>
    new Promise<Ended>((resolve) => {
      const program = ["--import", "./src/prepare.js", "src/import/main.ts", ...args];
      const env = { DATABASE_URL: db.url, PATH: process.env.PATH, TMPDIR: tmpdir() };
      execFile(process.execPath, program, { env }, (error, out, err) => {
        resolve({ code: typeof error?.code === "number" ? error.code : 0, out: out.trim(), err: err.trim() });
      });
    });

  it("prints the difference, imports, and finds nothing the second time", async () => {
    const path = await files.write(base());
    const dry = await run([path, "--dry-run"]);
    expect(dry).toMatchObject({ code: 0, out: expect.stringMatching(/17 to create.*\nnothing was written \(--dry-run\)$/), err: "" });
    expect(await importProcess([path])).toMatchObject({ code: 0, out: expect.stringMatching(/17 to create.*\nimported$/), err: "" });
    expect(await run([path])).toEqual({ code: 0, out: "nothing to change (17 unchanged)", err: "" });
  });

  it("names what is wrong with file, line and column, and exits with 1", async () => {
    const path = await files.write("version: 1\nsites:\n  - name: A\n    typ: X\n", "wrong.yaml");
    const { code, err } = await importProcess([path]);
    expect(code).toBe(1);
    expect(err.split("\n")).toEqual([
      `${path} can't be imported, and nothing was written:`,
      expect.stringMatching(/wrong\.yaml:3:5 sites\[0\]\.type: /),
      expect.stringMatching(/wrong\.yaml:3:5 sites\[0\]\.provider: /),
      `${path}:4:5 sites[0].typ: There is no field typ here. Did you mean type?`,
    ]);
  });

  it.each([[[]], [["a", "b"]], [["a", "--dryrun"]]])("says how it is called, when called with %j", async (args) => {
    expect(await run(args)).toMatchObject({ code: 2, err: expect.stringMatching(/^Usage: npm run import -- FILE \[--dry-run\]/) });
  });

  it("says what to do when no gateway runs on the data folder", async () => {
    const path = await files.write(base(), "other.yaml");
    expect(await run([path], { DATA_DIR: `${path}.data` })).toEqual({
      code: 1,
      out: "",
      err: "No database runs on this data folder: start the gateway first (npm start), or set DATABASE_URL.",
    });
  });
});
