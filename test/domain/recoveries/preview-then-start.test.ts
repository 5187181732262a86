/** Through the public API: a preview, and the tree that a start right after it writes. Each plan is made of the one before, there and back. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { encodeId, idOf } from "../../../src/domain/ids.ts";
import { aPublicStage, type PublicStage } from "../../support/public-stage.ts";
import { until } from "../../support/run.ts";
import { at, list, text } from "../read/support.ts";
import { decisions } from "./any-rows.ts";

const common = { protectedSite: "A", recoverySite: "B" };
const names = ["vm-1", "vm-2", "vm-3", "vm-4"] as const;
const machine = (name: string, index: number) => ({
  name,
  folder: "/A/Shop",
  nics: [
    { network: "LAN A", ipAddresses: [`10.0.1.${index + 1}`] },
    { network: "Backup A", ipAddresses: [`10.1.1.${index + 1}`] },
  ],
});

const world = {
  version: 1,
  sites: [
    {
      name: "A",
      type: "PROTECTED",
      provider: "lab",
      networks: [{ name: "LAN A" }, { name: "Backup A" }],
      folders: [{ name: "Shop", path: "/A/Shop" }],
      virtualMachines: names.map(machine),
    },
    {
      name: "B",
      type: "RECOVERY",
      provider: "lab",
      networks: [{ name: "LAN B" }, { name: "Backup B" }, { name: "Bubble" }],
      folders: [{ name: "Recovered", path: "/B/Recovered" }],
    },
  ],
  pairings: [
    {
      ...common,
      networkMappings: [
        { source: "LAN A", target: "LAN B", testNetwork: "Bubble" },
        { source: "Backup A", target: "Backup B" },
      ],
      folderMappings: [{ source: "/A/Shop", target: "/B/Recovered" }],
    },
  ],
  protectionGroups: [
    { name: "data", type: "CONTINUOUS", ...common, virtualMachines: names.slice(0, 2) },
    { name: "shop", type: "CONTINUOUS", ...common, virtualMachines: names.slice(2) },
  ],
  recoveryPlans: [
    {
      name: "plan",
      ...common,
      priorityGroups: [
        { priority: 1, name: "Data", protectionGroups: ["data"] },
        { priority: 2, name: "Shop", protectionGroups: ["shop"] },
      ],
    },
  ],
};

let stage: PublicStage;
let planId: string;
let vmIds: readonly string[];
beforeAll(async () => {
  stage = await aPublicStage(world);
  const data = await stage.ask("{ recoveryPlans { nodes { id vms { nodes { id } } } } }");
  planId = text(data, "recoveryPlans.nodes.0.id");
  vmIds = list(data, "recoveryPlans.nodes.0.vms.nodes").map((vm) => text(vm, "id"));
});
afterAll(() => stage?.[Symbol.asyncDispose]());

/** Settings, steps and options out of a number. */
async function configure(code: number): Promise<object> {
  const decide = decisions(code);
  const step = (name: string) =>
    decide<object>(
      { command: { name, command: "/scripts/note.sh", runOnSite: decide("RECOVERY", "PROTECTED"), continueOnFailure: true } },
      { prompt: { name, message: "Go on?", timeoutSeconds: 1, defaultAnswer: "CONTINUE" } },
      { pause: { name, durationSeconds: 1 } },
    );
  const priorityGroups = [1, 2].map((priority) => ({
    priority,
    prePowerOnSteps: [step(`before ${priority}`)],
    postPowerOnSteps: decide(true, false) ? [step(`after ${priority}`)] : [],
  }));
  expect(await stage.mutate("configurePriorityGroups", { planId, priorityGroups }, "recoveryPlan { id }")).toEqual({
    recoveryPlan: { id: planId },
  });
  for (const [index, vmId] of vmIds.entries()) {
    const wish = {
      vmId,
      priority: index < 2 ? decide("NORMAL", "HIGH") : decide("NORMAL", "LOW"),
      powerOnAfterRecovery: index !== 3 || decide(true, false),
      dependsOnVmIds: index === 2 && decide(true, false) ? [vmIds[0]] : [],
      ipCustomization: decide<object | null>(
        { enabled: true, rules: [{ nicIndex: 0, targetIp: `10.9.0.${index + 1}`, prefixLength: 24 }] },
        null,
      ),
      postPowerOnCommands: decide(false, true) ? [{ command: "/bin/true", runInGuest: true }] : [],
    };
    expect(await stage.mutate("configureVmRecoverySettings", wish, "vm { id }")).toEqual({ vm: { id: vmId } });
  }
  return { powerOnVms: decide(true, true, false), runScripts: decide(true, true, false), failurePolicy: decide("CONTINUE", "PAUSE") };
}

async function shown(recoveryType: string, options: object): Promise<readonly unknown[]> {
  const query = `query ($planId: ID!, $recoveryType: RecoveryType!, $options: PreviewRecoveryInput) {
    previewRecovery(planId: $planId, recoveryType: $recoveryType, options: $options) { allowed steps(first: 500) { nodes {
      ordinal number key kind name phase expectedSeconds onCriticalPath after needs site { id } vm { id } } } } }`;
  const data = await stage.ask(query, { planId, recoveryType, options });
  expect(at(data, "previewRecovery.allowed")).toBe(true);
  return list(data, "previewRecovery.steps.nodes");
}

/** The tree as the engine has written it, in the words of the API. */
async function written(recoveryId: string): Promise<readonly unknown[]> {
  const ref = (type: string, id: string | null) => (id === null ? null : { id: encodeId(type, id) });
  return until(async () => {
    const { rows } = await stage.db.database.pool.query(
      `SELECT ordinal, path AS number, key, kind, name, phase, expected_seconds AS "expectedSeconds", on_critical_path AS "onCriticalPath", after,
        needs, site_id AS site, vm_id AS vm FROM recovery_step WHERE run_id = $1 ORDER BY ordinal`,
      [idOf("Recovery", recoveryId)],
    );
    return rows.length > 0 && rows.map((row) => ({ ...row, site: ref("Site", row.site), vm: ref("VirtualMachine", row.vm) }));
  }, "the tree");
}

/** From A to B and back, so that the later ones know how long steps take, and where the VMs were. */
it.each([
  ["TEST", 0, "startRecovery", "cleanupTest"],
  ["PLANNED", 987_654_321, "startRecovery", "startReprotect"],
  ["PLANNED", 123_456_789, "startPlannedFailover", "startReprotect"],
  ["TEST", 55_555_555, "startRecovery", "cleanupTest"],
  ["DISASTER", 31_415_926, "startRecovery", "startReprotect"],
  ["DISASTER", 271_828_182, "startRecovery", "startReprotect"],
] as const)("%s (%i): what is shown is what the run has", async (recoveryType, code, mutation, then) => {
  const options = await configure(code);
  const tree = await shown(recoveryType, options);
  const type = mutation === "startRecovery" ? { recoveryType } : {};
  const recoveryId = text(await stage.mutate(mutation, { planId, ...type, ...options }, "recovery { id }"), "recovery.id");
  expect(tree.length).toBeGreaterThan(15);
  expect(await written(recoveryId)).toEqual(tree);
  expect(await stage.end(recoveryId)).toMatchObject({ state: "COMPLETED" });
  expect(await stage.run(then, { planId })).toMatchObject({ state: "COMPLETED" });
});
