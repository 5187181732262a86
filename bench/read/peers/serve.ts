/** What every peer is told by its environment, and its way to PostgreSQL: a pool of the size that the product has. */
import pg from "pg";

const { DATABASE_URL: databaseUrl = "", PORT: port = "0" } = process.env;

export const listenOn = { host: "127.0.0.1", port: Number(port) };
export const connectionString = databaseUrl;

export const openPool = (): pg.Pool => new pg.Pool({ connectionString, max: 20, application_name: "peer" });

/** A prepared statement: planned once for each connection. */
export interface Prepared {
  readonly name: string;
  readonly text: string;
}

export async function rowsOf<Row extends pg.QueryResultRow>(pool: pg.Pool, { name, text }: Prepared, values: unknown[]): Promise<Row[]> {
  return (await pool.query<Row>({ name, text, values })).rows;
}
