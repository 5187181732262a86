/** What may be done to each column of what is chained: to another value that the database takes. */

export const changesOf = {
  event: {
    position: ["position = position + 1000"],
    /** "$other" is another recovery's id. */
    recovery_id: ["recovery_id = '$other', sequence = 77", "recovery_id = NULL, sequence = NULL"],
    sequence: ["sequence = sequence + 50", "sequence = sequence + 50000"],
    kind: ["kind = kind || ' '"],
    occurred_at: [
      "occurred_at = occurred_at + interval '1 ms'",
      "occurred_at = occurred_at - interval '4051 years'",
      "occurred_at = 'infinity'",
    ],
    version: ["version = version + 1"],
    payload: [`payload = (payload::jsonb || '{"a": 1}')::json`, "payload = '{}'", "payload = json_build_array(payload, payload)"],
    hash: ["hash = sha256(hash)", "hash = NULL"],
  },
  audit_record: {
    id: ["id = gen_random_uuid()"],
    occurred_at: ["occurred_at = occurred_at - interval '1 ms'"],
    user_id: ["user_id = gen_random_uuid()"],
    user_name: ["user_name = user_name || 'x'"],
    operation: ["operation = 'x'"],
    target_type: ["target_type = coalesce(target_type, '') || 'x'"],
    target_id: ["target_id = coalesce(target_id, '') || 'x'"],
    target_made: ["target_made = NOT target_made"],
    outcome: ["outcome = CASE WHEN outcome = 'SUCCEEDED' THEN 'FORBIDDEN' ELSE 'SUCCEEDED' END"],
    message: ["message = coalesce(message, '') || 'x'"],
    request_id: ["request_id = 'x'"],
    completed_at: ["completed_at = coalesce(completed_at, occurred_at) + interval '1 ms'"],
  },
  audit_link: {
    position: ["position = position + 1000"],
    record_id: ["record_id = gen_random_uuid()"],
    part: [`part = (CASE part WHEN 'BEGUN' THEN 'COMPLETED' ELSE 'BEGUN' END)::"AuditLinkPart"`],
    hash: ["hash = sha256(hash)"],
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

export const changesIn = (table: keyof typeof changesOf): string[] => Object.values(changesOf[table]).flat();
