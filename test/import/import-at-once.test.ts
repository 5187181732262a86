import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { defaultQuotas } from "../../src/domain/limits/quotas.ts";
import { importFile } from "../../src/import/import-file.ts";
import { type Lab, openLab } from "../../src/providers/lab/lab.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { untilWaiting } from "../support/run.ts";
import { type Base, base, type Files, someFiles } from "./stage.ts";

describe("importing a file beside somebody else", () => {
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

  const run = async (content: object | string, options: { dryRun?: boolean; name?: string } = {}) =>
    importFile({
      database: db.database,
      lab,
      quotas: defaultQuotas,
      path: await files.write(content, options.name),
      dryRun: options.dryRun ?? false,
    });
  const changed = (change: (file: Base) => void) => {
    const file = base();
    change(file);
    return file;
  };
  const one = async (sql: string, ...values: unknown[]) => (await db.database.pool.query(sql, values)).rows[0];
  const plan = (file: Base) => file.recoveryPlans[0] ?? file.recoveryPlans.at(0);

  /** Somebody else's transaction, which ends when the import waits for it. */
  async function during(change: string, content: object): Promise<unknown> {
    const holder = await db.database.pool.connect();
    try {
      await holder.query("BEGIN");
      await holder.query(change);
      const imported = run(content).catch((refusal: unknown) => refusal);
      await untilWaiting(db.database);
      await holder.query("COMMIT");
      return await imported;
    } finally {
      holder.release();
    }
  }

  it("is checked against what is changed at the same moment", async () => {
    await run(base());
    const vm = (name: string) => `(SELECT id FROM virtual_machine WHERE name = '${name}')`;
    const dependency = `WITH held AS (SELECT FROM site_pairing FOR UPDATE) INSERT INTO vm_dependency (vm_id, depends_on_vm_id)
      SELECT ${vm("db-1")}, ${vm("db-2")} FROM held`;
    const second = { ...base(), vmSettings: [{ virtualMachine: "db-2", dependsOn: ["db-1"] }] };
    expect(await during(dependency, second)).toMatchObject({
      message: expect.stringContaining("vmSettings[0].dependsOn: In the plan plan VMs would wait for each other for ever"),
    });
  });

  it("says so when somebody takes a name at the same moment", async () => {
    await run(base());
    const other = changed((file) => Object.assign(plan(file) ?? {}, { name: "Other" }));
    expect(await during("UPDATE recovery_plan SET name = 'other'", other)).toMatchObject({
      name: "ImportError",
      message: expect.stringContaining("at the same moment"),
    });
    expect((await run(other)).changes).toMatchObject([{ kind: "plans" }]);
  });

  it("writes once when two import at once", async () => {
    const results = await Promise.all([run(base(), { name: "1.yaml" }), run(base(), { name: "2.yaml" })]);
    expect(results.map(({ changes }) => changes.length).sort((a, b) => a - b)).toEqual([0, 17]);
    expect(await one("SELECT count(*)::int AS n FROM recovery_point")).toEqual({ n: 2 });
  });
});
