/** Pairing two sites. */
import { v7 as newId } from "uuid";
import type { Change } from "../../events/changes.ts";
import { ConflictError } from "../errors.ts";
import { fieldErrors } from "../field-errors.ts";
import { mutate } from "../mutation.ts";
import type { ServiceContext } from "../service-context.ts";
import type { Viewer } from "../viewer.ts";

export interface PairInput {
  readonly localSiteId: string;
  readonly remoteSiteId: string;
  readonly idempotencyKey?: string | null | undefined;
}

interface PairedSite {
  readonly id: string;
  readonly name: string;
  readonly type: "PROTECTED" | "RECOVERY";
  /** The two are paired already. */
  readonly isPaired: boolean;
}

const sitesText = `SELECT s.id, s.name, s.type, EXISTS (SELECT FROM site_pairing p
    WHERE least(p.local_site_id, p.remote_site_id) = least($1::uuid, $2::uuid)
      AND greatest(p.local_site_id, p.remote_site_id) = greatest($1::uuid, $2::uuid)) AS "isPaired"
  FROM site s WHERE s.id IN ($1, $2)`;

export async function pair(context: ServiceContext, viewer: Viewer, input: PairInput): Promise<{ pairingId: string }> {
  const { localSiteId, remoteSiteId } = input;
  const errors = fieldErrors();
  if (localSiteId === remoteSiteId) errors.add(["remoteSiteId"], "A site can't be paired with itself.");
  errors.check();
  const pairingId = newId();
  return mutate(context, viewer, {
    mutation: "pairSites",
    input: { ...input },
    answer: { pairingId },
    async act(client) {
      const { rows } = await client.query<PairedSite>({ name: "pair-sites", text: sitesText, values: [localSiteId, remoteSiteId] });
      const local = rows.find(({ id }) => id === localSiteId);
      const remote = rows.find(({ id }) => id === remoteSiteId);
      if (local === undefined) errors.add(["localSiteId"], "There is no site with this id.");
      if (remote === undefined) errors.add(["remoteSiteId"], "There is no site with this id.");
      errors.check();
      if (local === undefined || remote === undefined) return [];
      if (local.isPaired) throw new ConflictError(`${local.name} and ${remote.name} are paired already.`, "Use the pairing that there is.");
      // Stored with the site that is protected in ordinary times as the local one.
      const [first, second] = remote.type === "PROTECTED" && local.type !== "PROTECTED" ? [remote, local] : [local, remote];
      await client.query({
        name: "pair-insert",
        text: "INSERT INTO site_pairing (id, local_site_id, remote_site_id) VALUES ($1, $2, $3)",
        values: [pairingId, first.id, second.id],
      });
      return [{ kind: "PAIRING_CHANGED", id: pairingId, change: "CREATED" }, ...sitesChanged(first.id, second.id)];
    },
  });
}

export const sitesChanged = (...ids: readonly string[]): Change[] => ids.map((id) => ({ kind: "SITE_CHANGED", id, change: "UPDATED" }));
