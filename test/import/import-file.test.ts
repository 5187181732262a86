import { describe, expect, it } from "vitest";
import { createRecoveries } from "../../src/domain/recoveries/service.ts";
import { readChanges, readEnds } from "../../src/events/log.ts";
import { operator } from "../support/node.ts";
import { changed, importScene } from "./scene.ts";
import { type Base, base } from "./stage.ts";

describe("importing a file", () => {
  const scene = importScene();

  const run: typeof scene.run = (content, options) => scene.run(content, options);
  const { one } = scene;
  const plan = (file: Base) => file.recoveryPlans[0] ?? file.recoveryPlans.at(0);
  const planSteps = (file: Base) => plan(file)?.priorityGroups[0]?.preSteps ?? [];

  async function rows(): Promise<string> {
    const tables = [
      "site",
      "site_pairing",
      "virtual_machine",
      "vm_nic",
      "protection_group",
      "protected_vm",
      "recovery_plan",
      "plan_step",
      "vm_recovery_settings",
    ];
    const parts = tables.map((table) => `SELECT coalesce(string_agg(x::text, E'\\n' ORDER BY x::text), '') AS t FROM ${table} x`);
    return (await scene.db().database.pool.query(parts.join(" UNION ALL "))).rows.map(({ t }) => t).join("\n--\n");
  }

  it("creates what is new, protected and with a first recovery point", async () => {
    const result = await run(base());
    expect(result.text).toMatch(/^\+ site A\n\+ site B\n\+ pairing A and B\n/);
    expect(result.text).toMatch(/\+ recovery plan plan\n.*\n.*\n17 to create, 0 to change, 0 unchanged$/);
    expect(
      await one(`SELECT count(*)::int AS n, bool_and(protection_state = 'SHADOWING' AND replication_state = 'SYNCED' AND last_sync_at IS NOT NULL
      AND placeholder_name LIKE '%-placeholder' AND placeholder_external_id LIKE 'B/%') AS ready FROM protected_vm`),
    ).toEqual({ n: 4, ready: true });
    expect(await one("SELECT count(*)::int AS n, bool_and(complete) AS complete FROM recovery_point")).toEqual({ n: 2, complete: true });
    const points = await scene.lab().provider.recoveryPoints("B", "dbs", AbortSignal.timeout(60_000));
    expect(
      await one("SELECT external_id AS id FROM recovery_point WHERE group_id = (SELECT id FROM protection_group WHERE name = 'dbs')"),
    ).toEqual({ id: points[0]?.pointId });
  });

  it("tells what it has changed to those who follow the log, each object once, in the transaction itself", async () => {
    const told = async (after: bigint) =>
      (await readChanges(scene.db().database.pool, after, 1_000)).entries.map(
        ({ change }) => `${change.kind} ${change.change} ${change.name ?? "-"}`,
      );
    await run(base());
    const created = [
      ...["A", "B"].map((name) => `SITE_CHANGED CREATED ${name}`),
      "PAIRING_CHANGED CREATED -",
      ...["db-1", "db-2", "web-1", "web-2"].map((name) => `VM_CHANGED CREATED ${name}`),
      ...["dbs", "webs"].map((name) => `PROTECTION_GROUP_CHANGED CREATED ${name}`),
      "PLAN_CHANGED CREATED plan",
    ];
    expect(await told(0n)).toEqual(created);
    const { newest } = await readEnds(scene.db().database.pool);
    await run(
      changed((file) => {
        file.protectionGroups[0]?.virtualMachines.pop();
        file.sites[1]?.networks?.push({ name: "net-c" });
      }),
    );
    expect((await told(newest)).sort()).toEqual([
      "PLAN_CHANGED UPDATED plan",
      "PROTECTION_GROUP_CHANGED UPDATED dbs",
      "SITE_CHANGED UPDATED B",
      "VM_CHANGED UPDATED db-1",
      "VM_CHANGED UPDATED db-2",
    ]);
    await expect(run("nonsense: [")).rejects.toThrow();
    await run(
      changed(() => {}),
      { dryRun: true },
    );
    expect(await told(newest)).toHaveLength(5);
  });

  it("tells of the VMs that nothing depends on any more, and of those that something does now", async () => {
    const dependsOn = (...names: string[]) =>
      run(
        changed(
          (file) =>
            void Object.assign(file.vmSettings.find(({ virtualMachine }) => virtualMachine === "web-1") ?? {}, { dependsOn: names }),
        ),
      );
    const told = async (after: bigint) =>
      (await readChanges(scene.db().database.pool, after, 1_000)).entries
        .filter(({ change }) => change.kind === "VM_CHANGED")
        .map(({ change }) => `${change.change} ${change.name}`);
    await dependsOn("db-1", "DB-2");
    const { newest } = await readEnds(scene.db().database.pool);
    await dependsOn("db-2", "web-2");
    expect((await told(newest)).toSorted()).toEqual(["UPDATED db-1", "UPDATED web-1", "UPDATED web-2"]);
  });

  it("makes plans that can be started", async () => {
    await run(base());
    const recoveries = createRecoveries({
      database: scene.db().database,
      providers: new Map([["lab", scene.lab().provider]]),
      hint: () => {},
      announce: () => {},
      log: { info: () => {}, warn: () => {} },
    });
    const { id } = await one("SELECT id FROM recovery_plan");
    const { recoveryId } = await recoveries.start(operator, { planId: id, recoveryType: "TEST" });
    const { content } = await one("SELECT content FROM recovery_snapshot WHERE run_id = $1", recoveryId);
    expect(content.warnings).toEqual([]);
    expect(content.vms.map((vm: { name: string; placeholderId: string }) => [vm.name, vm.placeholderId])).toEqual([
      ["db-1", "B/db-1-placeholder"],
      ["db-2", "B/db-2-placeholder"],
      ["web-1", "B/web-1-placeholder"],
      ["web-2", "B/web-2-placeholder"],
    ]);
  });

  it("finds nothing to change the second time, also as JSON, and writes nothing", async () => {
    await run(base());
    const before = await rows();
    const second = await run(base());
    expect(second).toMatchObject({ changes: [], text: "nothing to change (17 unchanged)" });
    expect(await run(JSON.stringify(base(), null, 2), { name: "file.json" })).toMatchObject({ changes: [] });
    expect(await rows()).toBe(before);
  });

  it("changes what is different, and says which fields", async () => {
    await run(base());
    const before = await one("SELECT id, (SELECT id FROM plan_step WHERE name = 'run') AS step FROM recovery_plan");
    const { text } = await run(
      changed((file) => {
        Object.assign(plan(file) ?? {}, { description: "new", rtoTargetSeconds: 60 });
        Object.assign(planSteps(file)[1] ?? {}, { timeoutSeconds: 20 });
        Object.assign(file.vmSettings[0] ?? {}, { priority: "HIGH", dependsOn: [] });
        Object.assign(file.protectionGroups[1] ?? {}, { virtualMachines: ["web-1"] });
      }),
    );
    expect(text.split("\n")).toEqual([
      "~ protection group webs",
      "    virtualMachines[1]: web-2 → none",
      "~ recovery plan plan",
      "    description:  → new",
      "    rtoTargetSeconds: none → 60",
      "    priorityGroups[0].steps[1].timeoutSeconds: 300 → 20",
      "~ recovery settings of A/db-1",
      "    priority: none → HIGH",
      "0 to create, 3 to change, 14 unchanged",
    ]);
    expect(await one("SELECT id, (SELECT id FROM plan_step WHERE name = 'run') AS step, version FROM recovery_plan")).toEqual({
      ...before,
      version: 2,
    });
    expect(await one("SELECT count(*)::int AS n FROM protected_vm")).toEqual({ n: 3 });
  });

  it("keeps the id of a step that moves", async () => {
    await run(base());
    const before = await one("SELECT id FROM plan_step WHERE name = 'run'");
    await run(changed((file) => void planSteps(file).unshift({ type: "PAUSE", name: "rest" })));
    expect(await one("SELECT id, position FROM plan_step WHERE name = 'run'")).toEqual({ ...before, position: 3 });
  });

  it("leaves what the file does not name as it is, and may refer to it", async () => {
    await run(base());
    const { sites: _, pairings: __, protectionGroups: ___, vmSettings: ____, ...rest } = base();
    const second = { ...rest, recoveryPlans: rest.recoveryPlans.map((entry) => ({ ...entry, name: "second" })) };
    expect((await run(second)).text).toBe("+ recovery plan second\n1 to create, 0 to change, 0 unchanged");
    expect(await one("SELECT count(*)::int AS n FROM recovery_plan")).toEqual({ n: 2 });
  });

  it("only prints the difference with dryRun", async () => {
    const before = await rows();
    expect((await run(base(), { dryRun: true })).changes).toHaveLength(17);
    expect(await rows()).toBe(before);
    expect(await one("SELECT count(*)::int AS n FROM lab.site")).toEqual({ n: 0 });
  });

  it("writes nothing when anything is wrong, and names the place", async () => {
    const before = await rows();
    const path = await scene.write(changed((file) => Object.assign(file.vmSettings[1] ?? {}, { dependsOn: ["db-9"] })));
    const error = await scene.importPath(path).catch((refusal: unknown) => refusal);
    expect(error).toMatchObject({
      name: "ImportError",
      problems: [
        { file: path, line: expect.any(Number), path: ["vmSettings", 1, "dependsOn", 0], message: expect.stringContaining("no VM db-9") },
      ],
    });
    expect(await rows()).toBe(before);
    expect(await one("SELECT count(*)::int AS n FROM lab.site")).toEqual({ n: 0 });
  });

  it("writes nothing when the database refuses a part", async () => {
    await scene.db().database.pool.query("ALTER TABLE ip_rule ADD CONSTRAINT none_here CHECK (false)");
    const before = await rows();
    await expect(run(base())).rejects.toThrow();
    expect(await rows()).toBe(before);
  });

  it("finds a cycle that a change closes with what is there already", async () => {
    await run(base());
    const { vmSettings: _, ...rest } = base();
    const second = { ...rest, vmSettings: [{ virtualMachine: "db-1", dependsOn: ["web-1"] }] };
    await expect(run(second)).rejects.toThrow(/vmSettings\[0\]\.dependsOn: In the plan plan VMs would wait for each other for ever/);
  });

  it("refuses what never changes", async () => {
    await run(base());
    const other = changed((file) => {
      Object.assign(file.sites[1] ?? {}, { externalId: "other" });
      Object.assign(file.protectionGroups[0] ?? {}, { type: "SNAPSHOT" });
    });
    await expect(run(other)).rejects.toThrow(
      /sites\[1\]\.externalId: It is B and can't be changed\.[\s\S]*protectionGroups\[0\]\.type: It is CONTINUOUS/,
    );
  });

  it("refuses a pause without a duration in a plan that has a drill", async () => {
    await run(base());
    await scene.db().database.pool.query(
      `INSERT INTO drill (id, plan_id, name, cron, time_zone, options, prompt_policy, max_duration_seconds, owner, enabled)
        SELECT gen_random_uuid(), id, 'weekly', '0 3 * * SUN', 'UTC', '{}', 'CONTINUE', 3600, 'olga', false FROM recovery_plan WHERE name = 'plan'`,
    );
    const before = await rows();
    const endless = changed((file) => void planSteps(file).unshift({ type: "PAUSE", name: "rest" }));
    await expect(run(endless)).rejects.toThrow(
      /priorityGroups\[0\]\.preSteps\[0\]\.durationSeconds: The plan has drills, in which nobody ends a pause/,
    );
    expect(await rows()).toBe(before);
    await run(changed((file) => void planSteps(file).unshift({ type: "PAUSE", name: "rest", durationSeconds: 5 })));
  });

  it("refuses to change groups and plans that a run uses, but not settings", async () => {
    await run(base());
    const recoveries = createRecoveries({
      database: scene.db().database,
      providers: new Map([["lab", scene.lab().provider]]),
      hint: () => {},
      announce: () => {},
      log: { info: () => {}, warn: () => {} },
    });
    const { id } = await one("SELECT id FROM recovery_plan");
    await recoveries.start(operator, { planId: id, recoveryType: "TEST" });
    const before = await rows();
    const other = changed((file) => {
      Object.assign(plan(file) ?? {}, { description: "new" });
      Object.assign(file.protectionGroups[0] ?? {}, { rpoMinutes: 5 });
    });
    await expect(run(other)).rejects.toThrow(
      /protectionGroups\[0\]: The protection group dbs can't be changed: a run of the plan plan uses it[\s\S]*recoveryPlans\[0\]/,
    );
    await expect(run(other, { dryRun: true })).rejects.toThrow(/can't be changed/);
    expect(await rows()).toBe(before);
    await expect(run(changed((file) => Object.assign(file.vmSettings[0] ?? {}, { priority: "LOW" })))).resolves.toMatchObject({
      changes: [{ kind: "settings" }],
    });
  });

  it("takes 500 VMs in a few seconds", async () => {
    const names = Array.from({ length: 500 }, (_, index) => `vm-${index}`);
    const { text } = await run(
      changed((file) => {
        const [siteA] = file.sites;
        siteA?.virtualMachines?.push(...names.map((name) => ({ name, datastore: "ds", nics: [] })));
        file.protectionGroups.push({ name: "many", type: "CONTINUOUS", protectedSite: "A", recoverySite: "B", virtualMachines: names });
        file.vmSettings.push(...names.map((name) => ({ virtualMachine: name, priority: "LOW" })));
      }),
    );
    expect(text).toContain("1018 to create");
  });
});
