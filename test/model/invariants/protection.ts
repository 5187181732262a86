/** Nothing protected is lost: groups keep their VMs, and a replica of them from which they can be recovered. */
import { Broken } from "../broken.ts";
import type { Look } from "../look.ts";
import type { Model } from "../model.ts";
import type { World } from "../world.ts";

/** Of groups whose replication goes on: points of the catalogue that the site has not, and VMs that no replica holds. */
const question = `SELECT g.name, g.external_id AS "setId",
    EXISTS (SELECT FROM recovery_point p WHERE p.group_id = g.id AND p.complete) AS "hasPoint",
    ARRAY(SELECT p.external_id FROM recovery_point p WHERE p.group_id = g.id AND p.complete
      AND NOT EXISTS (SELECT FROM lab.point l WHERE l.id = p.external_id AND l.group_id = g.external_id)) AS unknown,
    ARRAY(SELECT v.name FROM protected_vm m JOIN virtual_machine v ON v.id = m.vm_id WHERE m.group_id = g.id AND m.protection_state = 'SHADOWING'
      AND NOT EXISTS (SELECT FROM lab.group_vm r WHERE r.group_id = g.external_id AND r.vm_id = v.external_id)) AS unreplicated
  FROM protection_group g WHERE g.state IN ('READY', 'TESTING')
    AND NOT EXISTS (SELECT FROM group_use u JOIN recovery r ON r.id = u.run_id WHERE u.group_id = g.id AND r.kind NOT IN ('TEST', 'CLEANUP'))`;

interface GroupRow {
  readonly name: string;
  /** The replicated set: another one after each reprotect. */
  readonly setId: string;
  readonly hasPoint: boolean;
  readonly unknown: readonly string[];
  readonly unreplicated: readonly string[];
}

export async function protectionIsKept({ db }: World, { replicas }: Model, before: Look, after: Look): Promise<void> {
  const members = ({ vms }: Look) => vms.map(({ id, groupId }) => `${groupId}/${id}`).sort();
  const [was, is] = [members(before), members(after)];
  if (was.join() !== is.join()) throw new Broken("A group has lost VMs", { was, is });
  const { rows } = await db.database.pool.query<GroupRow>({ name: "model-protection", text: question });
  const broken = rows.filter(({ unknown, unreplicated }) => unknown.length > 0 || unreplicated.length > 0);
  if (broken.length > 0) throw new Broken("A protected group has lost its replica", { broken });
  const bare = rows.filter(({ setId, hasPoint }) => !hasPoint && replicas.has(setId));
  if (bare.length > 0) throw new Broken("A protected group has lost its last recovery point", { bare });
  for (const { setId, hasPoint } of rows) if (hasPoint) replicas.add(setId);
}
