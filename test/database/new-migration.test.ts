import { execFile } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { schemaDrift } from "../../src/database/schema-drift.ts";
import { prismaFolder } from "../../src/database/schema-files.ts";
import { writeMigration } from "../../src/database/write-migration.ts";

const command = resolve(import.meta.dirname, "../../src/database/commands/new-migration.ts");
const now = new Date("2030-01-02T03:04:05Z");

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "dr-new-migration-"));
  await cp(prismaFolder, folder, { recursive: true });
});
afterEach(() => rm(folder, { recursive: true }));

const drillFile = () => join(folder, "schema/drill.prisma");
const changeSchema = async () =>
  writeFile(drillFile(), (await readFile(drillFile(), "utf8")).replace(/notes +String +@default\(""\)/, "$&\n  reviewer String?"));
const names = async () =>
  (await readdir(join(folder, "migrations"), { withFileTypes: true })).filter((entry) => entry.isDirectory()).map(({ name }) => name);
const run = (...args: string[]) =>
  promisify(execFile)(process.execPath, [command, "--folder", folder, ...args]).then(
    ({ stdout }) => ({ code: 0, output: stdout }),
    (error: { code: number; stderr: string }) => ({ code: error.code, output: error.stderr }),
  );

describe("a new migration", () => {
  it("holds the schema's change, and the next one nothing more", async () => {
    await changeSchema();
    expect(await schemaDrift(folder)).toContain(`ADD COLUMN     "reviewer" TEXT`);
    const path = await writeMigration({ folder, name: "add_reviewer", empty: false, now });
    expect(path).toBe(join(folder, "migrations/20300102030405_add_reviewer/migration.sql"));
    expect(await readFile(path ?? "", "utf8")).toBe('-- AlterTable\nALTER TABLE "drill" ADD COLUMN     "reviewer" TEXT;\n');
    expect(await schemaDrift(folder)).toBeNull();
    expect(await writeMigration({ folder, name: "again", empty: false, now })).toBeNull();
  });

  it("takes the schema's copy along, so that only the newest one has it", async () => {
    const newest = (await names()).at(-1) ?? "";
    await writeMigration({ folder, name: "by_hand", empty: true, now });
    expect(await readdir(join(folder, "migrations", newest))).toEqual(["migration.sql"]);
    expect(await readdir(join(folder, "migrations/20300102030405_by_hand"))).toEqual(["migration.sql", "schema"]);
  });

  it("is later than all others, also when the clock is behind", async () => {
    await writeMigration({ folder, name: "one", empty: true, now });
    await writeMigration({ folder, name: "another", empty: true, now: new Date(0) });
    expect((await names()).at(-1)).toBe("20300102030406_another");
  });

  it("is written by the command, which says so, or that there is nothing to write", async () => {
    const before = await names();
    expect(await run("nothing")).toMatchObject({ code: 0, output: expect.stringContaining("Nothing to write") });
    await changeSchema();
    expect(await run("add_reviewer")).toMatchObject({ code: 0, output: expect.stringMatching(/^Wrote .*_add_reviewer\/migration\.sql/) });
    expect(await names()).toEqual([...before, expect.stringMatching(/_add_reviewer$/)]);
  });

  it("needs one name of small letters", async () => {
    const before = await names();
    for (const args of [[], ["Big Name"], ["a", "b"]])
      expect(await run(...args)).toMatchObject({ code: 2, output: expect.stringContaining("db:migration -- NAME") });
    expect(await names()).toEqual(before);
  });

  it("says where a schema is wrong", async () => {
    await writeFile(drillFile(), "model Drill {");
    expect(await run("broken")).toMatchObject({ code: 1, output: expect.stringContaining("drill.prisma") });
  });
});

describe("this checkout", () => {
  it("has a migration for all of prisma/schema", async () => {
    expect(await schemaDrift()).toBeNull();
  });
});
