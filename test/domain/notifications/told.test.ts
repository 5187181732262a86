import { createHmac } from "node:crypto";
import { v7 as newId } from "uuid";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { appendChanges } from "../../../src/events/changes.ts";
import { aPair, aPlan } from "../../support/rows.ts";
import type { Received } from "./servers.ts";
import { aPrompt, aRunThatEnded, aTellingStage, aWebhook, documentedCheck, happened, siteChanged, type TellingStage } from "./stage.ts";

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

describe("what happens is told", () => {
  it("to each webhook that asked for its kind, once, in a signed request that says what, where and what to do", async () => {
    await aWebhook(pool(), "Pager", stage.receiver.url, ["RUN_FAILED", "PROMPT_WAITING"]);
    await aWebhook(pool(), "Wiki", stage.receiver.url, ["SITE_LOST"]);
    const runId = await aRunThatEnded(pool(), "Payroll", "PARTIAL", ["db-1 has no placeholder"]);
    await aPrompt(pool(), "Shop", "Is the switch on?");
    node();
    await logged([
      { target: "Pager", kind: "RUN_FAILED", state: "DELIVERED", attempts: 1, status: 204, error: null },
      { target: "Pager", kind: "PROMPT_WAITING", state: "DELIVERED", attempts: 1 },
    ]);
    const [first] = stage.receiver.received;
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
    await aWebhook(pool(), "Pager", stage.receiver.url, ["RUN_FAILED"]);
    await pool().query("UPDATE webhook SET previous_secret = 'old', previous_secret_until = dr_now() + interval '1 h'");
    const teller = node();
    const signed = async () => {
      await aRunThatEnded(pool(), "Payroll");
      const before = stage.receiver.received.length;
      teller.wake();
      await expect.poll(() => stage.receiver.received.length).toBe(before + 1);
      const [{ headers, body } = { headers: {}, body: "" }]: Pick<Received, "headers" | "body">[] = stage.receiver.received.slice(before);
      const by = (secret: string) =>
        `v1=${createHmac("sha256", secret).update(`${headers["dr-gateway-timestamp"]}.${body}`).digest("hex")}`;
      return [headers["dr-gateway-signature"], by("secret of Pager"), by("old")];
    };
    const [both, ofNew, ofOld] = await signed();
    expect(both).toBe(`${ofNew},${ofOld}`);
    await stage.db.shiftClock(3_700);
    const [alone, ofNewNow] = await signed();
    expect(alone).toBe(ofNewNow);
  });

  it("only while it is so: a prompt that was answered, a run that was cancelled, a site that is back are not told", async () => {
    await aWebhook(pool(), "Pager", stage.receiver.url, ["RUN_FAILED", "PROMPT_WAITING", "SITE_LOST"]);
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
    await aWebhook(pool(), "Pager", stage.receiver.url, ["SITE_LOST"]);
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

  it("for a group with VMs whose RPO is critical, once as long as one of them is", async () => {
    await aWebhook(pool(), "Pager", stage.receiver.url, ["RPO_CRITICAL"]);
    const insert = `INSERT INTO rpo_violation (id, vm_id, vm_name, group_id, group_name, rpo_minutes, cause, opened_at, critical_since, worst_lag_seconds, current_lag_seconds)
      VALUES (gen_random_uuid(), gen_random_uuid(), $1, $2, 'Databases', 15, 'LAG', dr_now(), $3, 2701, 2701) RETURNING id`;
    const group = newId();
    const violation = async (name: string, since: string | null) =>
      (await pool().query<{ id: string }>(insert, [name, group, since])).rows[0]?.id ?? "";
    const [late, first, second] = [
      await violation("db-0", null),
      await violation("db-1", "2026-01-15T14:30:00Z"),
      await violation("db-2", "2026-01-15T14:30:01Z"),
    ];
    for (const id of [late, second, first, first]) await happened(pool(), "RPO_VIOLATION_CHANGED", id);
    node();
    await logged([{ kind: "RPO_CRITICAL", state: "DELIVERED" }]);
    expect(bodies()[0]).toMatchObject({
      title: "The RPO of db-1 and 1 more of Databases is critical",
      message: "db-1 of the protection group Databases is 46 minutes behind, and may be 15. Cause: LAG.",
    });
    await pool().query("DELETE FROM rpo_violation");
  });

  it("of a drill once for each time that it was due: how it ended, or why it was skipped", async () => {
    await aWebhook(pool(), "Pager", stage.receiver.url, ["DRILL_RESULT"]);
    const planId = await aPlan(stage.db.database, await aPair(stage.db.database, "Drilled"), "Drilled plan", []);
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
    await aWebhook(pool(), "Pager", stage.receiver.url, ["READINESS_LOST"]);
    const pair = await aPair(stage.db.database, "Ready");
    const [first, lost, back] = await Promise.all(["First", "Lost", "Back"].map((name) => aPlan(stage.db.database, pair, name, [])));
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
