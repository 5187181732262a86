import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Prisma } from "../../../src/database/generated/client.ts";
import { encodeId } from "../../../src/domain/ids.ts";
import { aGroup, aPair, aPlan, aRun, type GroupRows, type PairRows } from "../../support/rows.ts";
import { type Asker, anAsker } from "./support.ts";

let asker: Asker;
let pair: PairRows;
let databases: GroupRows;
let web: GroupRows;
let planId: string;
let id: string;

beforeAll(async () => {
  asker = await anAsker();
  const { database } = asker;
  pair = await aPair(database);
  databases = await aGroup(database, pair, "db", 2);
  web = await aGroup(database, pair, "web", 3);
  planId = await aPlan(database, pair, "WebApp", [
    { groupIds: [databases.groupId], steps: [{ type: "PROMPT", name: "Confirm" }] },
    {
      groupIds: [web.groupId],
      steps: [
        { type: "COMMAND", name: "Wait for DB" },
        { type: "PAUSE", name: "Breathe", phase: "POST_POWER_ON" },
      ],
    },
  ]);
  id = encodeId("RecoveryPlan", planId);
});
afterAll(() => asker.drop());

describe("a plan", () => {
  it("shows its priority groups, their steps by type, groups and VMs", async () => {
    const answer = await asker.ask(
      `query ($id: ID!) { recoveryPlan(id: $id) { id name state lifecycle vmCount protectionGroupCount fault { code }
        priorityGroups { priority name vmCount vms(first: 1) { totalCount nodes { name } } protectionGroups { nodes { name } }
          prePowerOnSteps { __typename type name ... on CommandStep { id command timeoutSeconds runOnSite } ... on PromptStep { message timeoutSeconds } }
          postPowerOnSteps { ... on PauseStep { durationSeconds } } } } }`,
      { id },
    );
    expect(answer).toMatchObject({
      recoveryPlan: {
        id,
        state: "READY",
        lifecycle: "READY",
        vmCount: 5,
        protectionGroupCount: 2,
        fault: null,
        priorityGroups: [
          {
            priority: 1,
            vmCount: 2,
            vms: { totalCount: 2, nodes: [{ name: "db-vm-01" }] },
            protectionGroups: { nodes: [{ name: "db" }] },
            prePowerOnSteps: [{ __typename: "PromptStep", message: "Go on?", timeoutSeconds: null }],
            postPowerOnSteps: [],
          },
          {
            priority: 2,
            vmCount: 3,
            prePowerOnSteps: [{ __typename: "CommandStep", command: "wait-for-db.sh", timeoutSeconds: 120, runOnSite: "RECOVERY" }],
            postPowerOnSteps: [{ durationSeconds: 60 }],
          },
        ],
      },
    });
  });

  it("shows each VM's effective settings with their source", async () => {
    const { prisma } = asker.database;
    const [first = "", second = ""] = databases.vmIds;
    await prisma.vmRecoverySettings.create({
      data: {
        vmId: first,
        priority: "HIGH",
        ipCustomizationEnabled: true,
        ipRules: { create: { position: 0, nicIndex: 0, targetIp: "10.0.2.1", prefixLength: 24, targetDnsServers: ["10.0.2.10"] } },
        commands: { create: { phase: "PRE_POWER_ON", position: 0, command: "pre.sh", arguments: ["a b"] } },
      },
    });
    await prisma.vmDependency.create({ data: { vmId: first, dependsOnVmId: second } });
    const settings = `priority prioritySource startupDelaySeconds startupDelaySource shutdownDelaySeconds`;
    const answer = await asker.ask(
      `query ($id: ID!, $plan: ID!) {
        recoveryPlan(id: $plan) { vmRecoverySettings(first: 2) { totalCount nodes { vm { name } ${settings}
          ipCustomizationEnabled ipCustomizationRules { nicIndex targetIp targetDnsServers } commands { phase command arguments } dependsOnVms { name } } } }
        vm(id: $id) { recoverySettings { ${settings} } dependsOnVms { name } } }`,
      { plan: id, id: encodeId("VirtualMachine", first) },
    );
    expect(answer).toMatchObject({
      recoveryPlan: {
        vmRecoverySettings: {
          totalCount: 5,
          nodes: [
            {
              vm: { name: "db-vm-01" },
              priority: "HIGH",
              prioritySource: "VM",
              startupDelaySeconds: 30,
              startupDelaySource: "PLAN",
              ipCustomizationRules: [{ nicIndex: 0, targetIp: "10.0.2.1", targetDnsServers: ["10.0.2.10"] }],
              commands: [{ phase: "PRE_POWER_ON", command: "pre.sh", arguments: ["a b"] }],
              dependsOnVms: [{ name: "db-vm-02" }],
            },
            { priority: "NORMAL", prioritySource: "PLAN", dependsOnVms: [] },
          ],
        },
      },
      vm: { recoverySettings: { priority: "HIGH", startupDelaySeconds: 0, startupDelaySource: "DEFAULT", shutdownDelaySeconds: 300 } },
    });
  });

  it("is told apart by its faults", async () => {
    const { database } = asker;
    const state = `query ($id: ID!) { recoveryPlan(id: $id) { state faults { code message remedy } } }`;
    const other = await aPlan(database, pair, "Other", [{ groupIds: [web.groupId] }]);
    const { runId } = await aRun(database, pair, other, [{ kind: "PAUSE", name: "p", status: "RUNNING" }]);
    await database.prisma.groupUse.create({ data: { groupId: web.groupId, runId } });
    await database.prisma.networkMapping.deleteMany({ where: { pairingId: pair.pairingId } });
    await database.prisma.site.update({ where: { id: pair.recoverySiteId }, data: { state: "DISCONNECTED" } });
    const answer = await asker.ask(state, { id });
    expect(answer).toMatchObject({
      recoveryPlan: {
        state: "NOT_READY",
        faults: [
          { code: "GROUP_IN_USE", message: expect.stringContaining("plan Other") },
          { code: "SITE_DISCONNECTED" },
          { code: "MAPPING_MISSING", message: expect.stringContaining("VM Network") },
        ],
      },
    });
    await database.prisma.groupUse.deleteMany();
    await database.prisma.recovery.delete({ where: { id: runId } });
    const { sourceNetworkId, targetNetworkId, testNetworkId, pairingId } = pair;
    await database.prisma.networkMapping.create({ data: { pairingId, sourceNetworkId, targetNetworkId, testNetworkId } });
    await database.prisma.site.update({ where: { id: pair.recoverySiteId }, data: { state: "CONNECTED" } });
    expect(await asker.ask(state, { id })).toEqual({ recoveryPlan: { state: "READY", faults: [] } });
  });

  it("needs no mapping of what its recovery site does not have, as its VMs don't", async () => {
    const { database } = asker;
    const { pairingId, recoverySiteId } = pair;
    const query = `query ($id: ID!) { recoveryPlan(id: $id) { faults { message } vms(first: 1) { nodes { needsConfiguration } } } }`;
    const expectNeeds = async (capabilities: object, ...unmapped: string[]) => {
      await database.prisma.site.update({ where: { id: recoverySiteId }, data: { capabilities } });
      const faults = unmapped.map((what) => ({ message: `The ${what} is not mapped to the recovery site.` }));
      const vms = { nodes: [{ needsConfiguration: unmapped.length > 0 }] };
      expect(await asker.ask(query, { id })).toEqual({ recoveryPlan: { faults, vms } });
    };
    await database.prisma.folderMapping.deleteMany({ where: { pairingId } });
    await database.prisma.resourceMapping.deleteMany({ where: { pairingId } });
    await expectNeeds({}, "folder /DC/vm/Production", "resource pool Prod-RP");
    await expectNeeds({ folders: false }, "resource pool Prod-RP");
    await expectNeeds({ folders: false, resourcePools: false });
    const { sourceFolderId, targetFolderId, sourcePoolId: sourceResourcePoolId, targetPoolId: targetResourcePoolId } = pair;
    await database.prisma.folderMapping.create({ data: { pairingId, sourceFolderId, targetFolderId } });
    await database.prisma.resourceMapping.create({ data: { pairingId, sourceResourcePoolId, targetResourcePoolId } });
    await database.prisma.site.update({ where: { id: recoverySiteId }, data: { capabilities: Prisma.DbNull } });
  });

  it("runs, prompts, needs cleanup, and has its runs in its history", async () => {
    const { database } = asker;
    const query = `query ($id: ID!) { recoveryPlan(id: $id) { state fault { code } activeRecovery { id state } latestRecovery { id }
      recoveryHistory { totalCount nodes { kind resultState } } testHistory { nodes { durationSeconds initiatedBy } } leftovers { name } } }`;
    const set = (lifecycle: "READY" | "TEST_IN_PROGRESS" | "TEST_COMPLETE") =>
      database.prisma.recoveryPlan.update({ where: { id: planId }, data: { lifecycle } });
    const { runId } = await aRun(database, pair, planId, [{ kind: "PROMPT", name: "Confirm", status: "WAITING" }]);
    await set("TEST_IN_PROGRESS");
    const run = encodeId("Recovery", runId);
    expect(await asker.ask(query, { id })).toMatchObject({
      recoveryPlan: { state: "RUNNING", activeRecovery: { id: run, state: "RUNNING" }, latestRecovery: { id: run } },
    });
    await database.prisma.recovery.update({ where: { id: runId }, data: { state: "PROMPTING" } });
    expect(await asker.ask(query, { id })).toMatchObject({ recoveryPlan: { state: "PROMPTING" } });
    await database.prisma.recovery.update({
      where: { id: runId },
      data: { state: "COMPLETED", resultState: "SUCCESS", endedAt: new Date() },
    });
    await database.prisma.leftover.create({
      data: { planId, runId, siteId: pair.recoverySiteId, kind: "VM", externalId: "x", name: "left" },
    });
    await set("TEST_COMPLETE");
    expect(await asker.ask(query, { id })).toMatchObject({
      recoveryPlan: {
        state: "NOT_READY",
        fault: { code: "NEEDS_CLEANUP" },
        activeRecovery: null,
        latestRecovery: { id: run },
        recoveryHistory: { totalCount: 1, nodes: [{ kind: "TEST", resultState: "SUCCESS" }] },
        testHistory: { nodes: [{ initiatedBy: "admin" }] },
        leftovers: [{ name: "left" }],
      },
    });
    await set("READY");
  });
});
