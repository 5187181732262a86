/** The pair of sites that a group is protected by, and what their providers can do: read and asked before a transaction. */
import type pg from "pg";
import type { SnapshotSite } from "../../engine/run-snapshot.ts";
import type { Providers } from "../../providers/contract.ts";
import { capabilitiesOf, type SiteRow, withCapabilities } from "../ask-site.ts";
import { PreconditionFailedError } from "../errors.ts";
import type { FieldErrors, Path } from "../field-errors.ts";

type Queryable = Pick<pg.ClientBase, "query">;

/** The pair, in the direction in which a group is protected. */
export interface Direction {
  readonly pairingId: string;
  readonly protectedSite: SiteRow;
  readonly recoverySite: SiteRow;
}

/** Both with their capabilities. */
export interface AskedSites {
  readonly protectedSite: SnapshotSite;
  readonly recoverySite: SnapshotSite;
}

export interface AskedDirection {
  readonly direction: Direction;
  readonly sites: AskedSites;
}

/** The sites by their ids; a missing one is not there. */
export async function readSites(database: Queryable, ids: readonly string[]): Promise<ReadonlyMap<string, SiteRow>> {
  const { rows } = await database.query<SiteRow>({
    name: "group-sites",
    text: `SELECT id, name, provider, external_id AS "externalId", state FROM site WHERE id = ANY($1::uuid[])`,
    values: [ids],
  });
  return new Map(rows.map((row) => [row.id, row]));
}

/** Null: the two are not paired. */
export async function pairingOf(database: Queryable, protectedSiteId: string, recoverySiteId: string): Promise<string | null> {
  const { rows } = await database.query<{ id: string }>({
    name: "group-pairing",
    text: `SELECT id FROM site_pairing WHERE pairing_state = 'PAIRED'
      AND least(local_site_id, remote_site_id) = least($1::uuid, $2::uuid) AND greatest(local_site_id, remote_site_id) = greatest($1::uuid, $2::uuid)`,
    values: [protectedSiteId, recoverySiteId],
  });
  return rows[0]?.id ?? null;
}

/** Throws PreconditionFailedError for a site that is away, ServiceUnavailableError for one that does not answer. */
export async function askSites(providers: Providers, { protectedSite, recoverySite }: Direction): Promise<AskedSites> {
  checkConnected("protected", protectedSite);
  checkConnected("recovery", recoverySite);
  const [ofProtected, ofRecovery] = await Promise.all([capabilitiesOf(providers, protectedSite), capabilitiesOf(providers, recoverySite)]);
  return { protectedSite: withCapabilities(protectedSite, ofProtected), recoverySite: withCapabilities(recoverySite, ofRecovery) };
}

function checkConnected(role: "protected" | "recovery", { name, state }: Pick<SiteRow, "name" | "state">): void {
  if (state !== "DISCONNECTED") return;
  throw new PreconditionFailedError(
    "SITE_DISCONNECTED",
    `The ${role} site ${name} is disconnected.`,
    "Restore the connection to the site.",
  );
}

/** A failback turns the group round, so both sites have to keep up with it. */
export function checkProviders(
  errors: FieldErrors,
  sites: AskedSites,
  wanted: { readonly rpoMinutes: number; readonly pointInTimeInstances: number; readonly pointsPath: Path },
): void {
  for (const { name, capabilities } of [sites.protectedSite, sites.recoverySite]) {
    const { minimumRpoMinutes, maximumPointInTimeInstances } = capabilities;
    if (wanted.rpoMinutes < minimumRpoMinutes)
      errors.add(
        ["rpoMinutes"],
        `The site ${name} keeps an RPO of ${minimumRpoMinutes} minutes at best; this asks for ${wanted.rpoMinutes}.`,
      );
    if (wanted.pointInTimeInstances > maximumPointInTimeInstances)
      errors.add(
        wanted.pointsPath,
        `The site ${name} keeps ${maximumPointInTimeInstances} points of a group at most; this asks for ${wanted.pointInTimeInstances}.`,
      );
  }
}
