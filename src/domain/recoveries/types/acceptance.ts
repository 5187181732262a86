/** What was left out when somebody took an incomplete recovery as it is. */
import { isGood } from "../../../engine/model.ts";
import { builder } from "../../builder.ts";
import { manyVms } from "../../cost.ts";
import { RecoveryRef, type RecoveryRow } from "./refs.ts";
import { partsOf, VmRecovery } from "./results.ts";
import { treeOf } from "./step.ts";

interface Acceptance {
  readonly run: Readonly<RecoveryRow>;
  readonly by: string;
  readonly at: Date;
}

const RecoveryAcceptance = builder.objectRef<Acceptance>("RecoveryAcceptance").implement({
  description: "That somebody has taken an incomplete recovery as it is, by acceptRecovery.",
  fields: (t) => ({
    acceptedBy: t.exposeString("by", { description: "Who did." }),
    acceptedAt: t.expose("at", { type: "DateTime", description: "When." }),
    comment: t.string({ description: "Why, in their words.", resolve: ({ run }) => run.acceptedComment ?? "" }),
    excludedVms: t.field({
      type: [VmRecovery],
      description: "The VMs that were not recovered, in the order of the tree: a reprotect leaves them out.",
      cost: manyVms,
      resolve: async ({ run }, _args, context) => {
        const tree = await treeOf(run.id, context);
        const vms = partsOf(tree, null, "PRIORITY_GROUP").flatMap(({ step }) => partsOf(tree, step.ordinal, "VM"));
        return vms.filter(({ step }) => !isGood(step.status));
      },
    }),
  }),
});

builder.objectField(RecoveryRef, "acceptance", (t) =>
  t.field({
    type: RecoveryAcceptance,
    nullable: true,
    description: "Who took the incomplete recovery as it is, and what that left out; null: nobody has.",
    resolve: (run) => (run.acceptedAt === null || run.acceptedBy === null ? null : { run, by: run.acceptedBy, at: run.acceptedAt }),
  }),
);
