/** What a run works with can't be changed under it: sites, groups, plans. Mappings and settings can, and count from the next run. */
import type { Current } from "./current.ts";
import type { Tx } from "./current-rows.ts";
import type { Change, Difference } from "./diff.ts";
import type { ImportFile } from "./file.ts";
import { keyOf } from "./items.ts";
import { titleOf } from "./print.ts";
import type { Path, Problem } from "./problem.ts";

/** Who uses what would change. No run takes it up meanwhile if it is held. */
export async function inUse(tx: Tx, difference: Difference, { ids }: Current, file: ImportFile): Promise<Problem[]> {
  const changed = difference.changes.filter(({ fields }) => fields !== null);
  const of = (kind: "sites" | "pairings" | "plans" | "groups") =>
    changed.flatMap((change) => {
      const id = change.kind === kind ? ids[kind].get(change.key) : undefined;
      return id === undefined ? [] : [{ id, change }];
    });
  const [sites, pairings, plans, groups] = [of("sites"), of("pairings"), of("plans"), of("groups")];
  const idsOf = (list: readonly { id: string }[]) => list.map(({ id }) => id);
  const users = await tx.$queryRaw<{ id: string; isGroup: boolean; name: string }[]>`
    WITH r AS NOT MATERIALIZED (SELECT id, plan_id, pairing_id, ended_at, kind::text LIKE 'GROUP_%' AS "isGroup", plan_name AS name FROM recovery)
    SELECT u.group_id AS id, "isGroup", name FROM group_use u JOIN r ON r.id = u.run_id WHERE u.group_id = ANY (${idsOf(groups)}::uuid[])
    UNION ALL SELECT plan_id, "isGroup", name FROM r WHERE ended_at IS NULL AND plan_id = ANY (${idsOf(plans)}::uuid[])
    UNION ALL SELECT pairing_id, "isGroup", name FROM r WHERE ended_at IS NULL AND pairing_id = ANY (${idsOf(pairings)}::uuid[])
    UNION ALL SELECT s.id, "isGroup", r.name FROM r JOIN site_pairing p ON p.id = r.pairing_id JOIN site s ON s.id IN (p.local_site_id, p.remote_site_id)
      WHERE r.ended_at IS NULL AND s.id = ANY (${idsOf(sites)}::uuid[])`;
  return [...sites, ...pairings, ...plans, ...groups].flatMap(({ id, change }) => {
    const user = users.find((found) => found.id === id);
    if (user === undefined) return [];
    const owner = user.isGroup ? `protection group ${user.name}` : `plan ${user.name}`;
    const message = `The ${titleOf(change)} can't be changed: a run of the ${owner} uses it. Wait for its end, and clean up a test.`;
    return [{ path: pathOf(change, file), message }];
  });
}

/** Where the file has it. */
function pathOf({ kind, key }: Change, file: ImportFile): Path {
  const at = (list: "sites" | "protectionGroups" | "recoveryPlans") => [list, file[list].findIndex(({ name }) => keyOf(name) === key)];
  if (kind === "sites") return at("sites");
  if (kind === "groups") return at("protectionGroups");
  return kind === "plans" ? at("recoveryPlans") : ["pairings"];
}
