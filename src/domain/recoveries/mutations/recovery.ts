/** Turning a plan round, recovering it back, and taking a recovery as it is: checked for shape here, decided in the service. */
import { builder } from "../../builder.ts";
import { idOf } from "../../ids.ts";
import { FailurePolicy } from "../types/enums.ts";
import { act, controlPayload, key, startedPayload } from "./parts.ts";

const authScopes = { role: "RECOVERY_ADMIN" } as const;

const notes = { description: "Kept with the run, at most 4,096 characters." } as const;

const StartReprotectInput = builder.inputType("StartReprotectInput", {
  description: "Which plan to protect in the other direction, and how. (Reference: Reprotect.)",
  fields: (t) => ({
    planId: t.id({ required: true, description: "The recovery plan." }),
    syncData: t.boolean({ description: "Synchronise at once; true by default. Without it the first synchronisation is the next cycle's." }),
    reverseReplication: t.boolean({
      description:
        "True by default. False when the former site is gone for good: protection ends, and the groups are NOT_READY until they get a new pair.",
    }),
    force: t.boolean({
      description:
        "False by default. Groups that can't be turned round are left behind, NOT_READY with their fault, and the plan is READY.",
    }),
    notes: t.string(notes),
    idempotencyKey: t.string(key),
  }),
});

const StartPlannedFailoverInput = builder.inputType("StartPlannedFailoverInput", {
  description: "Which plan to move in an orderly way, in the direction that it is protected now. (Reference: Planned Failover.)",
  fields: (t) => ({
    planId: t.id({ required: true, description: "The recovery plan." }),
    syncData: t.boolean({
      description: "Synchronise before and after the shutdown, so that nothing is lost; true by default. False needs acceptDataLoss.",
    }),
    acceptDataLoss: t.boolean({
      description: "What was written since the last recovery points may be lost. Needed where syncData is false.",
    }),
    shutdownSourceVms: t.boolean({ description: "Shut the protected VMs down; true by default. False only where all of them are off." }),
    powerOnVms: t.boolean({ description: "Power the recovered VMs on; true by default." }),
    runScripts: t.boolean({ description: "Run commands; true by default." }),
    failurePolicy: t.field({ type: FailurePolicy, description: "What a failure does; PAUSE by default." }),
    notes: t.string(notes),
    idempotencyKey: t.string(key),
  }),
});

const AcceptRecoveryInput = builder.inputType("AcceptRecoveryInput", {
  description: "Which plan's incomplete recovery is taken as it is, and why.",
  fields: (t) => ({
    planId: t.id({ required: true, description: "The recovery plan." }),
    comment: t.string({ required: true, description: "Why, for the record; at most 4,096 characters, and not empty." }),
    idempotencyKey: t.string(key),
  }),
});

const StartReprotectPayload = startedPayload("StartReprotectPayload", "The reprotect is requested; a node takes it up at once.");
const StartPlannedFailoverPayload = startedPayload("StartPlannedFailoverPayload", "The recovery is requested; a node takes it up at once.");
const AcceptRecoveryPayload = controlPayload(
  "AcceptRecoveryPayload",
  "The plan is RECOVERY_COMPLETE, or READY where no VM is recovered; the VMs that failed are excluded (Recovery.acceptance).",
);

builder.mutationFields((t) => ({
  startReprotect: t.field({
    type: StartReprotectPayload,
    nullable: true,
    authScopes,
    errors: {},
    description:
      "Protects a recovered plan in the other direction. CONFLICT unless the plan is RECOVERY_COMPLETE or REPROTECT_INCOMPLETE; PRECONDITION_FAILED with SPLIT_BRAIN while a machine runs on both sites, with SITE_DISCONNECTED while the former site is away. (Reference: Reprotect.)",
    args: { input: t.arg({ type: StartReprotectInput, required: true, description: "Which plan, and how." }) },
    resolve: (_root, { input }, context) =>
      act(context, (recoveries, viewer) =>
        recoveries.startReprotect(viewer, { ...input, planId: idOf("RecoveryPlan", input.planId, ["planId"]) }),
      ),
  }),
  startPlannedFailover: t.field({
    type: StartPlannedFailoverPayload,
    nullable: true,
    authScopes,
    errors: {},
    description:
      "A planned recovery of a plan that is READY, in either direction: after a reprotect it is the failback. Refused as startRecovery with PLANNED is. (Reference: Planned Failover.)",
    args: { input: t.arg({ type: StartPlannedFailoverInput, required: true, description: "Which plan, and how." }) },
    resolve: (_root, { input }, context) =>
      act(context, (recoveries, viewer) =>
        recoveries.startPlannedFailover(viewer, { ...input, planId: idOf("RecoveryPlan", input.planId, ["planId"]) }),
      ),
  }),
  acceptRecovery: t.field({
    type: AcceptRecoveryPayload,
    nullable: true,
    authScopes,
    errors: {},
    description:
      "Takes an incomplete recovery as it is: the VMs that failed are excluded, and the plan can be reprotected. A group that was promoted and has no recovered VM is NOT_READY with the fault PROTECTION_ENDED; without any recovered VM the plan is READY. CONFLICT unless the plan is RECOVERY_INCOMPLETE.",
    args: { input: t.arg({ type: AcceptRecoveryInput, required: true, description: "Which plan, and why." }) },
    resolve: (_root, { input }, context) =>
      act(context, (recoveries, viewer) => recoveries.accept(viewer, { ...input, planId: idOf("RecoveryPlan", input.planId, ["planId"]) })),
  }),
}));
