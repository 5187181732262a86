/** Rules about groups, and about plans that are recovered. In this order: a group goes there and back. */
import { expect } from "vitest";
import type { Case } from "./cases.ts";
import type { ReadinessStage } from "./stage.ts";

const plan = ({ id }: ReadinessStage, name: string) => ({ planId: id("RecoveryPlan", name) });
const group = (stage: ReadinessStage, name: string) => ({ protectionGroupId: stage.id("ProtectionGroup", name) });
const web = ["ProtectionGroup", "web"] as const;
const configure = (stage: ReadinessStage, name: string) =>
  stage.work("addProtectedVms", { groupId: stage.id("ProtectionGroup", "spare"), vmIds: [stage.id("VirtualMachine", name)] });

export const groupCases: readonly Case[] = [
  {
    code: "EMPTY",
    plan: "empty",
    severity: "BLOCKER",
    make: (stage) => stage.change("createRecoveryPlan", { name: "empty", pairingId: stage.id("SitePairing", "A"), protectionGroups: [] }),
    remedy: /Add protection groups with configured VMs/,
    follow: (stage) =>
      stage.change("addProtectionGroupToPlan", {
        ...plan(stage, "empty"),
        ...group(stage, "data"),
        recoveryPriorityGroup: { priority: 1, name: "One" },
      }),
  },
  {
    code: "GROUP_NOT_READY",
    plan: "empty",
    severity: "BLOCKER",
    object: ["ProtectionGroup", "data"],
    make: ({ sql }) =>
      sql("UPDATE protection_group SET state = 'ERROR', fault_code = 'CONFIGURATION', fault_message = 'It is broken.' WHERE name = 'data'"),
    remedy: /or take it out of the plan/,
    async follow(stage) {
      await stage.change("removeProtectionGroupFromPlan", { ...plan(stage, "empty"), ...group(stage, "data") });
      await stage.sql("UPDATE protection_group SET state = 'READY', fault_code = NULL, fault_message = NULL WHERE name = 'data'");
    },
  },
  {
    code: "VM_NOT_CONFIGURED",
    plan: "spare",
    severity: "WARNING",
    object: ["VirtualMachine", "vm-4"],
    async make(stage) {
      // As a new VM on a replicated datastore comes into its group.
      await stage.work("removeProtectedVm", { vmId: stage.id("VirtualMachine", "vm-4") });
      await stage.sql(`INSERT INTO protected_vm (vm_id, group_id, protection_state, placeholder_name)
        SELECT v.id, g.id, 'NOT_CONFIGURED', 'vm-4-placeholder' FROM virtual_machine v, protection_group g WHERE v.name = 'vm-4' AND g.name = 'spare'`);
    },
    remedy: /Configure the VM's protection/,
    follow: (stage) => configure(stage, "vm-4"),
  },
  {
    code: "VM_FAULT",
    plan: "spare",
    severity: "WARNING",
    object: ["ProtectionGroup", "spare"],
    async make(stage) {
      await stage.work("removeProtectedVm", { vmId: stage.id("VirtualMachine", "vm-4") });
      await stage.sql(`INSERT INTO protected_vm (vm_id, group_id, protection_state, placeholder_name, fault_code, fault_message)
        SELECT v.id, g.id, 'ERROR', 'vm-4-placeholder', 'PLACEHOLDER_FAILED', 'no room' FROM virtual_machine v, protection_group g
        WHERE v.name = 'vm-4' AND g.name = 'spare'`);
    },
    remedy: /Look at the faults of the named VMs/,
    follow: (stage) => configure(stage, "vm-4"),
  },
  {
    code: "GROUP_IN_USE",
    severity: "BLOCKER",
    object: web,
    make: (stage) => stage.run("startRecovery", { ...plan(stage, "web"), recoveryType: "TEST" }),
    remedy: /Wait for that run to end/,
    follow: (stage) => stage.cleanup("web"),
  },
  {
    code: "RECOVERY_UNDER_WAY",
    plan: "web",
    severity: "BLOCKER",
    async make(stage) {
      const held = await stage.lab.faults.hold({ kind: "powerOn", target: "vm-3", when: "BEFORE" });
      await stage.change("startRecovery", { ...plan(stage, "web"), recoveryType: "PLANNED" });
      await held.arrived;
    },
    remedy: /Wait until the run has ended/,
    async follow(stage) {
      await stage.lab.faults.clear();
      await stage.ended("web");
    },
  },
  {
    code: "GROUP_RECOVERED_ELSEWHERE",
    severity: "BLOCKER",
    object: web,
    make: async () => {},
    remedy: /Finish that plan's recovery with reprotect/,
    // What is in the way of the reprotect comes first.
    async follow(stage) {
      await splitAndResolve(stage);
      expect((await stage.findings({ open: true }, "web")).map(({ code }) => code)).toContain("NEEDS_REPROTECT");
      await stage.run("startReprotect", plan(stage, "web"));
    },
  },
  {
    code: "MIXED_DIRECTION",
    severity: "BLOCKER",
    make: async () => {},
    remedy: /Reprotect or fail back the groups that differ/,
    async follow(stage) {
      await stage.run("startPlannedFailover", plan(stage, "web"));
      await stage.run("startReprotect", plan(stage, "web"));
    },
  },
  {
    code: "RUN_INCOMPLETE",
    plan: "spare",
    severity: "BLOCKER",
    async make(stage) {
      await stage.lab.faults.fail({ kind: "powerOn", target: "vm-4", failure: "PERMANENT", times: Infinity });
      await stage.run("startRecovery", { ...plan(stage, "spare"), recoveryType: "PLANNED", failurePolicy: "CONTINUE" });
      await stage.lab.faults.clear();
    },
    remedy: /Run it again/,
    follow: (stage) => stage.run("startRecovery", { ...plan(stage, "spare"), recoveryType: "PLANNED" }),
  },
  {
    code: "NEEDS_REPROTECT",
    plan: "spare",
    severity: "BLOCKER",
    make: async () => {},
    remedy: /Reprotect the plan/,
    follow: (stage) => stage.run("startReprotect", plan(stage, "spare")),
  },
  {
    code: "GROUP_DELETED",
    plan: "spare",
    severity: "WARNING",
    object: ["ProtectionGroup", "spare"],
    make: (stage) => stage.work("deleteProtectionGroup", { groupId: stage.id("ProtectionGroup", "spare"), force: true }),
    remedy: /change the plan's groups/,
    follow: (stage) =>
      stage.change("addProtectionGroupToPlan", {
        ...plan(stage, "spare"),
        ...group(stage, "stored"),
        recoveryPriorityGroup: { priority: 1, name: "One" },
      }),
  },
];

/** SPLIT_BRAIN: both are seen running; somebody decides, and the heartbeat finds the original off. */
async function splitAndResolve(stage: ReadinessStage): Promise<void> {
  await stage.sql("UPDATE recovered_vm SET original_off_since = NULL, both_on_since = dr_now()");
  expect((await stage.evaluate("web")).opened).toContain("SPLIT_BRAIN");
  const [found] = await stage.findings({ open: true, code: "SPLIT_BRAIN" }, "web");
  expect(found).toMatchObject({ severity: "BLOCKER", remedy: expect.stringContaining("resolveSplitBrain") });
  await stage.change("resolveSplitBrain", { vmId: stage.id("VirtualMachine", "vm-3"), keep: "RECOVERED", comment: "it is the newer one" });
  await stage.sql("UPDATE recovered_vm SET original_off_since = dr_now(), both_on_since = NULL");
  expect((await stage.evaluate("web")).resolved).toContain("SPLIT_BRAIN");
}
