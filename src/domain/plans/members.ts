/** Protection groups come into a plan and leave it. (Reference: Add Protection Group to Recovery Plan.) */
import { ForbiddenError, NotFoundError } from "../errors.ts";
import { fieldErrors } from "../field-errors.ts";
import { encodeId } from "../ids.ts";
import { lockPair } from "../locks.ts";
import { mutate } from "../mutation.ts";
import type { ServiceContext } from "../service-context.ts";
import { holds, type Viewer } from "../viewer.ts";
import type { ChangedPlan } from "./create.ts";
import { checkGroupQuota, checkGroups, checkPlacements, checkPlan, holdGroups, insertPlacements, type Placement } from "./placements.ts";
import { lockForEdit, type Queryable, raiseVersion, readPriorityGroups } from "./rows.ts";

export interface AddInput extends Placement {
  readonly planId: string;
  readonly expectedVersion?: number | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

export const addGroup = (context: ServiceContext, viewer: Viewer, input: AddInput): Promise<ChangedPlan> =>
  mutate(context, viewer, {
    mutation: "addProtectionGroupToPlan",
    input: { ...input },
    answer: { planId: input.planId },
    act: async (client) => {
      const { planId, protectionGroupId } = input;
      const plan = await lockForEdit(client, "ADD_PROTECTION_GROUP", input);
      await lockPair(client, plan.pairingId);
      const groups = await holdGroups(client, [protectionGroupId]);
      if (!groups.has(protectionGroupId)) throw noGroup(protectionGroupId);
      const errors = fieldErrors();
      const there = await readPriorityGroups(client, planId);
      const members = await readMembers(client, planId);
      const placements = [{ ...input, path: [] }];
      checkPlacements(errors, placements, there);
      checkGroups(errors, placements, groups, plan.pairingId);
      if (members.some(({ groupId }) => groupId === protectionGroupId))
        errors.add(["protectionGroupId"], `The plan ${plan.name} has this protection group already.`);
      errors.check();
      checkGroupQuota(context.quotas, plan.name, members.length, 1);
      await insertPlacements(client, planId, placements, there);
      await raiseVersion(client, planId);
      await checkPlan(client, errors, planId, ["protectionGroupId"]);
      return [
        { kind: "PLAN_CHANGED", id: planId, change: "UPDATED" },
        { kind: "PROTECTION_GROUP_CHANGED", id: protectionGroupId, change: "UPDATED" },
      ];
    },
  });

export interface RemoveInput {
  readonly planId: string;
  readonly protectionGroupId: string;
  readonly expectedVersion?: number | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

/** A priority group without protection groups goes with its steps. */
export const removeGroup = (context: ServiceContext, viewer: Viewer, input: RemoveInput): Promise<ChangedPlan> =>
  mutate(context, viewer, {
    mutation: "removeProtectionGroupFromPlan",
    input: { ...input },
    answer: { planId: input.planId },
    act: async (client) => {
      const { planId, protectionGroupId } = input;
      const plan = await lockForEdit(client, "REMOVE_PROTECTION_GROUP", input);
      const members = await readMembers(client, planId);
      const member = members.find(({ groupId }) => groupId === protectionGroupId);
      if (member === undefined) {
        if (!(await holdGroups(client, [protectionGroupId])).has(protectionGroupId)) throw noGroup(protectionGroupId);
        const errors = fieldErrors();
        errors.add(["protectionGroupId"], `The plan ${plan.name} does not have this protection group.`);
        errors.check();
        return [];
      }
      const { priorityGroupId } = member;
      const isLast = members.filter((other) => other.priorityGroupId === priorityGroupId).length === 1;
      if (isLast && !holds(viewer, "SCRIPT_EDITOR") && (await hasCommands(client, priorityGroupId)))
        throw new ForbiddenError("SCRIPT_EDITOR");
      const text = "DELETE FROM plan_protection_group WHERE plan_id = $1 AND group_id = $2";
      await client.query({ name: "plan-group-delete", text, values: [planId, protectionGroupId] });
      if (isLast)
        await client.query({
          name: "plan-priority-group-delete",
          text: "DELETE FROM plan_priority_group WHERE id = $1",
          values: [priorityGroupId],
        });
      await raiseVersion(client, planId);
      return [
        { kind: "PLAN_CHANGED", id: planId, change: "UPDATED" },
        { kind: "PROTECTION_GROUP_CHANGED", id: protectionGroupId, change: "UPDATED" },
      ];
    },
  });

const noGroup = (id: string) => new NotFoundError("ProtectionGroup", encodeId("ProtectionGroup", id));

interface Member {
  readonly groupId: string;
  readonly priorityGroupId: string;
}

async function readMembers(client: Queryable, planId: string): Promise<Member[]> {
  const text = `SELECT group_id AS "groupId", priority_group_id AS "priorityGroupId" FROM plan_protection_group WHERE plan_id = $1`;
  return (await client.query<Member>({ name: "plan-members", text, values: [planId] })).rows;
}

async function hasCommands(client: Queryable, priorityGroupId: string): Promise<boolean> {
  const text = "SELECT 1 FROM plan_step WHERE priority_group_id = $1 AND type = 'COMMAND' LIMIT 1";
  return (await client.query({ name: "plan-priority-group-commands", text, values: [priorityGroupId] })).rowCount === 1;
}
