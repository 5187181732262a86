/** Ending a split brain: checked for shape here, decided in the service. */
import { builder } from "../builder.ts";
import { idOf } from "../ids.ts";
import { VirtualMachineRef } from "../inventory/types-vm.ts";
import { actor, keyField } from "../mutation-parts.ts";

const KeptVm = builder.enumType("KeptVm", {
  description: "Which of a recovered VM and its original is kept running.",
  values: {
    RECOVERED: { description: "The copy at the recovery site: the original is powered off, and keeps from starting by itself." },
    ORIGINAL: { description: "The original: the copy is powered off, and the VM is no longer recovered." },
  } as const,
});

const ResolveSplitBrainInput = builder.inputType("ResolveSplitBrainInput", {
  description: "Which of the two is kept.",
  fields: (t) => ({
    vmId: t.id({ required: true, description: "The VM, which runs on both sites (fault SPLIT_BRAIN)." }),
    keep: t.field({ type: KeptVm, required: true, description: "The one that goes on running." }),
    comment: t.string({ required: true, description: "Why; 1 to 4,000 characters." }),
    idempotencyKey: t.string(keyField),
  }),
});

const ResolveSplitBrainPayload = builder.objectRef<{ readonly vmId: string }>("ResolveSplitBrainPayload").implement({
  description: "It is decided, and is carried out by the next heartbeats, until the other one is off.",
  fields: (t) => ({
    vm: t.field({
      type: VirtualMachineRef,
      nullable: true,
      description: "The VM; its group has the fault SPLIT_BRAIN until one of the two is off. Null: it is gone since.",
      resolve: ({ vmId }, _args, { loaders }) => loaders.vm.load(vmId),
    }),
  }),
});

builder.mutationField("resolveSplitBrain", (t) =>
  t.field({
    type: ResolveSplitBrainPayload,
    nullable: true,
    authScopes: { role: "RECOVERY_ADMIN" },
    errors: {},
    description:
      "Decides which of a recovered VM and its original is kept, while both run. The other one is powered off, also after a crash, as soon as its site answers; nothing is destroyed, and nothing is powered off once one of the two is off. RECOVERED: the plan goes on as if the original had never come back. ORIGINAL: the VM is no longer recovered, what its copy has written stays behind at the recovery site, where the copy stands powered off, and the plan, which is RECOVERY_INCOMPLETE from then on, needs a new recovery or acceptRecovery. CONFLICT when it does not run on both sites, when somebody has decided already, and, for ORIGINAL, while a run works on its group.",
    args: { input: t.arg({ type: ResolveSplitBrainInput, required: true, description: "Which VM, and what of it is kept." }) },
    resolve: (_root, { input }, context) =>
      context.services.sites.resolveSplitBrain(actor(context), { ...input, vmId: idOf("VirtualMachine", input.vmId, ["vmId"]) }),
  }),
);
