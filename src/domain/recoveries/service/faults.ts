/** Faults that keep a run from being started, and the one error that names them. */
import { PreconditionFailedError } from "../../errors.ts";
import type { PreconditionReason } from "../../reasons.ts";

/** Why the run can't start: a code such as MAPPING_MISSING, the object by name, and what to do. */
export interface Fault {
  readonly code: PreconditionReason;
  /** What it is about, by name: a VM or a group; left out: the plan. */
  readonly object?: string;
  readonly message: string;
  readonly remedy: string;
}

/** All faults of the first one's kind in one message; the others come up when these are mended. `count`: how many of that kind there are, if not all are here. */
export function faultsRefusal(faults: readonly Fault[], count?: number): PreconditionFailedError {
  const [first] = faults;
  if (first === undefined) throw new Error("There is no fault to refuse for");
  const same = faults.filter(({ code }) => code === first.code);
  const shown = same.slice(0, 5).map(({ message }) => message);
  const more = (count ?? same.length) - shown.length;
  return new PreconditionFailedError(first.code, shown.join(" ") + (more > 0 ? ` And ${more} more.` : ""), first.remedy);
}

export const emptyPlan = ({ name }: { readonly name: string }): Fault => ({
  code: "EMPTY",
  message: `${name} has no protected VM that could be recovered.`,
  remedy: "Add protection groups with configured VMs to the plan.",
});

export const unmapped = (vmName: string, kind: "network" | "folder" | "resource pool", name: string): Fault => ({
  code: "MAPPING_MISSING",
  object: vmName,
  message: `${vmName} uses the ${kind} ${name}, which is not mapped to the recovery site.`,
  remedy: `Map the ${kind} ${name}, in the inventory or for this VM.`,
});
