/**
 * From the log to deliveries. The cursor is the database's, not a node's, and moves in the transaction that writes the deliveries:
 * whatever dies when, each event has been looked at once, and each notification has one delivery for each of its targets.
 */
import type pg from "pg";
import { v7 as newId } from "uuid";
import { toJsonb } from "../../database/json.ts";
import { inTransaction } from "../../database/transaction.ts";
import { giveUpAfterHours } from "./back-off.ts";
import { tellers } from "./kinds/index.ts";
import type { Fact, Queryable, Told } from "./kinds/teller.ts";

/** Positions that one transaction reads at most. */
const page = 5_000;

const all = Object.values(tellers);
const events = [...new Set(all.map(({ event }) => event))];

/** Locked, so that nodes take turns. The counter is read before the events: all up to it have been committed. */
const cursorText = `SELECT c.position::text AS position, LEAST(e.value, c.position + ${page})::text AS "upTo", e.value > c.position + ${page} AS more
  FROM notification_cursor c, event_counter e WHERE c.id = 1 AND e.id = 1 AND e.value > c.position FOR UPDATE OF c SKIP LOCKED`;

const factsText = `SELECT position::text AS position, kind, recovery_id AS "recoveryId", occurred_at AS "occurredAt", payload
  FROM event WHERE position > $1::bigint AND position <= $2::bigint AND kind = ANY($3::text[]) ORDER BY position`;

/** $1 what is told, $2 whether e-mail is sent at all. */
const tellText = `WITH told AS (
    INSERT INTO notification (id, kind, key, position, occurred_at, content, created_at)
    SELECT x.id, x.kind::"NotificationKind", x.key, x.position, x.occurred_at, x.content, dr_now()
    FROM jsonb_to_recordset($1::jsonb) AS x (id uuid, kind text, key text, position bigint, occurred_at timestamptz, content jsonb)
    ORDER BY x.position ON CONFLICT (kind, key) DO NOTHING RETURNING id, kind
  ), target AS (
    SELECT 'WEBHOOK'::"NotificationChannel" AS channel, w.id, w.name, w.kinds FROM webhook w WHERE w.enabled
    UNION ALL
    SELECT 'EMAIL', u.id, u.name, u.email_kinds FROM user_account u WHERE $2::boolean AND u.disabled_at IS NULL AND u.email IS NOT NULL
  )
  INSERT INTO notification_delivery (id, notification_id, channel, target_id, target_name, next_attempt_at, give_up_at, created_at)
  SELECT gen_random_uuid(), told.id, target.channel, target.id, target.name, dr_now(), dr_now() + interval '${giveUpAfterHours} hours', dr_now()
  FROM told JOIN target ON told.kind = ANY(target.kinds)`;

const moveText = "UPDATE notification_cursor SET position = $1::bigint WHERE id = 1";

/** True: there is more. False: all has been read, or another node reads. */
export function fanOut(pool: pg.Pool, { email }: { readonly email: boolean }): Promise<boolean> {
  return inTransaction(pool, async (client) => {
    const cursor = await client.query<{ position: string; upTo: string; more: boolean }>({ name: "notify-cursor", text: cursorText });
    const [place] = cursor.rows;
    if (place === undefined) return false;
    const values = [place.position, place.upTo, events];
    const { rows } = await client.query<Fact>({ name: "notify-facts", text: factsText, values });
    const told = await tellAll(client, rows);
    if (told.length > 0) await client.query({ name: "notify-tell", text: tellText, values: [toJsonb(told.map(rowOf)), email] });
    await client.query({ name: "notify-move", text: moveText, values: [place.upTo] });
    return place.more;
  });
}

async function tellAll(client: Queryable, facts: readonly Fact[]): Promise<Told[]> {
  const told: Told[] = [];
  for (const { event, tell } of all) {
    const some = facts.filter(({ kind }) => kind === event);
    if (some.length > 0) told.push(...(await tell(client, some)));
  }
  return told;
}

const rowOf = ({ kind, key, position, occurredAt, content }: Told) => ({
  id: newId(),
  kind,
  key,
  position,
  occurred_at: occurredAt,
  content,
});
