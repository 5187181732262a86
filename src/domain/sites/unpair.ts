/** Taking a pair apart: only when no protection group and no plan is on it. */
import type pg from "pg";
import { ConflictError, NotFoundError } from "../errors.ts";
import { encodeId } from "../ids.ts";
import { listed } from "../listed.ts";
import { mutate } from "../mutation.ts";
import type { ServiceContext } from "../service-context.ts";
import type { Viewer } from "../viewer.ts";
import { sitesChanged } from "./pair.ts";

export interface UnpairInput {
  readonly pairingId: string;
  readonly idempotencyKey?: string | null | undefined;
}

/** What is on a pair: at most five names of each, and how many there are. */
export interface PairReferences {
  readonly groupNames: readonly string[];
  readonly groups: number;
  readonly planNames: readonly string[];
  readonly plans: number;
}

const onPair = "protection_group g WHERE (g.protected_site_id, g.recovery_site_id) IN (($2::uuid, $3::uuid), ($3::uuid, $2::uuid))";
const referencesText = `SELECT (SELECT count(*)::int4 FROM ${onPair}) AS groups, ARRAY(SELECT g.name FROM ${onPair} ORDER BY 1 LIMIT 5) AS "groupNames",
  (SELECT count(*)::int4 FROM recovery_plan WHERE pairing_id = $1) AS plans,
  ARRAY(SELECT name FROM recovery_plan WHERE pairing_id = $1 ORDER BY 1 LIMIT 5) AS "planNames"`;

/** Why a pair can't be taken apart; null: nothing is on it. Pure. */
export function unpairRefusal(pairName: string, found: PairReferences): ConflictError | null {
  const parts = [
    ...(found.groups === 0 ? [] : [`the protection groups ${listed(found.groupNames, found.groups)}`]),
    ...(found.plans === 0 ? [] : [`the recovery plans ${listed(found.planNames, found.plans)}`]),
  ];
  if (parts.length === 0) return null;
  return new ConflictError(`The pair ${pairName} has ${parts.join(" and ")}.`, "Delete them first: plans, then protection groups.");
}

interface Pairing {
  readonly localSiteId: string;
  readonly remoteSiteId: string;
  readonly name: string;
}

const lockText = `SELECT p.local_site_id AS "localSiteId", p.remote_site_id AS "remoteSiteId", a.name || ' and ' || b.name AS name
  FROM site_pairing p JOIN site a ON a.id = p.local_site_id JOIN site b ON b.id = p.remote_site_id WHERE p.id = $1 FOR UPDATE OF p`;

/** Its mappings, array managers and replication servers go with it. */
export function unpair(context: ServiceContext, viewer: Viewer, input: UnpairInput): Promise<{ pairingId: string }> {
  const { pairingId } = input;
  return mutate(context, viewer, {
    mutation: "unpairSites",
    input: { ...input },
    answer: { pairingId },
    async act(client) {
      const { localSiteId, remoteSiteId, name } = await lockPairing(client, pairingId);
      const { rows } = await client.query<PairReferences>({
        name: "pair-references",
        text: referencesText,
        values: [pairingId, localSiteId, remoteSiteId],
      });
      const refusal = rows[0] ? unpairRefusal(name, rows[0]) : null;
      if (refusal !== null) throw refusal;
      for (const table of ["network_mapping", "folder_mapping", "resource_mapping"]) {
        await client.query({ name: `unpair-${table}`, text: `DELETE FROM ${table} WHERE pairing_id = $1`, values: [pairingId] });
      }
      await client.query({ name: "unpair", text: "DELETE FROM site_pairing WHERE id = $1", values: [pairingId] });
      return [{ kind: "PAIRING_CHANGED", id: pairingId, change: "DELETED", name }, ...sitesChanged(localSiteId, remoteSiteId)];
    },
  });
}

async function lockPairing(client: Pick<pg.ClientBase, "query">, pairingId: string): Promise<Pairing> {
  const { rows } = await client.query<Pairing>({ name: "unpair-lock", text: lockText, values: [pairingId] });
  const [found] = rows;
  if (found === undefined) throw new NotFoundError("SitePairing", encodeId("SitePairing", pairingId));
  return found;
}
