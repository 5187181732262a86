/** Puts a database back as it was, without making it anew: for tests that start from the same rows again and again. */
import { codeOf } from "../../src/database/errors.ts";
import type { TestDatabase } from "./database.ts";

/** Puts back what has changed since, table by table; without foreign keys, so that the order of the tables does not matter. */
export async function rewinder({ database, shiftClock }: TestDatabase, schemas = ["public"]): Promise<() => Promise<void>> {
  const { pool, connectDirect } = database;
  const { rows } = await pool.query<Table>(
    `SELECT format('%I.%I', schemaname, tablename) AS name, format('kept.%I', schemaname || '.' || tablename) AS kept
      FROM pg_tables WHERE schemaname = ANY ($1) AND tablename <> '_prisma_migrations'`,
    [schemas],
  );
  const keep = rows.map(({ name, kept }) => `CREATE TABLE ${kept} AS TABLE ${name};`);
  await pool.query(`CREATE SCHEMA kept; ${keep.join(" ")} ${rewind(rows)}`);
  // A connection of its own, which ends with the database: another role makes a session plan all its statements anew.
  const client = await connectDirect("rewinder");
  await client.query("SET session_replication_role = replica; SET lock_timeout = '100ms'");
  return async () => {
    await shiftClock(0);
    for (let tries = 1; ; tries++) {
      try {
        await client.query("SELECT kept.rewind()");
        return;
      } catch (error) {
        // A node is in the middle of a transaction: it is over the next time.
        if (tries === 50 || !["40P01", "55P03"].includes(codeOf(error) ?? "")) throw error;
      }
    }
  };
}

interface Table {
  readonly name: string;
  /** Where its first rows are. */
  readonly kept: string;
}

/** A table is as it was while it has as many rows, and none that was written since, or by somebody who was still writing the last time. */
const rewind = (tables: readonly Table[]) => `
  CREATE TABLE kept.last_time AS SELECT pg_current_xact_id()::xid AS own, pg_snapshot_xmin(pg_current_snapshot())::xid AS oldest;
  CREATE FUNCTION kept.rewind() RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
      last kept.last_time;
      now_own xid := pg_current_xact_id()::xid;
      now_oldest xid := pg_snapshot_xmin(pg_current_snapshot())::xid;
    BEGIN
      -- At one moment for all tables: what a node writes stands in several of them, and is either put back in each or refused.
      LOCK TABLE ${tables.map(({ name }) => name).join(", ")} IN SHARE ROW EXCLUSIVE MODE;
      SELECT * INTO last FROM kept.last_time;
      ${tables.map(rewindOne).join("\n")}
      UPDATE kept.last_time SET own = now_own, oldest = now_oldest;
    END $$`;

const rewindOne = ({ name, kept }: Table) => `
  IF (SELECT count(*) FROM ${name}) <> (SELECT count(*) FROM ${kept})
    OR EXISTS (SELECT FROM ${name} WHERE xmin <> last.own AND age(xmin) <= age(last.oldest)) THEN
    DELETE FROM ${name};
    INSERT INTO ${name} OVERRIDING SYSTEM VALUE SELECT * FROM ${kept};
  END IF;`;
