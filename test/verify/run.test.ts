/** The command as it is called: what it says, and its exit code. */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { readConfig } from "../../src/config.ts";
import { startEmbedded } from "../../src/database/embedded.ts";
import { encodeId } from "../../src/domain/ids.ts";
import { runVerify } from "../../src/verify/run.ts";
import { verify as verifyChains } from "../../src/verify/verify.ts";
import { type Logs, writeLogs } from "../evidence/stage.ts";
import { ended } from "../support/command-line.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { testPool } from "../support/pool.ts";
import { scratchFolder } from "../support/scratch.ts";

let db: TestDatabase;
let logs: Logs;
beforeAll(async () => {
  db = await freshDatabase();
  logs = await writeLogs(db);
});
afterAll(() => db.drop());

const verify = (argv: readonly string[], env: Record<string, string> = { DATABASE_URL: db.url }) => ended(runVerify, { argv, env });
const head = (out: string) => /head hash ([0-9a-f]{64})$/m.exec(out)?.[1] ?? "";
const nobody = "00000000-0000-7000-8000-000000000000";

describe("npm run verify", () => {
  it("takes a run by the id of the API or of the database, says that it is whole, and finds the hash that was kept", async () => {
    const whole = await verify(["--recovery", encodeId("Recovery", logs.over)]);
    expect(whole).toMatchObject({ code: 0, err: "" });
    expect(whole.out).toMatch(/^Recovery \S+: whole, 4 events\.\n {2}head hash [0-9a-f]{64}\nNothing was changed, left out or put in\.$/);
    expect(await verify(["--recovery", logs.over.toUpperCase(), "--head", head(whole.out).toUpperCase()])).toEqual(whole);
  });

  it("proves all chains at once, and each log by itself", async () => {
    const all = await verify(["--all"]);
    expect(all).toMatchObject({ code: 0, err: "" });
    expect(all.out).toMatch(/in 4 chains\.$/);
    for (const log of ["--audit", "--changes"]) {
      const one = await verify([log]);
      expect(one.code).toBe(0);
      expect(all.out).toContain(head(one.out));
      expect((await verify([log, "--head", head(one.out)])).code).toBe(0);
    }
  });

  it("fails with 1 where the kept hash is in no place of the chain, and for a run that never was", async () => {
    const other = await verify(["--audit", "--head", "ab".repeat(32)]);
    expect(other).toMatchObject({ code: 1, err: "It is not proved to be whole." });
    expect(other.out).toMatch(/^The audit log: BROKEN, 7 links looked at\.\n {2}OTHER_HEAD: The hash (ab){32} that was kept/);
    const unknown = await verify(["--recovery", nobody]);
    expect(unknown).toMatchObject({ code: 1, out: `Recovery ${nobody}: there is no such recovery, and no event of it.` });
  });

  it("fails with 1 where something was changed, and says where", async () => {
    const { pool } = db.database;
    const set = (by: string) =>
      pool.query(`UPDATE event SET version = version ${by} 1 WHERE recovery_id = $1 AND sequence = 2`, [logs.open]);
    await set("+");
    const all = await verify(["--all"]);
    await set("-");
    expect(all).toMatchObject({ code: 1, err: "1 of 4 chains are not whole." });
    expect(all.out).toContain(`Recovery ${logs.open}: BROKEN, 5 events looked at.`);
    expect(all.out).toMatch(/CHANGED \(position \d+\): Event 2 of the recovery, or the hash before it, is not what its hash was made of\./);
  });

  it("outlasts what the gateway's statements may take, and whoever reads what it says slowly", async () => {
    const limitMs = 500;
    const limits = { statement_timeout: limitMs, idle_in_transaction_session_timeout: limitMs };
    const pool = testPool(db.url, { max: 1, ...limits });
    const slowly = () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 * limitMs);
    const blocker = await db.database.pool.connect();
    try {
      await blocker.query("BEGIN; LOCK TABLE event_counter");
      const verified = verifyChains(pool, { name: "changes" }, null, slowly);
      await setTimeout(2 * limitMs);
      await blocker.query("COMMIT");
      expect(await verified).toEqual({ chains: 1, broken: 0 });
    } finally {
      blocker.release();
      await pool.end();
    }
  });

  it.each([
    [[], /^Say one of --recovery, --audit, --changes and --all\./],
    [["--audit", "--all"], /^Say one of /],
    [["--all", "--head", "ab".repeat(32)], /^--head belongs to one chain/],
    [["--audit", "--head", "abc"], /^A hash has 64 hexadecimal digits\./],
    [["--recovery", "abc"], /^abc is not the id of a recovery\./],
    [["--recovery", encodeId("Task", nobody)], /is not the id of a recovery\./],
    [["--everything"], /^Usage: /],
  ])("%j is refused with 2, and told how it is called", async (argv, message) => {
    const { code, out, err } = await verify(argv);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(message);
    expect(err).toContain("Usage: npm run verify");
  });

  it("says in a sentence that there is no database, and makes none", async () => {
    expect(await verify(["--audit"], { DATABASE_URL: "mysql://x" })).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^DATABASE_URL can't be used/),
    });
    const away = await verify(["--audit"], { DATABASE_URL: "postgresql://nobody@127.0.0.1:1/x" });
    expect(away).toMatchObject({ code: 1, err: expect.stringMatching(/127\.0\.0\.1:1/) });
    const nowhere = await verify(["--all"], { DATA_DIR: "/nonexistent/data" });
    expect(nowhere).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^There is no database in \/nonexistent\/data: set DATABASE_URL/),
    });
    expect((await verify(["--help"])).out).toMatch(/^Usage: npm run verify/);
  });

  it("takes an embedded database as it is: one of an older release, which has no chains, is refused and gets none", async () => {
    const dataDir = await mkdtemp(join(scratchFolder(), `dr-test-data-${inject("testServer").run}-`));
    await chmod(dataDir, 0o711);
    try {
      const config = readConfig({ DATA_DIR: dataDir });
      await (await startEmbedded({ ...config, settings: ["fsync=off"] })).stop();
      const older = { code: 1, out: "", err: expect.stringMatching(/^This database has no chains yet: start the gateway of this release/) };
      expect(await verify(["--all"], { DATA_DIR: dataDir })).toEqual(older);
    } finally {
      await rm(dataDir, { recursive: true });
    }
  });

  it("refuses a database of a newer release, whose chains it may not know", async () => {
    const { pool } = db.database;
    const newer = "99990101000000_future";
    await pool.query(
      "INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count) VALUES ('x', 'x', $1, now(), 1)",
      [newer],
    );
    const told = await verify(["--all"]);
    await pool.query("DELETE FROM _prisma_migrations WHERE migration_name = $1", [newer]);
    expect(told).toEqual({ code: 1, out: "", err: `The database is of a newer release (it has ${newer}): verify it with that release.` });
  });
});
