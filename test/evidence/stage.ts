/** A log with two runs, changes between them and what retention has left, and an audit log with every kind of record. */
import type pg from "pg";
import type { ChainReport, Finding } from "../../src/database/chain-check.ts";
import { type Audit, openAudit } from "../../src/domain/access/audit.ts";
import { verifyAuditLog } from "../../src/domain/access/service-verify-audit.ts";
import { appendEvents } from "../../src/events/append.ts";
import { appendChanges } from "../../src/events/changes.ts";
import { expireEvents } from "../../src/events/retention.ts";
import { type Snapshot, verifyLog, verifyRecoveryEvents } from "../../src/events/verify.ts";
import { aRecovery, changed, ended, output, prompt, steps } from "../events/support.ts";
import type { TestDatabase } from "../support/database.ts";

const day = 86_400;

export interface Logs {
  /** Has ended. */
  readonly over: string;
  /** Is under way. */
  readonly open: string;
}

export async function writeLogs(db: TestDatabase): Promise<Logs> {
  const { pool } = db.database;
  const [over, open] = [await aRecovery(pool), await aRecovery(pool)];
  await appendChanges(pool, [changed("SITE_CHANGED", "gone")]);
  await appendEvents(pool, over, [prompt('Quote " back \\ tab \t é 漢 \u{1f600}'), output("a\nb")]);
  await appendChanges(pool, [changed("SITE_CHANGED", "gone too")]);
  await db.shiftClock(40 * day);
  await expireEvents(pool, 30 * day, new AbortController().signal);
  await appendChanges(pool, [changed("SITE_CHANGED", "north"), changed("PAIRING_CHANGED", "north")]);
  await appendEvents(pool, open, [prompt("Go on?")], [changed("SITE_CHANGED", "south")]);
  await appendEvents(pool, over, [output("c"), ended], [changed("SITE_CHANGED", "east")]);
  await appendEvents(pool, open, [output("d"), ...steps(2), output("e")]);
  await pool.query("UPDATE recovery SET ended_at = dr_now(), state = 'COMPLETED', result_state = 'SUCCESS' WHERE id = $1", [over]);
  await writeAudit(openAudit({ pool, announce: () => {}, log: { warn: () => {} } }));
  return { over, open };
}

async function writeAudit(audit: Audit): Promise<void> {
  const entry = { userId: null, userName: 'Ada "x" \\', operation: "createPlan", target: null, requestId: "r-1" };
  const target = { type: "RecoveryPlan", id: "cGxhbg" };
  const [made, asked, , refused] = [
    await audit.begin(entry),
    await audit.begin({ ...entry, operation: "startRecovery", target }),
    await audit.begin({ ...entry, operation: "pauseRecovery", target }),
    await audit.begin(entry),
  ];
  await audit.complete(asked, { outcome: "SUCCEEDED", message: null, target: { type: "Recovery", id: "cnVu" } });
  await audit.complete(made, { outcome: "SUCCEEDED", message: null, target });
  await audit.complete(refused, { outcome: "CONFLICT", message: "The plan is in use.", target: null });
}

/** What `verify -- --all` finds in the events. */
export async function eventFindings(client: Snapshot, { over, open }: Logs): Promise<Finding[]> {
  const reports: (ChainReport | null)[] = [await verifyLog(client)];
  for (const id of [over, open]) reports.push(await verifyRecoveryEvents(client, id));
  return reports.flatMap(
    (report) => report?.findings ?? [{ kind: "MISSING", number: null, position: null, recordId: null, message: "no run" }],
  );
}

export const auditFindings = async (client: Snapshot): Promise<readonly Finding[]> => (await verifyAuditLog(client)).findings;

/** Does it inside a transaction that is rolled back. */
export async function tampered<T>(pool: pg.Pool, sql: string, look: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    await client.query(sql);
    return await look(client);
  } finally {
    await client.query("ROLLBACK");
    client.release();
  }
}
