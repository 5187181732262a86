import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { labSites } from "../../support/lab.ts";
import { aPlanStage, as, gid, nobody, type PlanStage } from "../plans/stage.ts";
import { operator } from "../recoveries/stage.ts";

let stage: PlanStage;
let vmId: string;
let source: string;
let target: string;
let test: string;
beforeAll(async () => {
  stage = await aPlanStage({}, labSites({ vms: 2, groups: 1 }));
  vmId = gid("VirtualMachine", stage.vmIds.get("vm-1"));
  const { rows } = await stage.db.database.pool.query("SELECT id, name FROM network");
  const network = (name: string) => gid("Network", rows.find((row) => row.name === name)?.id);
  [source, target, test] = [network("net-a"), network("net-b"), network("net-b-test")];
});
afterEach(() => stage.reset());
afterAll(() => stage.close());

const sql = (text: string, ...values: unknown[]) => stage.db.database.pool.query(text, values);
const shape = `vm { networkMappingsVersion networkMappings { sourceNetwork { name } targetNetwork { name } testNetwork { name } }
  recoverySite { networks { source targetNetwork { name } testNetwork { name } } }
  allowedOperations { operation allowed code reason remedy } }`;
const configure = async (networkMappings: readonly object[], more: object = {}) =>
  (await stage.send("configureVmNetworkMappings", shape, { vmId, networkMappings, ...more })).vm;
const mapping = () => ({ sourceNetworkId: source, targetNetworkId: test, testNetworkId: target });
const wrong = (networkMappings: readonly object[], ...errors: [string, string | RegExp][]) =>
  stage.wrong("configureVmNetworkMappings", { vmId, networkMappings }, errors);

describe("a VM's own network mappings", () => {
  it("go before the inventory's, and leave it to that when they are cleared", async () => {
    const mapped = await configure([mapping()], { expectedVersion: 1 });
    expect(mapped).toMatchObject({
      networkMappingsVersion: 2,
      networkMappings: [{ sourceNetwork: { name: "net-a" }, targetNetwork: { name: "net-b-test" }, testNetwork: { name: "net-b" } }],
      recoverySite: { networks: [{ source: "VM", targetNetwork: { name: "net-b-test" }, testNetwork: { name: "net-b" } }] },
    });
    expect(await stage.untold({ kind: "VM_CHANGED", id: stage.vmIds.get("vm-1"), change: "UPDATED" })).toEqual([]);
    expect(await configure([])).toMatchObject({
      networkMappingsVersion: 3,
      networkMappings: [],
      recoverySite: { networks: [{ source: "INVENTORY", targetNetwork: { name: "net-b" } }] },
    });
  });

  it("that are the same raise no version and send no event", async () => {
    const same = (networkMappings: object[], version: number) =>
      stage.same("configureVmNetworkMappings", { vmId, networkMappings }, shape, { vm: { networkMappingsVersion: version } });
    await same([], 1);
    await configure([mapping()]);
    await same([mapping()], 2);
    await stage.refused(
      "configureVmNetworkMappings",
      { vmId, networkMappings: [mapping()], expectedVersion: 1 },
      { code: "CONFLICT", version: 2 },
    );
  });

  it("have no test network when they name none", async () => {
    const { testNetworkId: _, ...rest } = mapping();
    expect((await configure([rest])).networkMappings).toMatchObject([{ testNetwork: null }]);
  });

  it("count from the next run", async () => {
    const start = async () => {
      const { recoveryId } = await stage.recoveries.start(operator, { planId: stage.planId, recoveryType: "TEST" });
      const { content } = (await sql("SELECT content FROM recovery_snapshot WHERE run_id = $1", recoveryId)).rows[0];
      return content.testNetworks.map(({ name }: { name: string }) => name);
    };
    await sql("DELETE FROM network_mapping");
    await stage.refused(
      "startRecovery",
      { planId: gid("RecoveryPlan", stage.planId), recoveryType: "TEST" },
      { reason: "MAPPING_MISSING" },
    );
    await configure([mapping()]);
    await stage.send("configureVmNetworkMappings", shape, {
      vmId: gid("VirtualMachine", stage.vmIds.get("vm-2")),
      networkMappings: [mapping()],
    });
    expect(await start()).toEqual(["net-b"]);
    expect(await configure([])).toMatchObject({ networkMappings: [] });
  });

  it("have no effect where they don't lead to the site that the VM is recovered at", async () => {
    await configure([mapping()]);
    const place = { provider: "lab", type: "RECOVERY" } as const;
    const other = await stage.db.database.prisma.site.create({ data: { ...place, name: "site-c", externalId: "site-c" } });
    await sql("UPDATE network SET site_id = $1 WHERE name = 'net-b-test'", other.id);
    const query = `query ($id: ID!, $plan: ID!) { vm(id: $id) { recoverySite { networks { source targetNetwork { name } } } }
      recoveryPlan(id: $plan) { faults { code } } }`;
    const variables = { id: vmId, plan: gid("RecoveryPlan", stage.planId) };
    expect((await stage.ask(query, variables)).vm.recoverySite.networks).toEqual([
      { source: "INVENTORY", targetNetwork: { name: "net-b" } },
    ]);
    await sql("DELETE FROM network_mapping");
    const { vm, recoveryPlan } = await stage.ask(query, variables);
    expect(vm.recoverySite.networks).toEqual([]);
    expect(recoveryPlan.faults).toEqual([{ code: "MAPPING_MISSING" }]);
  });
});

describe("a change of network mappings is refused", () => {
  it("for networks that are none, unknown, at the wrong site, not the VM's, or mapped twice", async () => {
    const { prisma } = stage.db.database;
    const unused = await prisma.network.create({ data: { name: "unused", siteId: stage.protectedSiteId, type: "STANDARD" } });
    const unknown = gid("Network", nobody);
    await wrong(
      [
        { sourceNetworkId: unknown, targetNetworkId: unknown, testNetworkId: unknown },
        { sourceNetworkId: gid("Network", unused.id), targetNetworkId: source, testNetworkId: source },
        mapping(),
        mapping(),
      ],
      ["networkMappings.0.sourceNetworkId", "no network with this id"],
      ["networkMappings.0.targetNetworkId", "no network with this id"],
      ["networkMappings.0.testNetworkId", "no network with this id"],
      ["networkMappings.1.sourceNetworkId", "No adapter of vm-1 is connected to the network unused"],
      ["networkMappings.1.targetNetworkId", "net-a is not at site-b"],
      ["networkMappings.1.testNetworkId", "net-a is not at site-b"],
      ["networkMappings.3.sourceNetworkId", "mapped above"],
    );
    await wrong(
      [{ sourceNetworkId: "x", targetNetworkId: vmId, testNetworkId: "" }],
      ["networkMappings.0.sourceNetworkId", "not an id"],
      ["networkMappings.0.targetNetworkId", "id of a VirtualMachine"],
      ["networkMappings.0.testNetworkId", "is empty"],
    );
  });

  it("for another version than the one that was read, and for a VM that there is none of", async () => {
    await configure([mapping()], { expectedVersion: 1 });
    await stage.refused("configureVmNetworkMappings", { vmId, networkMappings: [], expectedVersion: 1 }, { code: "CONFLICT", version: 2 });
    const unknown = { vmId: gid("VirtualMachine", nobody), networkMappings: [] };
    await stage.refused("configureVmNetworkMappings", unknown, { code: "NOT_FOUND", resource: "VirtualMachine" });
  });

  it("for a VM that nothing protects, as its allowed operations say", async () => {
    const operation = async () => {
      const query = `query ($id: ID!) { vm(id: $id) { allowedOperations { operation allowed code reason remedy } } }`;
      const { vm } = await stage.ask(query, { id: vmId });
      return Object.fromEntries(vm.allowedOperations.map(({ operation: name, ...rest }: { operation: string }) => [name, rest]));
    };
    const allowed = { allowed: true, code: null, reason: null, remedy: null };
    expect(await operation()).toMatchObject({ CONFIGURE_VM_NETWORK_MAPPINGS: allowed, CONFIGURE_VM_RECOVERY_SETTINGS: allowed });
    await sql("DELETE FROM protected_vm");
    const { CONFIGURE_VM_NETWORK_MAPPINGS: refused, CONFIGURE_VM_RECOVERY_SETTINGS: settings } = await operation();
    expect(settings).toEqual(allowed);
    expect(refused).toMatchObject({ allowed: false, code: "PRECONDITION_FAILED" });
    await stage.refused(
      "configureVmNetworkMappings",
      { vmId, networkMappings: [] },
      { code: refused.code, message: refused.reason, remedy: refused.remedy, reason: "NOT_PROTECTED" },
    );
  });

  it("without the role EDITOR", () =>
    stage.refused("configureVmNetworkMappings", { vmId, networkMappings: [] }, { code: "FORBIDDEN" }, as("SCRIPT_EDITOR", "OPERATOR")));
});
