/** Whether the places are still there that a run puts its VMs into. Pure. */
import type { SnapshotTestNetwork, SnapshotVm } from "../../../engine/run-snapshot.ts";
import type { GonePlace, SiteFacts } from "./facts.ts";
import { type Finding, finding, whoOf } from "./findings.ts";

export interface PlacesInput {
  readonly vms: readonly SnapshotVm[];
  readonly networks: readonly SnapshotTestNetwork[];
  readonly facts: Pick<SiteFacts, "gone" | "needs">;
}

/** A finding for each that its site lists no more, with who would be put there: such a VM can't be registered. */
export function placeFindings({ vms, networks, facts }: PlacesInput): Finding[] {
  const nameOf = new Map(networks.map(({ id, testNetworkId }) => [id, testNetworkId]));
  const datastoreOf = new Map(facts.needs.map(({ vmId, datastoreId }) => [vmId, datastoreId]));
  const uses = (vm: SnapshotVm, { kind, id, name }: GonePlace): boolean => {
    switch (kind) {
      case "network":
        return vm.nics.some(({ testNetwork }) => nameOf.get(testNetwork) === name);
      case "folder":
        return vm.folderId === name;
      case "resource pool":
        return vm.resourcePoolId === name;
      case "datastore":
        return datastoreOf.get(vm.id) === id;
    }
  };
  return facts.gone.flatMap((place) => {
    const who = vms.filter((vm) => uses(vm, place)).map(({ name }) => name);
    if (who.length === 0) return [];
    const message = `The ${place.kind} ${place.name} is no longer listed at the recovery site. It is for ${whoOf(who)}.`;
    return [{ ...finding("INVENTORY_MISSING", place.name, message), place: place.kind }];
  });
}
