/** Runs: tests, cleanups, recoveries. (Reference: Recovery Execution, Get Recovery History Details.) */

import { type WarningCode, warningCodes } from "../../../engine/warnings.ts";
import { encodeRecoveryCursor } from "../../../events/cursor.ts";
import { copies } from "../../batching.ts";
import { builder } from "../../builder.ts";
import { encodeId } from "../../ids.ts";
import { VirtualMachineRef } from "../../inventory/types-vm.ts";
import { RecoveryPlanRef } from "../../plans/types-refs.ts";
import { ProtectionGroupRef } from "../../protection/types-refs.ts";
import { SitePairingRef } from "../../sites/types.ts";
import { TaskRef } from "../../tasks/types-refs.ts";
import { ganttPath } from "../gantt/path.ts";
import { FailurePolicy, PausedReason, RecoveryState, ResultState, RunKind } from "./enums.ts";
import { isOpen } from "./prompt.ts";
import { PromptRef, RecoveryRef, RecoveryStepRef } from "./refs.ts";
import { treeOf } from "./step.ts";

type Json = unknown;
const isRecord = (value: Json): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export interface Warning {
  readonly code: Code;
  readonly message: string;
}

/** Warnings as they are stored: a list of code and message. */
export function warningsOf(stored: Json): Warning[] {
  if (!Array.isArray(stored)) return [];
  return stored.filter(isRecord).map(({ code, message }) => ({ code: codeOf(code), message: String(message) }));
}

type Code = WarningCode | "OTHER";
const isCode = (code: unknown): code is Code => typeof code === "string" && (code in warningCodes || code === "OTHER");
/** A newer release may have written it. */
const codeOf = (code: unknown): Code => (isCode(code) ? code : "OTHER");

const meaningOf = (code: Code): string =>
  code === "OTHER" ? "One that this release does not know; the message says what it is." : warningCodes[code].meaning;

const RunWarningCode = builder.enumType("RunWarningCode", {
  description: "What kind of warning it is. Expect codes that are added later; docs/codes.md lists them with what to do.",
  values: Object.fromEntries(
    [...Object.keys(warningCodes), "OTHER"].filter(isCode).map((code) => [code, { value: code, description: meaningOf(code) }]),
  ),
});

export const RunWarning = builder.objectRef<Warning>("RunWarning").implement({
  description: "Something of a run that somebody should look at. (Reference: warnings.)",
  fields: (t) => ({
    code: t.expose("code", { type: RunWarningCode, description: "What kind of warning it is, for programs." }),
    message: t.exposeString("message", { description: "What it is, as a sentence." }),
    remedy: t.string({
      nullable: true,
      description: "What to do about it, the same for each of its code; null for OTHER.",
      resolve: ({ code }) => (code === "OTHER" ? null : warningCodes[code].remedy),
    }),
  }),
});

const option = (options: Json, name: string): boolean | null => {
  const value = isRecord(options) ? options[name] : null;
  return typeof value === "boolean" ? value : null;
};

const RecoveryOptions = builder.objectRef<{ options: Json }>("RecoveryOptions").implement({
  description: "What a run was started with, as resolved; null where a kind of run has no such option. (Reference: recovery_options.)",
  fields: (t) => ({
    powerOnVms: t.boolean({ nullable: true, description: "VMs are powered on.", resolve: ({ options }) => option(options, "powerOnVms") }),
    runScripts: t.boolean({ nullable: true, description: "Commands are run.", resolve: ({ options }) => option(options, "runScripts") }),
    syncData: t.boolean({
      nullable: true,
      description: "Storage is synchronised first.",
      resolve: ({ options }) => option(options, "syncData"),
    }),
    shutdownSourceVms: t.boolean({
      nullable: true,
      description: "Of a planned recovery: the protected VMs are shut down.",
      resolve: ({ options }) => option(options, "shutdownSourceVms"),
    }),
    force: t.boolean({
      nullable: true,
      description: "Of a cleanup: failures become warnings.",
      resolve: ({ options }) => option(options, "force"),
    }),
  }),
});

interface GroupUsed {
  readonly groupId: string;
  readonly groupName: string;
  readonly pointTakenAt: Date | null;
}

const RecoveryGroup = builder.objectRef<GroupUsed>("RecoveryGroup").implement({
  description: "A protection group in a run, and the point that it was recovered to.",
  fields: (t) => ({
    groupName: t.exposeString("groupName", { description: "Its name when the run started." }),
    protectionGroup: t.field({
      type: ProtectionGroupRef,
      nullable: true,
      description: "The group; null: it is no more.",
      resolve: ({ groupId }, _args, { loaders }) => loaders.group.load(groupId),
    }),
    pointTakenAt: t.expose("pointTakenAt", {
      type: "DateTime",
      nullable: true,
      description: "The moment whose data was recovered; null: no point has been used yet.",
    }),
  }),
});

builder.node(RecoveryRef, {
  description: "One run of a plan: a test, its cleanup, or a recovery. (Reference: Recovery History.)",
  id: { resolve: ({ id }) => id, description: "Global id of the run (reference: recovery_history_id)." },
  loadManyWithoutCache: (ids, { loaders }) => copies(loaders.recovery.loadMany(ids)),
  fields: (t) => ({
    plan: t.field({
      type: RecoveryPlanRef,
      nullable: true,
      description: "The plan that it runs; null: the plan was deleted.",
      resolve: ({ planId }, _args, { loaders }) => (planId === null ? null : loaders.plan.load(planId)),
    }),
    planName: t.exposeString("planName", { description: "The plan's name when it started." }),
    pairing: t.field({
      type: SitePairingRef,
      nullable: true,
      description: "The pair of sites that it runs on.",
      resolve: ({ pairingId }, _args, { loaders }) => loaders.pairing.load(pairingId),
    }),
    kind: t.expose("kind", { type: RunKind, description: "What it does (reference: recovery_type)." }),
    state: t.expose("state", { type: RecoveryState, description: "How far it is." }),
    resultState: t.expose("resultState", { type: ResultState, nullable: true, description: "How it went; null before its end." }),
    pausedReason: t.expose("pausedReason", { type: PausedReason, nullable: true, description: "Why it is paused; null: it is not." }),
    failurePolicy: t.expose("failurePolicy", { type: FailurePolicy, description: "What it does when a step fails." }),
    options: t.field({ type: RecoveryOptions, description: "What it was started with.", resolve: ({ options }) => ({ options }) }),
    notes: t.exposeString("notes", { description: "What it was started for, in somebody's words; may be empty." }),
    initiatedBy: t.exposeString("initiatedBy", { description: "Who started it." }),
    requestedAt: t.expose("requestedAt", { type: "DateTime", description: "When it was asked for; the RTO counts from here." }),
    startTime: t.expose("startedAt", { type: "DateTime", nullable: true, description: "When its first step could start; null before." }),
    endTime: t.expose("endedAt", { type: "DateTime", nullable: true, description: "When it ended; null before." }),
    ganttUrl: t.string({
      description:
        "Path of its picture on this gateway, an SVG that shows when each step was under way: read by GET, with the session's token as for GraphQL.",
      resolve: ({ id }) => ganttPath(encodeId("Recovery", id)),
    }),
    durationSeconds: t.int({
      nullable: true,
      description: "Wall time from start to end, in seconds; null before its end.",
      resolve: ({ endedAt, elapsedSeconds }) => (endedAt === null ? null : elapsedSeconds),
    }),
    elapsedSeconds: t.exposeInt("elapsedSeconds", {
      nullable: true,
      description: "Wall time from start to end, or to now, in seconds; null before its start.",
    }),
    pauseRequestedAt: t.expose("pauseRequestedAt", {
      type: "DateTime",
      nullable: true,
      description: "When somebody asked it to pause; null: nobody did, or it was resumed.",
    }),
    switchRequestedAt: t.expose("switchRequestedAt", {
      type: "DateTime",
      nullable: true,
      description: "Of a planned recovery: when somebody switched it to a disaster recovery; null: nobody did.",
    }),
    switchedBy: t.exposeString("switchRequestedBy", { nullable: true, description: "Who did." }),
    cancelRequestedAt: t.expose("cancelRequestedAt", { type: "DateTime", nullable: true, description: "When somebody cancelled it." }),
    cancelledBy: t.string({
      nullable: true,
      description: "Who cancelled it, or answered ABORT to its prompt; null: it was not cancelled, or a prompt's time-out did it.",
      resolve: async ({ id, cancelRequestedBy }, _args, { loaders }) =>
        cancelRequestedBy ?? (await loaders.promptsOfRun.load(id)).find(({ answer }) => answer === "ABORT")?.answeredBy ?? null,
    }),
    cancelReason: t.exposeString("cancelReason", {
      nullable: true,
      description: "Why, in the words of whoever cancelled it, or SWITCHED_TO_DISASTER; null: nobody said, or it was not cancelled.",
    }),
    progressPercent: t.exposeInt("progressPercent", { description: "0 to 100; never falls, and is 100 only at the end." }),
    currentStep: t.exposeString("currentStep", { nullable: true, description: "What it does now, for people." }),
    currentVm: t.field({
      type: VirtualMachineRef,
      nullable: true,
      description: "The VM that it is at work on: of several the first in its tree; null: none. (Reference: current_vm.)",
      resolve: async ({ id, endedAt }, _args, context) => {
        const vmId = endedAt === null ? (await treeOf(id, context)).currentVm() : null;
        return vmId === null ? null : context.loaders.vm.load(vmId);
      },
    }),
    estimatedCompletionTime: t.expose("estimatedCompletionAt", {
      type: "DateTime",
      nullable: true,
      description: "When it may be over; null while a prompt or a pause blocks it (`blockedBy`), before its start and after its end.",
    }),
    vmCount: t.exposeInt("vmCount", { description: "How many VMs it recovers, or reprotects (reference: vms_total)." }),
    vmsSucceeded: t.exposeInt("vmsSucceeded", {
      description: "How many of them it has recovered, or reprotected (reference: vms_reprotected).",
    }),
    vmsFailed: t.exposeInt("vmsFailed", { description: "How many failed, or were skipped because of another one." }),
    warningsCount: t.exposeInt("warningsCount", { description: "How many different warnings there are, its steps' too." }),
    errors: t.exposeStringList("errors", { description: "What went wrong." }),
    warnings: t.field({
      type: [RunWarning],
      description: "What somebody should look at.",
      resolve: ({ warnings }) => warningsOf(warnings),
    }),
    rtoAchievedSeconds: t.exposeInt("rtoAchievedSeconds", {
      nullable: true,
      description: "From the request to the last VM's being ready, in seconds; null before the end, and when a VM failed.",
    }),
    rtoOfRecoveredVmsSeconds: t.exposeInt("rtoOfRecoveredVmsSeconds", {
      nullable: true,
      description: "The same for those VMs that were recovered.",
    }),
    rpoAchievedSeconds: t.exposeInt("rpoAchievedSeconds", {
      nullable: true,
      description: "Age of the oldest point used when the run was asked for, in seconds; null: none was used.",
    }),
    eventCursor: t.string({
      description: "Where recoveryEvents goes on behind what is read of the run beside this; never newer than that.",
      resolve: ({ id, lastEvent }, _args, { generation }) => encodeRecoveryCursor({ generation, recoveryId: id, sequence: lastEvent }),
    }),
    task: t.field({
      type: TaskRef,
      nullable: true,
      description: "Its task (reference: task_id).",
      resolve: ({ id }, _args, { loaders }) => loaders.taskOfRecovery.load(id),
    }),
    rerunOf: t.field({
      type: RecoveryRef,
      nullable: true,
      description: "The run that it goes on with: one that it does again, or that was switched to it.",
      resolve: ({ rerunOfId }, _args, { loaders }) => (rerunOfId === null ? null : loaders.recovery.load(rerunOfId)),
    }),
    cleansUp: t.field({
      type: RecoveryRef,
      nullable: true,
      description: "The test that a CLEANUP takes away.",
      resolve: ({ cleansUpId }, _args, { loaders }) => (cleansUpId === null ? null : loaders.recovery.load(cleansUpId)),
    }),
    cleanups: t.field({
      type: [RecoveryRef],
      description: "The cleanups of a TEST, oldest first.",
      resolve: async ({ id }, _args, { loaders }) => {
        const runs = await Promise.all((await loaders.cleanupsOfRun.load(id)).map((run) => loaders.recovery.load(run.id)));
        return runs.filter((run) => run !== null);
      },
    }),
    groups: t.field({
      type: [RecoveryGroup],
      description: "Its protection groups with the points used, by name.",
      resolve: ({ id }, _args, { loaders }) => loaders.groupsOfRun.load(id),
    }),
    openPrompts: t.field({
      type: [PromptRef],
      description: "Prompts that wait for an answer, oldest first.",
      resolve: async (run, _args, { loaders }) => (await loaders.promptsOfRun.load(run.id)).filter((prompt) => isOpen(prompt, run)),
    }),
    prompts: t.field({
      type: [PromptRef],
      description: "All its prompts, oldest first.",
      resolve: ({ id }, _args, { loaders }) => loaders.promptsOfRun.load(id),
    }),
    blockedBy: t.field({
      type: [RecoveryStepRef],
      description: "Open prompts, and pauses without end: while there is one, nobody knows when the run is over.",
      resolve: async ({ id, endedAt }, _args, context) => (endedAt === null ? (await treeOf(id, context)).blockedBy() : []),
    }),
    steps: t.field({
      type: [RecoveryStepRef],
      description:
        "The steps at the top of its tree, in order; empty while the tree is being made. Deeper ones: `children`, or `allSteps`.",
      resolve: async ({ id }, _args, context) => (await treeOf(id, context)).children(null),
    }),
    step: t.field({
      type: RecoveryStepRef,
      nullable: true,
      description: "The step with this number; null when there is none.",
      args: { number: t.arg.string({ required: true, description: 'Its place in the tree, such as "3.2".' }) },
      resolve: async ({ id }, { number }, context) => (await treeOf(id, context)).byPath(number),
    }),
  }),
});
