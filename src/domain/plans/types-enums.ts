import type { ArtefactKind } from "../../providers/contract.ts";
import { builder } from "../builder.ts";

export const PlanState = builder.enumType("RecoveryPlanState", {
  description: "State of a plan, computed from its lifecycle, its run, its groups and its sites. (Reference: Recovery Plan States.)",
  values: {
    READY: { description: "It can be tested or recovered." },
    NOT_READY: { description: "Something is in the way; see the faults." },
    RUNNING: { description: "A run of it is under way." },
    PROMPTING: { description: "Its run waits for the answer to a prompt." },
    ERROR: { description: "Its last run is incomplete; see the lifecycle." },
  } as const,
});

export const PlanLifecycle = builder.enumType("PlanLifecycle", {
  description: "The history of a plan's own runs, which decides what can be started.",
  values: {
    READY: { description: "Nothing is under way: test, planned or disaster recovery." },
    TEST_IN_PROGRESS: { description: "A test runs." },
    TEST_COMPLETE: { description: "A test is over, whatever its result; it has to be cleaned up." },
    CLEANUP_IN_PROGRESS: { description: "A cleanup runs." },
    CLEANUP_INCOMPLETE: { description: "A cleanup left something behind; clean up again." },
    RECOVERY_IN_PROGRESS: { description: "A recovery runs." },
    RECOVERY_INCOMPLETE: { description: "A recovery did not recover everything; run it again or accept it." },
    RECOVERY_COMPLETE: { description: "Recovered; it has to be reprotected." },
    REPROTECT_IN_PROGRESS: { description: "A reprotect runs." },
    REPROTECT_INCOMPLETE: { description: "A reprotect did not turn everything round; reprotect again." },
  } as const,
});

export const PlanStepType = builder.enumType("PlanStepType", {
  description: "What a step of a plan is. (Reference: Step Types.)",
  values: {
    COMMAND: { description: "Runs a program (reference: command)." },
    PROMPT: { description: "Asks a person (reference: prompt)." },
    PAUSE: { description: "Waits (reference: pause)." },
  } as const,
});

export const SiteRole = builder.enumType("SiteRole", {
  description: "A role, not a place: it follows the direction of the plan. (Reference: run_on_site.)",
  values: {
    PROTECTED: { description: "The site that is recovered from (reference: protected)." },
    RECOVERY: { description: "The site that is recovered to (reference: recovery)." },
  } as const,
});

const leftoverKinds = {
  VM: "A VM that the test has registered.",
  SNAPSHOT: "A writable copy of replicated data.",
  NETWORK: "An isolated network.",
  PLACEHOLDER: "A placeholder that the test has made.",
  PLACEHOLDER_IN_USE: "A placeholder in whose place the test has put a VM.",
  OTHER: "Something that this release does not know.",
} as const satisfies Record<ArtefactKind | "OTHER", string>;

type Kind = keyof typeof leftoverKinds;
const isKind = (kind: string): kind is Kind => kind in leftoverKinds;
/** A newer release may have written it. */
export const leftoverKindOf = (kind: string): Kind => (isKind(kind) ? kind : "OTHER");

export const LeftoverKind = builder.enumType("LeftoverKind", {
  description: "What a test can leave behind at a site. Expect kinds that are added later.",
  values: Object.fromEntries(
    Object.keys(leftoverKinds)
      .filter(isKind)
      .map((kind) => [kind, { value: kind, description: leftoverKinds[kind] }]),
  ),
});
