/** Files, and for each test a database and a lab of its own, for those who import: to be called inside of a describe. */
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { defaultQuotas } from "../../src/domain/quotas.ts";
import { importFile } from "../../src/import/import-file.ts";
import { type Lab, openLab } from "../../src/providers/lab/lab.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { type Base, base, type Files, someFiles } from "./stage.ts";

export function importScene() {
  let db: TestDatabase;
  let lab: Lab;
  let files: Files;
  beforeAll(async () => {
    files = await someFiles();
  });
  beforeEach(async () => {
    db = await freshDatabase();
    lab = await openLab({ url: db.url, speed: "instant", guestServices: false });
  });
  afterEach(async () => {
    await lab.close();
    await db.drop();
  });
  afterAll(() => files.remove());
  return {
    db: () => db,
    lab: () => lab,
    write: (content: object | string, name?: string) => files.write(content, name),
    importPath: (path: string, dryRun = false) => importFile({ database: db.database, lab, quotas: defaultQuotas, path, dryRun }),
    async run(content: object | string, options: { dryRun?: boolean; name?: string } = {}) {
      return this.importPath(await files.write(content, options.name), options.dryRun);
    },
    one: async (sql: string, ...values: unknown[]) => (await db.database.pool.query(sql, values)).rows[0],
  };
}

/** The base, but for what is changed of it. */
export function changed(change: (file: Base) => void): Base {
  const file = base();
  change(file);
  return file;
}
