/** Whether somebody may decide which of two running VMs is kept, as a VM's `allowedOperations` say it. */
import type { Context } from "../context.ts";
import type { Refusals } from "../operations.ts";
import { splitBrainRefusals } from "./service-split-brain.ts";

export async function splitBrainOf(
  { id, name }: { readonly id: string; readonly name: string },
  { loaders }: Pick<Context, "loaders">,
): Promise<Refusals<"RESOLVE_SPLIT_BRAIN">> {
  return splitBrainRefusals(name, await loaders.recoveredFacts.load(id));
}
