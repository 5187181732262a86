/** Whether a VM may be taken out of its group, as its `allowedOperations` say it. */
import type { Context } from "../context.ts";
import type { Refusals } from "../operations.ts";
import { removalRefusal } from "./operations.ts";

export async function removalOf(
  vm: { readonly id: string; readonly name: string; readonly groupId: string | null },
  { loaders }: Pick<Context, "loaders">,
): Promise<Refusals<"REMOVE_PROTECTED_VM">> {
  const [group, dependents] = await Promise.all([
    vm.groupId === null ? null : loaders.factsOfGroup.load(vm.groupId),
    loaders.dependentsOfVm.load(vm.id),
  ]);
  const names = dependents.map(({ name }) => name);
  return { REMOVE_PROTECTED_VM: removalRefusal(vm.name, names, group) };
}
