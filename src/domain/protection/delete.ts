/** Deleting a group: the run takes everything back at its sites; the rows go when it ends. */
import { v7 as newId } from "uuid";
import { checkId, fieldErrors } from "../field-errors.ts";
import { mutate, unlessAnswered } from "../mutation.ts";
import type { ServiceContext } from "../service-context.ts";
import type { Viewer } from "../viewer.ts";
import type { GroupTask } from "./create.ts";
import { checkSameDirection, directionOf, findGroup, lockGroup, readMembers } from "./groups.ts";
import type { GroupFacts } from "./loaders-facts.ts";
import { groupRefusals } from "./operations.ts";
import { insertGroupRun } from "./service-group-run.ts";
import type { Direction } from "./sites.ts";
import { groupSnapshot, sitesUnasked } from "./snapshots.ts";

export interface DeleteGroupInput {
  readonly groupId: string;
  readonly force?: boolean | null | undefined;
  readonly expectedVersion?: number | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

export async function deleteGroup(context: ServiceContext, viewer: Viewer, input: DeleteGroupInput): Promise<GroupTask> {
  const errors = fieldErrors();
  const groupId = checkId(errors, ["groupId"], "ProtectionGroup", input.groupId);
  errors.check();
  const force = input.force ?? false;
  const request = { mutation: "deleteProtectionGroup", input: { ...input } };
  const { pool } = context.database;
  const before = await unlessAnswered<GroupTask, Direction>(context, viewer, request, async () =>
    directionOf(pool, await findGroup(pool, groupId)),
  );
  if ("answer" in before) return before.answer;
  const direction = before.prepared;
  const ids: GroupTask = { groupId, recoveryId: newId(), taskId: newId() };
  const answer = await mutate(context, viewer, {
    ...request,
    answer: ids,
    async act(client) {
      const group = await lockGroup(client, groupId, input.expectedVersion);
      refuse(group, force);
      checkSameDirection(group, direction);
      const { recoveryId: runId, taskId } = ids;
      const snapshot = {
        ...groupSnapshot(group, sitesUnasked(direction)),
        kind: "GROUP_DELETE",
        warnings: [],
        force,
        vms: await readMembers(client, groupId),
        rollsBack: null,
      } as const;
      await insertGroupRun(client, { runId, taskId, pairingId: direction.pairingId, viewer, snapshot });
      return []; // the run tells of all that has changed with it
    },
  });
  context.hint(answer.recoveryId);
  return answer;
}

function refuse(group: GroupFacts, force: boolean): void {
  const refusals = groupRefusals(group);
  const refusal = force ? refusals.FORCE_DELETE_PROTECTION_GROUP : refusals.DELETE_PROTECTION_GROUP;
  if (refusal !== null) throw refusal;
}
