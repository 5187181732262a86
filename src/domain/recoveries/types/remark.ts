/** Remarks on a run. */
import type { RecoveryRemark } from "../../../database/generated/client.ts";
import { copies } from "../../batching.ts";
import { builder } from "../../builder.ts";
import { longText } from "../../cost.ts";
import { RecoveryRef } from "./refs.ts";

export const RecoveryRemarkRef = builder.objectRef<Readonly<RecoveryRemark>>("RecoveryRemark");

builder.node(RecoveryRemarkRef, {
  description: "What somebody wrote down about a run, while it went or afterwards.",
  id: { resolve: ({ id }) => id, description: "Global id of the remark." },
  loadManyWithoutCache: (ids, { loaders }) => copies(loaders.remark.loadMany(ids)),
  fields: (t) => ({
    text: t.exposeString("text", { description: "What was written, at most 4,096 characters.", cost: longText }),
    writtenBy: t.exposeString("writtenBy", { description: "Who wrote it." }),
    writtenAt: t.expose("writtenAt", { type: "DateTime", description: "When." }),
    recovery: t.field({
      type: RecoveryRef,
      nullable: true,
      description: "The run that it is about.",
      resolve: ({ runId }, _args, { loaders }) => loaders.recovery.load(runId),
    }),
  }),
});

builder.objectField(RecoveryRef, "remarks", (t) =>
  t.field({
    type: [RecoveryRemarkRef],
    description: "What people wrote down about it, newest first; 500 at most. A new one is told as a change of the run's task.",
    resolve: ({ id }, _args, { loaders }) => loaders.remarksOfRun.load(id),
  }),
);
