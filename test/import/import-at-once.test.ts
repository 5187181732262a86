import { describe, expect, it } from "vitest";
import { untilWaiting } from "../support/run.ts";
import { holding } from "../support/session.ts";
import { changed, importScene } from "./scene.ts";
import { type Base, base } from "./stage.ts";

describe("importing a file beside somebody else", () => {
  const scene = importScene();

  const run: typeof scene.run = (content, options) => scene.run(content, options);
  const { one } = scene;
  const plan = (file: Base) => file.recoveryPlans[0] ?? file.recoveryPlans.at(0);

  /** Somebody else's transaction, which ends when the import waits for it. */
  async function during(change: string, content: object): Promise<unknown> {
    const { database } = scene.db();
    await using holder = await holding(database, change);
    const imported = run(content).catch((refusal: unknown) => refusal);
    await untilWaiting(database);
    await holder.query("COMMIT");
    return await imported;
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
