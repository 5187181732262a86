/** Steps of a run, as a live view needs them. (Reference: step_results, Get Task Details.) */
import { isContainer, type StepStatus as Status } from "../../../engine/model.ts";
import { copies } from "../../batching.ts";
import { builder } from "../../builder.ts";
import { connect, readPage } from "../../connections.ts";
import type { Context } from "../../context.ts";
import { longText } from "../../cost.ts";
import { StepPhase } from "../../inventory/types-enums.ts";
import { VirtualMachineRef } from "../../inventory/types-vm.ts";
import { ProtectionGroupRef } from "../../protection/types-refs.ts";
import { SiteRef } from "../../sites/types.ts";
import { seesOutput } from "../../viewer.ts";
import type { OutputRow } from "../loaders.ts";
import { StepResult, StepState, StepStatus } from "./enums.ts";
import { PromptRef, RecoveryRef, RecoveryStepRef, type StepRow } from "./refs.ts";
import type { RunTree } from "./run-tree.ts";
import { StepKind } from "./step-kinds.ts";

/** The reference's states, from ours. */
const states = {
  PENDING: ["QUEUED", null],
  RUNNING: ["RUNNING", null],
  WAITING: ["RUNNING", null],
  SUCCEEDED: ["COMPLETED", "SUCCESS"],
  WARNING: ["COMPLETED", "WARNING"],
  ALREADY_DONE: ["COMPLETED", "SUCCESS"],
  SKIPPED: ["COMPLETED", "SKIPPED"],
  FAILED: ["FAILED", "FAILED"],
  CANCELLED: ["CANCELLED", "CANCELLED"],
} as const satisfies Record<Status, readonly [string, string | null]>;

export const stateOf = (status: Status) => states[status][0];
export const resultOf = (status: Status) => states[status][1];
export const dateOf = (time: number | null) => (time === null ? null : new Date(time));
export const secondsOf = ({ startedAt, endedAt }: Pick<StepRow, "startedAt" | "endedAt">) =>
  startedAt === null || endedAt === null ? null : Math.round((endedAt - startedAt) / 1000);

/** The run's row goes first, so that its event cursor is never newer than the steps beside it. */
export async function treeOf(runId: string, { loaders }: Context): Promise<RunTree> {
  await loaders.recovery.load(runId);
  return loaders.runTree.load(runId);
}

export const stepById = async (key: string, { loaders }: Context): Promise<StepRow | null> => {
  await loaders.recovery.load(key.split("/")[0] ?? "");
  return loaders.step.load(key);
};

const StepOutput = builder.objectRef<OutputRow>("StepOutput").implement({
  description: "What a command wrote: the end of it, and how much it was.",
  fields: (t) => ({
    tail: t.exposeString("tail", { description: "The last 64 KiB at most, with secrets made unreadable.", cost: longText }),
    totalBytes: t.exposeInt("totalBytes", { description: "Length of everything that it wrote, in bytes." }),
  }),
});

export const StepConnection = builder.connectionObject(
  { type: RecoveryStepRef, name: "RecoveryStepConnection", description: "A page of steps." },
  { name: "RecoveryStepEdge", description: "A step in a page." },
);

const inOrder = { field: "ORDINAL", direction: "ASC", type: "int4" } as const;

interface StepPage {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
}

/** A page of what was read anyway, in order of the ordinals; `id` tells the list from others. */
export function pageByOrdinal<Step extends object>(
  steps: readonly Step[],
  args: StepPage,
  placeOf: (step: Step) => { readonly id: string; readonly ordinal: number },
) {
  const page = readPage(args, inOrder);
  const after = page.after === null ? 0 : Number(page.after.value);
  const rest = steps.filter((step) => placeOf(step).ordinal > after);
  const rows = rest.slice(0, page.limit);
  const listed = rows.map(placeOf).map(({ id, ordinal }) => ({ id, cursorValue: String(ordinal) }));
  return connect({ rows: listed, more: rest.length > rows.length }, page, rows, async () => steps.length);
}

export const pageOfSteps = (steps: readonly StepRow[], args: StepPage) =>
  pageByOrdinal(steps, args, ({ runId, ordinal }) => ({ id: runId, ordinal }));

builder.node(RecoveryStepRef, {
  description: "A node of a run's tree: something to do, or a container of steps. (Reference: step_results.)",
  id: { resolve: ({ runId, ordinal }) => `${runId}/${ordinal}`, reads: ["runId", "ordinal"], description: "Global id of the step." },
  loadManyWithoutCache: (keys, context) => copies(Promise.all(keys.map((key) => stepById(key, context)))),
  fields: (t) => ({
    recovery: t.field({
      type: RecoveryRef,
      nullable: true,
      description: "The run that it is part of.",
      resolve: ({ runId }, _args, { loaders }) => loaders.recovery.load(runId),
    }),
    number: t.exposeString("path", { description: 'Its place in the tree: "3", "3.2", "3.2.1".' }),
    ordinal: t.exposeInt("ordinal", {
      description: "Its position in the whole run, from 1, depth first: a parent comes before its children.",
    }),
    depth: t.int({
      description: "How deep in the tree: 1 at the top, 2 below that.",
      reads: ["path"],
      resolve: ({ path }) => path.split(".").length,
    }),
    kind: t.field({ type: StepKind, description: "What it does.", reads: ["kind"], resolve: ({ kind }) => kind }),
    name: t.string({ description: "What it is called (reference: step_name).", reads: ["name"], resolve: ({ name }) => name }),
    phase: t.field({
      type: StepPhase,
      nullable: true,
      description: "Before or after the power-on; null where that means nothing.",
      resolve: ({ phase }) => phase,
    }),
    status: t.expose("status", { type: StepStatus, description: "How it stands." }),
    state: t.field({
      type: StepState,
      description: "The same in the reference's states.",
      reads: ["status"],
      resolve: ({ status }) => stateOf(status),
    }),
    resultState: t.field({
      type: StepResult,
      nullable: true,
      description: "How it ended, in the reference's words; null before its end.",
      reads: ["status"],
      resolve: ({ status }) => resultOf(status),
    }),
    attempt: t.exposeInt("attempt", { description: "How often it was begun; 1 unless it was tried again." }),
    progressPercent: t.int({
      description: "0 to 100; of a container, that of its steps, weighted by how long they were expected to take.",
      resolve: async (step, _args, context) => (isContainer(step) ? (await treeOf(step.runId, context)).progress(step) : ownProgress(step)),
    }),
    message: t.exposeString("message", { nullable: true, description: "What it has to say about how it stands." }),
    errors: t.exposeStringList("errors", { description: "What went wrong." }),
    warnings: t.exposeStringList("warnings", { description: "What somebody should look at." }),
    startTime: t.field({
      type: "DateTime",
      nullable: true,
      description: "When it started; null before.",
      reads: ["startedAt"],
      resolve: ({ startedAt }) => dateOf(startedAt),
    }),
    endTime: t.field({
      type: "DateTime",
      nullable: true,
      description: "When it ended; null before.",
      reads: ["endedAt"],
      resolve: ({ endedAt }) => dateOf(endedAt),
    }),
    durationSeconds: t.int({
      nullable: true,
      description: "How long it took, in seconds; null before its end.",
      reads: ["startedAt", "endedAt"],
      resolve: secondsOf,
    }),
    dueTime: t.field({
      type: "DateTime",
      nullable: true,
      description: "The end of what it waits for: a delay, a prompt's time-out, the next try; null: no time is set.",
      resolve: ({ dueAt }) => dateOf(dueAt),
    }),
    onCriticalPath: t.exposeBoolean("onCriticalPath", { description: "The run can't be over sooner unless this step is." }),
    vm: t.field({
      type: VirtualMachineRef,
      nullable: true,
      description: "The VM that it acts on.",
      resolve: ({ vmId }, _args, { loaders }) => (vmId === null ? null : loaders.vm.load(vmId)),
    }),
    protectionGroup: t.field({
      type: ProtectionGroupRef,
      nullable: true,
      description: "The protection group that it acts on.",
      resolve: ({ groupId }, _args, { loaders }) => (groupId === null ? null : loaders.group.load(groupId)),
    }),
    site: t.field({
      type: SiteRef,
      nullable: true,
      description: "The site that it acts at.",
      resolve: ({ siteId }, _args, { loaders }) => (siteId === null ? null : loaders.site.load(siteId)),
    }),
    output: t.field({
      type: StepOutput,
      nullable: true,
      description:
        "What its command wrote; null: nothing, or it is no command, or whoever asks has neither the role OPERATOR nor SCRIPT_EDITOR.",
      resolve: ({ runId, ordinal }, _args, { loaders, viewer }) =>
        seesOutput(viewer) ? loaders.outputOfStep.load(`${runId}/${ordinal}`) : null,
    }),
    prompt: t.field({
      type: PromptRef,
      nullable: true,
      description: "The question of a PROMPT step, once it was asked; after a retry the newest.",
      resolve: async ({ runId, ordinal, kind }, _args, { loaders }) => {
        if (kind !== "PROMPT") return null;
        return (await loaders.promptsOfRun.load(runId)).findLast((prompt) => prompt.ordinal === ordinal) ?? null;
      },
    }),
  }),
});

const ownProgress = ({ status, progressPercent }: StepRow) => (resultOf(status) === null ? progressPercent : 100);
