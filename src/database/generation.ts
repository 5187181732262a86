/**
 * Which incarnation of the database this is. One that was restored or promoted may be older than the sites and the clients: they have
 * seen epochs and cursors that it does not know. So a change raises the generation, which is part of each cursor, and the epochs of open runs,
 * past any that a site may have seen.
 */
import type pg from "pg";
import { codeOf } from "./errors.ts";

/** More than a run is ever claimed within one generation. */
const epochStep = 2 ** 20;

interface Incarnation {
  readonly identifier: string;
  readonly timeline: number;
}

/** To be asked at each start, before runs are claimed. Gives the generation's number, from 1. */
export async function readGeneration(pool: pg.Pool): Promise<number> {
  const now = await readIncarnation(pool);
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    const generation = await record(client, now);
    await client.query("COMMIT");
    client.release();
    return generation;
  } catch (error) {
    // Ending the connection rolls back.
    client.release(true);
    throw error;
  }
}

async function record(client: pg.PoolClient, now: Incarnation): Promise<number> {
  await client.query("INSERT INTO database_generation (id, system_identifier, timeline) VALUES (1, $1, $2) ON CONFLICT (id) DO NOTHING", [
    now.identifier,
    now.timeline,
  ]);
  // Nodes that start together wait here for the first one.
  const { rows } = await client.query<{ generation: number; same: boolean }>(
    `SELECT generation, system_identifier = $1 AND timeline = $2 AS same FROM database_generation FOR UPDATE`,
    [now.identifier, now.timeline],
  );
  const [known] = rows;
  if (known === undefined) throw new Error("The database's generation was removed while it was read.");
  if (known.same) return known.generation;
  await client.query(
    "UPDATE database_generation SET system_identifier = $1, timeline = $2, generation = generation + 1, changed_at = dr_now()",
    [now.identifier, now.timeline],
  );
  // Without an owner they are claimed at once, and what they had begun is observed at the sites.
  await client.query("UPDATE recovery SET epoch = epoch + $1, owner = NULL, lease_until = NULL WHERE ended_at IS NULL", [epochStep]);
  return known.generation + 1;
}

/** The cluster and, for a dump that was read into it again, the database in it. */
const database = "(SELECT oid FROM pg_database WHERE datname = current_database())";
/** The name of the log file that is written now begins with the timeline; the control file learns of a promotion later. */
const timeline = "('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int";

async function readIncarnation(pool: pg.Pool): Promise<Incarnation> {
  const read = async (identifier: string, at: string) => {
    const { rows } = await pool.query<Incarnation>(`SELECT ${identifier} AS identifier, ${at} AS timeline`);
    if (rows[0] === undefined) throw new Error("The database did not say which one it is.");
    return rows[0];
  };
  try {
    return await read(`(SELECT system_identifier FROM pg_control_system()) || '/' || ${database}`, timeline);
  } catch (error) {
    // Some services keep these functions from their users: then only a database that was read in again is noticed.
    if (codeOf(error) !== "42501" && codeOf(error) !== "42883") throw error;
    return read(`'?/' || ${database}`, "0");
  }
}
