import { parse, validate } from "graphql";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Context } from "../../../src/domain/context.ts";
import { encodeId, nodeTypes } from "../../../src/domain/ids.ts";
import { fanOut } from "../../../src/domain/notifications/fan-out.ts";
import { queryOf } from "../../../src/domain/notifications/link.ts";
import { schema } from "../../../src/domain/schema.ts";
import type { Role } from "../../../src/domain/viewer.ts";
import { operator } from "../../support/node.ts";
import { servicesOf } from "../../support/services.ts";
import { type Asker, anAsker, at, list, text } from "../read/support.ts";
import { aReceiver, ok, type Receiver, status } from "./servers.ts";
import { aNode, aReader, aRunThatEnded, forget, settings } from "./stage.ts";

let asker: Asker;
let receiver: Receiver;
beforeAll(async () => {
  [asker, receiver] = await Promise.all([anAsker(), aReceiver()]);
});
beforeEach(async () => {
  receiver.answer = ok;
  receiver.received.length = 0;
  await forget(asker.database.pool);
});
afterAll(async () => {
  await receiver[Symbol.asyncDispose]();
  await asker.drop();
});

const logged: unknown[] = [];
const log = { info: (...said: unknown[]) => void logged.push(said), warn: (...said: unknown[]) => void logged.push(said) };

const errors = `... on Error { code message remedy } ... on InvalidRequestError { fieldErrors { path message } } ... on ConflictError { version limit current }`;

/** The answer of the union: what is selected of the payload, or the error. */
async function run(
  mutation: string,
  input: Record<string, unknown>,
  selection: string,
  viewer: Partial<Context["viewer"]> & object = {},
): Promise<unknown> {
  const type = mutation.charAt(0).toUpperCase() + mutation.slice(1);
  const query = `mutation ($input: ${type}Input!) { ${mutation}(input: $input) { __typename ... on ${type}Payload { ${selection} } ${errors} } }`;
  const services = servicesOf(asker.database, { notifications: settings, log });
  const roles = new Set<Role>(["ADMIN"]);
  const answer = await asker.answer(query, { input }, { ...asker.context(), services, viewer: { ...operator, roles, ...viewer } });
  if (answer.errors?.[0]) throw answer.errors[0].originalError ?? answer.errors[0];
  return at(JSON.parse(JSON.stringify(answer.data)), mutation);
}

const pager = () => ({ name: "Pager", url: receiver.url, kinds: ["RUN_FAILED"] });
const made = async (input: Record<string, unknown> = pager()) => text(await run("createWebhook", input, "webhook { id }"), "webhook.id");
const invalid = (path: string, message: RegExp) => ({
  code: "INVALID_REQUEST",
  fieldErrors: [{ path: [path], message: expect.stringMatching(message) }],
});

describe("a webhook", () => {
  it("is made with a secret that is shown this once: not again for the same key, nor in any list, log or audit", async () => {
    const input = { ...pager(), kinds: ["SITE_LOST", "RUN_FAILED", "RUN_FAILED"], idempotencyKey: "k1" };
    const first = await run("createWebhook", input, "secret webhook { id name url kinds enabled version previousSecretUntil }");
    expect(first).toMatchObject({
      webhook: { ...pager(), kinds: ["RUN_FAILED", "SITE_LOST"], enabled: true, version: 1, previousSecretUntil: null },
    });
    const secret = text(first, "secret");
    expect(secret).toMatch(/^whsec_[\w-]{43}$/);
    expect(await run("createWebhook", input, "secret webhook { id }")).toMatchObject({
      secret: null,
      webhook: { id: text(first, "webhook.id") },
    });
    expect(JSON.stringify(logged)).not.toContain(secret);
    const { rows } = await asker.database.pool.query(
      "SELECT to_jsonb(a) AS row FROM audit_record a UNION ALL SELECT to_jsonb(k) FROM idempotency_key k",
    );
    expect(JSON.stringify(rows)).not.toContain(secret);
    expect(await asker.ask("{ webhooks { totalCount nodes { name } } }")).toEqual({
      webhooks: { totalCount: 1, nodes: [{ name: "Pager" }] },
    });
    expect(Object.keys(schema.getTypeMap().Webhook?.toConfig() ?? {})).not.toContain("secret");
  });

  it.each<[string, Record<string, unknown>, string, RegExp]>([
    ["a name that is taken", { name: "PAGER" }, "name", /There is a webhook Pager already/],
    ["no kind", { name: "B", kinds: [] }, "kinds", /one kind at least/],
    ["no URL", { name: "B", url: "x" }, "url", /no URL/],
    ["a character that no URL has", { name: "B", url: "https://example.com/\0" }, "url", /no URL/],
    ["another protocol", { name: "B", url: "file:///etc/passwd" }, "url", /has to begin with/],
    ["an address that is not public", { name: "B", url: "https://169.254.169.254/latest" }, "url", /not public: WEBHOOK_ALLOWED_NETWORKS/],
    ["one that hides another", { name: "B", url: "https://[::ffff:10.0.0.1]/" }, "url", /not public: WEBHOOK_ALLOWED_NETWORKS/],
    ["credentials", { name: "B", url: "https://a:b@example.com" }, "url", /User and password/],
    ["a URL without end", { name: "B", url: `https://example.com/${"x".repeat(2_000)}` }, "url", /2000 characters/],
  ])("is refused with %s", async (_what, change, path, message) => {
    await made();
    expect(await run("createWebhook", { ...pager(), ...change }, "__typename")).toMatchObject(invalid(path, message));
    const webhookId = await made({ ...pager(), name: "Second" });
    if (path !== "name") expect(await run("updateWebhook", { webhookId, ...change }, "__typename")).toMatchObject(invalid(path, message));
  });

  it("is one of a hundred at most", async () => {
    const many = `INSERT INTO webhook (id, name, url, kinds, secret) SELECT gen_random_uuid(), 'W' || n, '', '{RUN_FAILED}', 's' FROM generate_series(1, 100) AS n`;
    await asker.database.pool.query(many);
    expect(await run("createWebhook", pager(), "__typename")).toMatchObject({ code: "CONFLICT", limit: 100, current: 100 });
  });

  it("changes with its version; disabled or deleted, what was to be sent to it is cancelled, and the log stays", async () => {
    const webhookId = await made();
    const { pool } = asker.database;
    await aRunThatEnded(pool, "Payroll");
    receiver.answer = status(500);
    const node = aNode(pool);
    await expect.poll(() => receiver.received.length).toBe(1);
    await node.close();
    expect(await run("updateWebhook", { webhookId, expectedVersion: 7, enabled: false }, "__typename")).toMatchObject({
      code: "CONFLICT",
      version: 1,
    });
    expect(await run("updateWebhook", { webhookId, name: "Pager" }, "webhook { version }")).toMatchObject({ webhook: { version: 1 } });
    expect(await run("updateWebhook", { webhookId, enabled: false }, "webhook { enabled version }")).toMatchObject({
      webhook: { enabled: false, version: 2 },
    });
    const deliveries = `{ notificationDeliveries(filter: { targetId: "${webhookId}", state: CANCELLED, kind: RUN_FAILED, channel: WEBHOOK }) { nodes {
      id state lastError attempts nextAttemptAt targetName title webhook { id } user { id } } } }`;
    expect(list(await asker.ask(deliveries), "notificationDeliveries.nodes")).toMatchObject([
      {
        state: "CANCELLED",
        lastError: "The webhook was disabled.",
        attempts: 1,
        nextAttemptAt: null,
        targetName: "Pager",
        webhook: { id: webhookId },
        user: null,
      },
    ]);
    expect(await run("deleteWebhook", { webhookId }, "deletedWebhookId")).toMatchObject({ deletedWebhookId: webhookId });
    expect(list(await asker.ask(deliveries), "notificationDeliveries.nodes")).toMatchObject([
      { title: "The cleanup of Payroll failed", webhook: null },
    ]);
    expect(await run("deleteWebhook", { webhookId }, "__typename")).toMatchObject({ code: "NOT_FOUND" });
  });

  it("gets another secret; the one before signs along as long as is wished", async () => {
    const webhookId = await made();
    const rotated = await run("rotateWebhookSecret", { webhookId, keepPreviousHours: 2 }, "secret webhook { previousSecretUntil }");
    expect(text(rotated, "webhook.previousSecretUntil")).toMatch(/Z$/);
    await run("testWebhook", { webhookId }, "delivered");
    expect(String(receiver.received[0]?.headers["dr-gateway-signature"]).split(",")).toHaveLength(2);
    const alone = await run("rotateWebhookSecret", { webhookId, keepPreviousHours: 0 }, "webhook { previousSecretUntil }");
    expect(alone).toMatchObject({ webhook: { previousSecretUntil: null } });
    expect(await run("rotateWebhookSecret", { webhookId, keepPreviousHours: 169 }, "__typename")).toMatchObject(
      invalid("keepPreviousHours", /from 0 to 168/),
    );
  });

  it("is tried at a button's press, which tells what happened", async () => {
    const webhookId = await made({ ...pager(), enabled: false });
    const press = () => run("testWebhook", { webhookId }, "delivered status error answeredInMilliseconds");
    expect(await press()).toMatchObject({ delivered: true, status: 204, error: null, answeredInMilliseconds: expect.any(Number) });
    expect(JSON.parse(receiver.received[0]?.body ?? "")).toMatchObject({ version: 1, kind: "TEST", title: "A test of the webhook Pager" });
    receiver.answer = status(500);
    expect(await press()).toMatchObject({ delivered: false, status: 500, error: "It answered 500." });
    await asker.database.pool.query("UPDATE webhook SET url = 'https://10.0.0.1/'"); // its network was allowed once
    expect(await press()).toMatchObject({ delivered: false, status: null, error: expect.stringMatching(/not public/) });
  });
});

describe("what was delivered or given up", () => {
  it("is sent again as the same event, but not while it is under way, nor to nobody", async () => {
    const webhookId = await made();
    const { pool } = asker.database;
    await aRunThatEnded(pool, "Payroll");
    const first = aNode(pool);
    const ended = "SELECT id FROM notification_delivery WHERE state = 'DELIVERED'";
    await expect.poll(async () => (await pool.query(ended)).rowCount).toBe(1);
    await first.close(); // or it may try again before the answer is read
    const deliveryId = encodeId("NotificationDelivery", (await pool.query<{ id: string }>(ended)).rows[0]?.id ?? "");
    receiver.answer = () => {};
    expect(await run("redeliverNotification", { deliveryId }, "delivery { state attempts eventId }")).toMatchObject({
      delivery: { state: "PENDING", attempts: 1 },
    });
    expect(await run("redeliverNotification", { deliveryId }, "__typename")).toMatchObject({ code: "CONFLICT" });
    const node = aNode(pool);
    await expect.poll(() => receiver.received.length).toBe(2);
    expect(new Set(receiver.received.map(({ headers }) => headers["dr-gateway-event-id"])).size).toBe(1);
    await node.close();
    await run("deleteWebhook", { webhookId }, "__typename");
    expect(await run("redeliverNotification", { deliveryId }, "__typename")).toMatchObject({
      code: "CONFLICT",
      message: "Pager is gone, disabled, or without an address.",
    });
  });

  it("is not, as an e-mail, where there is no mail server", async () => {
    const { pool } = asker.database;
    await aReader(pool, "vera", "v@example.com", ["RUN_FAILED"]);
    await aRunThatEnded(pool, "Payroll");
    await fanOut(pool, { email: true });
    const end = "UPDATE notification_delivery SET state = 'FAILED', next_attempt_at = NULL, ended_at = dr_now() RETURNING id";
    const deliveryId = encodeId("NotificationDelivery", (await pool.query<{ id: string }>(end)).rows[0]?.id ?? "");
    expect(await run("redeliverNotification", { deliveryId }, "__typename")).toMatchObject({
      code: "CONFLICT",
      message: "The gateway has no mail server.",
      remedy: "Set SMTP_URL and SMTP_FROM.",
    });
  });
});

describe("a user", () => {
  const mine = (viewer: object, input: object) =>
    run("updateMyNotifications", { ...input }, "notifications { email emailKinds emailAvailable }", viewer);

  it("says for itself what it is told by e-mail, and where; an administrator for others", async () => {
    const userId = await aReader(asker.database.pool, "vera", "old@example.com", []);
    const vera = { userId, name: "vera", roles: new Set<Role>(["VIEWER"]) };
    expect(await mine(vera, { email: "vera@example.com", emailKinds: ["SITE_LOST", "RUN_FAILED"] })).toMatchObject({
      notifications: { email: "vera@example.com", emailKinds: ["RUN_FAILED", "SITE_LOST"], emailAvailable: false },
    });
    expect(
      await run("updateUserNotifications", { userId: encodeId("User", userId), emailKinds: ["SITE_LOST"] }, "__typename", vera),
    ).toMatchObject({ code: "FORBIDDEN" });
    const ofUser = await run(
      "updateUserNotifications",
      { userId: encodeId("User", userId), emailKinds: ["SITE_LOST"] },
      "user { name notifications { email emailKinds } }",
    );
    expect(ofUser).toMatchObject({ user: { name: "vera", notifications: { email: "vera@example.com", emailKinds: ["SITE_LOST"] } } });
    expect(await mine(vera, { email: null })).toMatchObject(invalid("email", /needs an address/));
    expect(await mine(vera, { email: null, emailKinds: [] })).toMatchObject({ notifications: { email: null, emailKinds: [] } });
  });

  it.each([
    "x",
    "a@b@c",
    "a@example.com, b@example.com",
    "a b@example.com",
    "a@exa\nmple.com",
    "<a@example.com>",
    "@example.com",
    "a@.com",
  ])("has an address, and %j is none", async (email) => {
    const userId = await aReader(asker.database.pool, "vera", "v@example.com", []);
    expect(await mine({ userId }, { email })).toMatchObject(invalid("email", /no e-mail address/));
  });

  it("of an identity provider is told to use something else", async () => {
    expect(await mine({}, { email: "o@example.com" })).toMatchObject({
      code: "INVALID_REQUEST",
      message: expect.stringMatching(/identity provider/),
    });
  });
});

it("every link asks something that the schema has", () => {
  for (const type of nodeTypes) {
    const query = queryOf({ type, id: "0190aaaa-0000-7000-8000-000000000000" });
    expect([type, validate(schema, parse(query))]).toEqual([type, []]);
  }
});
