/**
 * What a run that goes on with another one need not do again. A step counts as done when that run did it, it still means the same (its
 * identity), and every step whose result it works with counts as done too. Pure.
 */
import { isContainer, isGood, type LeafNode, type RunKind, type StepNode, type StepResult, type StepStatus } from "./model.ts";
import { isRollBack, wasTried } from "./roll-back.ts";
import { isSame } from "./step-identity.ts";

/** How a step of the earlier run ended. */
export interface EarlierStep {
  readonly key: string;
  readonly kind: string;
  readonly siteId: string | null;
  readonly spec: unknown;
  readonly status: StepStatus;
  readonly attempt: number;
  readonly message: string | null;
  readonly result: StepResult | null;
  /** Milliseconds since 1970; null: it never ran. */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}

/** SKIPPED: there is nothing left that it could do. */
export interface Done {
  readonly status: "ALREADY_DONE" | "SKIPPED";
  readonly message: string | null;
  readonly result: StepResult | null;
}

export function alreadyDone(
  kind: RunKind,
  nodes: readonly StepNode[],
  earlier: readonly EarlierStep[],
  protectedSiteId: string,
): ReadonlyMap<number, Done> {
  const byKey = new Map(earlier.filter((step) => isDone(step, protectedSiteId)).map((step) => [step.key, step]));
  const rolledBack = earlier.some((step) => isRollBack(step) && wasTried(step));
  const done = new Map<number, Done>();
  for (const node of nodes) {
    if (isContainer(node) || neverDone.has(node.kind) || isRollBack(node)) continue;
    if (node.kind === "SYNCHRONISE" && kind !== "REPROTECT") continue;
    if (rolledBack && node.siteId === protectedSiteId) continue;
    const step = byKey.get(node.key);
    if (step?.kind !== node.kind || !isSame(node, step.spec) || !worksWith(node).every((ordinal) => isDoneNow(done, ordinal))) continue;
    done.set(node.ordinal, { status: "ALREADY_DONE", message: step.message, result: noted(step) });
  }
  if (kind !== "REPROTECT") addSynchronisations(kind === "PLANNED" && !rolledBack, nodes, byKey, done);
  return done;
}

/**
 * A prompt that said anything but go on is asked again. Of warnings those are tried again that stand for a failure: at the protected site, or
 * of a machine that was not ready in time.
 */
function isDone({ status, kind, siteId, result }: EarlierStep, protectedSiteId: string): boolean {
  if (kind === "PROMPT" && result?.answer !== "CONTINUE") return false;
  if (status === "WARNING") return siteId !== protectedSiteId && kind !== "SYNCHRONISE" && kind !== "READY_CHECK";
  return isGood(status);
}

/** Proofs of how things are at the moment: they age. */
const neverDone: ReadonlySet<string> = new Set(["FENCE_SITE", "CHECK_ORIGINALS_OFF"]);

const isDoneNow = (done: ReadonlyMap<number, Done>, ordinal: number): boolean => done.get(ordinal)?.status === "ALREADY_DONE";

/** When it was done, for figures. Handed on from run to run. */
const noted = ({ result, endedAt }: EarlierStep): StepResult => ({
  ...(endedAt === null ? {} : { doneAt: new Date(endedAt).toISOString() }),
  ...result,
});

/**
 * What has been copied into a group that is promoted is all that ever will be. Else a planned run takes the copy that was made if nothing
 * of what comes before it is done anew; a disaster run takes what it can get now.
 */
function addSynchronisations(
  mayTake: boolean,
  nodes: readonly StepNode[],
  byKey: ReadonlyMap<string, EarlierStep>,
  done: Map<number, Done>,
): void {
  const promoted = new Set(
    nodes.flatMap((node) => (node.kind === "PROMOTE_STORAGE" && isDoneNow(done, node.ordinal) ? [node.groupId] : [])),
  );
  for (const node of nodes) {
    if (node.kind !== "SYNCHRONISE") continue;
    const step = byKey.get(node.key);
    const made = step !== undefined && isSame(node, step.spec);
    const isPromoted = promoted.has(node.groupId);
    if (made && (isPromoted || (mayTake && node.after.every((ordinal) => isDoneNow(done, ordinal))))) {
      done.set(node.ordinal, { status: "ALREADY_DONE", message: step.message, result: noted(step) });
    } else if (isPromoted) {
      done.set(node.ordinal, { status: "SKIPPED", message: "The group's storage is promoted already", result: null });
    }
  }
}

/** Steps whose results it can't do without. */
function worksWith(node: LeafNode): readonly number[] {
  switch (node.kind) {
    case "REGISTER_VM":
      return [node.spec.snapshot];
    case "POWER_ON":
    case "CUSTOMISE_IP":
    case "GUEST_COMMAND":
    case "READY_CHECK":
      return [node.spec.vm];
    case "PROBE":
      return [node.spec.vm, ...node.needs];
    case "COMMAND":
      return node.spec.vm?.registeredBy ? [node.spec.vm.registeredBy] : [];
    case "DEMOTE_VM":
      return node.needs;
    default:
      return [];
  }
}
