/** What a step's place in its tree tells: what it waits for, when it is expected, what is below it. */
import { isContainer, type StepStatus as Status } from "../../../engine/model.ts";
import type { WaitingKind as Kind } from "../../../engine/waiting.ts";
import { builder } from "../../builder.ts";
import { shownIn } from "../../shown.ts";
import { StepStatus, WaitingKind } from "./enums.ts";
import { RecoveryRef, RecoveryStepRef, type StepRow } from "./refs.ts";
import { dateOf, pageOfSteps, StepConnection, treeOf } from "./step.ts";
import { StepKind } from "./step-kinds.ts";

const WaitingFor = builder.objectRef<{ readonly kind: Kind; readonly steps: readonly StepRow[] }>("WaitingFor").implement({
  description: "What a step waits for that does not move.",
  fields: (t) => ({
    kind: t.expose("kind", { type: WaitingKind, description: "What sort of thing it is." }),
    steps: t.field({
      type: [RecoveryStepRef],
      description: "The steps that are waited for; the step itself when it waits for a person, a time or a site.",
      resolve: ({ steps }) => steps,
    }),
  }),
});

const StepCounts = builder.objectRef<readonly StepRow[]>("StepCounts");
StepCounts.implement({
  description: "How many steps have which status.",
  fields: (t) => {
    const count = (status: Status, description: string) =>
      t.int({ description, resolve: (steps) => steps.filter((step) => step.status === status).length });
    return {
      total: t.int({ description: "All of them.", resolve: (steps) => steps.length }),
      pending: count("PENDING", "Not started."),
      running: count("RUNNING", "At work."),
      waiting: count("WAITING", "Waiting for a person or a time."),
      succeeded: count("SUCCEEDED", "Ended well."),
      warning: count("WARNING", "Ended with something to look at."),
      failed: count("FAILED", "Failed."),
      skipped: count("SKIPPED", "Left out."),
      cancelled: count("CANCELLED", "Cancelled."),
      alreadyDone: count("ALREADY_DONE", "Done by an earlier run."),
    };
  },
});

builder.objectFields(RecoveryStepRef, (t) => ({
  waitingFor: t.field({
    type: WaitingFor,
    nullable: true,
    description: "Why it does not move; null: it is at work, over, or starts at once.",
    resolve: async (step, _args, context) => (await treeOf(step.runId, context)).waitingFor(step),
  }),
  expectedStartTime: t.field({
    type: "DateTime",
    nullable: true,
    description: "When it started or is expected to; null: never, or nobody knows because a prompt or pause stands before it.",
    resolve: async (step, _args, context) => dateOf((await treeOf(step.runId, context)).expected(step.ordinal).start),
  }),
  expectedEndTime: t.field({
    type: "DateTime",
    nullable: true,
    description: "When it ended or is expected to; null as above.",
    resolve: async (step, _args, context) => dateOf((await treeOf(step.runId, context)).expected(step.ordinal).end),
  }),
  parent: t.field({
    type: RecoveryStepRef,
    nullable: true,
    description: "The step that it is part of; null at the top.",
    resolve: async ({ runId, parent }, _args, context) => (parent === null ? null : (await treeOf(runId, context)).step(parent)),
  }),
  children: t.field({
    type: StepConnection,
    description:
      "The steps that it is made of, in order; none for a step that does something itself. A tree usually has 3 levels (`depth`) and a run of a large plan thousands of steps, so pages of pages soon pass the limit of cost: `Recovery.allSteps` has the whole tree in one list.",
    cost: { instead: "Read the tree as one list by Recovery.allSteps, where depth and parent tell what belongs together." },
    args: {
      first: t.arg.int({ description: "How many, 1 to 500; 25 by default." }),
      after: t.arg.string({ description: "Only what comes behind this cursor." }),
      status: t.arg({ type: [StepStatus], description: "Only those with one of these statuses." }),
    },
    resolve: async (step, { status, ...page }, context) => {
      const children = (await treeOf(step.runId, context)).children(step.ordinal);
      return pageOfSteps(status ? children.filter((child) => status.includes(child.status)) : children, page);
    },
  }),
  childCounts: t.field({
    type: StepCounts,
    nullable: true,
    description: "Its children by status; null for a step that does something itself.",
    resolve: async (step, _args, context) => (isContainer(step) ? (await treeOf(step.runId, context)).children(step.ordinal) : null),
  }),
  firstFailure: t.field({
    type: RecoveryStepRef,
    nullable: true,
    description: "The first step in it, however deep, that failed; null: none did.",
    resolve: async (step, _args, context) => (await treeOf(step.runId, context)).firstFailure(step),
  }),
}));

builder.objectField(RecoveryRef, "allSteps", (t) =>
  t.field({
    type: StepConnection,
    description:
      "All steps of its tree in one list, by `ordinal`: a parent before its children, which `depth` and `parent` tell. Empty while the tree is being made.",
    args: {
      first: t.arg.int({ description: "How many, 1 to 500; 25 by default." }),
      after: t.arg.string({ description: "Only what comes behind this cursor." }),
      status: t.arg({ type: [StepStatus], description: "Only those with one of these statuses." }),
      kind: t.arg({ type: [StepKind], description: "Only those of one of these kinds." }),
    },
    resolve: async ({ id }, { status, kind, ...page }, context, info) => {
      const shown = shownIn(info);
      if (shown !== null) {
        await context.loaders.recovery.load(id); // first, as in treeOf
        return context.loaders.stepList.rows({ kind: "run", id }, { ...page, filter: { statuses: status, kinds: kind } }, shown);
      }
      const steps = (await treeOf(id, context)).all();
      return pageOfSteps(
        steps.filter((step) => (status?.includes(step.status) ?? true) && (kind?.includes(step.kind) ?? true)),
        page,
      );
    },
  }),
);
