/** What an administrator does with webhooks. */
import type pg from "pg";
import { v7 as newId } from "uuid";
import { NotFoundError } from "../errors.ts";
import { checkInt, checkName, type FieldErrors, fieldError, fieldErrors } from "../field-errors.ts";
import { encodeId } from "../ids.ts";
import { checkVersion, ifChanged, mutate } from "../mutation.ts";
import { checkQuota, mostWebhooks } from "../quotas.ts";
import type { ServiceContext } from "../service-context.ts";
import type { Viewer } from "../viewer.ts";
import { isToldKind, type ToldKind, toldKinds } from "./kinds/index.ts";
import type { Attempt } from "./outcome.ts";
import type { WebhookPolicy } from "./settings.ts";
import { makeSecret } from "./signature.ts";
import type { SendWebhook } from "./webhook-channel.ts";
import { urlProblem } from "./webhook-request.ts";
import {
  cancelDeliveriesTo,
  deleteWebhook,
  insertWebhook,
  lockedWebhook,
  replaceSecret,
  secretsOf,
  updateWebhook,
  type WebhookRow,
  webhooksWithIds,
} from "./webhook-rows.ts";

interface Keyed {
  readonly idempotencyKey?: string | null | undefined;
}

export interface WebhookAnswer extends Readonly<Record<string, string>> {
  readonly webhookId: string;
}

/** The secret is shown to the request that made it, and to none that repeats it: null. */
export interface WithSecret {
  readonly webhookId: string;
  readonly secret: string | null;
}

export interface CreateWebhook extends Keyed {
  readonly name: string;
  readonly url: string;
  readonly kinds: readonly string[];
  readonly enabled?: boolean | null | undefined;
}

export interface UpdateWebhook extends Keyed {
  readonly webhookId: string;
  readonly name?: string | null | undefined;
  readonly url?: string | null | undefined;
  readonly kinds?: readonly string[] | null | undefined;
  readonly enabled?: boolean | null | undefined;
  readonly expectedVersion?: number | null | undefined;
}

export interface Webhooks {
  create(by: Viewer, input: CreateWebhook): Promise<WithSecret>;
  update(by: Viewer, input: UpdateWebhook): Promise<WebhookAnswer>;
  remove(by: Viewer, input: Keyed & { readonly webhookId: string }): Promise<WebhookAnswer>;
  rotateSecret(
    by: Viewer,
    input: Keyed & { readonly webhookId: string; readonly keepPreviousHours?: number | null | undefined },
  ): Promise<WithSecret>;
  /** Sends something at once, also to a webhook that is disabled, and waits for the answer. Nothing is kept of it. */
  test(by: Viewer, webhookId: string, signal: AbortSignal): Promise<Attempt>;
}

const longestUrl = 2_000;
export const defaultKeptHours = 24;
export const mostKeptHours = 168;

export function openWebhooks(context: ServiceContext, send: SendWebhook, monotonic: () => number = () => performance.now()): Webhooks {
  const { pool } = context.database;
  const policy = context.notifications.webhooks;
  return {
    async create(by, input) {
      const errors = fieldErrors();
      const name = checkName(errors, ["name"], input.name);
      checkUrl(errors, input.url, policy);
      const kinds = checkKinds(errors, input.kinds);
      errors.check();
      const [webhookId, secret] = [newId(), makeSecret()];
      const answer = { webhookId };
      const act = async (client: pg.PoolClient) => {
        await client.query("LOCK TABLE webhook IN SHARE ROW EXCLUSIVE MODE"); // rarely written: the quota holds for all that come at once
        await checkRoom(client);
        await checkFree(client, name, null);
        await insertWebhook(client, webhookId, { name, url: input.url, kinds, enabled: input.enabled ?? true }, secret);
        return [];
      };
      const given = await mutate(context, by, { mutation: "createWebhook", input: { ...input }, answer, act });
      return { ...given, secret: given === answer ? secret : null };
    },

    async update(by, input) {
      const { webhookId, expectedVersion } = input;
      const errors = fieldErrors();
      const name = input.name == null ? null : checkName(errors, ["name"], input.name);
      if (input.url != null) checkUrl(errors, input.url, policy);
      const kinds = input.kinds == null ? null : checkKinds(errors, input.kinds);
      errors.check();
      const act = async (client: pg.PoolClient) => {
        const there = await presentWebhook(client, webhookId);
        checkVersion(`the webhook ${there.name}`, there.version, expectedVersion);
        const before = { name: there.name, url: there.url, kinds: there.kinds, enabled: there.enabled };
        const wished = {
          name: name ?? there.name,
          url: input.url ?? there.url,
          kinds: kinds ?? there.kinds,
          enabled: input.enabled ?? there.enabled,
        };
        return ifChanged(before, wished, async () => {
          await checkFree(client, wished.name, webhookId);
          await updateWebhook(client, webhookId, wished);
          if (!wished.enabled) await cancelDeliveriesTo(client, webhookId, "The webhook was disabled.");
          return [];
        });
      };
      return mutate(context, by, { mutation: "updateWebhook", input: { ...input }, answer: { webhookId }, act });
    },

    remove(by, input) {
      const { webhookId } = input;
      const act = async (client: pg.PoolClient) => {
        await presentWebhook(client, webhookId);
        await cancelDeliveriesTo(client, webhookId, "The webhook was deleted.");
        await deleteWebhook(client, webhookId);
        return [];
      };
      return mutate(context, by, { mutation: "deleteWebhook", input: { ...input }, answer: { webhookId }, act });
    },

    async rotateSecret(by, input) {
      const { webhookId, keepPreviousHours } = input;
      const errors = fieldErrors();
      checkInt(errors, ["keepPreviousHours"], keepPreviousHours, 0, mostKeptHours);
      errors.check();
      const secret = makeSecret();
      const answer = { webhookId };
      const act = async (client: pg.PoolClient) => {
        await presentWebhook(client, webhookId);
        await replaceSecret(client, webhookId, secret, keepPreviousHours ?? defaultKeptHours);
        return [];
      };
      const given = await mutate(context, by, { mutation: "rotateWebhookSecret", input: { ...input }, answer, act });
      return { ...given, secret: given === answer ? secret : null };
    },

    async test(by, webhookId, signal) {
      const [webhook] = await webhooksWithIds(pool, [webhookId]);
      const secrets = await secretsOf(pool, webhookId);
      if (webhook === undefined || secrets === null) throw notFound(webhookId);
      const begun = monotonic();
      const outcome = await send({ url: webhook.url, secrets }, tryOut(webhook, by.name), signal);
      return { outcome, elapsedMs: Math.round(monotonic() - begun) };
    },
  };
}

const tryOut = ({ id, name }: WebhookRow, by: string) =>
  ({
    id: newId(),
    kind: "TEST",
    occurredAt: new Date(),
    content: {
      title: `A test of the webhook ${name}`,
      message: `${by} tries whether notifications arrive here. Nothing has happened.`,
      remedy: "Nothing: an answer with a status from 200 to 299 is all that it takes.",
      subject: { type: "Webhook", id, name },
      plan: null,
      details: {},
    },
  }) as const;

const notFound = (id: string) => new NotFoundError("Webhook", encodeId("Webhook", id));

async function presentWebhook(client: pg.ClientBase, id: string): Promise<WebhookRow> {
  const webhook = await lockedWebhook(client, id);
  if (webhook === null) throw notFound(id);
  return webhook;
}

function checkUrl(errors: FieldErrors, url: string, policy: WebhookPolicy): void {
  const tooLong = url.length > longestUrl ? `A URL may have ${longestUrl} characters, and this has ${url.length}.` : null;
  const problem = tooLong ?? urlProblem(url, policy);
  if (problem !== null) errors.add(["url"], problem);
}

/** In the order of their description, each once. */
export function checkKinds(errors: FieldErrors, kinds: readonly string[]): readonly ToldKind[] {
  const given = kinds.filter(isToldKind);
  if (given.length === 0) errors.add(["kinds"], "A webhook is told of one kind at least.");
  return toldKinds.filter((kind) => given.includes(kind));
}

async function checkRoom(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ count: number }>({ name: "webhook-count", text: "SELECT count(*)::int4 AS count FROM webhook" });
  checkQuota("webhooks", mostWebhooks, rows[0]?.count ?? 0, 1);
}

async function checkFree(client: pg.ClientBase, name: string, exceptId: string | null): Promise<void> {
  const text = "SELECT name FROM webhook WHERE lower(name) = lower($1) AND id IS DISTINCT FROM $2::uuid";
  const { rows } = await client.query<{ name: string }>({ name: "webhook-taken", text, values: [name, exceptId] });
  if (rows[0]) throw fieldError(["name"], `There is a webhook ${rows[0].name} already.`);
}
