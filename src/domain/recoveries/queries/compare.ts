/** What differs between two runs of a plan. */
import { builder } from "../../builder.ts";
import { computed } from "../../cost.ts";
import { NotFoundError } from "../../errors.ts";
import { idOf } from "../../ids.ts";
import { checkComparable, compareSteps, type StepComparison } from "../compare.ts";
import { StepStatus } from "../types/enums.ts";
import { RecoveryRef, type RecoveryRow, type StepRow } from "../types/refs.ts";
import { pageByOrdinal, treeOf } from "../types/step.ts";
import { StepKind } from "../types/step-kinds.ts";

interface Compared extends StepComparison<StepRow> {
  /** Place in the list, from 1. */
  readonly place: number;
}

interface Comparison {
  readonly run: Readonly<RecoveryRow>;
  readonly other: Readonly<RecoveryRow>;
  readonly steps: readonly Compared[];
}

const RecoveryStepComparison = builder.objectRef<Compared>("RecoveryStepComparison").implement({
  description: "One step in two runs, found by its key: the same kind of step for the same group, VM or step of the plan.",
  fields: (t) => ({
    key: t.exposeString("key", { description: "The step's key, the same in every run of the plan." }),
    kind: t.field({
      type: StepKind,
      nullable: true,
      description: "What it does.",
      resolve: ({ step, withStep }) => (step ?? withStep)?.kind,
    }),
    name: t.string({ description: "What it is called.", resolve: ({ step, withStep }) => (step ?? withStep)?.name ?? "" }),
    status: t.field({
      type: StepStatus,
      nullable: true,
      description: "How it stands in the run; null: the run has no such step.",
      resolve: ({ step }) => step?.status,
    }),
    withStatus: t.field({
      type: StepStatus,
      nullable: true,
      description: "How it stands in the other run; null: that has no such step.",
      resolve: ({ withStep }) => withStep?.status,
    }),
    seconds: t.exposeFloat("seconds", {
      nullable: true,
      description: "How long it took in the run; null: it has not ended, or did nothing.",
    }),
    withSeconds: t.exposeFloat("withSeconds", { nullable: true, description: "How long it took in the other run; null as above." }),
    slowerBySeconds: t.exposeFloat("slowerBySeconds", {
      nullable: true,
      description: "By how much the run was slower than the other one, in seconds; below 0: faster. Null: it can't be compared.",
    }),
  }),
});

const StepComparisonConnection = builder.connectionObject(
  { type: RecoveryStepComparison, name: "RecoveryStepComparisonConnection", description: "A page of compared steps." },
  { name: "RecoveryStepComparisonEdge", description: "A compared step in a page." },
);

const RecoveryComparison = builder.objectRef<Comparison>("RecoveryComparison").implement({
  description: "Two runs of one plan side by side.",
  fields: (t) => ({
    recovery: t.field({ type: RecoveryRef, description: "The run.", resolve: ({ run }) => run }),
    withRecovery: t.field({ type: RecoveryRef, description: "The one that it is compared with.", resolve: ({ other }) => other }),
    slowerBySeconds: t.int({
      nullable: true,
      description: "By how much the run as a whole was slower, in seconds; below 0: faster. Null: one of them is not over.",
      resolve: ({ run, other }) => {
        const ended = run.endedAt !== null && other.endedAt !== null;
        return ended && run.elapsedSeconds !== null && other.elapsedSeconds !== null ? run.elapsedSeconds - other.elapsedSeconds : null;
      },
    }),
    steps: t.field({
      type: StepComparisonConnection,
      description:
        "Each step that one of them has, without containers: what got slower most first, then what got faster, then what can't be compared.",
      cost: computed,
      args: {
        first: t.arg.int({ description: "How many, 1 to 500; 25 by default." }),
        after: t.arg.string({ description: "Only what comes behind this cursor." }),
      },
      resolve: ({ run, steps }, page) => pageByOrdinal(steps, page, ({ place }) => ({ id: run.id, ordinal: place })),
    }),
  }),
});

builder.queryField("compareRecoveries", (t) =>
  t.field({
    type: RecoveryComparison,
    nullable: true,
    authScopes: { role: "VIEWER" },
    description:
      "Compares two runs of one plan, step by step, and says what got slower. INVALID_REQUEST for runs of different plans, NOT_FOUND for one that there is not.",
    args: {
      recoveryId: t.arg.id({ required: true, description: "The run, mostly the newer one." }),
      withRecoveryId: t.arg.id({ required: true, description: "The run that it is compared with." }),
    },
    resolve: async (_root, { recoveryId, withRecoveryId }, context) => {
      const ids = [idOf("Recovery", recoveryId, ["recoveryId"]), idOf("Recovery", withRecoveryId, ["withRecoveryId"])] as const;
      const [run, other] = await Promise.all([context.loaders.recovery.load(ids[0]), context.loaders.recovery.load(ids[1])]);
      if (run === null) throw new NotFoundError("Recovery", recoveryId);
      if (other === null) throw new NotFoundError("Recovery", withRecoveryId);
      checkComparable(run, other);
      const [mine, theirs] = await Promise.all([treeOf(run.id, context), treeOf(other.id, context)]);
      const steps = compareSteps(mine.all(), theirs.all()).map((step, index) => ({ ...step, place: index + 1 }));
      return { run, other, steps };
    },
  }),
);
