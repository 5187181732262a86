/** A database with something to tell, and nodes that tell it. */
import { readFile } from "node:fs/promises";
import type pg from "pg";
import { v7 as newId } from "uuid";
import { expect } from "vitest";
import { parseNetworks } from "../../../src/domain/notifications/addresses.ts";
import { emailChannel } from "../../../src/domain/notifications/email-channel.ts";
import { type Notifier, startNotifier } from "../../../src/domain/notifications/notifier.ts";
import type { NotificationSettings } from "../../../src/domain/notifications/settings.ts";
import { webhookChannel } from "../../../src/domain/notifications/webhook-channel.ts";
import { appendEvents } from "../../../src/events/append.ts";
import { appendChanges } from "../../../src/events/changes.ts";
import type { PromptOpened } from "../../../src/events/types.ts";
import { ended, localWakeUps, prompt } from "../../events/support.ts";
import { freshDatabase, type TestDatabase } from "../../support/database.ts";
import { aReceiver, ok, type Receiver } from "./servers.ts";

export const settings: NotificationSettings = {
  publicUrl: "https://dr.example.com",
  webhooks: { allowHttp: true, allowedNetworks: parseNetworks(["127.0.0.1"]) ?? [] },
  smtp: null,
};

/** What docs/notifications.md gives to receivers in Node. */
export async function documentedCheck() {
  const [, code = ""] = /```js\n(import[\s\S]*?)```/.exec(await readFile("docs/notifications.md", "utf8")) ?? [];
  const { isGenuine } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  return isGenuine;
}

export interface Node extends Notifier {
  wake(): void;
}

/** Its pulse comes from the test alone. */
export function aNode(pool: pg.Pool, smtpUrl: string | null = null, answerMs = 10_000): Node {
  const wakeUps = localWakeUps();
  const smtp = smtpUrl === null ? null : { url: smtpUrl, from: "DR gateway <dr@example.com>" };
  const notifier = startNotifier({
    pool,
    wakeUps,
    sendWebhook: webhookChannel({ settings, times: { connectMs: answerMs, answerMs } }),
    sendEmail: smtp && emailChannel({ smtp, settings, answerMs }),
    pauseMs: 1,
    random: () => 1,
    log: { warn: (details, message) => console.error(message, details) },
  });
  return { close: () => notifier.close(), wake: () => wakeUps.wakeAll() };
}

export async function aWebhook(pool: pg.Pool, name: string, url: string, kinds: readonly string[]): Promise<string> {
  const id = newId();
  const text = `INSERT INTO webhook (id, name, url, kinds, secret) VALUES ($1, $2, $3, $4::text[]::"NotificationKind"[], $5)`;
  await pool.query(text, [id, name, url, kinds, `secret of ${name}`]);
  return id;
}

export async function aReader(pool: pg.Pool, name: string, email: string, kinds: readonly string[]): Promise<string> {
  const id = newId();
  const text = `INSERT INTO user_account (id, name, password_hash, roles, email, email_kinds)
    VALUES ($1, $2, 'x', '{VIEWER}', $3, $4::text[]::"NotificationKind"[])`;
  await pool.query(text, [id, name, email, kinds]);
  return id;
}

const insertRun = `INSERT INTO recovery (id, plan_name, pairing_id, kind, options, initiated_by, state, result_state, ended_at, errors, vms_succeeded, vms_failed)
  VALUES ($1, $2, $3, 'CLEANUP', '{}', 'admin', $4::"RecoveryState", $5::"ResultState", CASE WHEN $5::text IS NOT NULL THEN dr_now() END, $6, 1, 1)`;

/** A run that has ended so, with its event. */
export async function aRunThatEnded(pool: pg.Pool, planName: string, result = "FAILED", errors: readonly string[] = []): Promise<string> {
  const id = newId();
  await pool.query(insertRun, [id, planName, newId(), result === "FAILED" ? "FAILED" : "COMPLETED", result, errors]);
  await appendEvents(pool, id, [ended]);
  return id;
}

/** A run that asks something. */
export async function aPrompt(pool: pg.Pool, planName: string, message: string, given: Partial<PromptOpened> = {}): Promise<PromptOpened> {
  const runId = newId();
  const opened = { ...prompt("Check the switch"), message, ...given };
  await pool.query(insertRun, [runId, planName, newId(), "PROMPTING", null, []]);
  const text =
    "INSERT INTO recovery_prompt (id, run_id, ordinal, attempt, name, message, opened_at) VALUES ($1, $2, 1, 1, $3, $4, dr_now())";
  await pool.query(text, [opened.promptId, runId, opened.name, message]);
  await appendEvents(pool, runId, [opened]);
  return opened;
}

export const siteChanged = (pool: pg.Pool, id: string): Promise<void> =>
  appendChanges(pool, [{ kind: "SITE_CHANGED", id, change: "UPDATED" }]);

/** A change of this kind is in the log. */
export async function happened(pool: pg.Pool, kind: string, id: string): Promise<void> {
  const text = `WITH c AS (UPDATE event_counter SET value = value + 1 RETURNING value)
    INSERT INTO event (position, kind, payload) SELECT value, $1, jsonb_build_object('kind', $1::text, 'id', $2::text, 'change', 'UPDATED') FROM c`;
  await pool.query(text, [kind, id]);
}

export interface Delivery {
  readonly target: string;
  readonly kind: string;
  readonly state: string;
  readonly attempts: number;
  readonly status: number | null;
  readonly error: string | null;
}

/** In the order in which they were written. */
export async function deliveries(pool: pg.Pool): Promise<Delivery[]> {
  const { rows } = await pool.query<Delivery>(
    `SELECT d.target_name AS target, n.kind, d.state, d.attempts, d.last_status AS status, d.last_error AS error
     FROM notification_delivery d JOIN notification n ON n.id = d.notification_id ORDER BY n.position, d.target_name`,
  );
  return rows;
}

export async function forget(pool: pg.Pool): Promise<void> {
  await pool.query("DELETE FROM notification; DELETE FROM webhook; DELETE FROM user_account; DELETE FROM recovery");
  await pool.query("UPDATE notification_cursor SET position = (SELECT value FROM event_counter)");
}

export interface TellingStage {
  readonly db: TestDatabase;
  readonly receiver: Receiver;
  /** Starts one; `reset` ends it. */
  node(): Node;
  /** Waits until the log of deliveries is so. */
  logged(expected: readonly object[]): Promise<void>;
  /** What the receiver got. */
  bodies(): ReturnType<typeof JSON.parse>[];
  /** Nothing has happened, and nobody is told. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

export async function aTellingStage(): Promise<TellingStage> {
  const [db, receiver] = await Promise.all([freshDatabase(), aReceiver()]);
  const { pool } = db.database;
  const nodes: Node[] = [];
  return {
    db,
    receiver,
    node: () => {
      const node = aNode(pool);
      nodes.push(node);
      return node;
    },
    logged: async (expected) => {
      const log = expect.poll(() => deliveries(pool));
      await log.toEqual(expected.map((one) => expect.objectContaining(one)));
    },
    bodies: () => receiver.received.map(({ body }) => JSON.parse(body)),
    reset: async () => {
      await Promise.all(nodes.splice(0).map((node) => node.close()));
      await db.shiftClock(0);
      await forget(pool);
      receiver.answer = ok;
      receiver.received.length = 0;
    },
    close: async () => {
      await receiver[Symbol.asyncDispose]();
      await db.drop();
    },
  };
}
