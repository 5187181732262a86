/** How the steps of a group's run ended, by what the group's end asks. */
import type { StepState } from "../batch.ts";
import { isContainer, isGood, type LeafKind } from "../model.ts";
import { errorsOf } from "../outcome.ts";
import { textOf } from "../steps/kind.ts";

export interface View {
  /** What failed, in the order of the steps. */
  readonly errors: readonly string[];
  /** The first of the errors, or why the run was given up. */
  readonly first: string;
  /** Whether the step of this kind (and about this VM) ended well. */
  done(kind: LeafKind, vmId?: string): boolean;
  started(kind: LeafKind, vmId: string): boolean;
  /** Why the step did not end well. */
  why(kind: LeafKind, vmId?: string): string;
  /** The provider's id of the placeholder that was made for the VM. */
  placeholderOf(vmId: string): string | null;
}

export function viewOf(steps: readonly StepState[], error: string | null): View {
  const leaves = steps.filter(({ node }) => !isContainer(node));
  const byKey = new Map(
    leaves.flatMap((step) => [[keyOf(step.node.kind), step] as const, [keyOf(step.node.kind, step.node.vmId), step] as const]),
  );
  const of = (kind: LeafKind, vmId?: string) => byKey.get(keyOf(kind, vmId));
  const errors = errorsOf(steps);
  const nothing = error ?? "It was not done.";
  return {
    errors,
    first: errors[0] ?? nothing,
    done: (kind, vmId) => isGood(of(kind, vmId)?.status ?? "PENDING"),
    started: (kind, vmId) => (of(kind, vmId)?.startedAt ?? null) !== null,
    why: (kind, vmId) => of(kind, vmId)?.message ?? nothing,
    placeholderOf: (vmId) => textOf(of("CREATE_PLACEHOLDER", vmId)?.result ?? null, "placeholderId"),
  };
}

const keyOf = (kind: string, vmId: string | null = null) => `${kind}/${vmId ?? ""}`;
