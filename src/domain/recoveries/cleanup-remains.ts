/**
 * What a test has left: the results of its steps, set against what its site says. The site's word goes: what it no longer has
 * needs no step, and what a step made without its result being known is found by its name. Pure.
 */
import type { StepResult } from "../../engine/model.ts";
import type { TestRemains } from "../../engine/run-snapshot.ts";
import type { Artefact } from "../../providers/contract.ts";

/** A step of the test that may have made something. */
export interface MakingStep {
  readonly kind: "REGISTER_VM" | "CREATE_SNAPSHOT" | "CREATE_TEST_NETWORK";
  readonly vmId: string | null;
  readonly groupId: string | null;
  readonly groupName: string | null;
  readonly spec: StepResult;
  readonly result: StepResult | null;
}

const text = (values: StepResult | null, field: string): string | null => {
  const value = values?.[field];
  return typeof value === "string" ? value : null;
};

/** `artefacts` null: the site does not answer, and the steps' results are all there is. */
export function remainsOf(steps: readonly MakingStep[], artefacts: readonly Artefact[] | null): TestRemains {
  const vms = vmsOf(steps, artefacts);
  const placeholders = placeholdersOf(vms, artefacts);
  return { vms, placeholders, snapshots: snapshotsOf(steps, artefacts), networks: networksOf(steps, artefacts) };
}

/** The id of what a step made: recorded, or the site's under the name that the step gave it. Null: nothing is there. */
function madeBy(step: MakingStep, kind: Artefact["kind"], field: string, artefacts: readonly Artefact[] | null): string | null {
  const recorded = text(step.result, field);
  if (artefacts === null) return recorded;
  const there = artefacts.filter((artefact) => artefact.kind === kind);
  const byId = there.find(({ id }) => id === recorded);
  return (byId ?? there.find(({ name }) => recorded === null && name === text(step.spec, "name")))?.id ?? null;
}

function vmsOf(steps: readonly MakingStep[], artefacts: readonly Artefact[] | null): TestRemains["vms"] {
  const placeholders = new Set(artefacts?.filter(({ kind }) => kind === "PLACEHOLDER_IN_USE").map(({ id }) => id));
  return steps.flatMap((step) => {
    const placeholderId = text(step.spec, "placeholderId") ?? "";
    // A placeholder that is still taken needs its VM's steps, also when the VM itself is gone.
    const recoveryVmId = madeBy(step, "VM", "vmId", artefacts) ?? (placeholders.has(placeholderId) ? text(step.result, "vmId") : null);
    if (step.kind !== "REGISTER_VM" || step.vmId === null || recoveryVmId === null) return [];
    return [{ vmId: step.vmId, name: text(step.spec, "name") ?? "", placeholderId, recoveryVmId }];
  });
}

/** Placeholders that are taken though no VM is known in their place, such as when nobody knows how a registration ended. */
function placeholdersOf(vms: TestRemains["vms"], artefacts: readonly Artefact[] | null): { placeholderId: string; name: string }[] {
  const known = new Set(vms.map(({ placeholderId }) => placeholderId));
  const taken = artefacts?.filter(({ kind, id }) => kind === "PLACEHOLDER_IN_USE" && !known.has(id)) ?? [];
  return taken.map(({ id, name }) => ({ placeholderId: id, name }));
}

function snapshotsOf(steps: readonly MakingStep[], artefacts: readonly Artefact[] | null): TestRemains["snapshots"] {
  return steps.flatMap((step) => {
    const snapshotId = madeBy(step, "SNAPSHOT", "snapshotId", artefacts);
    if (step.kind !== "CREATE_SNAPSHOT" || step.groupId === null || snapshotId === null) return [];
    return [{ groupId: step.groupId, groupName: step.groupName ?? "", snapshotId }];
  });
}

/** A network needs nothing but its id, so also those go that no step knows. */
function networksOf(steps: readonly MakingStep[], artefacts: readonly Artefact[] | null): TestRemains["networks"] {
  if (artefacts !== null) return artefacts.filter(({ kind }) => kind === "NETWORK").map(({ id, name }) => ({ networkId: id, name }));
  return steps.flatMap(({ kind, spec, result }) => {
    const networkId = text(result, "networkId");
    return kind === "CREATE_TEST_NETWORK" && networkId !== null ? [{ networkId, name: text(spec, "name") ?? "" }] : [];
  });
}
