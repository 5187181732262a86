/** Statements on webhooks. The secrets are read by deliveries and by a test of a webhook alone. */
import type pg from "pg";
import type { ToldKind } from "./kinds/index.ts";

export type Queryable = Pick<pg.ClientBase, "query">;

export interface WebhookRow {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly kinds: readonly ToldKind[];
  readonly enabled: boolean;
  readonly createdAt: Date;
  readonly version: number;
  /** Until then what is sent is signed with the secret before this one as well. */
  readonly previousSecretUntil: Date | null;
}

const columns = `id, name, url, kinds::text[] AS kinds, enabled, created_at AS "createdAt", version,
  CASE WHEN previous_secret_until > dr_now() THEN previous_secret_until END AS "previousSecretUntil"`;

export async function webhooksWithIds(client: Queryable, ids: readonly string[]): Promise<WebhookRow[]> {
  const text = `SELECT ${columns} FROM webhook WHERE id = ANY($1::uuid[])`;
  return (await client.query<WebhookRow>({ name: "webhooks-by-id", text, values: [ids] })).rows;
}

export async function lockedWebhook(client: Queryable, id: string): Promise<WebhookRow | null> {
  const text = `SELECT ${columns} FROM webhook WHERE id = $1 FOR UPDATE`;
  return (await client.query<WebhookRow>({ name: "webhook-lock", text, values: [id] })).rows[0] ?? null;
}

/** Newest first; null: there is no such webhook. */
export async function secretsOf(client: Queryable, id: string): Promise<readonly string[] | null> {
  const text = `SELECT array_remove(ARRAY[secret, CASE WHEN previous_secret_until > dr_now() THEN previous_secret END], NULL) AS secrets
    FROM webhook WHERE id = $1`;
  return (await client.query<{ secrets: string[] }>({ name: "webhook-secrets", text, values: [id] })).rows[0]?.secrets ?? null;
}

export interface Wished {
  readonly name: string;
  readonly url: string;
  readonly kinds: readonly ToldKind[];
  readonly enabled: boolean;
}

export async function insertWebhook(client: Queryable, id: string, { name, url, kinds, enabled }: Wished, secret: string): Promise<void> {
  const text = `INSERT INTO webhook (id, name, url, kinds, enabled, secret, created_at)
    VALUES ($1, $2, $3, $4::text[]::"NotificationKind"[], $5, $6, dr_now())`;
  await client.query({ name: "webhook-insert", text, values: [id, name, url, kinds, enabled, secret] });
}

export async function updateWebhook(client: Queryable, id: string, { name, url, kinds, enabled }: Wished): Promise<void> {
  const text = `UPDATE webhook SET name = $2, url = $3, kinds = $4::text[]::"NotificationKind"[], enabled = $5, version = version + 1 WHERE id = $1`;
  await client.query({ name: "webhook-update", text, values: [id, name, url, kinds, enabled] });
}

/** The one before signs along for so many hours; 0: not at all. */
export async function replaceSecret(client: Queryable, id: string, secret: string, hours: number): Promise<void> {
  const text = `UPDATE webhook SET previous_secret = CASE WHEN $3 > 0 THEN secret END,
      previous_secret_until = CASE WHEN $3 > 0 THEN dr_now() + make_interval(hours => $3::int) END, secret = $2, version = version + 1
    WHERE id = $1`;
  await client.query({ name: "webhook-secret", text, values: [id, secret, hours] });
}

export async function deleteWebhook(client: Queryable, id: string): Promise<void> {
  await client.query({ name: "webhook-delete", text: "DELETE FROM webhook WHERE id = $1", values: [id] });
}

/** What was still to be sent there is not. */
export async function cancelDeliveriesTo(client: Queryable, webhookId: string, why: string): Promise<void> {
  const text = `UPDATE notification_delivery SET state = 'CANCELLED', last_error = $2, claim = NULL, next_attempt_at = NULL, ended_at = dr_now()
    WHERE channel = 'WEBHOOK' AND target_id = $1 AND state = 'PENDING'`;
  await client.query({ name: "webhook-cancel-deliveries", text, values: [webhookId, why] });
}
