import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect } from "../../src/database/connection.ts";
import { openDatabase } from "../../src/database/database.ts";
import { readGeneration } from "../../src/database/generation.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { first, oneOfEach } from "./support/one-of-each.ts";

let db: TestDatabase;
beforeEach(async () => {
  db = await freshDatabase();
});
afterEach(() => db.drop());

const comesBackOlder = () => db.database.pool.query("UPDATE database_generation SET timeline = timeline - 1");

describe("the database's generation", () => {
  it("is 1 at first and stays while the database does", async () => {
    expect([await readGeneration(db.database.pool), await readGeneration(db.database.pool)]).toEqual([1, 1]);
  });

  it("rises once when a restored or promoted database is met, also by three nodes at once", async () => {
    const { pool } = db.database;
    await readGeneration(pool);
    await comesBackOlder();
    expect(await Promise.all([readGeneration(pool), readGeneration(pool), readGeneration(pool)])).toEqual([2, 2, 2]);
    await pool.query("UPDATE database_generation SET system_identifier = 'another'");
    expect(await readGeneration(pool)).toBe(3);
  });

  it("takes the epochs of open runs past any that a site may have seen, and their owners away", async () => {
    const { pool, prisma } = db.database;
    await pool.query(oneOfEach);
    await pool.query("DELETE FROM database_generation");
    await readGeneration(pool);
    await pool.query("UPDATE recovery SET epoch = 7, owner = id, lease_until = dr_now() + interval '1 h'");
    await comesBackOlder();
    await readGeneration(pool);
    expect(await prisma.recovery.findUnique({ where: { id: first }, select: { epoch: true, owner: true, leaseUntil: true } })).toEqual({
      epoch: 7n + 2n ** 20n,
      owner: null,
      leaseUntil: null,
    });
  });

  it("leaves runs that have ended as they are", async () => {
    const { pool, prisma } = db.database;
    await pool.query(oneOfEach);
    await pool.query("UPDATE recovery SET epoch = 7, state = 'COMPLETED', result_state = 'SUCCESS', ended_at = dr_now()");
    await readGeneration(pool);
    expect(await prisma.recovery.findUnique({ where: { id: first }, select: { epoch: true } })).toEqual({ epoch: 7n });
  });

  it("can be read by a user without rights on the control file, and notices a database that was read in again", async () => {
    const admin = await connect(db.url, "test");
    await admin.query("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC");
    const role = `plain_${db.name}`;
    await admin.query(`CREATE ROLE ${role}; GRANT SELECT, INSERT, UPDATE ON database_generation, recovery TO ${role}`);
    const asRole = new URL(db.url);
    asRole.searchParams.set("options", `-c role=${role}`);
    const { pool } = await openDatabase({ url: asRole.href });
    try {
      await expect(pool.query("SELECT pg_control_system()")).rejects.toThrow("permission denied");
      expect([await readGeneration(pool), await readGeneration(pool)]).toEqual([1, 1]);
      await pool.query("UPDATE database_generation SET system_identifier = '?/1'");
      expect(await readGeneration(pool)).toBe(2);
    } finally {
      await pool.end();
      await admin.query(`DROP OWNED BY ${role}; DROP ROLE ${role}; GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC`);
      await admin.end();
    }
  });
});
