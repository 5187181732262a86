/** What a preview finds of what has gone since the plan was made. */
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { createPreviews, type Preview, type Previews } from "../../../src/domain/recoveries/service-preview.ts";
import { serviceContext } from "../../support/services.ts";
import { anotherPlan, aStage, operator, type Stage } from "./stage.ts";

let stage: Stage;
let previews: Previews;
beforeAll(async () => {
  stage = await aStage();
  previews = createPreviews(serviceContext(stage.db.database, { providers: new Map([["lab", stage.lab.provider]]) }));
});
afterEach(() => stage.reset());
afterAll(() => stage?.close());

const sql = (text: string, ...values: unknown[]) => stage.db.database.pool.query(text, values);
const preview = (recoveryType: "TEST" | "PLANNED" | "DISASTER", more: object = {}) =>
  previews.preview(operator, { planId: stage.planId, recoveryType, ...more });
const told = (findings: Preview["blockers"]) => findings.map(({ code, object }) => [code, object]);
const gone = (table: string) => sql(`UPDATE ${table} SET missing_since = dr_now() WHERE site_id = $1`, stage.recoverySiteId);

it("a mapped network that is gone blocks the run that would use it, and names its VMs", async () => {
  await sql("UPDATE network SET missing_since = dr_now() WHERE name = 'net-b-test'");
  const { blockers, refusals } = await preview("TEST");
  expect(blockers).toMatchObject([
    { code: "INVENTORY_MISSING", object: "net-b-test", message: expect.stringContaining("It is for vm-1, vm-2, vm-3, vm-4.") },
  ]);
  expect(refusals).toEqual([]);
  expect((await preview("PLANNED")).blockers).toEqual([]);
  await sql("UPDATE network SET missing_since = dr_now() WHERE name = 'net-b'");
  expect(told((await preview("PLANNED")).blockers)).toEqual([["INVENTORY_MISSING", "net-b"]]);
});

it("a folder, a resource pool and a datastore that are gone block it, and those that no VM is for do not", async () => {
  const { protectedSiteId, recoverySiteId, pairingId } = stage;
  const place = async (table: string, columns: string, values: string) => {
    for (const [siteId, name] of [
      [protectedSiteId, "here"],
      [recoverySiteId, "there"],
      [recoverySiteId, "unused"],
    ])
      await sql(`INSERT INTO ${table} (id, site_id, ${columns}) VALUES (gen_random_uuid(), $1, ${values})`, siteId, name);
  };
  await place("folder", "name, path", "$2::text, $2::text");
  await place("resource_pool", "name, cluster", "$2, 'c'");
  await place("datastore", "name, type, capacity_bytes, free_bytes", "$2, 'VMFS', 1000000000000, 1000000000000");
  for (const [table, column] of [
    ["folder", "folder"],
    ["resource_pool", "resource_pool"],
  ])
    await sql(
      `INSERT INTO ${table === "folder" ? "folder_mapping" : "resource_mapping"} (id, pairing_id, source_${column}_id, target_${column}_id)
        SELECT gen_random_uuid(), $1, s.id, t.id FROM ${table} s, ${table} t WHERE s.name = 'here' AND t.name = 'there'`,
      pairingId,
    );
  await sql(
    `UPDATE virtual_machine SET folder_id = (SELECT id FROM folder WHERE name = 'here'),
    resource_pool_id = (SELECT id FROM resource_pool WHERE name = 'here') WHERE site_id = $1`,
    protectedSiteId,
  );
  await sql("UPDATE protected_vm SET recovery_datastore_id = (SELECT id FROM datastore WHERE name = 'there')");
  expect((await preview("PLANNED")).blockers).toEqual([]);
  for (const table of ["folder", "resource_pool", "datastore"]) await gone(table);
  const { blockers } = await preview("PLANNED");
  expect(told(blockers)).toEqual(Array.from({ length: 3 }, () => ["INVENTORY_MISSING", "there"]));
  expect(blockers.map(({ message }) => message.slice(0, 22)).sort()).toEqual([
    "The datastore there is",
    "The folder there is no",
    "The resource pool ther",
  ]);
});

it("a plan whose mappings have vanished is refused, for each kind of run", async () => {
  await sql("DELETE FROM network_mapping");
  for (const recoveryType of ["TEST", "PLANNED", "DISASTER"] as const) {
    const { refusals, tree } = await preview(recoveryType);
    expect([refusals[0]?.code, tree]).toEqual(["PRECONDITION_FAILED", null]);
    const start = stage.recoveries.start(operator, { planId: stage.planId, recoveryType });
    await expect(start).rejects.toMatchObject({ reason: "MAPPING_MISSING", message: refusals[0]?.message });
  }
});

it("a VM that is gone at its source is told, and recovered from its replica all the same; a planned recovery can't shut it down", async () => {
  await sql("UPDATE virtual_machine SET missing_since = dr_now() WHERE name = 'vm-2'");
  const planned = await preview("PLANNED");
  expect(told(planned.blockers)).toEqual([["MISSING_AT_SOURCE", "vm-2"]]);
  expect(planned.refusals).toEqual([]);
  const { warnings, refusals, tree, blockers } = await preview("DISASTER");
  expect(blockers).toEqual([]);
  expect(told(warnings)).toEqual([["MISSING_AT_SOURCE", "vm-2"]]);
  expect(refusals).toEqual([]);
  expect(tree?.steps.filter(({ node: { kind, name } }) => kind === "POWER_ON" && name.includes("vm-2"))).toHaveLength(1);
});

it("a group that another plan's run has is refused, with the plan and what to do", async () => {
  const planId = await anotherPlan(stage, [stage.groupIds[0] ?? ""]);
  await stage.recoveries.start(operator, { planId, recoveryType: "PLANNED" });
  const { refusals, blockers } = await preview("PLANNED");
  expect(refusals).toMatchObject([{ code: "CONFLICT", details: { planName: "other plan" } }]);
  expect(blockers[0]).toMatchObject({ code: "CONFLICT", message: expect.stringContaining("other plan"), remedy: refusals[0]?.remedy });
  await expect(stage.recoveries.start(operator, { planId: stage.planId, recoveryType: "PLANNED" })).rejects.toMatchObject({
    message: refusals[0]?.message,
  });
});

it("the program of a check or a probe that is not there blocks, also where no command is run; not where nothing is powered on", async () => {
  await sql(
    "INSERT INTO vm_recovery_settings (vm_id, ready_check, ready_target) VALUES ($1, 'SCRIPT', '/scripts/gone.sh')",
    stage.vmIds.get("vm-1"),
  );
  await sql("INSERT INTO vm_recovery_settings (vm_id) VALUES ($1)", stage.vmIds.get("vm-2"));
  await sql(
    "INSERT INTO vm_probe (id, vm_id, position, kind, target, timeout_seconds) VALUES (gen_random_uuid(), $1, 1, 'SCRIPT', 'lost.sh', 60)",
    stage.vmIds.get("vm-2"),
  );
  const { blockers } = await preview("TEST", { runScripts: false });
  expect(told(blockers)).toEqual([
    ["SCRIPT_MISSING", "/scripts/gone.sh"],
    ["SCRIPT_MISSING", "lost.sh"],
  ]);
  expect(blockers[0]?.message).toContain("It is for vm-1.");
  expect((await preview("TEST", { powerOnVms: false })).blockers).toEqual([]);
});
