/** The audit log's chain: a link when a record is begun, and one when it gets its outcome. */
import { json, lineSql, linkSql } from "../../database/hash-chain.ts";

export type AuditPart = "BEGUN" | "COMPLETED";

/** What is hashed of a record as it is begun, of an alias with its columns. */
export const begunLine = (a: string): string => lineOfBegun(a, json.text(`${a}.target_type`), json.text(`${a}.target_id`));

/** The same of a record that may have got its target later. */
export const begunLineOf = (a: string): string => {
  const target = (column: string) => `CASE WHEN ${a}.target_made THEN 'null' ELSE ${json.text(`${a}.${column}`)} END`;
  return lineOfBegun(a, target("target_type"), target("target_id"));
};

const lineOfBegun = (a: string, targetType: string, targetId: string): string =>
  lineSql({
    part: `'"BEGUN"'`,
    record: json.text(`${a}.id`),
    occurredAt: json.time(`${a}.occurred_at`),
    userId: json.text(`${a}.user_id`),
    userName: json.text(`${a}.user_name`),
    operation: json.text(`${a}.operation`),
    targetType,
    targetId,
    requestId: json.text(`${a}.request_id`),
  });

/** What is hashed of it once its outcome is known: with the target, where that came with the outcome. */
export const completedLine = (a: string): string => {
  const target = (column: string) => `CASE WHEN ${a}.target_made THEN ${json.text(`${a}.${column}`)} ELSE 'null' END`;
  return lineSql({
    part: `'"COMPLETED"'`,
    record: json.text(`${a}.id`),
    completedAt: json.time(`${a}.completed_at`),
    outcome: json.text(`${a}.outcome`),
    message: json.text(`${a}.message`),
    targetMade: json.number(`${a}.target_made`),
    targetType: target("target_type"),
    targetId: target("target_id"),
  });
};

/** CTEs `link` and `kept`: the next link, of what CTE `record` yields; none where it yields nothing. */
export const linked = (part: AuditPart, record: string, line: string): string => `link AS (
    UPDATE audit_counter SET value = value + 1, hash = ${linkSql("hash", `(SELECT ${line} FROM ${record})`)}
    WHERE id = 1 AND EXISTS (SELECT FROM ${record}) RETURNING value, hash
  ), kept AS (
    INSERT INTO audit_link (position, record_id, part, hash) SELECT link.value, ${record}.id, '${part}', link.hash FROM link, ${record}
  )`;
