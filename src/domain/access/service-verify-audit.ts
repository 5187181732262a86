/** Proves of the audit log that no record was changed, left out or put in. */
import { ChainCheck, type ChainReport } from "../../database/chain-check.ts";
import { digestOf } from "../../database/hash-chain.ts";
import { pageSize, pagesByPosition, type Snapshot, type VerifyOptions } from "../../events/verify.ts";
import { type AuditPart, begunLineOf, completedLine } from "./audit-chain.ts";

interface LinkRow {
  readonly position: string;
  readonly recordId: string;
  readonly part: AuditPart;
  /** Null: there is no such record. */
  readonly line: string | null;
  readonly hash: Buffer;
}

const linksText = `SELECT l.position, l.record_id AS "recordId", l.part, l.hash,
    CASE WHEN a.id IS NULL THEN NULL WHEN l.part = 'BEGUN' THEN ${begunLineOf("a")} ELSE ${completedLine("a")} END AS line
  FROM audit_link l LEFT JOIN audit_record a ON a.id = l.record_id WHERE l.position > $1::bigint ORDER BY l.position LIMIT ${pageSize}`;

interface RecordRow {
  readonly id: string;
  readonly begun: boolean;
  /** The chain does not hold it, or not with the outcome that it has. */
  readonly stray: boolean;
}

/** One more than a page has: the next one begins with it. */
const recordsText = `SELECT a.id, b.record_id IS NOT NULL AS begun, b.record_id IS NULL OR (c.record_id IS NULL AND
      (a.outcome IS NOT NULL OR a.completed_at IS NOT NULL OR a.message IS NOT NULL OR a.target_made)) AS stray
  FROM (SELECT * FROM audit_record WHERE id >= $1::uuid ORDER BY id LIMIT ${pageSize + 1}) a
    LEFT JOIN audit_link b ON b.record_id = a.id AND b.part = 'BEGUN'
    LEFT JOIN audit_link c ON c.record_id = a.id AND c.part = 'COMPLETED'
  ORDER BY a.id`;

const linkName = (number: bigint): string => `Link ${number} of the audit log`;

export async function verifyAuditLog(client: Snapshot, { kept = null, signal }: VerifyOptions = {}): Promise<ChainReport> {
  const { rows: counters } = await client.query<{ value: string; hash: Buffer }>({
    name: "verify-audit-counter",
    text: "SELECT value, hash FROM audit_counter WHERE id = 1",
    values: [],
  });
  const [counter] = counters;
  if (counter === undefined) throw new Error("The audit log's counter is missing");
  const check = new ChainCheck({ kept });
  const value = BigInt(counter.value);
  for await (const page of pagesByPosition<LinkRow>(client, { name: "verify-links", text: linksText }, signal))
    for (const { position, recordId, part, line, hash } of page) {
      const number = BigInt(position);
      const what = () => `${linkName(number)}, where record ${recordId} was ${part === "BEGUN" ? "begun" : "completed"},`;
      const place = { number, position: null, recordId };
      check.next({ number, digest: line === null ? null : digestOf(line), hash }, { position: null, recordId }, what);
      if (line === null) check.add({ ...place, kind: "MISSING", message: `The audit record ${recordId} of link ${number} is missing.` });
      if (number > value) check.add({ ...place, kind: "UNEXPECTED", message: `${linkName(number)} was not written by the audit log.` });
      if (number === value && !hash.equals(counter.hash))
        check.add({ ...place, kind: "CHANGED", message: `${linkName(number)} is not the one that the counter stands on.` });
    }
  for await (const { id, begun } of strays(client, signal))
    check.add({
      kind: begun ? "CHANGED" : "UNEXPECTED",
      number: null,
      position: null,
      recordId: id,
      message: begun
        ? `The audit record ${id} has an outcome that was not chained.`
        : `The audit record ${id} was not written by the audit log.`,
    });
  return check.end(value, linkName);
}

async function* strays(client: Snapshot, signal?: AbortSignal): AsyncGenerator<RecordRow> {
  for (let from = "00000000-0000-0000-0000-000000000000"; ; ) {
    signal?.throwIfAborted();
    const { rows } = await client.query<RecordRow>({ name: "verify-records", text: recordsText, values: [from] });
    yield* rows.slice(0, pageSize).filter(({ stray }) => stray);
    const next = rows[pageSize];
    if (next === undefined) return;
    from = next.id;
  }
}
