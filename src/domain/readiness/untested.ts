/** Steps and commands that no successful test has shown to work. Pure. */
import type { LeafNode, StepNode } from "../../engine/model.ts";
import { identifyingPart } from "../../engine/step-identity.ts";
import type { AskedStep, Exercised } from "./facts.ts";

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

const isTold = (node: StepNode): node is ToldNode =>
  node.kind === "COMMAND" || node.kind === "GUEST_COMMAND" || node.kind === "PROMPT" || node.kind === "PAUSE";

type ToldNode = LeafNode & { readonly kind: UntestedStep["kind"] };

/** Those that a test with commands would run, in its order. */
export const toldSteps = (nodes: readonly StepNode[]): ToldNode[] => nodes.filter(isTold);

/** A VM's commands have no names: any of its commands that does the same counts. */
export function askedOf(node: ToldNode): AskedStep {
  const owner = node.planStepId ?? node.vmId;
  if (owner === null) throw new RangeError(`the step ${node.name} is of no plan and of no VM`);
  return { kind: node.kind, owner, spec: identifyingPart(node) };
}

/** `exercised`: of each node what tests have shown of it. */
export function untestedOf(nodes: readonly ToldNode[], exercised: readonly Exercised[]): UntestedStep[] {
  return nodes.flatMap((node, at) => {
    const shown = exercised[at] ?? { ran: false, ranSame: false };
    if (shown.ranSame) return [];
    const { kind, name, planStepId, vmId } = node;
    return [{ kind, name, planStepId, vmId, reason: reasonOf(node, shown) }];
  });
}

function reasonOf({ skipReason, planStepId }: LeafNode, { ran }: Exercised): UntestedReason {
  if (skipReason !== null) return "LEFT_OUT_OF_TESTS";
  return planStepId !== null && ran ? "CHANGED" : "NEVER_RUN";
}
