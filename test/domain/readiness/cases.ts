/** Each rule: what makes it true, and its remedy, followed. In an order in which each leaves the plans as the next one needs them. */
import { expect } from "vitest";
import type { ReadinessCode } from "../../../src/domain/readiness/rules.ts";
import { at } from "../read/support.ts";
import type { ReadinessStage } from "./stage.ts";

export interface Case {
  readonly code: Exclude<ReadinessCode, "OTHER">;
  /** "shop" where it is left out. */
  readonly plan?: string;
  readonly severity: "BLOCKER" | "WARNING";
  /** Type and name; the plan where it is left out. */
  readonly object?: readonly [type: string, name: string];
  readonly make: (stage: ReadinessStage) => Promise<unknown>;
  /** What the remedy has to say for this to be how it is followed. */
  readonly remedy: RegExp;
  readonly follow: (stage: ReadinessStage) => Promise<unknown>;
}

const settings = (stage: ReadinessStage, name: string, more: object) =>
  stage.change("configureVmRecoverySettings", { vmId: stage.id("VirtualMachine", name), ...more });
const addresses = (...rules: object[]) => ({
  ipCustomization: { enabled: true, rules: rules.map((rule) => ({ prefixLength: 24, ...rule })) },
});
const steps = (stage: ReadinessStage, ...prePowerOnSteps: object[]) =>
  stage.change("configurePriorityGroups", {
    planId: stage.id("RecoveryPlan", "shop"),
    priorityGroups: [{ priority: 1, prePowerOnSteps: prePowerOnSteps.map((command) => ({ command })) }],
  });
const vm = (name: string) => ["VirtualMachine", name] as const;

/** Nobody cleans up after it. */
const testOnly = (stage: ReadinessStage) => stage.run("startRecovery", { planId: stage.id("RecoveryPlan", "shop"), recoveryType: "TEST" });

/** What the plan says of what its tests have shown. */
const history = async (stage: ReadinessStage): Promise<unknown> => {
  const query = `query ($id: ID!) { recoveryPlan(id: $id) { readiness readinessScore changesSinceLastTest { kind change objectType objectName field before after }
    untestedSteps { kind name reason vm { name } } lastSuccessfulTest { resultState } forecastRtoSeconds } }`;
  return at(await stage.ask(query, { id: stage.id("RecoveryPlan", "shop") }), "recoveryPlan");
};

export const tests: readonly Case[] = [
  {
    code: "NEVER_TESTED",
    severity: "WARNING",
    make: async () => {},
    remedy: /Test the plan/,
    follow: async (stage) => expect(await testOnly(stage)).toMatchObject({ resultState: "SUCCESS" }),
  },
  {
    code: "NEEDS_CLEANUP",
    severity: "WARNING",
    make: async () => {}, // the test before has left it so
    remedy: /cleanupTest/,
    follow: (stage) => stage.cleanup(),
  },
  {
    code: "TEST_FAILED",
    severity: "WARNING",
    async make(stage) {
      // Until then nothing is wrong.
      expect(await stage.findings({ open: true })).toEqual([]);
      expect(await history(stage)).toMatchObject({ readiness: "READY", readinessScore: 100, changesSinceLastTest: [], untestedSteps: [] });
      const heal = await stage.lab.faults.fail({ kind: "powerOn", target: "vm-1", failure: "PERMANENT", times: Infinity });
      expect(await stage.test()).toBe("PARTIAL");
      await heal();
    },
    remedy: /test the plan again/,
    follow: (stage) => stage.test(),
  },
  {
    code: "TEST_TOO_OLD",
    severity: "WARNING",
    make: ({ sql }) =>
      sql(
        "UPDATE recovery SET requested_at = requested_at - interval '91 days', ended_at = ended_at - interval '91 days' WHERE kind = 'TEST'",
      ),
    remedy: /Test the plan again/,
    follow: (stage) => stage.test(),
  },
  {
    code: "CHANGED_SINCE_TEST",
    severity: "WARNING",
    make: (stage) => settings(stage, "vm-1", { startupDelaySeconds: 1 }),
    remedy: /Test the plan again/,
    async follow(stage) {
      expect(await history(stage)).toMatchObject({
        changesSinceLastTest: [
          { kind: "VM_SETTING", change: "CHANGED", objectName: "vm-1", field: "startupDelaySeconds", before: "0", after: "1" },
        ],
        untestedSteps: [],
      });
      await stage.test();
    },
  },
  {
    code: "UNTESTED_STEPS",
    severity: "WARNING",
    make: (stage) => steps(stage, { name: "tell", command: "/scripts/note.sh", runOnSite: "PROTECTED" }),
    remedy: /give such a command runInTest/,
    async follow(stage) {
      expect(await history(stage)).toMatchObject({
        changesSinceLastTest: [{ kind: "STEP", change: "ADDED", objectType: "RecoveryPlan", objectName: "tell", field: null }],
        untestedSteps: [{ kind: "COMMAND", name: "tell", reason: "LEFT_OUT_OF_TESTS", vm: null }],
        lastSuccessfulTest: { resultState: "SUCCESS" },
        forecastRtoSeconds: expect.any(Number),
      });
      await steps(stage, { name: "tell", command: "/scripts/note.sh", runOnSite: "PROTECTED", runInTest: true });
      await stage.test();
    },
  },
  {
    code: "LEFTOVERS",
    severity: "WARNING",
    async make(stage) {
      await testOnly(stage);
      const heal = await stage.lab.faults.fail({ kind: "discardSnapshot", failure: "PERMANENT", times: Infinity });
      await stage.cleanup("shop", { force: true });
      await heal();
    },
    remedy: /Run the cleanup again/,
    follow: (stage) => stage.cleanup(),
  },
];

export const settingsCases: readonly Case[] = [
  {
    code: "RTO_OVER_TARGET",
    severity: "WARNING",
    make: (stage) => stage.change("updateRecoveryPlan", { planId: stage.id("RecoveryPlan", "shop"), rtoTargetSeconds: 1 }),
    remedy: /raise rtoTargetSeconds/,
    follow: (stage) => stage.change("updateRecoveryPlan", { planId: stage.id("RecoveryPlan", "shop"), rtoTargetSeconds: 86_400 }),
  },
  {
    code: "MAPPING_MISSING",
    severity: "BLOCKER",
    object: ["Network", "LAN A"],
    make: ({ sql }) => sql("DELETE FROM network_mapping"),
    remedy: /Map it/,
    follow: (stage) =>
      stage.change("setNetworkMapping", {
        sourceNetworkId: stage.id("Network", "LAN A"),
        targetNetworkId: stage.id("Network", "LAN B"),
        testNetworkId: stage.id("Network", "Bubble"),
      }),
  },
  {
    code: "INVENTORY_MISSING",
    severity: "BLOCKER",
    object: ["Network", "LAN B"],
    make: ({ sql }) => sql("UPDATE network SET missing_since = dr_now() WHERE name = 'LAN B'"),
    remedy: /map to another one/,
    follow: (stage) =>
      stage.change("setNetworkMapping", { sourceNetworkId: stage.id("Network", "LAN A"), targetNetworkId: stage.id("Network", "Other B") }),
  },
  {
    code: "SCRIPT_MISSING",
    severity: "BLOCKER",
    object: ["Program", "/scripts/none.sh"],
    make: (stage) => steps(stage, { name: "tell", command: "/scripts/none.sh" }),
    remedy: /or correct the command/,
    follow: (stage) => steps(stage, { name: "tell", command: "/scripts/note.sh" }),
  },
  {
    code: "SECRET_MISSING",
    severity: "BLOCKER",
    object: ["Secret", "none"],
    make: (stage) =>
      settings(stage, "vm-1", {
        postPowerOnCommands: [{ command: "x", runInGuest: true, guestCredentials: { username: "root", passwordSecretId: "none" } }],
      }),
    remedy: /or correct the command's passwordSecretId/,
    follow: (stage) => settings(stage, "vm-1", { postPowerOnCommands: [{ command: "x", runInGuest: true }] }),
  },
  {
    code: "CAPABILITY_MISSING",
    severity: "BLOCKER",
    object: vm("vm-1"),
    async make(stage) {
      await stage.sql(`UPDATE lab.site SET capabilities = capabilities || '{"guestCommands": false}'`);
    },
    remedy: /Change the VM's recovery settings/,
    async follow(stage) {
      await settings(stage, "vm-1", { postPowerOnCommands: [] });
      await stage.sql(`UPDATE lab.site SET capabilities = capabilities || '{"guestCommands": true}'`);
    },
  },
  {
    code: "DUPLICATE_ADDRESS",
    severity: "BLOCKER",
    object: vm("vm-2"),
    async make(stage) {
      await settings(stage, "vm-1", addresses({ nicIndex: 0, targetIp: "10.0.2.1" }));
      await settings(stage, "vm-2", addresses({ nicIndex: 0, targetIp: "10.0.2.2" }));
      await stage.sql("UPDATE ip_rule SET target_ip = '10.0.2.1'");
    },
    remedy: /an address of its own/,
    follow: (stage) => settings(stage, "vm-2", addresses({ nicIndex: 0, targetIp: "10.0.2.2" })),
  },
  {
    code: "ADDRESS_IN_USE",
    severity: "BLOCKER",
    object: vm("vm-2"),
    async make({ sql }) {
      await sql(
        `INSERT INTO virtual_machine (id, site_id, external_id, name) SELECT gen_random_uuid(), id, 'stranger', 'stranger' FROM site WHERE name = 'B'`,
      );
      await sql(
        `INSERT INTO vm_nic (id, vm_id, nic_index, ip_addresses) SELECT gen_random_uuid(), id, 0, '{10.0.2.2}' FROM virtual_machine WHERE name = 'stranger'`,
      );
    },
    remedy: /Change the VM's IP rule/,
    follow: (stage) => settings(stage, "vm-2", addresses({ nicIndex: 0, targetIp: "10.0.2.3" })),
  },
  {
    code: "IP_RULE_UNMATCHED",
    severity: "WARNING",
    object: vm("vm-2"),
    make: ({ sql }) => sql("UPDATE ip_rule SET nic_index = 7 WHERE target_ip = '10.0.2.3'"),
    remedy: /Correct the rule's adapter/,
    follow: (stage) => settings(stage, "vm-2", addresses({ nicIndex: 0, targetIp: "10.0.2.3" })),
  },
  {
    code: "DEPENDENCY_CYCLE",
    severity: "BLOCKER",
    make: ({ sql }) =>
      sql(`INSERT INTO vm_dependency (vm_id, depends_on_vm_id) SELECT a.id, b.id FROM virtual_machine a, virtual_machine b
        WHERE (a.name, b.name) IN (('vm-1', 'vm-2'), ('vm-2', 'vm-1'))`),
    remedy: /Remove one of the named dependencies/,
    follow: (stage) => settings(stage, "vm-1", { dependsOnVmIds: [] }),
  },
  {
    code: "DEPENDENCY_OUTSIDE_RUN",
    plan: "web",
    severity: "WARNING",
    object: vm("vm-3"),
    make: (stage) => settings(stage, "vm-3", { dependsOnVmIds: [stage.id("VirtualMachine", "vm-1")] }),
    remedy: /or remove the dependency/,
    follow: (stage) => settings(stage, "vm-3", { dependsOnVmIds: [] }),
  },
];
