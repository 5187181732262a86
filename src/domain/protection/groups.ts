/** The group that a mutation works on: found before its transaction, held inside it. */
import type pg from "pg";
import type { FormerMember } from "../../engine/group-snapshot.ts";
import { ConflictError, NotFoundError, PreconditionFailedError } from "../errors.ts";
import { encodeId } from "../ids.ts";
import { checkVersion } from "../mutation.ts";
import { type GroupFacts, readGroupFacts } from "./loaders-facts.ts";
import { type Direction, pairingOf, readSites } from "./sites.ts";

type Queryable = Pick<pg.ClientBase, "query">;

export async function findGroup(database: Queryable, groupId: string): Promise<GroupFacts> {
  const [group] = await readGroupFacts(database, [groupId]);
  if (group === undefined) throw new NotFoundError("ProtectionGroup", encodeId("ProtectionGroup", groupId));
  return group;
}

/** Holds the group's row: no run takes it, and nobody else changes it meanwhile. */
export async function lockGroup(client: Queryable, groupId: string, expectedVersion?: number | null): Promise<GroupFacts> {
  await client.query({ name: "group-lock", text: "SELECT 1 FROM protection_group WHERE id = $1 FOR UPDATE", values: [groupId] });
  const group = await findGroup(client, groupId);
  checkVersion(`the protection group ${group.name}`, group.version, expectedVersion);
  return group;
}

/** Its sites as it is protected now. */
export async function directionOf(database: Queryable, { name, protectedSiteId, recoverySiteId }: GroupFacts): Promise<Direction> {
  const [found, pairingId] = await Promise.all([
    readSites(database, [protectedSiteId, recoverySiteId]),
    pairingOf(database, protectedSiteId, recoverySiteId),
  ]);
  const [protectedSite, recoverySite] = [found.get(protectedSiteId), found.get(recoverySiteId)];
  if (protectedSite === undefined || recoverySite === undefined) throw new Error(`A site of the protection group ${name} is gone`);
  if (pairingId !== null) return { pairingId, protectedSite, recoverySite };
  const message = `The sites ${protectedSite.name} and ${recoverySite.name} of the protection group ${name} are not paired.`;
  throw new PreconditionFailedError("NOT_PAIRED", message, "Pair the two sites (pairSites).");
}

/** A reprotect may have turned it round since its sites were asked. */
export function checkSameDirection(group: GroupFacts, { recoverySite }: Direction): void {
  if (group.recoverySiteId === recoverySite.id) return;
  throw new ConflictError(
    `The protection group ${group.name} was turned round at the same moment.`,
    "Look at it again, and repeat the request.",
  );
}

/** Its VMs, as what is taken back from its sites. */
export async function readMembers(client: Queryable, groupId: string): Promise<FormerMember[]> {
  const { rows } = await client.query<FormerMember>({
    name: "group-members",
    text: `SELECT v.id, v.name, v.external_id AS "externalId", m.placeholder_external_id AS "placeholderId"
      FROM protected_vm m JOIN virtual_machine v ON v.id = m.vm_id WHERE m.group_id = $1 ORDER BY lower(v.name), v.id`,
    values: [groupId],
  });
  return rows;
}
