import { access, constants } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { defaultQuotas } from "../../src/domain/quotas.ts";
import { createRecoveries } from "../../src/domain/recoveries/service.ts";
import { compile } from "../../src/engine/compile.ts";
import type { StepNode } from "../../src/engine/model.ts";
import type { TestSnapshot } from "../../src/engine/run-snapshot.ts";
import { importFile } from "../../src/import/import-file.ts";
import { type Lab, openLab } from "../../src/providers/lab/lab.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { operator } from "../support/node.ts";

describe("the demo file", () => {
  let db: TestDatabase;
  let lab: Lab;
  let snapshot: TestSnapshot;
  beforeAll(async () => {
    db = await freshDatabase();
    lab = await openLab({ url: db.url, speed: "instant", guestServices: false });
    await importFile({ database: db.database, lab, quotas: defaultQuotas, path: "demo/demo.yaml" });
    const recoveries = createRecoveries({
      database: db.database,
      providers: new Map([["lab", lab.provider]]),
      hint: () => {},
      announce: () => {},
      log: { info: () => {}, warn: () => {} },
    });
    const { id } = await db.database.prisma.recoveryPlan.findFirstOrThrow({ where: { name: "WebApp-Recovery-Plan" } });
    const { recoveryId } = await recoveries.start(operator, { planId: id, recoveryType: "TEST" });
    const { rows } = await db.database.pool.query("SELECT content FROM recovery_snapshot WHERE run_id = $1", [recoveryId]);
    snapshot = rows[0].content;
  });
  afterAll(async () => {
    await lab.close();
    await db.drop();
  });

  it("is the reference's plan: three tiers with 2, 8 and 5 VMs", () => {
    const vmsOf = (groupIds: readonly string[]) => snapshot.vms.filter(({ groupId }) => groupIds.includes(groupId)).length;
    expect(snapshot.priorityGroups.map(({ priority, name, groupIds }) => [priority, name, vmsOf(groupIds)])).toEqual([
      [1, "Database Tier", 2],
      [2, "Application Tier", 8],
      [3, "Web Tier", 5],
    ]);
    expect(snapshot.warnings).toEqual([]);
  });

  it("tells what replicates between its sites", async () => {
    const { peerReachable, components } = await lab.provider.heartbeat("recovery", "primary", AbortSignal.timeout(60_000));
    expect(peerReachable).toBe(true);
    expect(components).toEqual([
      { kind: "ARRAY_MANAGER", name: "NetApp-SRA", state: "CONNECTED" },
      { kind: "REPLICATION_SERVER", name: "vSphere-Replication-Server", state: "CONNECTED" },
    ]);
  });

  it("gives every VM an address of the recovery site in place of its own", () => {
    expect(snapshot.vms.every(({ addresses }) => addresses?.[0]?.ip?.startsWith("10.0.2."))).toBe(true);
    expect(new Set(snapshot.vms.map(({ addresses }) => addresses?.[0]?.ip)).size).toBe(15);
  });

  it("has a test network that is mapped, and one that each test makes", () => {
    expect(snapshot.testNetworks.map(({ testNetworkId }) => testNetworkId).sort()).toEqual(["Isolated-Test-Network", null]);
  });

  it("compiles to every kind of step that a test can show, with the protected site's command skipped", () => {
    const { nodes } = compile(snapshot);
    const steps = nodes.filter(({ planStepId }) => planStepId !== null);
    expect(steps.map(({ kind, name, skipReason }) => [kind, name, skipReason !== null])).toEqual([
      ["COMMAND", "Announce failover", true],
      ["PROMPT", "Confirm DB Recovery", false],
      ["COMMAND", "Verify DB Health", false],
      ["COMMAND", "Wait for DB", false],
      ["PAUSE", "Let the caches warm up", false],
    ]);
    const kinds = new Set(nodes.map(({ kind }: StepNode) => kind));
    expect([...kinds]).toEqual(
      expect.arrayContaining(["SYNCHRONISE", "CREATE_TEST_NETWORK", "CUSTOMISE_IP", "STARTUP_DELAY", "GUEST_COMMAND", "READY_CHECK"]),
    );
  });

  it("runs scripts that are there and may be run", async () => {
    const commands = snapshot.priorityGroups
      .flatMap(({ preSteps, postSteps }) => [...preSteps, ...postSteps])
      .filter((step) => step.type === "COMMAND");
    expect(commands).toHaveLength(3);
    for (const { command } of commands)
      await expect(access(command.replace("/scripts/", "scripts/"), constants.X_OK)).resolves.toBeUndefined();
  });

  it("asks databases that its guests serve", () => {
    const ips = snapshot.vms.map(({ addresses }) => addresses?.[0]?.ip?.replace(/^10\./, "127."));
    const hosts = snapshot.priorityGroups.flatMap(({ preSteps, postSteps }) =>
      [...preSteps, ...postSteps].flatMap((step) =>
        step.type === "COMMAND" ? (/Recovery-Site=(127\.[\d.]+)/.exec(step.arguments[0] ?? "")?.slice(1) ?? []) : [],
      ),
    );
    expect(hosts).toHaveLength(2);
    for (const host of hosts) expect(ips).toContain(host);
  });
});
