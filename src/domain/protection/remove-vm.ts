/** A VM leaves its group: the run stops its replication and removes its placeholder; its membership goes when the run ends. */
import type pg from "pg";
import { v7 as newId } from "uuid";
import { ConflictError, NotFoundError } from "../errors.ts";
import { checkId, fieldErrors } from "../field-errors.ts";
import { encodeId } from "../ids.ts";
import { lockPair } from "../locks.ts";
import { mutate, unlessAnswered } from "../mutation.ts";
import type { ServiceContext } from "../service-context.ts";
import type { Viewer } from "../viewer.ts";
import { checkSameDirection, directionOf, findGroup, lockGroup } from "./groups.ts";
import { type GroupFacts, readDependents } from "./loaders-facts.ts";
import { notProtected, removalRefusal } from "./operations.ts";
import { raiseVersion } from "./rows.ts";
import { insertGroupRun } from "./service-group-run.ts";
import type { Direction } from "./sites.ts";
import { groupSnapshot, sitesUnasked } from "./snapshots.ts";

export interface RemoveVmInput {
  readonly vmId: string;
  readonly expectedVersion?: number | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

/** Ids of the VM, of the group that it leaves, and of the run that does it. */
export interface RemovedVm extends Readonly<Record<string, string>> {
  readonly vmId: string;
  readonly groupId: string;
  readonly recoveryId: string;
}

interface Member {
  readonly id: string;
  readonly name: string;
  readonly externalId: string;
  readonly groupId: string | null;
  readonly placeholderId: string | null;
}

export async function removeVm(context: ServiceContext, viewer: Viewer, input: RemoveVmInput): Promise<RemovedVm> {
  const errors = fieldErrors();
  const vmId = checkId(errors, ["vmId"], "VirtualMachine", input.vmId);
  errors.check();
  const request = { mutation: "removeProtectedVm", input: { ...input } };
  const before = await unlessAnswered<RemovedVm, Prepared>(context, viewer, request, () => prepare(context, vmId));
  if ("answer" in before) return before.answer;
  const { groupId, direction } = before.prepared;
  const ids: RemovedVm = { vmId, groupId, recoveryId: newId() };
  const answer = await mutate(context, viewer, {
    ...request,
    answer: ids,
    async act(client) {
      await lockPair(client, direction.pairingId);
      const group = await lockGroup(client, groupId, input.expectedVersion);
      const vm = await findMember(client, vmId);
      await refuse(client, vm, group);
      checkSameDirection(group, direction);
      const { id, externalId, placeholderId } = vm;
      const snapshot = {
        ...groupSnapshot(group, sitesUnasked(direction)),
        kind: "GROUP_UPDATE",
        warnings: [],
        added: [],
        removed: [{ id, name: vm.name, externalId, placeholderId }],
      } as const;
      await raiseVersion(client, groupId);
      await insertGroupRun(client, { runId: ids.recoveryId, taskId: null, pairingId: direction.pairingId, viewer, snapshot });
      return []; // the run tells of all that has changed with it
    },
  });
  context.hint(answer.recoveryId);
  return answer;
}

interface Prepared {
  readonly groupId: string;
  readonly direction: Direction;
}

async function prepare({ database: { pool } }: ServiceContext, vmId: string): Promise<Prepared> {
  const { groupId, name } = await findMember(pool, vmId);
  if (groupId === null) throw notProtected(name);
  return { groupId, direction: await directionOf(pool, await findGroup(pool, groupId)) };
}

async function findMember(database: Pick<pg.ClientBase, "query">, vmId: string): Promise<Member> {
  const { rows } = await database.query<Member>({
    name: "group-member",
    text: `SELECT v.id, v.name, v.external_id AS "externalId", m.group_id AS "groupId", m.placeholder_external_id AS "placeholderId"
      FROM virtual_machine v LEFT JOIN protected_vm m ON m.vm_id = v.id WHERE v.id = $1`,
    values: [vmId],
  });
  const [member] = rows;
  if (member === undefined) throw new NotFoundError("VirtualMachine", encodeId("VirtualMachine", vmId));
  return member;
}

async function refuse(client: pg.ClientBase, vm: Member, group: GroupFacts): Promise<void> {
  if (vm.groupId !== null && vm.groupId !== group.id)
    throw new ConflictError(`${vm.name} came to another protection group at the same moment.`, "Look at it again, and repeat the request.");
  const dependents = await readDependents(client, [vm.id]);
  const refusal = removalRefusal(
    vm.name,
    dependents.map(({ name }) => name),
    vm.groupId === null ? null : group,
  );
  if (refusal !== null) throw refusal;
}
