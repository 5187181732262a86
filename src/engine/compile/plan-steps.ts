/** The steps that a plan's priority group has before and after its VMs. */
import type { Phase } from "../model.ts";
import type { RisingSnapshot, SnapshotPlanStep } from "../run-snapshot.ts";
import { siteRef, unreachable } from "./sites.ts";
import type { LeafContent, Tree } from "./tree.ts";

/** `head`: what is settled before any of the steps starts. */
export interface PhaseOrder {
  readonly parent: number;
  readonly phase: Phase;
  readonly head: readonly number[];
}

/**
 * One after the other, whatever became of the one before. A step that is settled from the start is no link of the chain: what
 * comes after it would no longer wait. Each waits for all before it, since a run that goes on with another finds any of them done.
 * Answers the links.
 */
export function addPlanSteps(tree: Tree, snapshot: RisingSnapshot, steps: readonly SnapshotPlanStep[], order: PhaseOrder): number[] {
  const links: number[] = [];
  for (const step of steps) {
    if (step.type === "COMMAND" && !snapshot.options.runScripts) continue;
    const content = contentOf(step, snapshot);
    const skipReason = skipReasonOf(step, snapshot);
    const warnReason = isTheirs(step) ? unreachable(snapshot) : null;
    const settled = skipReason !== null || warnReason !== null;
    const ordinal = tree.leaf(order.parent, content, {
      of: [step.id],
      name: step.name,
      phase: order.phase,
      planStepId: step.id,
      ...("site" in content.spec ? { siteId: content.spec.site.siteId } : {}),
      after: settled ? [] : [...order.head, ...links],
      skipReason,
      warnReason,
    });
    if (!settled) links.push(ordinal);
  }
  return links;
}

/** Its command runs at the protected site. */
const isTheirs = (step: SnapshotPlanStep): step is SnapshotPlanStep & { readonly type: "COMMAND" } =>
  step.type === "COMMAND" && step.runOnSite === "PROTECTED";

function skipReasonOf(step: SnapshotPlanStep, { kind, protectedSite }: RisingSnapshot): string | null {
  if (kind !== "TEST" || !isTheirs(step) || step.runInTest) return null;
  return `Runs at the protected site ${protectedSite.name}, which a test does not touch`;
}

function contentOf(
  step: SnapshotPlanStep,
  { protectedSite, recoverySite }: RisingSnapshot,
): Extract<LeafContent, { kind: SnapshotPlanStep["type"] }> {
  switch (step.type) {
    case "COMMAND": {
      const { command, arguments: list, timeoutSeconds, rerunnable, continueOnFailure } = step;
      const site = siteRef(step.runOnSite === "PROTECTED" ? protectedSite : recoverySite);
      return { kind: "COMMAND", spec: { site, command, arguments: list, timeoutSeconds, rerunnable, continueOnFailure, vm: null } };
    }
    case "PROMPT":
      return { kind: "PROMPT", spec: promptSpec(step) };
    case "PAUSE":
      return { kind: "PAUSE", spec: { durationSeconds: step.durationSeconds } };
  }
}

const promptSpec = ({
  message,
  timeoutSeconds,
  defaultAnswer,
  needsTwoPeople = false,
}: SnapshotPlanStep & { readonly type: "PROMPT" }) => ({
  message,
  timeoutSeconds,
  defaultAnswer,
  needsTwoPeople,
});
