/** A pool of a test's own, past the gateway's. */
import pg from "pg";

/**
 * Hears of no connection that is lost while nobody uses it: a pool has ended before its sessions have, and the drop of their database then tells
 * one of them that it is over, which would fail the test's file.
 */
export function testPool(url: string, options: pg.PoolConfig = {}): pg.Pool {
  return new pg.Pool({ connectionString: url, ...options }).on("error", () => {});
}
