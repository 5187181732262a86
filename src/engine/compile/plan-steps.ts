/** The steps that a plan's priority group has before and after its VMs, and the references that steps of a test share. */
import type { Phase, SiteRef } from "../model.ts";
import type { SnapshotPlanStep, SnapshotSite, TestSnapshot } from "../run-snapshot.ts";
import type { LeafContent, Tree } from "./tree.ts";

export const siteRef = ({ provider, externalId, id, name }: SnapshotSite): SiteRef => ({
  provider,
  externalId,
  siteId: id,
  siteName: name,
});

/** What is settled before a step starts: `head` holds for the first of them, and so for all. */
export interface PhaseOrder {
  readonly parent: number;
  readonly phase: Phase;
  readonly head: readonly number[];
}

/**
 * One after the other, whatever became of the one before. A step that is SKIPPED from the start is no link of the chain: it is
 * settled at once, and what comes after it would no longer wait. Answers the last link.
 */
export function addPlanSteps(tree: Tree, snapshot: TestSnapshot, steps: readonly SnapshotPlanStep[], order: PhaseOrder): number | null {
  let last: number | null = null;
  for (const step of steps) {
    if (step.type === "COMMAND" && !snapshot.options.runScripts) continue;
    const content = contentOf(step, snapshot);
    const skipReason = skipReasonOf(step, snapshot);
    const ordinal = tree.leaf(order.parent, content, {
      of: [step.id],
      name: step.name,
      phase: order.phase,
      planStepId: step.id,
      ...("site" in content.spec ? { siteId: content.spec.site.siteId } : {}),
      after: skipReason !== null ? [] : last === null ? order.head : [last],
      skipReason,
    });
    if (skipReason === null) last = ordinal;
  }
  return last;
}

function skipReasonOf(step: SnapshotPlanStep, { protectedSite }: TestSnapshot): string | null {
  if (step.type !== "COMMAND" || step.runOnSite === "RECOVERY" || step.runInTest) return null;
  return `Runs at the protected site ${protectedSite.name}, which a test does not touch`;
}

function contentOf(
  step: SnapshotPlanStep,
  { protectedSite, recoverySite }: TestSnapshot,
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
