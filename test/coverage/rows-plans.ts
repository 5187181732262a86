import { expect } from "vitest";
import type { Api, Json } from "./api.ts";
import { notAnId, nothing, type Rows } from "./row.ts";
import { planOf, withTest } from "./runs.ts";
import { aGroup, dropGroup } from "./tasks.ts";

const planQuery = `query ($id: ID!) { recoveryPlan(id: $id) { id name description state peerState lifecycle version vmCount protectionGroupCount
  lastTestTime lastTestResult lastRecoveryTime lastRecoveryResult fault { code message remedy }
  defaultVmPriority defaultStartupDelaySeconds defaultShutdownDelaySeconds
  protectionGroups { nodes { id name } }
  priorityGroups { priority name vmCount prePowerOnSteps { ...step } postPowerOnSteps { ...step } }
  vmRecoverySettings { nodes { vm { name } priority startupDelaySeconds shutdownDelaySeconds dependsOnVms { name }
    ipCustomizationEnabled ipCustomizationRules { sourceIp targetIp prefixLength targetGateway } } } } }
  fragment step on PlanStep { __typename id name ... on CommandStep { command arguments timeoutSeconds runOnSite continueOnFailure } ... on PromptStep { message } ... on PauseStep { durationSeconds } }`;

const planById = async (api: Api, id: string): Promise<Json> => (await api.ask(planQuery, { id })).recoveryPlan;
const groupIds = async (api: Api): Promise<Record<string, string>> => {
  const { protectionGroups } = await api.ask("{ protectionGroups { nodes { id name } } }");
  return Object.fromEntries(protectionGroups.nodes.map(({ id, name }: Json) => [name, id]));
};

const anotherPlan = async (api: Api, name: string, more: object = {}): Promise<Json> => {
  const { "DatabaseServers-PG": database, "WebServers-PG": web } = await groupIds(api);
  const at = (protectionGroupId: string | undefined, priority: number, tier: string) => ({
    protectionGroupId,
    recoveryPriorityGroup: { priority, name: tier },
  });
  const protectionGroups = [at(database, 1, "Database Tier"), at(web, 3, "Web Tier")];
  const { recoveryPlan } = await api.change("createRecoveryPlan", { name, protectionGroups, ...more }, "recoveryPlan { id }");
  return planById(api, recoveryPlan.id);
};
const dropPlan = (api: Api, planId: string) => api.change("deleteRecoveryPlan", { planId }, "__typename");
const paths = (error: Json): string[] => error.fieldErrors.map(({ path }: Json) => path.join("."));

export const planRows: Rows = {
  "list, get, create, update, delete plans; default recovery settings": {
    good: [
      [
        "plans are listed with what the reference shows of them",
        async (api) => {
          const list = `{ recoveryPlans { totalCount nodes { name description state peerState protectionGroupCount vmCount lastTestTime lastTestResult
            lastRecoveryTime lastRecoveryResult fault { code } } } }`;
          const { recoveryPlans } = await api.ask(list);
          const expected = { name: "WebApp-Recovery-Plan", protectionGroupCount: 3, vmCount: 15, lastRecoveryTime: null, fault: null };
          expect(recoveryPlans.nodes).toContainEqual(expect.objectContaining({ ...expected, state: "READY", peerState: "READY" }));
        },
      ],
      [
        "a plan is created with its groups, priority groups and defaults, updated and deleted",
        async (api) => {
          const recoverySettings = { defaultVmPriority: "HIGH", defaultStartupDelaySeconds: 5, defaultShutdownDelaySeconds: 120 };
          const plan = await anotherPlan(api, "Second-Plan", { description: "for the night", recoverySettings });
          expect(plan).toMatchObject({
            description: "for the night",
            lifecycle: "READY",
            vmCount: 7,
            protectionGroupCount: 2,
            ...recoverySettings,
          });
          expect(plan.priorityGroups).toMatchObject([
            { priority: 1, name: "Database Tier" },
            { priority: 3, name: "Web Tier" },
          ]);
          const change = {
            planId: plan.id,
            name: "Second-Plan-Renamed",
            recoverySettings: { defaultVmPriority: "LOW" },
            expectedVersion: plan.version,
          };
          await api.change("updateRecoveryPlan", change, "recoveryPlan { id }");
          const renamed = {
            name: "Second-Plan-Renamed",
            description: "for the night",
            defaultVmPriority: "LOW",
            defaultStartupDelaySeconds: 5,
          };
          expect(await planById(api, plan.id)).toMatchObject({ ...renamed, version: plan.version + 1 });
          await dropPlan(api, plan.id);
          expect(await planById(api, plan.id)).toBeNull();
        },
      ],
    ],
    bad: [
      [
        "a name that is taken and a delay out of range are field errors, a group that is none NOT_FOUND or a field error",
        async (api) => {
          const { "WebServers-PG": web } = await groupIds(api);
          const group = { protectionGroupId: web, recoveryPriorityGroup: { priority: 1, name: "Tier" } };
          const taken = await api.refused("createRecoveryPlan", { name: "webapp-recovery-plan", protectionGroups: [group] });
          expect(taken).toMatchObject({ code: "INVALID_REQUEST" });
          expect(paths(taken)).toEqual(["name"]);
          const range = { name: "Out", protectionGroups: [group], recoverySettings: { defaultStartupDelaySeconds: -1 } };
          expect(paths(await api.refused("createRecoveryPlan", range))).toEqual(["recoverySettings.defaultStartupDelaySeconds"]);
          const unknown = { name: "Out", protectionGroups: [{ ...group, protectionGroupId: nothing("ProtectionGroup") }] };
          expect((await api.refused("createRecoveryPlan", unknown)).code).toMatch(/NOT_FOUND|INVALID_REQUEST/);
        },
      ],
      [
        "a version that has passed is CONFLICT with the current one, a plan that is running can't be edited or deleted",
        async (api) => {
          const { id } = await planOf(api);
          const { version } = await planById(api, id);
          const stale = await api.refused("updateRecoveryPlan", { planId: id, description: "x", expectedVersion: version + 1 });
          expect(stale).toMatchObject({ code: "CONFLICT", version });
          await withTest(api, { runScripts: false }, async ({ recovery }, plan) => {
            const busy = { code: "CONFLICT", activeRecoveryId: recovery.id };
            expect(await api.refused("updateRecoveryPlan", { planId: plan.id, description: "x" })).toMatchObject(busy);
            expect(await api.refused("deleteRecoveryPlan", { planId: plan.id })).toMatchObject(busy);
          });
          expect(await api.refused("deleteRecoveryPlan", { planId: notAnId })).toMatchObject({ code: "INVALID_REQUEST" });
        },
      ],
    ],
  },
  "add PG to plan; configure priority groups; step types command, prompt, pause": {
    good: [
      [
        "a group is added to a plan and taken out; an empty priority group vanishes",
        async (api) => {
          const plan = await anotherPlan(api, "Growing-Plan");
          const { "AppServers-PG": app } = await groupIds(api);
          const input = { planId: plan.id, protectionGroupId: app, recoveryPriorityGroup: { priority: 2, name: "Application Tier" } };
          await api.change("addProtectionGroupToPlan", input, "recoveryPlan { id }");
          expect((await planById(api, plan.id)).priorityGroups.map(({ name }: Json) => name)).toEqual([
            "Database Tier",
            "Application Tier",
            "Web Tier",
          ]);
          await api.change("removeProtectionGroupFromPlan", { planId: plan.id, protectionGroupId: app }, "recoveryPlan { id }");
          expect((await planById(api, plan.id)).priorityGroups.map(({ name }: Json) => name)).toEqual(["Database Tier", "Web Tier"]);
          await dropPlan(api, plan.id);
        },
      ],
      [
        "a plan says which group was deleted from under it with force, until somebody changes its groups",
        async (api) => {
          const plan = await anotherPlan(api, "Losing-Plan");
          const group = await aGroup(api, "Lost-PG", ["spare-08"]);
          const input = { planId: plan.id, protectionGroupId: group.id, recoveryPriorityGroup: { priority: 9, name: "Last Tier" } };
          await api.change("addProtectionGroupToPlan", input, "recoveryPlan { id }");
          await dropGroup(api, group.id);
          const left = await planById(api, plan.id);
          expect(left).toMatchObject({ state: "READY", fault: { code: "GROUP_DELETED", message: expect.stringContaining("Lost-PG") } });
          await api.change(
            "configurePriorityGroups",
            { planId: plan.id, priorityGroups: [{ priority: 1, prePowerOnSteps: [] }] },
            "recoveryPlan { id }",
          );
          expect(await planById(api, plan.id)).toMatchObject({ fault: null });
          await dropPlan(api, plan.id);
        },
      ],
      [
        "steps of all three types are configured, and keep their id when they are edited",
        async (api) => {
          const plan = await anotherPlan(api, "Stepping-Plan");
          const verify = {
            name: "Verify DB Health",
            command: "/scripts/verify-db.sh",
            arguments: ["a", "b c"],
            timeoutSeconds: 600,
            runOnSite: "RECOVERY",
            continueOnFailure: false,
          };
          const prePowerOnSteps = [
            { prompt: { name: "Confirm DB Recovery", message: "Ready?" } },
            { pause: { name: "Rest", durationSeconds: 5 } },
          ];
          const configure = (group: object) =>
            api.change("configurePriorityGroups", { planId: plan.id, priorityGroups: [group] }, "recoveryPlan { id }");
          await configure({ priority: 1, name: "Database Tier", prePowerOnSteps, postPowerOnSteps: [{ command: verify }] });
          const [tier] = (await planById(api, plan.id)).priorityGroups;
          expect(tier.prePowerOnSteps).toMatchObject([
            { __typename: "PromptStep", message: "Ready?" },
            { __typename: "PauseStep", durationSeconds: 5 },
          ]);
          expect(tier.postPowerOnSteps).toMatchObject([{ __typename: "CommandStep", ...verify }]);
          const [{ id }] = tier.postPowerOnSteps;
          await configure({ priority: 1, prePowerOnSteps: [], postPowerOnSteps: [{ command: { ...verify, id, timeoutSeconds: 60 } }] });
          const [edited] = (await planById(api, plan.id)).priorityGroups;
          expect(edited).toMatchObject({ name: "Database Tier", prePowerOnSteps: [], postPowerOnSteps: [{ id, timeoutSeconds: 60 }] });
          await dropPlan(api, plan.id);
        },
      ],
    ],
    bad: [
      [
        "a group that is in already is CONFLICT or a field error; a time-out of 0 and a priority of 101 are field errors with their paths",
        async (api) => {
          const plan = await anotherPlan(api, "Refusing-Plan");
          const { "WebServers-PG": web } = await groupIds(api);
          const again = { planId: plan.id, protectionGroupId: web, recoveryPriorityGroup: { priority: 3, name: "Web Tier" } };
          expect((await api.refused("addProtectionGroupToPlan", again)).code).toMatch(/CONFLICT|INVALID_REQUEST/);
          const command = { name: "x", command: "x.sh", timeoutSeconds: 0 };
          const wrong = { planId: plan.id, priorityGroups: [{ priority: 1, prePowerOnSteps: [{ command }] }] };
          expect(paths(await api.refused("configurePriorityGroups", wrong))).toEqual([
            "priorityGroups.0.prePowerOnSteps.0.command.timeoutSeconds",
          ]);
          const far = { planId: plan.id, priorityGroups: [{ priority: 101 }] };
          expect(new Set(paths(await api.refused("configurePriorityGroups", far)))).toEqual(new Set(["priorityGroups.0.priority"]));
          expect(await planById(api, plan.id)).toEqual(plan);
          await dropPlan(api, plan.id);
        },
      ],
    ],
  },
};
