/** What becomes of a plan and its groups when a reprotect ends: each group reports its own result. Pure. */
import type { StepState } from "../batch.ts";
import { isContainer, isGood, type ResultState } from "../model.ts";
import type { ReprotectedGroup, ReprotectSnapshot, RunWarning } from "../run-snapshot.ts";
import { textOf } from "../steps/kind.ts";
import { runWarning } from "../warnings.ts";
import { groupResult, whyNot } from "./step-ends.ts";

export interface TurnedGroup {
  readonly groupId: string;
  /** Its direction is the other one now, and its VMs are those that run. */
  readonly turned: boolean;
  /** Null: as its VMs say, recovered as a whole or in part. */
  readonly state: "READY" | "NOT_READY" | null;
  readonly resultState: ResultState;
  readonly fault: RunWarning | null;
  readonly externalId: string;
  readonly replication: "SYNCED" | "NOT_REPLICATED";
}

export interface TurnedVm {
  readonly groupId: string;
  readonly vmId: string;
  readonly externalId: string;
  /** Of the other direction; null: protection has ended. */
  readonly placeholderId: string | null;
  readonly placeholderName: string | null;
}

export interface ReprotectEnd {
  readonly lifecycle: "READY" | "REPROTECT_INCOMPLETE";
  readonly groups: readonly TurnedGroup[];
  /** Of the groups that have turned. */
  readonly vms: readonly TurnedVm[];
}

export function endOfReprotect(
  snapshot: ReprotectSnapshot,
  resultState: ResultState,
  steps: readonly StepState[],
  error: string | null,
): ReprotectEnd {
  const cancelled = resultState === "CANCELLED";
  const ends = snapshot.groups.map((group) => ({ group, end: groupEnd(snapshot, group, steps, cancelled, error) }));
  const turned = ends.filter(({ end }) => end.turned).map(({ group }) => group);
  const over = snapshot.othersWait !== true && (turned.length === snapshot.groups.length || snapshot.options.force);
  return {
    lifecycle: over ? "READY" : "REPROTECT_INCOMPLETE",
    groups: ends.map(({ end }) => end),
    vms: turned.flatMap((group) => vmsOf(group, steps, snapshot.options.reverseReplication)),
  };
}

function groupEnd(
  { options, recoverySite }: ReprotectSnapshot,
  group: ReprotectedGroup,
  steps: readonly StepState[],
  cancelled: boolean,
  error: string | null,
): TurnedGroup {
  const { id: groupId, name, externalId } = group;
  const own = steps.filter(({ node }) => node.groupId === groupId && !isContainer(node));
  const good = own.filter(({ status }) => isGood(status));
  // Stopping the former set is of no consequence: whatever it came to is over in time.
  const turned = own.length > 0 && own.every(({ status }) => isGood(status));
  const warned = own.some(({ status }) => status === "WARNING");
  const resultState = groupResult({ whole: turned, some: good.some(({ node }) => node.kind === "REVERSE_REPLICATION"), warned, cancelled });
  const synced = good.some(({ node }) => node.kind === "SYNCHRONISE");
  const common = { groupId, turned, resultState, externalId, replication: synced ? "SYNCED" : "NOT_REPLICATED" } as const;
  if (turned && options.reverseReplication) return { ...common, state: "READY", fault: null };
  if (turned) {
    const message = `The protection of ${name} has ended: ${recoverySite.name} is gone for good. It is ready for a new pair of sites.`;
    return { ...common, state: "NOT_READY", fault: runWarning("PROTECTION_ENDED", message) };
  }
  const why = whyNot(own) ?? error ?? "the run ended before its turn";
  const fault = runWarning("REPROTECT_FAILED", `${name} is not protected in the other direction: ${why}`);
  return { ...common, state: options.force ? "NOT_READY" : null, fault };
}

function vmsOf({ id: groupId, vms }: ReprotectedGroup, steps: readonly StepState[], protects: boolean): TurnedVm[] {
  const placeholders = new Map(
    steps.flatMap(({ node, result }) => (node.kind === "DEMOTE_VM" ? [[node.vmId, textOf(result, "placeholderId")] as const] : [])),
  );
  return vms.map(({ id: vmId, externalId, placeholderName }) => ({
    groupId,
    vmId,
    externalId,
    placeholderId: placeholders.get(vmId) ?? null,
    placeholderName: protects ? placeholderName : null,
  }));
}
