/** Reads the inventory of every site again and again. Any number of nodes may do so: a site that is due is claimed by one of them. */
import { inTransaction } from "../../database/transaction.ts";
import { appendChanges } from "../../events/changes.ts";
import { type Looking, startLooking } from "../../jobs/looking.ts";
import { createPace, type Pace, withoutRest } from "../../jobs/pace.ts";
import { DomainError } from "../errors.ts";
import { createSeen, neverSeen, type SeenMachines } from "./refresh-seen.ts";
import { noteUnchanged, type Reading, type RefreshContext, readSite, refreshSeconds, writeReading } from "./service-refresh.ts";

interface DueSite {
  readonly id: string;
  readonly name: string;
  readonly provider: string;
  readonly externalId: string;
}

/** So many sites are asked at once; the others wait for their turn. */
const sitesAtOnce = 8;
/** A tenth of the time goes to comparing what sites tell: with very large sites, each comes less often than its minute. */
const restTimes = 9;

/** Claims sites that are due by moving their next time on: a node that dies with one leaves it to the others after that time. */
const claimText = `UPDATE site SET refresh_due_at = dr_now() + make_interval(secs => $1) WHERE id IN (
    SELECT id FROM site WHERE refresh_due_at IS NULL OR refresh_due_at <= dr_now()
    ORDER BY refresh_due_at NULLS FIRST LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED)
  RETURNING id, name, provider, external_id AS "externalId"`;

/** Reads every site that is due. One that can't be read is left as it is, and tried again when it is due again. */
export async function refreshDueSites(
  context: RefreshContext,
  stop?: AbortSignal,
  pace: Pace = withoutRest,
  seen: SeenMachines = neverSeen,
): Promise<void> {
  while (stop?.aborted !== true) {
    const values = [refreshSeconds, sitesAtOnce];
    const { rows } = await context.database.pool.query<DueSite>({ name: "inventory-claim", text: claimText, values });
    if (rows.length === 0) return;
    await Promise.all(rows.map((site) => refreshSite(context, site, { stop, pace, seen })));
    await pace.rest(stop);
  }
}

interface Refreshing {
  readonly stop: AbortSignal | undefined;
  readonly pace: Pace;
  readonly seen: SeenMachines;
}

async function refreshSite(context: RefreshContext, site: DueSite, { stop, pace, seen }: Refreshing): Promise<void> {
  try {
    const reading = await readSite(context, site);
    if (stop?.aborted === true) return;
    const changes = await pace.work(() => take(context, site, reading, seen));
    if (changes > 0) context.announce();
  } catch (error) {
    const why = error instanceof DomainError ? { reason: error.message } : { err: error };
    context.log.warn({ siteId: site.id, site: site.name, ...why }, "an inventory could not be read");
  }
}

/** Answers how much has changed. */
async function take(
  { database: { pool }, quotas }: RefreshContext,
  { id }: DueSite,
  reading: Reading,
  seen: SeenMachines,
): Promise<number> {
  if (await noteUnchanged(pool, id, reading, seen)) return 0;
  return inTransaction(pool, async (client) => {
    const written = await writeReading(client, id, reading, quotas);
    await appendChanges(client, written);
    return written.length;
  });
}

/** `close` waits for what is being read, for as long as a site may take to answer. */
export function startRefresher(context: RefreshContext, lookEveryMs = 5_000): Looking {
  const pace = createPace(restTimes);
  const seen = createSeen();
  return startLooking({
    everyMs: lookEveryMs,
    look: (stop) => refreshDueSites(context, stop, pace, seen),
    failed: (error) => context.log.warn({ err: error }, "sites whose inventory is due could not be looked for"),
  });
}
