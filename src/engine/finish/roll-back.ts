/** A cancelled creation is taken back by a deletion, forced and without a task, which is written with the creation's end. */
import { v7 as newId } from "uuid";
import type { GroupCreateSnapshot } from "../group-snapshot.ts";
import { type GroupEnd, plainEnd } from "./group-changes.ts";
import type { View } from "./group-view.ts";

export function endOfCancelledCreate(snapshot: GroupCreateSnapshot, runId: string, view: View): GroupEnd {
  const { version, protectedSite, recoverySite, group } = snapshot;
  const vms = snapshot.vms.map(({ id, name, externalId }) => ({ id, name, externalId, placeholderId: view.placeholderOf(id) }));
  // A call that got no answer may have arrived.
  const inDoubt = snapshot.vms.filter(({ id }) => view.placeholderOf(id) === null && view.started("CREATE_PLACEHOLDER", id));
  return {
    ...plainEnd,
    groupId: group.id,
    state: "DELETING",
    rollBack: {
      runId: newId(),
      snapshot: {
        version,
        kind: "GROUP_DELETE",
        group,
        protectedSite,
        recoverySite,
        force: true,
        vms,
        rollsBack: { runId, inDoubt },
        pastSeconds: {},
        warnings: [],
      },
    },
  };
}
