/**
 * What a failure counts as: the table of a recovery's failures, as one pure function. A step itself only says how it ended; by the run's
 * kind, its policy and where the step belongs, that is a warning, a failure that the run goes on with, or one that a person has to look at.
 */
import type { RunKind, StepEnd, StepNode, StepStatus } from "./model.ts";
import { isRollBack } from "./roll-back.ts";

export interface FailureRules {
  readonly kind: RunKind;
  readonly policy: "PAUSE" | "CONTINUE";
  /** A forced cleanup or deletion goes on with what it could not remove. */
  readonly lenient: boolean;
  readonly protectedSiteId: string;
}

/**
 * AS_IT_IS: as the step says. PAUSES: nothing new starts until somebody has retried or skipped it. PAUSES_AFTER_GROUP: the same, but
 * once for all at the end of its priority group.
 */
export type FailureCounts = "AS_IT_IS" | "WARNING" | "PAUSES" | "PAUSES_AFTER_GROUP";

/** Steps whose result later ones work with: without it these can't be done. */
const yieldsResult: ReadonlySet<StepNode["kind"]> = new Set<StepNode["kind"]>([
  "CREATE_SNAPSHOT",
  "CREATE_TEST_NETWORK",
  "PROMOTE_STORAGE",
  "REGISTER_VM",
]);

/** Whether what needs a step goes on when a person has it skipped. */
export const goesOnWithout = ({ kind }: Pick<StepNode, "kind">): boolean => !yieldsResult.has(kind);

/** Kinds of steps that a run of a kind can do without: a test has an older point, a new group may get its VMs all the same. */
const dispensable: Partial<Record<RunKind, StepNode["kind"]>> = {
  GROUP_CREATE: "STOP_REPLICATION",
  GROUP_UPDATE: "STOP_REPLICATION",
  REPROTECT: "STOP_REPLICATION",
};

/** What a step has come to, or is said to. */
type Outcome = Pick<StepEnd, "message"> & { readonly status: StepStatus };

export function failureCounts(rules: FailureRules, node: StepNode, end: Outcome): FailureCounts {
  if (isUnknown(end)) return rules.policy === "PAUSE" && hasPolicy(rules) ? "PAUSES" : "AS_IT_IS";
  if (end.status !== "FAILED") return "AS_IT_IS";
  if (rules.lenient || dispensable[rules.kind] === node.kind) return "WARNING";
  if (!hasPolicy(rules) || isRollBack(node)) return "AS_IT_IS";
  const pauses = rules.policy === "PAUSE";
  if (node.planStepId !== null) return pauses ? "PAUSES" : isTheirs(rules, node) && rules.kind === "DISASTER" ? "WARNING" : "AS_IT_IS";
  if (leansOnProtectedSite(rules, node)) return pauses || rules.kind === "PLANNED" ? "PAUSES" : "WARNING";
  if (node.vmId !== null) return pauses ? "PAUSES_AFTER_GROUP" : "AS_IT_IS";
  return pauses ? "PAUSES" : "AS_IT_IS";
}

/** Runs that a failure policy is chosen for. */
const hasPolicy = ({ kind }: FailureRules): boolean => kind === "TEST" || kind === "PLANNED" || kind === "DISASTER";

/** Nobody knows what a command did. A run that goes on says so by a warning; one that pauses lets it fail until somebody has looked. */
export const isUnknown = ({ status, message }: Outcome): boolean =>
  (status === "WARNING" || status === "FAILED") && (message?.startsWith("OUTCOME_UNKNOWN") ?? false);

const isTheirs = ({ protectedSiteId }: FailureRules, { siteId }: StepNode): boolean => siteId === protectedSiteId;

/** It is done at the protected site, or, as a synchronisation, with its help. */
export const leansOnProtectedSite = (rules: Pick<FailureRules, "protectedSiteId">, node: StepNode): boolean =>
  node.kind === "SYNCHRONISE" || node.siteId === rules.protectedSiteId;

/** What the step's end is from then on: a failure that is a warning has no errors, and what pauses a run is no warning. */
export function countedEnd(rules: FailureRules, node: StepNode, end: StepEnd): StepEnd {
  const counts = failureCounts(rules, node, end);
  if (counts === "PAUSES" && end.status === "WARNING") return { ...end, status: "FAILED", errors: end.warnings ?? [], warnings: [] };
  if (counts !== "WARNING") return end;
  return { ...end, status: "WARNING", errors: [], warnings: end.errors ?? [] };
}
