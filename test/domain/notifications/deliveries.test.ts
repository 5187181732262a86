import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { claimDue, settle } from "../../../src/domain/notifications/deliveries.ts";
import { fanOut } from "../../../src/domain/notifications/fan-out.ts";
import { expireNotifications } from "../../../src/domain/notifications/retention.ts";
import { aReceiver, ok, status } from "./servers.ts";
import { aRunThatEnded, aTellingStage, aWebhook, deliveries, type TellingStage } from "./stage.ts";

const day = 86_400;
let stage: TellingStage;
const pool = () => stage.db.database.pool;
const node = () => stage.node();
const logged = (expected: readonly object[]) => stage.logged(expected);
const bodies = () => stage.bodies();

beforeAll(async () => {
  stage = await aTellingStage();
});
afterEach(() => stage.reset());
afterAll(() => stage.close());

describe("a delivery that fails", () => {
  it("is tried again, later each time, until it arrives: the same event, signed anew", async () => {
    await aWebhook(pool(), "Pager", stage.receiver.url, ["RUN_FAILED"]);
    await aRunThatEnded(pool(), "Payroll");
    stage.receiver.answer = status(500);
    const teller = node();
    await logged([{ state: "PENDING", attempts: 1, status: 500, error: "It answered 500." }]);
    stage.receiver.answer = status(302, { location: "/" });
    await stage.db.shiftClock(6);
    teller.wake();
    await logged([{ state: "PENDING", attempts: 2, status: 302, error: expect.stringContaining("redirect") }]);
    stage.receiver.answer = ok;
    await stage.db.shiftClock(20);
    teller.wake();
    await logged([{ state: "DELIVERED", attempts: 3, status: 204, error: null }]);
    expect(new Set(bodies().map(({ id }) => id)).size).toBe(1);
  });

  it("is given up after 24 hours, with a last attempt at their end", async () => {
    await aWebhook(pool(), "Pager", stage.receiver.url, ["RUN_FAILED"]);
    await aRunThatEnded(pool(), "Payroll");
    stage.receiver.answer = status(503);
    const teller = node();
    await logged([{ state: "PENDING", attempts: 1, status: 503 }]);
    stage.receiver.answer = status(504);
    await stage.db.shiftClock(day - 60);
    teller.wake();
    await logged([{ state: "PENDING", attempts: 2, status: 504 }]);
    const { rows } = await pool().query("SELECT next_attempt_at = give_up_at AS last FROM notification_delivery");
    expect(rows).toEqual([{ last: true }]);
    await stage.db.shiftClock(day + 1);
    teller.wake();
    await logged([{ state: "FAILED", attempts: 3, status: 504 }]);
  });

  it("holds up its own receiver alone", async () => {
    const slow = await aReceiver();
    slow.answer = () => {};
    await aWebhook(pool(), "Slow", slow.url, ["RUN_FAILED"]);
    await aWebhook(pool(), "Pager", stage.receiver.url, ["RUN_FAILED"]);
    for (let run = 0; run < 6; run++) await aRunThatEnded(pool(), "Payroll");
    node();
    await expect.poll(() => stage.receiver.received.length).toBe(6);
    expect([
      slow.received.length,
      (await deliveries(pool())).filter(({ target, attempts }) => target === "Slow" && attempts > 0).length,
    ]).toEqual([1, 1]);
    await slow[Symbol.asyncDispose]();
  });

  it("is cancelled when its webhook has gone or was disabled", async () => {
    await aWebhook(pool(), "Pager", stage.receiver.url, ["RUN_FAILED"]);
    await aRunThatEnded(pool(), "Payroll");
    await fanOut(pool(), { email: false });
    await pool().query("DELETE FROM webhook");
    node();
    await logged([{ state: "CANCELLED", error: "Its receiver is gone, or wants nothing any more." }]);
    expect(stage.receiver.received).toEqual([]);
  });
});

describe("when nodes die", () => {
  it("what one had claimed is due again when its lease is over, and what it still writes then changes nothing", async () => {
    await aWebhook(pool(), "Pager", stage.receiver.url, ["RUN_FAILED"]);
    await aRunThatEnded(pool(), "Payroll");
    await fanOut(pool(), { email: false });
    const [dead] = await claimDue(pool(), 5);
    if (dead === undefined) throw new Error("nothing was due");
    const teller = node();
    expect(await claimDue(pool(), 5)).toEqual([]);
    await stage.db.shiftClock(61);
    teller.wake();
    await logged([{ state: "DELIVERED", attempts: 2 }]);
    await settle(pool(), dead, { delivered: false, status: 500, error: "late", permanent: false, retryAfterSeconds: 0 }, 1);
    expect(await deliveries(pool())).toMatchObject([{ state: "DELIVERED", status: 204, error: null }]);
  });

  it("nothing is lost or doubled, wherever reading the log was broken off, and however many nodes read it", async () => {
    await aWebhook(pool(), "Pager", stage.receiver.url, ["RUN_FAILED"]);
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
    await aWebhook(pool(), "Pager", stage.receiver.url, ["RUN_FAILED"]);
    await aRunThatEnded(pool(), "Payroll");
    stage.receiver.answer = () => {};
    const teller = node();
    await expect.poll(() => stage.receiver.received.length).toBe(1);
    await teller.close();
    expect(await claimDue(pool(), 5)).toHaveLength(1);
  });
});

it("the log of deliveries is kept as long as events are", async () => {
  await aWebhook(pool(), "Pager", stage.receiver.url, ["RUN_FAILED"]);
  await aRunThatEnded(pool(), "Payroll");
  node();
  await logged([{ state: "DELIVERED" }]);
  const tidy = () => expireNotifications(pool(), 30 * day, new AbortController().signal);
  expect(await tidy()).toBe(0);
  await stage.db.shiftClock(30 * day + 1);
  expect([await tidy(), await deliveries(pool())]).toEqual([1, []]);
});
