/** The audit trail: a record is there before its mutation does anything, and gets the outcome after it. */
import type pg from "pg";
import { v7 as newId } from "uuid";
import { inTransaction } from "../../database/transaction.ts";
import { appendChanges } from "../../events/changes.ts";

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

const insertText = `INSERT INTO audit_record (id, occurred_at, user_id, user_name, operation, target_type, target_id, request_id)
  VALUES ($1, dr_now(), $2, $3, $4, $5, $6, $7)`;
const completeText = `UPDATE audit_record SET outcome = $2, message = $3, completed_at = dr_now(),
  target_type = coalesce(target_type, $4), target_id = coalesce(target_id, $5) WHERE id = $1`;

export function openAudit({ pool, announce, log }: AuditContext): Audit {
  return {
    async begin({ userId, userName, operation, target, requestId }) {
      const id = newId();
      const name = userName.replaceAll("\0", "\uFFFD").toWellFormed().slice(0, 255);
      const values = [id, userId, name, operation, target?.type ?? null, target?.id ?? null, requestId];
      await pool.query({ name: "audit-begin", text: insertText, values });
      return id;
    },
    async complete(id, { outcome, message, target }) {
      try {
        await inTransaction(pool, async (client) => {
          const values = [id, outcome, message, target?.type ?? null, target?.id ?? null];
          await client.query({ name: "audit-complete", text: completeText, values });
          await appendChanges(client, [{ kind: "AUDIT_RECORDED", id, change: "CREATED" }]);
        });
        announce();
      } catch (error) {
        log.warn({ err: error, auditRecordId: id, outcome }, "an audit record stays without its outcome");
      }
    },
  };
}
