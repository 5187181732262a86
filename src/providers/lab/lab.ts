/**
 * The lab: a simulated pair of sites behind the provider contract. Its state stands in its own schema `lab`, reached by its own
 * pool: never in a transaction with the product's. An effect is written when it is ordered, with the time at which it takes hold,
 * so that what was ordered comes about whether or not a gateway lives.
 */
import pg from "pg";
import type { EffectKind, Provider } from "../contract.ts";
import { flatten, type LabDefinition } from "./definition.ts";
import { Faults } from "./faults.ts";
import { GuestServices } from "./guest-services.ts";
import { Line } from "./line.ts";
import { LabProvider } from "./provider.ts";
import { applySchema } from "./schema.ts";

export type { LabDefinition, LabSite, LabVm } from "./definition.ts";
export type { CallKind, Faults, Held } from "./faults.ts";

export interface LabOptions {
  readonly url: string;
  /** How many times faster than real time; "instant" takes no time at all. Stored at the sites; left out, it stays as it is. */
  readonly speed?: number | "instant";
  /** Decides latencies. Stored as speed is. */
  readonly seed?: string;
  /** Whether this process opens the sockets of simulated guests. */
  readonly guestServices: boolean;
  readonly poolSize?: number;
}

/** One effect that changed a site. */
export interface LedgerEntry {
  readonly key: string;
  readonly runId: string;
  readonly siteId: string;
  readonly kind: EffectKind;
  /** The name of what it changed: the same from run to run (for snapshots the group's). */
  readonly target: string;
  readonly orderedAt: Date;
  readonly effectiveAt: Date;
}

/**
 * A stretch of what a disk holds, from its origin on. Each machine writes a history of its own as long as it is on; one that is recovered
 * from a point goes on from what the point holds.
 */
export interface Written {
  /** Id of the machine that wrote it. */
  readonly history: string;
  /** The last moment that it wrote; ISO time. */
  readonly to: string;
  /** How long it has been writing, all in all. */
  readonly seconds: number;
}

export interface Lab extends AsyncDisposable {
  readonly provider: Provider;
  readonly faults: Faults;
  /** Brings sites, VMs and groups to what is defined, in one transaction; takes nothing away that a run has made or uses. */
  define(definition: LabDefinition): Promise<void>;
  /**
   * Takes away what no run has made, as an administrator of the site would; places by the name (folders by the path) that an inventory
   * tells. A VM's replica stays. False: there is no such thing.
   */
  takeAway(siteId: string, what: "VM" | "DATASTORE" | "NETWORK" | "RESOURCE_POOL" | "FOLDER", id: string): Promise<boolean>;
  /** What this VM's disks hold now; null: there never was such a VM. */
  content(vmId: string): Promise<readonly Written[] | null>;
  /** What has changed the sites, in the order in which it was taken on; of one run, or of all. */
  ledger(runId?: string): Promise<readonly LedgerEntry[]>;
  close(): Promise<void>;
}

export async function openLab({ url, speed, seed, guestServices, poolSize = 8 }: LabOptions): Promise<Lab> {
  const pool = new pg.Pool({
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: 5_000,
    application_name: "dr-gateway lab",
    // Everything is found by its key; statistics that are behind, as those of a run that makes thousands of VMs are, must not have it read whole tables.
    onConnect: async (client) => void (await client.query("SET enable_seqscan = off")),
  });
  // An idle connection that breaks is replaced by the next call.
  pool.on("error", () => undefined);
  try {
    await applySchema(pool);
    const stored = speed === "instant" ? 0 : speed;
    await pool.query("UPDATE lab.settings SET speed = coalesce($1, speed), seed = coalesce($2, seed)", [stored, seed]);
  } catch (error) {
    await pool.end();
    throw error;
  }
  const line = new Line(pool);
  const services = guestServices ? new GuestServices(pool) : null;
  let closed: Promise<void> | undefined;
  const end = async () => {
    await services?.close();
    await line.close();
    await pool.end();
  };
  const close = () => {
    closed ??= end();
    return closed;
  };
  return {
    provider: new LabProvider(line),
    faults: new Faults(pool, line.closing),
    define: async (definition) => {
      await pool.query("SELECT lab.define($1)", [JSON.stringify(flatten(definition))]);
    },
    takeAway: async (siteId, what, id) => {
      const { rows } = await pool.query<{ gone: boolean }>("SELECT lab.take_away($1, $2, $3) AS gone", [siteId, what, id]);
      return rows[0]?.gone ?? false;
    },
    content: async (vmId) => {
      const { rows } = await pool.query<{ content: Written[] | null }>("SELECT lab.content($1) AS content", [vmId]);
      return rows[0]?.content ?? null;
    },
    ledger: (runId) => readLedger(pool, runId),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function readLedger(pool: pg.Pool, runId: string | undefined): Promise<readonly LedgerEntry[]> {
  const { rows } = await pool.query<LedgerEntry>(
    `SELECT key, run_id AS "runId", site_id AS "siteId", kind, target, ordered_at AS "orderedAt", effective_at AS "effectiveAt"
     FROM lab.ledger WHERE $1::text IS NULL OR run_id = $1 ORDER BY sequence`,
    [runId],
  );
  return rows;
}
