/** Steps and commands that no successful test has shown to work. Pure. */
import type { LeafNode, StepNode } from "../../engine/model.ts";
import { isSame } from "../../engine/step-identity.ts";
import type { ExercisedStep } from "./facts.ts";

export const untestedReasons = {
  NEVER_RUN: "It has run well in no successful test.",
  CHANGED: "It has run well in a test, and does something else since.",
  LEFT_OUT_OF_TESTS: "Tests leave it out: it runs at the protected site, and has no runInTest.",
} as const;
export type UntestedReason = keyof typeof untestedReasons;

export interface UntestedStep {
  readonly kind: "COMMAND" | "GUEST_COMMAND" | "PROMPT" | "PAUSE";
  readonly name: string;
  readonly reason: UntestedReason;
  /** Of a step of a priority group. */
  readonly planStepId: string | null;
  /** Of a command of a VM. */
  readonly vmId: string | null;
}

const isTold = (node: StepNode): node is LeafNode & { readonly kind: UntestedStep["kind"] } =>
  node.kind === "COMMAND" || node.kind === "GUEST_COMMAND" || node.kind === "PROMPT" || node.kind === "PAUSE";

/** `nodes`: the tree of a test with commands. */
export function untestedOf(nodes: readonly StepNode[], exercised: readonly ExercisedStep[]): UntestedStep[] {
  const byOwner = Map.groupBy(exercised, ownerOf);
  return nodes.filter(isTold).flatMap((node) => {
    const ran = byOwner.get(ownerOf(node)) ?? [];
    if (ran.some(({ spec }) => isSame(node, spec))) return [];
    const { kind, name, planStepId, vmId } = node;
    return [{ kind, name, planStepId, vmId, reason: reasonOf(node, ran) }];
  });
}

/** A VM's commands have no names: any of its commands that does the same counts. */
const ownerOf = ({ kind, planStepId, vmId }: Pick<ExercisedStep, "kind" | "planStepId" | "vmId">): string =>
  `${kind} ${planStepId ?? vmId}`;

function reasonOf({ skipReason, planStepId }: LeafNode, ran: readonly ExercisedStep[]): UntestedReason {
  if (skipReason !== null) return "LEFT_OUT_OF_TESTS";
  return planStepId !== null && ran.length > 0 ? "CHANGED" : "NEVER_RUN";
}
