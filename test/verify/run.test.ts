/** The command as it is called: what it says, and its exit code. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeId } from "../../src/domain/ids.ts";
import { runVerify } from "../../src/verify/run.ts";
import { type Logs, writeLogs } from "../evidence/stage.ts";
import { ended } from "../support/command-line.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";

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
    expect(all.out).toContain(`Recovery ${logs.open}: BROKEN, 3 events looked at.`);
    expect(all.out).toMatch(/CHANGED \(position \d+\): Event 2 of the recovery, or the hash before it, is not what its hash was made of\./);
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

  it("says in a sentence that there is no database, or none with chains, and makes none", async () => {
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
    const empty = await freshDatabase({ migrated: false });
    expect(await verify(["--all"], { DATABASE_URL: empty.url })).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^This database has no chains yet/),
    });
    await empty.drop();
    expect((await verify(["--help"])).out).toMatch(/^Usage: npm run verify/);
  });
});
