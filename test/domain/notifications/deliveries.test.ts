import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { claimDue, settle } from "../../../src/domain/notifications/deliveries.ts";
import { fanOut } from "../../../src/domain/notifications/fan-out.ts";
import { expireNotifications } from "../../../src/domain/notifications/retention.ts";
import { appendChanges } from "../../../src/events/changes.ts";
import { freshDatabase, type TestDatabase } from "../../support/database.ts";
import { aPair, aPlan } from "../../support/rows.ts";
import { aReceiver, ok, type Received, type Receiver, status } from "./servers.ts";
import { aNode, aPrompt, aRunThatEnded, aWebhook, deliveries, forget, happened, type Node, siteChanged } from "./stage.ts";

const day = 86_400;
let db: TestDatabase;
let receiver: Receiver;
const nodes = new Set<Node>();
const pool = () => db.database.pool;

beforeAll(async () => {
  [db, receiver] = await Promise.all([freshDatabase(), aReceiver()]);
});
beforeEach(() => {
  receiver.answer = ok;
  receiver.received.length = 0;
});
afterEach(async () => {
  await Promise.all([...nodes].map((node) => node.close()));
  nodes.clear();
  await db.shiftClock(0);
  await forget(pool());
});
afterAll(async () => {
  await receiver[Symbol.asyncDispose]();
  await db.drop();
});

function node(): Node {
  const started = aNode(pool());
  nodes.add(started);
  return started;
}
/** Waits until the log of deliveries is so. */
const logged = (expected: readonly object[]) =>
  expect.poll(() => deliveries(pool()), { interval: 5, timeout: 5_000 }).toEqual(expected.map((one) => expect.objectContaining(one)));
const bodies = () => receiver.received.map(({ body }) => JSON.parse(body));

/** What docs/notifications.md gives to receivers in Node. */
async function documentedCheck() {
  const [, code = ""] = /```js\n(import[\s\S]*?)```/.exec(await readFile("docs/notifications.md", "utf8")) ?? [];
  const { isGenuine } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  return isGenuine;
}

describe("what happens is told", () => {
  it("to each webhook that asked for its kind, once, in a signed request that says what, where and what to do", async () => {
    await aWebhook(pool(), "Pager", receiver.url, ["RUN_FAILED", "PROMPT_WAITING"]);
    await aWebhook(pool(), "Wiki", receiver.url, ["SITE_LOST"]);
    const runId = await aRunThatEnded(pool(), "Payroll", "PARTIAL", ["db-1 has no placeholder"]);
    await aPrompt(pool(), "Shop", "Is the switch on?");
    node();
    await logged([
      { target: "Pager", kind: "RUN_FAILED", state: "DELIVERED", attempts: 1, status: 204, error: null },
      { target: "Pager", kind: "PROMPT_WAITING", state: "DELIVERED", attempts: 1 },
    ]);
    const [first] = receiver.received;
    const id = Buffer.from(`Recovery:${runId}`).toString("base64url");
    expect(JSON.parse(first?.body ?? "")).toEqual({
      version: 1,
      id: first?.headers["dr-gateway-event-id"],
      kind: "RUN_FAILED",
      occurredAt: expect.stringMatching(/Z$/),
      title: "The cleanup of Payroll succeeded only in part",
      message: "The cleanup of Payroll ended PARTIAL. 1 VMs succeeded, 1 did not.\ndb-1 has no placeholder",
      remedy: expect.stringMatching(/^See what was left behind/),
      subject: { type: "Recovery", id, name: "Payroll" },
      plan: null,
      details: { runKind: "CLEANUP", resultState: "PARTIAL", vmsSucceeded: 1, vmsFailed: 1 },
      link: expect.stringMatching(/^https:\/\/dr\.example\.com\/graphql\?query=/),
    });
    const timestamp = first?.headers["dr-gateway-timestamp"];
    const expected = createHmac("sha256", "secret of Pager").update(`${timestamp}.${first?.body}`).digest("hex");
    expect(first?.headers["dr-gateway-signature"]).toBe(`v1=${expected}`);
    const isGenuine = await documentedCheck();
    const check = (body = first?.body, secret = "secret of Pager", now?: number) => isGenuine(first?.headers, body, secret, now);
    expect([check(), check(`${first?.body} `), check(undefined, "another"), check(undefined, undefined, Date.now() / 1000 + 400)]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  it("with both signatures while a secret is replaced, and with the new one alone afterwards", async () => {
    await aWebhook(pool(), "Pager", receiver.url, ["RUN_FAILED"]);
    await pool().query("UPDATE webhook SET previous_secret = 'old', previous_secret_until = dr_now() + interval '1 h'");
    const signed = async () => {
      await aRunThatEnded(pool(), "Payroll");
      const before = receiver.received.length;
      nodes.forEach((one) => void one.wake());
      await expect.poll(() => receiver.received.length, { interval: 5, timeout: 5_000 }).toBe(before + 1);
      const [{ headers, body } = { headers: {}, body: "" }]: Pick<Received, "headers" | "body">[] = receiver.received.slice(before);
      const by = (secret: string) =>
        `v1=${createHmac("sha256", secret).update(`${headers["dr-gateway-timestamp"]}.${body}`).digest("hex")}`;
      return [headers["dr-gateway-signature"], by("secret of Pager"), by("old")];
    };
    node();
    const [both, ofNew, ofOld] = await signed();
    expect(both).toBe(`${ofNew},${ofOld}`);
    await db.shiftClock(3_700);
    const [alone, ofNewNow] = await signed();
    expect(alone).toBe(ofNewNow);
  });

  it("only while it is so: a prompt that was answered, a run that was cancelled, a site that is back are not told", async () => {
    await aWebhook(pool(), "Pager", receiver.url, ["RUN_FAILED", "PROMPT_WAITING", "SITE_LOST"]);
    const answered = await aPrompt(pool(), "Shop", "On?");
    await pool().query("UPDATE recovery_prompt SET answer = 'CONTINUE', answered_at = dr_now() WHERE id = $1", [answered.promptId]);
    for (const result of ["SUCCESS", "WARNING", "CANCELLED"]) await aRunThatEnded(pool(), "Payroll", result);
    const site =
      (
        await pool().query<{ id: string }>(
          `INSERT INTO site (id, name, type, provider, external_id) VALUES (gen_random_uuid(), 'North', 'PROTECTED', 'lab', 'n') RETURNING id`,
        )
      ).rows[0]?.id ?? "";
    await siteChanged(pool(), site);
    await aRunThatEnded(pool(), "Payroll");
    node();
    await logged([{ kind: "RUN_FAILED", state: "DELIVERED" }]);
    await pool().query("DELETE FROM site");
  });

  it("once for each time that a site is lost, however often it changes meanwhile", async () => {
    await aWebhook(pool(), "Pager", receiver.url, ["SITE_LOST"]);
    const lose = `INSERT INTO site (id, name, type, provider, external_id, state, state_reason, state_since)
      VALUES (gen_random_uuid(), 'North', 'PROTECTED', 'lab', 'n', 'DISCONNECTED', 'North does not answer in time.', dr_now()) RETURNING id`;
    const site = (await pool().query<{ id: string }>(lose)).rows[0]?.id ?? "";
    await siteChanged(pool(), site);
    const teller = node();
    await logged([{ kind: "SITE_LOST", state: "DELIVERED" }]);
    expect(bodies()[0]).toMatchObject({ title: "The site North is lost", message: /North does not answer in time/ });
    await siteChanged(pool(), site);
    await pool().query("UPDATE site SET state_since = dr_now() + interval '1 s'");
    await siteChanged(pool(), site);
    teller.wake();
    await logged([{ state: "DELIVERED" }, { state: "DELIVERED" }]);
    await pool().query("DELETE FROM site");
  });

  it("for a VM whose RPO is critical, once for each violation", async () => {
    await aWebhook(pool(), "Pager", receiver.url, ["RPO_CRITICAL"]);
    const insert = `INSERT INTO rpo_violation (id, vm_id, vm_name, group_id, group_name, rpo_minutes, cause, opened_at, critical_since, worst_lag_seconds, current_lag_seconds)
      VALUES (gen_random_uuid(), gen_random_uuid(), $1, gen_random_uuid(), 'Databases', 15, 'LAG', dr_now(), $2, 2701, 2701) RETURNING id`;
    for (const [name, since] of [
      ["db-1", new Date()],
      ["db-2", null],
    ] as const) {
      const id = (await pool().query<{ id: string }>(insert, [name, since])).rows[0]?.id ?? "";
      for (let count = 0; count < 2; count++) await happened(pool(), "RPO_VIOLATION_CHANGED", id);
    }
    node();
    await logged([{ kind: "RPO_CRITICAL", state: "DELIVERED" }]);
    expect(bodies()[0]).toMatchObject({
      message: "db-1 of the protection group Databases is 46 minutes behind, and may be 15. Cause: LAG.",
    });
    await pool().query("DELETE FROM rpo_violation");
  });

  it("of a drill once for each time that it was due: how it ended, or why it was skipped", async () => {
    await aWebhook(pool(), "Pager", receiver.url, ["DRILL_RESULT"]);
    const planId = await aPlan(db.database, await aPair(db.database, "Drilled"), "Drilled plan", []);
    const { rows } = await pool().query<{ id: string }>(
      `INSERT INTO drill (id, plan_id, name, cron, time_zone, options, prompt_policy, max_duration_seconds, owner, next_run_at)
       VALUES (gen_random_uuid(), $1, 'Weekly', '0 3 * * 0', 'UTC', '{}', 'CONTINUE', 60, 'Ada', dr_now()) RETURNING id`,
      [planId],
    );
    const drillId = rows[0]?.id ?? "";
    const occurrence = `INSERT INTO drill_occurrence (id, drill_id, due_at, recorded_at, outcome, code, message, remedy)
      VALUES (gen_random_uuid(), $1, $2, dr_now(), 'SKIPPED', 'LAG', $3, 'See the group.')`;
    await pool().query(occurrence, [drillId, "2026-01-11T03:00:00Z", "Its lag was over 15 minutes."]);
    await happened(pool(), "DRILL_CHANGED", drillId);
    const teller = node();
    await logged([{ kind: "DRILL_RESULT", state: "DELIVERED" }]);
    expect(bodies()[0]).toMatchObject({
      title: "The drill Weekly was skipped",
      message: "The drill Weekly of Drilled plan, due at 2026-01-11T03:00:00.000Z, was skipped. Its lag was over 15 minutes.",
      remedy: "See the group.",
      plan: { name: "Drilled plan" },
    });
    await pool().query(occurrence, [drillId, "2026-01-18T03:00:00Z", "A recovery was under way."]);
    for (let count = 0; count < 2; count++) await happened(pool(), "DRILL_CHANGED", drillId);
    teller.wake();
    await logged([{ state: "DELIVERED" }, { state: "DELIVERED" }]);
  });

  it("when a plan is no longer ready, with what is in its way; not of its first evaluation, nor when it is ready again by then", async () => {
    await aWebhook(pool(), "Pager", receiver.url, ["READINESS_LOST"]);
    const pair = await aPair(db.database, "Ready");
    const [first, lost, back] = await Promise.all(["First", "Lost", "Back"].map((name) => aPlan(db.database, pair, name, [])));
    for (const planId of [first, lost, back]) {
      const readiness = planId === back ? "READY" : "NOT_READY";
      await pool().query("INSERT INTO readiness_evaluation (plan_id, readiness, score, evaluated_at) VALUES ($1, $2, 40, dr_now())", [
        planId,
        readiness,
      ]);
    }
    const finding = `INSERT INTO readiness_finding (id, plan_id, severity, code, object_type, object_name, message, remedy, opened_at)
      VALUES (gen_random_uuid(), $1, 'BLOCKER', 'SITE_DISCONNECTED', 'Site', 'South', 'South is DISCONNECTED.', 'Connect it.', dr_now())`;
    await pool().query(finding, [lost]);
    const losing = (id = "", before?: "READY") =>
      ({
        kind: "READINESS_CHANGED",
        id,
        change: "UPDATED",
        details: { ...(before && { before }), after: "NOT_READY", opened: [], resolved: [] },
      }) as const;
    await appendChanges(pool(), [losing(first), losing(lost, "READY"), losing(back, "READY")]);
    node();
    await logged([{ kind: "READINESS_LOST", state: "DELIVERED" }]);
    expect(bodies()[0]).toMatchObject({
      title: "Lost is no longer ready",
      message: "A recovery of Lost would not succeed now.\nSouth is DISCONNECTED.",
      remedy: "Connect it.",
      details: { score: 40, blockers: 1, firstBlocker: "SITE_DISCONNECTED" },
    });
  });
});

describe("a delivery that fails", () => {
  it("is tried again, later each time, until it arrives: the same event, signed anew", async () => {
    await aWebhook(pool(), "Pager", receiver.url, ["RUN_FAILED"]);
    await aRunThatEnded(pool(), "Payroll");
    receiver.answer = status(500);
    const teller = node();
    await logged([{ state: "PENDING", attempts: 1, status: 500, error: "It answered 500." }]);
    receiver.answer = status(302, { location: "/" });
    await db.shiftClock(6);
    teller.wake();
    await logged([{ state: "PENDING", attempts: 2, status: 302, error: expect.stringContaining("redirect") }]);
    receiver.answer = ok;
    await db.shiftClock(20);
    teller.wake();
    await logged([{ state: "DELIVERED", attempts: 3, status: 204, error: null }]);
    expect(new Set(bodies().map(({ id }) => id)).size).toBe(1);
  });

  it("is given up after 24 hours, with a last attempt at their end", async () => {
    await aWebhook(pool(), "Pager", receiver.url, ["RUN_FAILED"]);
    await aRunThatEnded(pool(), "Payroll");
    receiver.answer = status(503);
    const teller = node();
    await logged([{ state: "PENDING", attempts: 1, status: 503 }]);
    receiver.answer = status(504);
    await db.shiftClock(day - 60);
    teller.wake();
    await logged([{ state: "PENDING", attempts: 2, status: 504 }]);
    const { rows } = await pool().query("SELECT next_attempt_at = give_up_at AS last FROM notification_delivery");
    expect(rows).toEqual([{ last: true }]);
    await db.shiftClock(day + 1);
    teller.wake();
    await logged([{ state: "FAILED", attempts: 3, status: 504 }]);
  });

  it("holds up its own receiver alone", async () => {
    const slow = await aReceiver();
    slow.answer = () => {};
    await aWebhook(pool(), "Slow", slow.url, ["RUN_FAILED"]);
    await aWebhook(pool(), "Pager", receiver.url, ["RUN_FAILED"]);
    for (let run = 0; run < 6; run++) await aRunThatEnded(pool(), "Payroll");
    node();
    await expect.poll(() => receiver.received.length, { interval: 5, timeout: 5_000 }).toBe(6);
    expect([
      slow.received.length,
      (await deliveries(pool())).filter(({ target, attempts }) => target === "Slow" && attempts > 0).length,
    ]).toEqual([1, 1]);
    await slow[Symbol.asyncDispose]();
  });

  it("is cancelled when its webhook has gone or was disabled", async () => {
    await aWebhook(pool(), "Pager", receiver.url, ["RUN_FAILED"]);
    await aRunThatEnded(pool(), "Payroll");
    await fanOut(pool(), { email: false });
    await pool().query("DELETE FROM webhook");
    node();
    await logged([{ state: "CANCELLED", error: "Its receiver is gone, or wants nothing any more." }]);
    expect(receiver.received).toEqual([]);
  });
});

describe("when nodes die", () => {
  it("what one had claimed is due again when its lease is over, and what it still writes then changes nothing", async () => {
    await aWebhook(pool(), "Pager", receiver.url, ["RUN_FAILED"]);
    await aRunThatEnded(pool(), "Payroll");
    await fanOut(pool(), { email: false });
    const [dead] = await claimDue(pool(), 5, ["WEBHOOK"]);
    if (dead === undefined) throw new Error("nothing was due");
    const teller = node();
    expect(await claimDue(pool(), 5, ["WEBHOOK"])).toEqual([]);
    await db.shiftClock(61);
    teller.wake();
    await logged([{ state: "DELIVERED", attempts: 2 }]);
    await settle(pool(), dead, { delivered: false, status: 500, error: "late", permanent: false, retryAfterSeconds: 0 }, 1);
    expect(await deliveries(pool())).toMatchObject([{ state: "DELIVERED", status: 204, error: null }]);
  });

  it("nothing is lost or doubled, wherever reading the log was broken off, and however many nodes read it", async () => {
    await aWebhook(pool(), "Pager", receiver.url, ["RUN_FAILED"]);
    for (let run = 0; run < 5; run++) await aRunThatEnded(pool(), `Plan ${run}`);
    const before = await pool().query("SELECT position FROM notification_cursor");
    await pool().query(`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''killed''; END'`);
    await pool().query("CREATE TRIGGER killed BEFORE UPDATE ON notification_cursor FOR EACH ROW EXECUTE FUNCTION fail()");
    await expect(fanOut(pool(), { email: false })).rejects.toThrow("killed");
    expect([
      await deliveries(pool()),
      await pool()
        .query("SELECT position FROM notification_cursor")
        .then(({ rows }) => rows),
    ]).toEqual([[], before.rows]);
    await pool().query("DROP FUNCTION fail CASCADE");
    for (let count = 0; count < 3; count++) node();
    await logged(Array.from({ length: 5 }, () => ({ state: "DELIVERED", attempts: 1 })));
    expect(
      bodies()
        .map(({ subject }) => subject.name)
        .sort(),
    ).toEqual(["Plan 0", "Plan 1", "Plan 2", "Plan 3", "Plan 4"]);
  });

  it("an orderly stop breaks off what is under way, and it is due at once", async () => {
    await aWebhook(pool(), "Pager", receiver.url, ["RUN_FAILED"]);
    await aRunThatEnded(pool(), "Payroll");
    receiver.answer = () => {};
    const teller = node();
    await expect.poll(() => receiver.received.length, { interval: 5, timeout: 5_000 }).toBe(1);
    await teller.close();
    expect(await claimDue(pool(), 5, ["WEBHOOK"])).toHaveLength(1);
  });
});

it("the log of deliveries is kept as long as events are", async () => {
  await aWebhook(pool(), "Pager", receiver.url, ["RUN_FAILED"]);
  await aRunThatEnded(pool(), "Payroll");
  node();
  await logged([{ state: "DELIVERED" }]);
  const tidy = () => expireNotifications(pool(), 30 * day, new AbortController().signal);
  expect(await tidy()).toBe(0);
  await db.shiftClock(30 * day + 1);
  expect([await tidy(), await deliveries(pool())]).toEqual([1, []]);
});
