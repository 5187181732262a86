/** Reading a site's inventory from its provider, and writing what has changed. The provider is asked before the transaction. */
import { isDeepStrictEqual } from "node:util";
import type pg from "pg";
import { atOnce, inTurns, type Pieces } from "../../engine/pieces.ts";
import type { Change } from "../../events/changes.ts";
import { type Capabilities, ProviderError } from "../../providers/contract.ts";
import type { Inventory } from "../../providers/inventory.ts";
import { askSite, type SiteRow } from "../ask-site.ts";
import { NotFoundError, PreconditionFailedError } from "../errors.ts";
import { encodeId } from "../ids.ts";
import { mutate, unlessAnswered } from "../mutation.ts";
import type { ServiceContext } from "../service-context.ts";
import type { Viewer } from "../viewer.ts";
import { checkingInventory } from "./refresh-check.ts";
import { type Difference, diffing, isEmpty } from "./refresh-diff.ts";
import { joinGroups, lockGroupsOfArrivals } from "./refresh-members.ts";
import { removePlaces, writePlaces } from "./refresh-places.ts";
import { readCopies, readInventory, readPlaces } from "./refresh-read.ts";
import type { SeenMachines } from "./refresh-seen.ts";
import { writeVms } from "./refresh-vms.ts";

/** How often each site's inventory is read by itself. */
export const refreshSeconds = 60;

export type RefreshContext = Pick<ServiceContext, "providers" | "quotas" | "announce" | "log"> & {
  readonly database: Pick<ServiceContext["database"], "pool">;
};

/** What a site has told. */
export interface Reading {
  /** When it was asked, by the database's clock: a later reading has gone before an earlier one. */
  readonly askedAt: Date;
  readonly inventory: Inventory;
  readonly capabilities: Capabilities;
  readonly providerVersion: string;
}

type Asked = Pick<SiteRow, "name" | "provider" | "externalId">;

/** ServiceUnavailableError when the site does not answer, PreconditionFailedError when what it tells can't be taken. */
export async function readSite({ database, providers }: Pick<RefreshContext, "database" | "providers">, site: Asked): Promise<Reading> {
  const askedAt = await now(database.pool);
  const [told, capabilities, providerVersion] = await askSite(providers, site, async (provider, signal) => {
    const asked = [provider.inventory(site.externalId, signal), provider.capabilities(site.externalId, signal)] as const;
    const [inventory, can] = await Promise.all(asked).catch((error: unknown) => Promise.reject(explained(site, error)));
    return [inventory, can, provider.version] as const;
  });
  return { askedAt, inventory: await inTurns(checkingInventory(site.name, told)), capabilities, providerVersion };
}

/** Of a PreconditionFailedError: the provider does not know the site. */
export const siteUnknown = "SITE_UNKNOWN";

function explained({ provider, externalId }: Asked, error: unknown): unknown {
  if (!(error instanceof ProviderError) || error.code !== "NOT_FOUND") return error;
  const message = `The provider ${provider} knows no site ${externalId}.`;
  return new PreconditionFailedError(siteUnknown, message, "Give the name by which the provider knows the site.");
}

async function now(database: Pick<pg.Pool, "query">): Promise<Date> {
  const { rows } = await database.query<{ now: Date }>({ name: "now", text: "SELECT dr_now() AS now" });
  if (rows[0] === undefined) throw new Error("The database does not tell the time");
  return rows[0].now;
}

interface Known {
  readonly capabilities: Capabilities | null;
  readonly providerVersion: string | null;
  readonly isNewer: boolean;
}

const sameText = `UPDATE site SET refreshed_at = $2, refresh_due_at = dr_now() + make_interval(secs => $3)
  WHERE id = $1 AND coalesce(refreshed_at <= $2, true) AND capabilities = $4::jsonb AND provider_version = $5`;

/**
 * What a reading mostly finds: everything is as it was. Compared without a lock, since a large site takes its time; false: something differs, or
 * a later reading was faster, and `writeReading` decides.
 */
export async function noteUnchanged(pool: pg.Pool, siteId: string, reading: Reading, seen: SeenMachines): Promise<boolean> {
  const { isKnown, same } = await seen.look(pool, siteId, reading.inventory.virtualMachines);
  if (!isEmpty(await inTurns(await comparing(pool, siteId, reading, !isKnown)))) return false;
  if (!isKnown) same();
  const { askedAt, capabilities, providerVersion } = reading;
  const values = [siteId, askedAt, refreshSeconds, JSON.stringify(capabilities), providerVersion];
  return (await pool.query({ name: "inventory-site-unchanged", text: sameText, values })).rowCount === 1;
}

/** What it reads, and then a comparison to be made. `ofMachines`: without them a place that only a vanished machine keeps would seem to go. */
async function comparing(
  database: Pick<pg.ClientBase, "query">,
  siteId: string,
  { inventory }: Reading,
  ofMachines = true,
): Promise<Pieces<Difference>> {
  if (!ofMachines) return diffing({ ...(await readPlaces(database, siteId)), virtualMachines: [] }, { ...inventory, virtualMachines: [] });
  const copies = await readCopies(database, siteId);
  const told = { ...inventory, virtualMachines: inventory.virtualMachines.filter(({ vmId }) => !copies.has(vmId)) };
  return diffing(await readInventory(database, siteId), told);
}

/** In a transaction: locks the site's row, then groups, VMs, places. Does nothing when the inventory is from a later reading already. */
export async function writeReading(
  client: pg.ClientBase,
  siteId: string,
  reading: Reading,
  { vmsPerGroup }: Pick<RefreshContext["quotas"], "vmsPerGroup">,
): Promise<Change[]> {
  const { askedAt, capabilities, providerVersion } = reading;
  const { rows } = await client.query<Known>({
    name: "inventory-site-lock",
    text: `SELECT capabilities, provider_version AS "providerVersion", coalesce(refreshed_at > $2, false) AS "isNewer"
      FROM site WHERE id = $1 FOR NO KEY UPDATE`,
    values: [siteId, askedAt],
  });
  const [known] = rows;
  if (known === undefined) throw new NotFoundError("Site", encodeId("Site", siteId));
  if (known.isNewer) return [];
  const found = atOnce(await comparing(client, siteId, reading)); // the site's row is held
  await lockGroupsOfArrivals(client, siteId, found.virtualMachines);
  await writePlaces(client, siteId, found);
  const { changes, arrived } = await writeVms(client, { siteId, askedAt }, found.virtualMachines);
  await removePlaces(client, askedAt, found);
  const joined = await joinGroups(client, arrived, vmsPerGroup);
  await client.query({
    name: "inventory-site-refreshed",
    text: `UPDATE site SET refreshed_at = $2, capabilities = $3, provider_version = $4, refresh_due_at = dr_now() + make_interval(secs => $5)
      WHERE id = $1`,
    values: [siteId, askedAt, JSON.stringify(capabilities), providerVersion, refreshSeconds],
  });
  const isSame = isEmpty(found) && isDeepStrictEqual(known.capabilities, capabilities) && known.providerVersion === providerVersion;
  return isSame ? [] : [{ kind: "SITE_CHANGED", id: siteId, change: "UPDATED" }, ...changes, ...joined];
}

export interface RefreshInput {
  readonly siteId: string;
  readonly idempotencyKey?: string | null | undefined;
}

/** At once, because somebody asks for it. */
export async function refreshInventory(context: RefreshContext, viewer: Viewer, input: RefreshInput): Promise<{ siteId: string }> {
  const request = { mutation: "refreshInventory", input: { ...input } };
  const read = async () => readSite(context, await findSite(context.database.pool, input.siteId));
  const before = await unlessAnswered<{ siteId: string }, Reading>(context, viewer, request, read);
  if ("answer" in before) return before.answer;
  const reading = before.prepared;
  return mutate(context, viewer, {
    ...request,
    answer: { siteId: input.siteId },
    act: (client) => writeReading(client, input.siteId, reading, context.quotas),
  });
}

async function findSite(database: Pick<pg.Pool, "query">, siteId: string): Promise<Asked> {
  const { rows } = await database.query<Asked>({
    name: "inventory-site-find",
    text: `SELECT name, provider, external_id AS "externalId" FROM site WHERE id = $1`,
    values: [siteId],
  });
  const [site] = rows;
  if (site === undefined) throw new NotFoundError("Site", encodeId("Site", siteId));
  return site;
}
