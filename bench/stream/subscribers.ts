/** Who subscribes: users with a session each, as a control room full of people would have. By SQL: signing in costs what it is meant to cost. */
import type { Database } from "../../src/database/database.ts";

export const query = `subscription Watch($recoveryId: ID!, $after: String) { recoveryEvents(recoveryId: $recoveryId, after: $after) {
  cursor events { sequence kind occurredAt ... on StepChangedEvent { number name status progressPercent message } } } }`;

const text = `WITH made AS (
    SELECT n, gen_random_uuid() AS user_id FROM generate_series(1, $1::int) AS n
  ), users AS (
    INSERT INTO user_account (id, name, password_hash, roles) SELECT user_id, 'watcher-' || n, '-', '{OPERATOR}' FROM made
  )
  INSERT INTO session (id, token_hash, user_id, created_at, expires_at)
  SELECT gen_random_uuid(), sha256(convert_to('watcher-token-' || lpad(n::text, 24, '0'), 'UTF8')), user_id, dr_now(), dr_now() + interval '8 hours' FROM made`;

/** Answers the tokens of so many users. */
export async function subscribersIn({ pool }: Pick<Database, "pool">, count: number): Promise<readonly string[]> {
  await pool.query(text, [count]);
  await pool.query("ANALYZE session, user_account");
  return Array.from({ length: count }, (_, at) => `watcher-token-${String(at + 1).padStart(24, "0")}`);
}
