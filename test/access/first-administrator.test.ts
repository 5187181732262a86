import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ensureFirstAdministrator, firstSignInFile } from "../../src/domain/access/first-administrator.ts";
import { openSessions } from "../../src/domain/access/sessions.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";

let db: TestDatabase;
let dataDir: string;
beforeEach(async () => {
  db = await freshDatabase();
  dataDir = await mkdtemp(join(tmpdir(), "first-administrator-"));
});
afterEach(async () => {
  await db.drop();
  await rm(dataDir, { recursive: true });
});

const ensure = (adminPassword: string | null = null, folder = dataDir) =>
  ensureFirstAdministrator(db.database.pool, { adminUser: "admin", adminPassword, dataDir: folder });

it("makes a password, for its owner's eyes, that signs in with all six roles", async () => {
  const file = firstSignInFile(dataDir);
  await writeFile(file, "from an earlier database");
  await chmod(file, 0o644);
  expect(await ensure()).toEqual({ created: "admin", file });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const [, password = ""] = /^password: (\S{24})$/m.exec(await readFile(file, "utf8")) ?? [];
  const { viewer } = await openSessions(db.database.pool, { sessionHours: 8 }).create({ user: "admin", password }, "here");
  expect(viewer.roles.size).toBe(6);
});

it("takes the environment's password and writes no file", async () => {
  expect(await ensure("from the environment")).toEqual({ created: "admin", file: null });
  await expect(stat(firstSignInFile(dataDir))).rejects.toThrow("ENOENT");
  await openSessions(db.database.pool, { sessionHours: 8 }).create({ user: "admin", password: "from the environment" }, "here");
});

it("happens once, also when several nodes start together", async () => {
  const outcomes = await Promise.all([ensure(), ensure(), ensure()]);
  expect(outcomes.filter(({ created }) => created !== null)).toHaveLength(1);
  expect(await ensure()).toEqual({ created: null, file: null });
  expect(await db.database.prisma.user.count()).toBe(1);
});

it("creates nobody when the file can't be written", async () => {
  await expect(ensure(null, join(dataDir, "missing"))).rejects.toThrow("ENOENT");
  expect(await db.database.prisma.user.count()).toBe(0);
});
