/** Rules about groups, and about plans that are recovered. In this order: a group goes there and back. */
import { expect } from "vitest";
import { type Case, plan } from "./cases.ts";
import type { ReadinessStage } from "./stage.ts";

const group = (stage: ReadinessStage, name: string) => ({ protectionGroupId: stage.id("ProtectionGroup", name) });
const web = ["ProtectionGroup", "web"] as const;
const late = ["ProtectionGroup", "late"] as const;
const join = (stage: ReadinessStage, planName: string, name: string) =>
  stage.change("addProtectionGroupToPlan", {
    ...plan(stage, planName),
    ...group(stage, name),
    recoveryPriorityGroup: { priority: 1, name: "One" },
  });
const deleteByForce = (stage: ReadinessStage, name: string) =>
  stage.work("deleteProtectionGroup", { groupId: stage.id("ProtectionGroup", name), force: true });

export const groupCases: readonly Case[] = [
  {
    opens: [{ code: "EMPTY", plan: "new", severity: "BLOCKER", remedy: /Add protection groups with configured VMs/ }],
    make: (stage) => stage.change("createRecoveryPlan", { name: "new", pairingId: stage.id("SitePairing", "A"), protectionGroups: [] }),
    follow: (stage) => join(stage, "new", "stored"),
  },
  {
    opens: [
      { code: "GROUP_NOT_READY", plan: "new", severity: "BLOCKER", object: late, remedy: /Look at the faults of the group and mend them/ },
    ],
    async make(stage) {
      await stage.lab.faults.fail({ kind: "protectGroup", failure: "PERMANENT", times: Infinity });
      const [protectedSiteId, recoverySiteId] = [stage.id("Site", "A"), stage.id("Site", "B")];
      const specification = { continuous: { vmIds: [stage.id("VirtualMachine", "vm-6")] } };
      await stage.work("createProtectionGroup", { name: "late", protectedSiteId, recoverySiteId, specification });
      await stage.lab.faults.clear();
      await join(stage, "new", "late");
    },
    // It could not be made; what mends that is to delete it with force, says whatever else is asked of it.
    follow: (stage) => deleteByForce(stage, "late"),
  },
  {
    opens: [{ code: "GROUP_DELETED", plan: "new", severity: "WARNING", object: late, remedy: /change the plan's groups/ }],
    make: async () => {},
    follow: (stage) => join(stage, "new", "data"),
  },
  {
    opens: [
      { code: "GROUP_IN_USE", severity: "BLOCKER", object: web, remedy: /Wait for that run to end/ },
      { code: "RECOVERY_UNDER_WAY", plan: "web", severity: "BLOCKER", remedy: /Wait until the run has ended/ },
    ],
    async make(stage) {
      await stage.change("updatePairing", { pairingId: stage.id("SitePairing", "A"), powersOffOriginals: false });
      await stage.lab.faults.lose(stage.labId("Site", "A"));
      const held = await stage.lab.faults.hold({ kind: "powerOn", target: "vm-3", when: "BEFORE" });
      const options = { syncData: false, acceptUnfenced: true };
      await stage.change("startRecovery", { ...plan(stage, "web"), recoveryType: "DISASTER", ...options });
      await held.arrived;
    },
    async follow(stage) {
      await stage.lab.faults.clear();
      await stage.ended("web");
    },
  },
  {
    // The lost site has come back, and with it the original.
    opens: [{ code: "SPLIT_BRAIN", plan: "web", severity: "BLOCKER", remedy: /resolveSplitBrain/ }],
    make: (stage) => stage.beat(),
    async follow(stage) {
      await stage.change("resolveSplitBrain", {
        vmId: stage.id("VirtualMachine", "vm-3"),
        keep: "RECOVERED",
        comment: "it is the newer one",
      });
      await stage.beat(); // powers the original off
      await stage.beat(); // and sees that it is
    },
  },
  {
    opens: [
      { code: "GROUP_RECOVERED_ELSEWHERE", severity: "BLOCKER", object: web, remedy: /Finish that plan's recovery with reprotect/ },
      { code: "NEEDS_REPROTECT", plan: "web", severity: "BLOCKER", remedy: /Reprotect the plan/ },
    ],
    make: async () => {},
    follow: async (stage) => expect(await stage.run("startReprotect", plan(stage, "web"))).toMatchObject({ resultState: "SUCCESS" }),
  },
  {
    opens: [{ code: "MIXED_DIRECTION", severity: "BLOCKER", remedy: /Reprotect or fail back the groups that differ/ }],
    make: async () => {},
    async follow(stage) {
      await stage.run("startPlannedFailover", plan(stage, "web"));
      await stage.run("startReprotect", plan(stage, "web"));
    },
  },
  {
    opens: [{ code: "RUN_INCOMPLETE", plan: "spare", severity: "BLOCKER", remedy: /Run it again/ }],
    async make(stage) {
      await stage.lab.faults.fail({ kind: "powerOn", target: "vm-4", failure: "PERMANENT", times: Infinity });
      await stage.run("startRecovery", { ...plan(stage, "spare"), recoveryType: "PLANNED", failurePolicy: "CONTINUE" });
      await stage.lab.faults.clear();
    },
    follow: (stage) => stage.run("startRecovery", { ...plan(stage, "spare"), recoveryType: "PLANNED" }),
  },
];
