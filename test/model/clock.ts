/** One clock for the database and its sites: the real one, and what the test has let pass besides. */
import type pg from "pg";

export interface Clock {
  /** Lets time pass; negative never. */
  pass(seconds: number): Promise<void>;
  /** The real time again. */
  reset(): Promise<void>;
}

/** The time that has passed stands in a table: a function made anew would have every statement planned anew. */
export async function aClock(pool: pg.Pool): Promise<Clock> {
  const now = "SELECT date_trunc(''milliseconds'', clock_timestamp()) + (SELECT passed FROM model.clock)";
  await pool.query(`CREATE SCHEMA model; CREATE TABLE model.clock (passed interval NOT NULL); INSERT INTO model.clock VALUES ('0');
    CREATE OR REPLACE FUNCTION dr_now() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE AS '${now}';
    CREATE OR REPLACE FUNCTION lab.now() RETURNS timestamptz LANGUAGE sql VOLATILE AS '${now}'`);
  return {
    async pass(seconds) {
      await pool.query("UPDATE model.clock SET passed = passed + make_interval(secs => $1)", [seconds]);
    },
    async reset() {
      await pool.query("UPDATE model.clock SET passed = '0'");
    },
  };
}
