import { builder } from "../../builder.ts";
import { UnauthorizedError } from "../../errors.ts";
import { idOf } from "../../ids.ts";
import { pointOf, RecoveryPointInput } from "../mutations.ts";
import { FailurePolicy, RecoveryType } from "../types/enums.ts";
import { RecoveryPreview } from "../types/preview.ts";

const PreviewRecoveryInput = builder.inputType("PreviewRecoveryInput", {
  description: "The options of the start, as startRecovery and startPlannedFailover take them; what is left out has the same default.",
  fields: (t) => ({
    syncData: t.boolean({ description: "Synchronise storage first; true by default." }),
    powerOnVms: t.boolean({ description: "Power the recovered VMs on; true by default." }),
    runScripts: t.boolean({ description: "Run commands; true by default." }),
    recoveryPoint: t.field({ type: RecoveryPointInput, description: "Which recovery points are used; the latest by default." }),
    failurePolicy: t.field({ type: FailurePolicy, description: "What a failure does; it changes nothing in the tree." }),
    shutdownSourceVms: t.boolean({ description: "PLANNED: shut the protected VMs down; true by default." }),
    acceptDataLoss: t.boolean({
      description: "PLANNED: what was written since the recovery points may be lost. Needed where syncData is false.",
    }),
    acceptUnfenced: t.boolean({ description: "DISASTER: you would make sure that the VMs of a site that can't be reached are off." }),
  }),
});

builder.queryField("previewRecovery", (t) =>
  t.field({
    type: RecoveryPreview,
    nullable: true,
    authScopes: { role: "OPERATOR" },
    description:
      "What a start with these options would do now: its steps, how long it may take, the recovery points, and what stands in the way. PLANNED and DISASTER need the role RECOVERY_ADMIN, as their start does. Writes nothing.",
    args: {
      planId: t.arg.id({ required: true, description: "The recovery plan." }),
      recoveryType: t.arg({ type: RecoveryType, required: true, description: "TEST, PLANNED or DISASTER." }),
      options: t.arg({ type: PreviewRecoveryInput, description: "How it would be started." }),
    },
    resolve: (_root, { planId, recoveryType, options }, { viewer, refusal, services }) => {
      if (viewer === null) throw refusal ?? new UnauthorizedError("This needs a session.");
      const { recoveryPoint, ...rest } = options ?? {};
      const ids = { planId: idOf("RecoveryPlan", planId, ["planId"]), recoveryPoint: pointOf(recoveryPoint) };
      return services.previews.preview(viewer, { ...rest, ...ids, recoveryType });
    },
  }),
);
