/** What may be done with a VM now. Each room that does something with VMs decides its own operations. */
import { builder } from "../builder.ts";
import type { Context } from "../context.ts";
import { AllowedOperationRef, allowedOperations, type Refusals } from "../operations.ts";
import { removalOf } from "../protection/types-vm-removal.ts";
import { splitBrainOf } from "../sites/types-split-brain.ts";
import { configurationRefusals } from "./service-vm-networks.ts";
import { VirtualMachineRef } from "./types-vm.ts";
import type { VmRow } from "./types-vm-rows.ts";

/** What stands in the way of a room's operations on the VM. */
type Decide = (vm: VmRow, context: Context) => Promise<Partial<Refusals>>;

const rooms: readonly Decide[] = [removalOf, async (vm) => configurationRefusals(vm), splitBrainOf];

builder.objectField(VirtualMachineRef, "allowedOperations", (t) =>
  t.field({
    type: [AllowedOperationRef],
    description: "What may be done with it now, and why the rest may not. (Reference: State Validation.)",
    resolve: async (vm, _args, context) => {
      const decided = await Promise.all(rooms.map((decide) => decide(vm, context)));
      return allowedOperations(Object.assign({}, ...decided), context.viewer);
    },
  }),
);
