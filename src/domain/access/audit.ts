/** The audit trail: a record is there before its mutation does anything, and gets the outcome after it. */
import type pg from "pg";
import { v7 as newId } from "uuid";
import { loggedChanges } from "../../events/changes.ts";
import { begunLine, completedLine, linked } from "./audit-chain.ts";

export interface AuditEntry {
  readonly userId: string | null;
  readonly userName: string;
  /** Name of the mutation. */
  readonly operation: string;
  /** What it is done to, as far as the request says it. */
  readonly target: AuditTarget | null;
  readonly requestId: string;
}

export interface AuditTarget {
  readonly type: string;
  readonly id: string;
}

export interface AuditOutcome {
  /** SUCCEEDED, or the code of the error. */
  readonly outcome: string;
  /** What the error says. */
  readonly message: string | null;
  /** What was made, where the request did not name it. */
  readonly target: AuditTarget | null;
}

export interface Audit {
  /** Answers the record's id. Rejects while the database is away: nothing is done that nobody would know of. */
  begin(entry: AuditEntry): Promise<string>;
  /** The last thing of a mutation; a record that it can't reach keeps the outcome "not known". */
  complete(id: string, outcome: AuditOutcome): Promise<void>;
}

export interface AuditContext {
  readonly pool: pg.Pool;
  readonly announce: () => void;
  readonly log: { warn(details: object, message: string): void };
}

const beginText = `WITH record AS MATERIALIZED (
    SELECT $1::uuid AS id, dr_now()::timestamptz(3) AS occurred_at, $2::uuid AS user_id, $3::text AS user_name, $4::text AS operation,
      $5::text AS target_type, $6::text AS target_id, $7::text AS request_id
  ), made AS (
    INSERT INTO audit_record (id, occurred_at, user_id, user_name, operation, target_type, target_id, request_id)
    SELECT id, occurred_at, user_id, user_name, operation, target_type, target_id, request_id FROM record
  ), ${linked("BEGUN", "record", begunLine("record"))} SELECT 1`;

/** $1 id, $2 outcome, $3 message, $4 and $5 the target, if one was made. The log's counter comes last. */
const completeText = `WITH record AS (
    UPDATE audit_record SET outcome = $2, message = $3, completed_at = dr_now(), target_type = coalesce(target_type, $4),
      target_id = coalesce(target_id, $5), target_made = target_type IS NULL AND target_id IS NULL AND ($4::text IS NOT NULL OR $5::text IS NOT NULL)
    WHERE id = $1::uuid AND outcome IS NULL
    RETURNING id, completed_at, outcome, message, target_made, target_type, target_id
  ), ${linked("COMPLETED", "record", completedLine("record"))},
  ${loggedChanges("SELECT 'AUDIT_RECORDED' AS kind, record.id, 'CREATED' AS change, NULL::text AS name FROM record", ["link"])} SELECT 1`;

export function openAudit({ pool, announce, log }: AuditContext): Audit {
  return {
    async begin({ userId, userName, operation, target, requestId }) {
      const id = newId();
      const name = userName.replaceAll("\0", "\uFFFD").toWellFormed().slice(0, 255);
      const values = [id, userId, name, operation, target?.type ?? null, target?.id ?? null, requestId];
      await pool.query({ name: "audit-begin", text: beginText, values });
      return id;
    },
    async complete(id, { outcome, message, target }) {
      try {
        const values = [id, outcome, message, target?.type ?? null, target?.id ?? null];
        await pool.query({ name: "audit-complete", text: completeText, values });
        announce();
      } catch (error) {
        log.warn({ err: error, auditRecordId: id, outcome }, "an audit record stays without its outcome");
      }
    },
  };
}
