import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { prismaFolder, readMigrations } from "../../src/database/schema-files.ts";
import { openAudit } from "../../src/domain/access/audit.ts";
import { verifyAuditLog } from "../../src/domain/access/service-verify-audit.ts";
import { countOf } from "../../src/events/chain.ts";
import { expireEvents } from "../../src/events/retention.ts";
import { chainedEvents, verifyLog, verifyRecoveryEvents } from "../../src/events/verify.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { changesIn, changesOf } from "./changes.ts";
import { auditFindings, eventFindings, type Logs, tampered, writeLogs } from "./stage.ts";

let db: TestDatabase;
let logs: Logs;
beforeAll(async () => {
  db = await freshDatabase();
  logs = await writeLogs(db);
});
afterAll(() => db.drop());

const pool = () => db.database.pool;
const found = (sql: string) => tampered(pool(), sql, (client) => eventFindings(client, logs));
const foundInAudit = (sql: string) => tampered(pool(), sql, auditFindings);
/** The first and the last one of each chain, and one between. */
const some = (all: readonly EventRow[]): EventRow[] =>
  [logs.over, logs.open, null].flatMap((chain) =>
    all.filter(({ recovery_id }) => recovery_id === chain).filter((_, index, { length }) => index < 2 || index === length - 1),
  );

interface EventRow {
  readonly position: string;
  readonly recovery_id: string | null;
  readonly sequence: number | null;
  /** How many events the row has. */
  readonly count: number;
}
const events = async () =>
  (await pool().query<EventRow>(`SELECT position, recovery_id, sequence, ${countOf("event")} AS count FROM event ORDER BY position`)).rows;
const links = async () =>
  (
    await pool().query<{ position: string; single: boolean }>(
      "SELECT position, count(*) OVER (PARTITION BY record_id) = 1 AS single FROM audit_link ORDER BY position",
    )
  ).rows;
const records = async () => (await pool().query<{ id: string }>("SELECT id FROM audit_record ORDER BY id")).rows.map(({ id }) => id);

/** Where the event stands, or the one behind it in its chain, whose hash says what it follows. */
const near =
  ({ position, recovery_id, sequence, count }: EventRow, all: readonly EventRow[]) =>
  (at: { position: bigint | null; number: bigint | null }): boolean => {
    const chain = all.filter((other) => other.recovery_id === recovery_id);
    const next = chain[chain.findIndex((other) => other.position === position) + 1];
    const first = BigInt(position) - BigInt(count - 1);
    const isAt = at.position !== null && at.position >= first && at.position <= BigInt(position);
    const isNext = next !== undefined && at.position === BigInt(next.position);
    const number = Number(at.number ?? -1);
    return isAt || isNext || (sequence !== null && number > sequence - count && number <= sequence + (next?.count ?? 1));
  };

describe("verify", () => {
  it("finds nothing in logs that nobody has touched, also where retention has removed what was old", async () => {
    expect(await tampered(pool(), "SELECT 1", (client) => eventFindings(client, logs))).toEqual([]);
    expect(await foundInAudit("SELECT 1")).toEqual([]);
    expect((await events()).slice(0, 3).map(({ position }) => position)).toEqual(["2", "3", "5"]);
    expect((await pool().query("SELECT removed_count FROM event_counter")).rows).toEqual([{ removed_count: "2" }]);
  });

  it.each(Object.entries(changesOf))(
    "looks at every column of table %s: one that is added needs its change here",
    async (table, changes) => {
      const { rows } = await pool().query<{ name: string }>(
        "SELECT column_name AS name FROM information_schema.columns WHERE table_name = $1",
        [table],
      );
      expect(Object.keys(changes).sort()).toEqual(rows.map(({ name }) => name).sort());
    },
  );

  it("finds each change of each column of each event, and says where", async () => {
    const all = await events();
    for (const event of some(all))
      for (const change of changesIn("event")) {
        if (event.recovery_id === null && /^(sequence|recovery_id = NULL)/.test(change)) continue; // changes nothing, or is refused
        const other = event.recovery_id === logs.open ? logs.over : logs.open;
        const findings = await found(`UPDATE event SET ${change.replace("$other", other)} WHERE position = ${event.position}`);
        expect(findings.filter(near(event, all)), `${change} at ${event.position}`).not.toEqual([]);
      }
  });

  it("finds each event that was deleted, and what was inserted", async () => {
    const all = await events();
    for (const event of all) {
      const findings = await found(`DELETE FROM event WHERE position = ${event.position}`);
      expect(findings.filter(near(event, all)), `position ${event.position}`).not.toEqual([]);
    }
    for (const position of [1, 1000]) {
      const copy = `INSERT INTO event SELECT ${position}, NULL, NULL, kind, occurred_at, version, payload, hash FROM event WHERE recovery_id IS NULL LIMIT 1`;
      expect(await found(copy)).toContainEqual(expect.objectContaining({ kind: "UNEXPECTED", position: BigInt(position) }));
    }
    const behind = `INSERT INTO event SELECT 1000, recovery_id, 5, kind, occurred_at, version, payload, hash FROM event WHERE recovery_id = '${logs.over}' AND sequence = 4`;
    expect(await found(behind)).toContainEqual(expect.objectContaining({ kind: "UNEXPECTED", number: 5n }));
  });

  it("finds two events that were exchanged", async () => {
    const all = await events();
    for (const chain of [logs.over, logs.open, null]) {
      const [one, two] = all.filter(({ recovery_id }) => recovery_id === chain);
      if (one === undefined || two === undefined) throw new Error("too few events");
      const swap = `UPDATE event a SET kind = b.kind, payload = b.payload, occurred_at = b.occurred_at, hash = b.hash FROM event b
        WHERE (a.position, b.position) IN ((${one.position}, ${two.position}), (${two.position}, ${one.position}))`;
      const findings = await found(swap);
      for (const event of [one, two]) expect(findings.filter(near(event, all))).not.toEqual([]);
    }
  });

  it("finds a tail that was cut off with all counters, by the end that an ended run has or by the hash that was kept", async () => {
    const cut = (id: string, last: number) =>
      `DELETE FROM event WHERE recovery_id = '${id}' AND sequence > ${last}; UPDATE recovery SET last_event = ${last} WHERE id = '${id}'`;
    expect(await found(cut(logs.over, 3))).toContainEqual(
      expect.objectContaining({ kind: "MISSING", message: expect.stringContaining("has ended") }),
    );
    const kept = await tampered(pool(), "SELECT 1", (client) => verifyRecoveryEvents(client, logs.open));
    const head = kept?.headHash ?? "";
    const report = await tampered(pool(), cut(logs.open, 2), (client) => verifyRecoveryEvents(client, logs.open, { kept: head }));
    expect(report?.findings).toEqual([expect.objectContaining({ kind: "OTHER_HEAD" })]);
    const now = await tampered(pool(), "SELECT 1", (client) => verifyRecoveryEvents(client, logs.open, { kept: head }));
    expect(now?.findings).toEqual([]);
  });

  it("finds a recovery that was taken away whole, among what retention has removed or not", async () => {
    const gone = (id: string) => `DELETE FROM event WHERE recovery_id = '${id}'; DELETE FROM recovery WHERE id = '${id}'`;
    const whole = (id: string) => tampered(pool(), gone(id), (client) => verifyLog(client));
    expect((await whole(logs.open)).findings).toContainEqual(expect.objectContaining({ kind: "MISSING", position: expect.any(BigInt) }));
    expect((await whole(logs.over)).findings).toContainEqual(
      expect.objectContaining({ kind: "MISSING", message: "Up to position 4 there are 4 events gone, and retention has removed 2." }),
    );
  });

  it("says that a head of the log as a whole may have been kept for longer than its events are", async () => {
    const ofNone = "SELECT encode(hash, 'hex') AS head FROM event WHERE recovery_id IS NULL ORDER BY position LIMIT 1";
    const { rows } = await pool().query<{ head: string }>(ofNone);
    const kept = rows[0]?.head ?? "";
    await tampered(pool(), "SELECT 1", async (client) => {
      expect(await verifyLog(client, { kept })).toMatchObject({ findingCount: 0 });
      expect(await expireEvents(client, -2 * 3_600, new AbortController().signal)).toBeGreaterThan(1);
      const message = expect.stringMatching(/older than what retention keeps: .* EVENT_RETENTION_DAYS\.$/);
      expect((await verifyLog(client, { kept })).findings).toEqual([expect.objectContaining({ kind: "OTHER_HEAD", message })]);
    });
    const { findings } = await verifyAuditLog(pool(), { kept });
    expect(findings).toEqual([expect.objectContaining({ message: expect.not.stringContaining("retention") })]);
  });

  it("finds each change of each column of each audit record, and says which", async () => {
    for (const id of await records())
      for (const change of changesIn("audit_record")) {
        const findings = await foundInAudit(`UPDATE audit_record SET ${change} WHERE id = '${id}'`);
        expect(findings, `${change} of ${id}`).toContainEqual(expect.objectContaining({ recordId: id }));
      }
  });

  it("finds audit records that were deleted, inserted, exchanged, or robbed of their outcome", async () => {
    const [one = "", two = ""] = await records();
    expect(await foundInAudit(`DELETE FROM audit_record WHERE id = '${one}'`)).toContainEqual(
      expect.objectContaining({ kind: "MISSING", recordId: one }),
    );
    const inserted = "INSERT INTO audit_record (id, user_name, operation, request_id) VALUES (gen_random_uuid(), 'Eve', 'x', 'x')";
    expect(await foundInAudit(inserted)).toEqual([expect.objectContaining({ kind: "UNEXPECTED", recordId: expect.any(String) })]);
    const robbed = `UPDATE audit_record SET outcome = NULL, completed_at = NULL, message = NULL WHERE id = '${one}'`;
    expect(await foundInAudit(robbed)).toContainEqual(expect.objectContaining({ kind: "CHANGED", recordId: one }));
    const swap = `UPDATE audit_record a SET operation = b.operation, target_type = b.target_type, target_id = b.target_id FROM audit_record b
      WHERE (a.id, b.id) IN (('${one}', '${two}'), ('${two}', '${one}'))`;
    for (const id of [one, two]) expect(await foundInAudit(swap)).toContainEqual(expect.objectContaining({ recordId: id }));
  });

  it("counts all of many audit records that were put in, and stops between their pages once nobody waits", async () => {
    const many = "SELECT lpad(to_hex(n), 32, '0')::uuid, 'Eve', 'x', 'x' FROM generate_series(0, 1499) n";
    await tampered(pool(), `INSERT INTO audit_record (id, user_name, operation, request_id) ${many}`, async (client) => {
      const report = await verifyAuditLog(client);
      expect([report.findings.length, report.findingCount]).toEqual([20, 1_500]);
      const { signal } = new AbortController();
      const looks = vi.spyOn(signal, "throwIfAborted");
      await verifyAuditLog(client, { signal });
      expect(looks).toHaveBeenCalledTimes(3); // one page of links, two of records
      looks.mockClear().mockReturnValueOnce().mockReturnValueOnce();
      looks.mockImplementation(() => {
        throw new Error("nobody waits");
      });
      await expect(verifyAuditLog(client, { signal })).rejects.toThrow("nobody waits");
    });
  });

  it("finds each change of each column of each link of the audit log, and says where", async () => {
    for (const { position, single } of await links())
      for (const change of changesIn("audit_link")) {
        if (change.startsWith("part") && !single) continue; // the database refuses a second one
        const findings = await foundInAudit(`UPDATE audit_link SET ${change} WHERE position = ${position}`);
        expect(findings, `${change} of ${position}`).toContainEqual(expect.objectContaining({ number: BigInt(position) }));
      }
  });

  it("finds links of the audit log that were deleted, exchanged, put in or cut off", async () => {
    const [one, two] = await links();
    for (const { position } of await links())
      expect(await foundInAudit(`DELETE FROM audit_link WHERE position = ${position}`)).toContainEqual(
        expect.objectContaining({ number: BigInt(position) }),
      );
    const swap = `UPDATE audit_link a SET hash = b.hash FROM audit_link b
      WHERE (a.position, b.position) IN ((${one?.position}, ${two?.position}), (${two?.position}, ${one?.position}))`;
    for (const link of [one, two])
      expect(await foundInAudit(swap)).toContainEqual(expect.objectContaining({ number: BigInt(link?.position ?? 0) }));
    const inserted = "INSERT INTO audit_link SELECT max(position) + 1, gen_random_uuid(), 'BEGUN', sha256('x') FROM audit_link";
    expect(await foundInAudit(inserted)).toContainEqual(expect.objectContaining({ kind: "UNEXPECTED" }));
    const kept = await tampered(pool(), "SELECT 1", (client) => verifyAuditLog(client));
    const cut = `DELETE FROM audit_record WHERE outcome IS NULL; DELETE FROM audit_link l WHERE NOT EXISTS (SELECT FROM audit_record a WHERE a.id = l.record_id)`;
    expect(await foundInAudit(cut)).not.toEqual([]);
    const all =
      "DELETE FROM audit_link; DELETE FROM audit_record; UPDATE audit_counter SET value = 0, hash = decode(repeat('00', 32), 'hex')";
    const emptied = await tampered(pool(), all, (client) => verifyAuditLog(client, { kept: kept.headHash }));
    expect(emptied.findings).toEqual([expect.objectContaining({ kind: "OTHER_HEAD" })]);
  });
});

describe("a chain", () => {
  const sha = (text: string) => createHash("sha256").update(text).digest("hex");

  it("can be recomputed from its lines, which are JSON, as docs/evidence.md says", async () => {
    let hash = "0".repeat(64);
    const kinds: unknown[] = [];
    await tampered(pool(), "SET LOCAL timezone = 'Asia/Tokyo'; SET LOCAL datestyle = 'German'", async (client) => {
      for await (const page of chainedEvents(client, logs.over))
        for (const { line, hash: stored } of page) {
          hash = sha(hash + sha(line));
          expect(stored?.toString("hex")).toBe(hash);
          kinds.push(JSON.parse(line).payload.kind);
        }
    });
    expect(kinds).toEqual(["PROMPT_OPENED", "COMMAND_OUTPUT", "COMMAND_OUTPUT", "RECOVERY_ENDED"]);
  });

  it("is begun by the migration with what was there before it", async () => {
    const folder = join(prismaFolder, "migrations");
    const { name = "" } = (await readMigrations(folder)).find((migration) => migration.name.endsWith("_evidence")) ?? {};
    const sql = await readFile(join(folder, name, "migration.sql"), "utf8");
    const data = sql.slice(sql.indexOf("-- The chains begin"));
    const rows = `WITH list AS (DELETE FROM event WHERE json_typeof(payload) = 'array' RETURNING *, json_array_length(payload) AS count)
      INSERT INTO event SELECT position - count + e.at, recovery_id, sequence - count + e.at, kind, occurred_at, 1, e.payload, NULL
      FROM list, json_array_elements(payload) WITH ORDINALITY AS e (payload, at)`; // each event had one of its own
    const before = `${rows}; UPDATE event SET hash = NULL; UPDATE event_counter SET removed_count = 0, removed_position = 0, removed_hash = NULL;
      UPDATE audit_record SET target_made = false; DELETE FROM audit_link; DELETE FROM audit_counter; ${data}`;
    expect(
      await tampered(pool(), before, async (client) => [...(await eventFindings(client, logs)), ...(await auditFindings(client))]),
    ).toEqual([]);
  });

  it("of the audit log takes the records of many nodes at once", async () => {
    const audit = openAudit({ pool: pool(), announce: () => {}, log: { warn: () => {} } });
    const entry = { userId: null, userName: "Ada", operation: "x", target: null, requestId: "r" };
    await Promise.all(
      Array.from({ length: 24 }, async () =>
        audit.complete(await audit.begin(entry), { outcome: "SUCCEEDED", message: null, target: null }),
      ),
    );
    expect(await tampered(pool(), "SELECT 1", auditFindings)).toEqual([]);
    expect((await pool().query("SELECT count(*)::int AS completed FROM audit_link WHERE part = 'COMPLETED'")).rows).toEqual([
      { completed: 27 },
    ]);
  });
});
