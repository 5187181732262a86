/** What a preview says, against what the start then does. */
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { createPreviews, type Preview, type Previews } from "../../../src/domain/recoveries/service-preview.ts";
import { compile } from "../../../src/engine/compile.ts";
import type { StepNode } from "../../../src/engine/model.ts";
import type { RunSnapshot } from "../../../src/engine/run-snapshot.ts";
import { turns } from "../../../src/jobs/turns.ts";
import { serviceContext } from "../../support/services.ts";
import { aStage, endRun, everything, operator, row, type Stage } from "./stage.ts";

type Type = "TEST" | "PLANNED" | "DISASTER";
let stage: Stage;
let previews: Previews;
beforeAll(async () => {
  const command = { type: "COMMAND", name: "announce", command: "/scripts/not-there.sh" } as const;
  stage = await aStage({
    priorityGroups: [{ groups: [0], pre: [command, { type: "PROMPT", name: "ask" }] }, { groups: [1] }],
    vms: { "vm-1": { priority: "HIGH" }, "vm-2": { dependsOn: ["vm-1"], targetIp: "10.9.0.2" }, "vm-3": { startupDelaySeconds: 30 } },
  });
  previews = createPreviews(serviceContext(stage.db.database, { providers: new Map([["lab", stage.lab.provider]]) }));
});
afterEach(() => stage.reset());
afterAll(() => stage.close());

const sql = (text: string, ...values: unknown[]) => stage.db.database.pool.query(text, values);
const preview = (recoveryType: Type, more: object = {}) => previews.preview(operator, { planId: stage.planId, recoveryType, ...more });
const codes = (findings: Preview["blockers"]) => findings.map(({ code, object }) => [code, object]);
const aPoint = (externalId: string, minutesAgo: number) =>
  sql(
    `INSERT INTO recovery_point (id, group_id, external_id, taken_at, complete)
      SELECT gen_random_uuid(), id, $1 || name, dr_now() - $2 * interval '1 minute', true FROM protection_group`,
    externalId,
    minutesAgo,
  );
const steps = ({ tree }: Preview): StepNode[] => (tree?.steps ?? []).map(({ node }) => node);

/** The tree that the engine makes of what the start has written. */
async function started(recoveryType: Type, more: object = {}): Promise<readonly StepNode[]> {
  const { recoveryId } = await stage.recoveries.start(operator, { planId: stage.planId, recoveryType, ...more });
  const content: RunSnapshot = (await row(stage, "SELECT content FROM recovery_snapshot WHERE run_id = $1", recoveryId)).content;
  return compile(content).nodes;
}

it("gives way to who waits for an answer where nobody has asked for it, and not to who has", async () => {
  using next = vi.spyOn(turns, "next");
  await preview("TEST");
  expect(next).not.toHaveBeenCalled();
  await previews.lookAhead([stage.planId], [{ recoveryType: "TEST" }]);
  expect(next).toHaveBeenCalled();
});

describe("the tree of a preview is the one of the run that starts right after", () => {
  it.each(["TEST", "PLANNED", "DISASTER"] as const)("%s", async (recoveryType) => {
    const shown = await preview(recoveryType);
    expect(shown).toMatchObject({ refusals: [] });
    const tree = steps(shown);
    expect(tree.length).toBeGreaterThan(15);
    expect(tree).toEqual(await started(recoveryType));
  });

  it("and all that is said of it is the same for whoever does not keep its steps", async () => {
    const shown = await preview("PLANNED");
    const without = await preview("PLANNED", { withoutSteps: true });
    expect(shown.tree?.criticalPath).not.toEqual([]);
    expect(without).toEqual({ ...shown, tree: { ...shown.tree, steps: [], criticalPath: [] }, points: expect.anything() });
  });

  it("with any settings and options", async () => {
    let seed = 7;
    const pick = <T>(...choices: readonly T[]): T => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return choices[Math.floor((seed / 2 ** 31) * choices.length)] as T;
    };
    for (let plan = 0; plan < 6; plan++) {
      for (const vmId of stage.vmIds.values())
        await sql(
          `INSERT INTO vm_recovery_settings (vm_id, priority, startup_delay_seconds, power_on_after_recovery) VALUES ($1, $2, $3, $4)
            ON CONFLICT (vm_id) DO UPDATE SET priority = $2, startup_delay_seconds = $3, power_on_after_recovery = $4`,
          vmId,
          pick("LOWEST", "NORMAL", "HIGHEST"),
          pick(0, 5, 60),
          pick(true, true, false),
        );
      await sql("DELETE FROM vm_dependency");
      const recoveryType = pick<Type>("TEST", "PLANNED", "DISASTER");
      const options = { runScripts: pick(true, false), powerOnVms: pick(true, true, false), failurePolicy: pick("PAUSE", "CONTINUE") };
      const tree = steps(await preview(recoveryType, options));
      expect(tree).toEqual(await started(recoveryType, options));
      await stage.reset();
    }
  });

  it("of a rerun has the steps that an earlier run has done", async () => {
    const first = await stage.recoveries.start(operator, { planId: stage.planId, recoveryType: "PLANNED" });
    await promote(first.recoveryId);
    await endRun(stage, first.recoveryId, "RECOVERY_INCOMPLETE", "PARTIAL");
    const shown = await preview("PLANNED");
    expect(shown.refusals).toEqual([]);
    const done = shown.tree?.steps.filter(({ status }) => status === "ALREADY_DONE").map(({ node }) => node.kind);
    expect(done).toContain("PROMOTE_STORAGE");
  });
});

/** What the engine writes of a run's promotions. */
async function promote(recoveryId: string): Promise<void> {
  const content: RunSnapshot = (await row(stage, "SELECT content FROM recovery_snapshot WHERE run_id = $1", recoveryId)).content;
  const { nodes } = compile(content);
  for (const { ordinal, path, key, kind, name, spec, siteId, groupId } of nodes)
    if (kind === "PROMOTE_STORAGE")
      await sql(
        `INSERT INTO recovery_step (run_id, ordinal, path, key, kind, name, spec, expected_seconds, status, site_id, group_id, started_at, ended_at)
          VALUES ($1, $2, $3, $4, $5, $6, $7, 1, 'SUCCEEDED', $8, $9, dr_now(), dr_now())`,
        recoveryId,
        ordinal,
        path,
        key,
        kind,
        name,
        JSON.stringify(spec),
        siteId,
        groupId,
      );
}

describe("a preview", () => {
  it("writes nothing", async () => {
    const before = await everything(stage);
    await preview("DISASTER");
    expect(await everything(stage)).toBe(before);
  });

  it("takes as many statements for four VMs in two groups as for one", async () => {
    const spy = vi.spyOn(pg.Client.prototype, "query");
    // A pool's new connection sets its own up.
    const asked = () => spy.mock.calls.filter(([given]) => !(typeof given === "string" && given.startsWith("SET "))).length;
    const statements = async () => {
      const before = asked();
      await preview("PLANNED");
      return asked() - before;
    };
    await statements(); // what the lab prepares once
    const many = await statements();
    await sql("DELETE FROM plan_protection_group WHERE group_id = $1", stage.groupIds[1]);
    await sql("DELETE FROM protected_vm WHERE vm_id <> $1", stage.vmIds.get("vm-1"));
    expect(await statements()).toBe(many);
    expect(many).toBeGreaterThan(15);
    spy.mockRestore();
  });

  it("tells how long it takes and when the last VM is ready, by how long its steps took the last time", async () => {
    const before = await preview("TEST", { runScripts: false });
    expect(before.rtoSeconds).toBeGreaterThan(30);
    expect(before.rtoSeconds).toBeLessThanOrEqual(before.tree?.expectedSeconds ?? 0);
    const chain = before.tree?.criticalPath ?? [];
    expect(chain.at(-1)?.expectedEnd).toBe(before.tree?.expectedSeconds);
    const key = chain.find(({ node }) => node.kind === "READY_CHECK")?.node.key;
    const { recoveryId } = await stage.recoveries.start(operator, { planId: stage.planId, recoveryType: "TEST" });
    await sql(
      `INSERT INTO recovery_step (run_id, ordinal, path, key, kind, name, spec, expected_seconds, status, started_at, ended_at)
        VALUES ($1, 1, '1', $2, 'READY_CHECK', 'ready', '{}', 1, 'SUCCEEDED', dr_now() - interval '1000 seconds', dr_now())`,
      recoveryId,
      key,
    );
    await endRun(stage, recoveryId, "READY");
    const after = await preview("TEST", { runScripts: false });
    expect(after.rtoSeconds).toBe((before.rtoSeconds ?? 0) + 955); // 45 seconds is what a ready check takes where nothing is known
  });

  it("names the points that would be used with their age, and what may be lost", async () => {
    await aPoint("old-", 60);
    await aPoint("new-", 5);
    const latest = await preview("DISASTER");
    expect(latest.points.map(({ groupName }) => groupName)).toEqual(["group-1", "group-2"]);
    expect(latest.rpoSeconds).toBeGreaterThanOrEqual(300);
    expect(latest.rpoSeconds).toBeLessThan(330);
    expect((await preview("PLANNED")).rpoSeconds).toBe(0);
    const older = await preview("DISASTER", { recoveryPoint: { pointInTime: new Date(Date.now() - 30 * 60_000) } });
    expect(older.rpoSeconds).toBeGreaterThanOrEqual(3_600);
    expect(older.warnings).toEqual([]);
  });

  it("warns of a group that lags behind its RPO", async () => {
    await aPoint("old-", 60);
    const { warnings, refusals } = await preview("TEST");
    expect(codes(warnings)).toEqual([
      ["RPO_VIOLATION", "group-1"],
      ["RPO_VIOLATION", "group-2"],
    ]);
    expect(refusals).toEqual([]);
  });
});

describe("a preview finds before the start", () => {
  it("a program that is not there, with who needs it; not where no command is run", async () => {
    const { blockers, refusals } = await preview("TEST");
    expect(codes(blockers)).toEqual([["SCRIPT_MISSING", "/scripts/not-there.sh"]]);
    expect(blockers[0]?.message).toContain("announce");
    expect(refusals).toEqual([]);
    expect((await preview("TEST", { runScripts: false })).blockers).toEqual([]);
  });

  it("a secret that is not there", async () => {
    await sql(
      `INSERT INTO vm_command (id, vm_id, phase, position, command, arguments, run_in_guest, guest_username, password_secret_id)
        VALUES (gen_random_uuid(), $1, 'POST_POWER_ON', 1, 'x', '{}', true, 'root', 'no-such-secret')`,
      stage.vmIds.get("vm-1"),
    );
    expect(codes((await preview("TEST")).blockers)).toContainEqual(["SECRET_MISSING", "no-such-secret"]);
  });

  it("an address that another machine at the recovery site has: a test is warned, a recovery blocked", async () => {
    await sql(
      "INSERT INTO virtual_machine (id, site_id, external_id, name) VALUES (gen_random_uuid(), $1, 'x', 'stranger')",
      stage.recoverySiteId,
    );
    await sql(
      "INSERT INTO vm_nic (id, vm_id, nic_index, ip_addresses) SELECT gen_random_uuid(), id, 0, '{10.9.0.2}' FROM virtual_machine WHERE name = 'stranger'",
    );
    const { blockers } = await preview("PLANNED", { runScripts: false });
    expect(blockers).toMatchObject([{ code: "ADDRESS_IN_USE", object: "vm-2", message: expect.stringContaining("stranger") }]);
    const test = await preview("TEST", { runScripts: false });
    expect(test.blockers).toEqual([]);
    expect(codes(test.warnings)).toEqual([["ADDRESS_IN_USE", "vm-2"]]);
  });

  it("a datastore without room for what runs and is written there", async () => {
    await sql(
      "INSERT INTO datastore (id, site_id, name, type, capacity_bytes, free_bytes) VALUES (gen_random_uuid(), $1, 'small', 'VMFS', 9, 9)",
      stage.recoverySiteId,
    );
    await sql("UPDATE protected_vm SET recovery_datastore_id = (SELECT id FROM datastore WHERE name = 'small')");
    expect(codes((await preview("PLANNED", { runScripts: false })).blockers)).toEqual([["DATASTORE_SHORT", "small"]]);
    expect((await preview("PLANNED", { runScripts: false, powerOnVms: false })).blockers).toEqual([]);
  });

  it("a resource pool without room for the memory of the VMs beside those that run there", async () => {
    const pool =
      "INSERT INTO resource_pool (id, site_id, name, cluster, memory_limit_mb, cpu_limit_mhz) VALUES (gen_random_uuid(), $1, $2, 'c', $3, $4)";
    await sql(pool, stage.recoverySiteId, "tight", 5_000, 1_000);
    await sql(pool, stage.protectedSiteId, "home", null, null);
    await sql(`INSERT INTO resource_mapping (id, pairing_id, source_resource_pool_id, target_resource_pool_id)
      SELECT gen_random_uuid(), '${stage.pairingId}', s.id, t.id FROM resource_pool s, resource_pool t WHERE s.name = 'home' AND t.name = 'tight'`);
    await sql("UPDATE virtual_machine SET resource_pool_id = (SELECT id FROM resource_pool WHERE name = 'home')");
    const room = await preview("PLANNED", { runScripts: false });
    expect(room.blockers).toEqual([]); // four machines of 1,024 MiB
    expect(codes(room.warnings)).toEqual([["CPU_SHORT", "tight"]]);
    await sql(`INSERT INTO virtual_machine (id, site_id, external_id, name, power_state, resource_pool_id)
      SELECT gen_random_uuid(), site_id, 'y', 'neighbour', 'POWERED_ON', id FROM resource_pool WHERE name = 'tight'`);
    expect(codes((await preview("PLANNED", { runScripts: false })).blockers)).toEqual([["MEMORY_SHORT", "tight"]]);
  });

  it("every missing mapping, where the start names those of one kind", async () => {
    await sql("DELETE FROM network_mapping");
    const { blockers, refusals, tree } = await preview("TEST", { runScripts: false });
    expect(blockers.map(({ code }) => code)).toEqual(["MAPPING_MISSING", "MAPPING_MISSING", "MAPPING_MISSING", "MAPPING_MISSING"]);
    expect(tree).toBeNull();
    const error = await stage.recoveries.start(operator, { planId: stage.planId, recoveryType: "TEST" }).catch((thrown: Error) => thrown);
    expect(refusals[0]).toMatchObject({ message: Object(error).message, remedy: Object(error).remedy, reason: "MAPPING_MISSING" });
  });
});

describe("what a start would be refused with is in the preview, in the same words", () => {
  it.each<[string, Type, object, () => Promise<unknown>]>([
    ["a disconnected protected site", "PLANNED", {}, () => sql("UPDATE site SET state = 'DISCONNECTED' WHERE type = 'PROTECTED'")],
    [
      "nobody has accepted that it is not fenced",
      "DISASTER",
      { syncData: true },
      () => sql("UPDATE site SET suspect_since = dr_now() WHERE type = 'PROTECTED'"),
    ],
    [
      "VMs that run and are not shut down",
      "PLANNED",
      { shutdownSourceVms: false },
      () => sql("UPDATE virtual_machine SET power_state = 'POWERED_ON'"),
    ],
    ["a lifecycle in which it makes no sense", "TEST", {}, () => sql("UPDATE recovery_plan SET lifecycle = 'RECOVERY_COMPLETE'")],
    ["no point at that moment", "DISASTER", { recoveryPoint: { pointInTime: new Date(0) } }, async () => {}],
    ["a recovery site that does not answer", "TEST", {}, () => stage.lab.faults.partition("site-b")],
  ])("%s", async (_title, recoveryType, options, arrange) => {
    await arrange();
    const { refusals, blockers } = await preview(recoveryType, options);
    const start = { planId: stage.planId, recoveryType, ...options };
    const error = await stage.recoveries
      .start(operator, start)
      .then(() => null)
      .catch((thrown: unknown) => thrown);
    if ("shutdownSourceVms" in options) expect(refusals[0]).toMatchObject({ reason: "SOURCE_VMS_RUNNING" });
    else expect({ ...refusals[0], message: refusals[0]?.message }).toEqual({ ...Object(error), message: Object(error).message });
    expect(blockers[0]).toMatchObject({ message: refusals[0]?.message, remedy: refusals[0]?.remedy });
  });

  it("without the role it is FORBIDDEN, and a plan that is none is NOT_FOUND", async () => {
    const viewer = { ...operator, roles: new Set(["OPERATOR"] as const) };
    await expect(previews.preview(viewer, { planId: stage.planId, recoveryType: "PLANNED" })).rejects.toMatchObject({ code: "FORBIDDEN" });
    const planId = "0190aaaa-0000-7000-8000-000000000000";
    await expect(previews.preview(operator, { planId, recoveryType: "TEST" })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});
