/** What can be done with a VM's recovery: ids are looked at here, everything else is decided in the service. */
import { builder } from "../builder.ts";
import { checkId, fieldErrors } from "../field-errors.ts";
import { actor } from "../mutation-parts.ts";
import type { ChangedVm } from "./service-vm-settings.ts";
import { VirtualMachineRef } from "./types-vm.ts";
import { ConfigureVmNetworkMappingsInput, ConfigureVmRecoverySettingsInput } from "./types-vm-inputs.ts";

const payload = (name: string, description: string) =>
  builder.objectRef<ChangedVm>(name).implement({
    description,
    fields: (t) => ({
      vm: t.field({
        type: VirtualMachineRef,
        nullable: true,
        description: "The VM as it is now; null: it is gone since.",
        resolve: ({ vmId }, _args, { loaders }) => loaders.vm.load(vmId),
      }),
    }),
  });

const SettingsPayload = payload("ConfigureVmRecoverySettingsPayload", "The settings count from the next run.");
const MappingsPayload = payload("ConfigureVmNetworkMappingsPayload", "The mappings count from the next run.");

builder.mutationFields((t) => ({
  configureVmRecoverySettings: t.field({
    type: SettingsPayload,
    nullable: true,
    authScopes: { anyRole: ["EDITOR", "SCRIPT_EDITOR"] },
    errors: {},
    description:
      "Changes how a VM is recovered; also while a run is open, which goes on with what it began with. Whatever adds, changes, reorders or removes commands, or the program of a ready check, needs SCRIPT_EDITOR, everything else EDITOR; a request that leaves commands as they are needs EDITOR alone, and one that changes nothing else SCRIPT_EDITOR alone. VMs that would wait for each other for ever, and an address that another VM of a plan gets, are field errors. (Reference: Configure VM Recovery Settings.)",
    args: { input: t.arg({ type: ConfigureVmRecoverySettingsInput, required: true, description: "Which VM, and how." }) },
    resolve: (_root, { input: { dependsOnVmIds: others, ...input } }, context) => {
      const errors = fieldErrors();
      const vmId = checkId(errors, ["vmId"], "VirtualMachine", input.vmId);
      const dependsOnVmIds = others?.map((id, at) => checkId(errors, ["dependsOnVmIds", at], "VirtualMachine", id));
      errors.check();
      const depends = others === undefined ? {} : { dependsOnVmIds: dependsOnVmIds ?? null };
      return context.services.vms.settings(actor(context), { ...input, ...depends, vmId });
    },
  }),
  configureVmNetworkMappings: t.field({
    type: MappingsPayload,
    nullable: true,
    authScopes: { role: "EDITOR" },
    errors: {},
    description:
      "Replaces a VM's own network mappings; also while a run is open, which goes on with what it began with. PRECONDITION_FAILED with reason NOT_PROTECTED for a VM that is in no protection group. (Reference: Configure VM Network Mappings.)",
    args: { input: t.arg({ type: ConfigureVmNetworkMappingsInput, required: true, description: "Which VM, and its mappings." }) },
    resolve: (_root, { input }, context) => {
      const errors = fieldErrors();
      const vmId = checkId(errors, ["vmId"], "VirtualMachine", input.vmId);
      const networkMappings = input.networkMappings.map(({ sourceNetworkId, targetNetworkId, testNetworkId }, at) => {
        const network = (field: string, id: string) => checkId(errors, ["networkMappings", at, field], "Network", id);
        return {
          sourceNetworkId: network("sourceNetworkId", sourceNetworkId),
          targetNetworkId: network("targetNetworkId", targetNetworkId),
          testNetworkId: typeof testNetworkId === "string" ? network("testNetworkId", testNetworkId) : null,
        };
      });
      errors.check();
      return context.services.vms.networkMappings(actor(context), { ...input, vmId, networkMappings });
    },
  }),
}));
