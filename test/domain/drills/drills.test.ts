/** Drills by the public API on lab sites: what is due, what becomes of it, and what is refused. The database's clock is moved from due time to due time. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { at, text } from "../read/support.ts";
import { drillFields, type PlayedDrills, playedDrills } from "./played.ts";

let played: PlayedDrills;
beforeAll(async () => {
  played = await playedDrills();
});
afterAll(() => played?.stage[Symbol.asyncDispose]());

describe("a drill that is due", () => {
  it("is a test by its schedule: prompts are answered by its policy, the result is kept, and the test is cleaned up", async () => {
    const { stage, shop, aDrill, disable, newest, dueSince, becomes } = played;
    const id = await aDrill({ notes: "Every night" });
    const dueAt = await dueSince(id, 1);
    await stage.drillRound();
    expect(await newest(id)).toMatchObject({ dueAt, outcome: "STARTED", recovery: { kind: "TEST", initiatedBy: "schedule/drill 1" } });
    const found = await becomes(id, { outcome: "SUCCEEDED", cleanup: { state: "DONE" } });
    expect(found).toMatchObject({
      code: null,
      resultState: "SUCCESS",
      rtoAchievedSeconds: expect.any(Number),
      rpoAchievedSeconds: expect.any(Number),
      recovery: {
        notes: "Every night",
        prompts: [{ answer: "CONTINUE", answeredBy: "schedule/drill 1", comment: "By the policy of the drill drill 1." }],
        drillOccurrence: { dueAt },
      },
      cleanup: { attempts: 1, message: null, recovery: { kind: "CLEANUP", initiatedBy: "schedule/drill 1", resultState: "SUCCESS" } },
    });
    expect(await stage.ask("query ($id: ID!) { recoveryPlan(id: $id) { lifecycle } }", { id: shop })).toEqual({
      recoveryPlan: { lifecycle: "READY" },
    });
    await disable(id);
  });
});

describe("a due time that no test comes of", () => {
  it("was missed while no gateway served: each is recorded, none is caught up, and the next one is started", async () => {
    const { stage, office, aDrill, disable, read, dueSince, becomes } = played;
    const id = await aDrill({ planId: office });
    await dueSince(id, 3 * 86_400 + 2);
    await stage.drillRound();
    const { occurrences } = Object(await read(id));
    expect(occurrences.totalCount).toBe(4);
    expect(occurrences.nodes.map(({ outcome, code }: { outcome: string; code: string | null }) => [outcome, code])).toEqual([
      ["STARTED", null],
      ["SKIPPED", "MISSED"],
      ["SKIPPED", "MISSED"],
      ["SKIPPED", "MISSED"],
    ]);
    expect(occurrences.nodes[1]).toMatchObject({
      message: expect.stringMatching(/found 86402 s after it was due, and at most 300 s/),
      recovery: null,
      cleanup: null,
    });
    await becomes(id, { outcome: "SUCCEEDED", cleanup: { state: "DONE" } });
    await disable(id);
  });

  it.each([
    [
      "within a black-out window",
      { blackoutWindows: [{ weekly: { fromDay: "MONDAY", fromTime: "00:00", untilDay: "SUNDAY", untilTime: "23:00", reason: "freeze" } }] },
      "BLACKOUT",
      /from Monday 00:00 to Sunday 23:00 \(freeze\)/,
    ],
    [
      "while a replica is older than it tolerates",
      { maxLagMinutes: 1 },
      "LAG_TOO_HIGH",
      /The replica of back is \d+ min old, and the drill tolerates 1 min/,
    ],
  ])("was %s", async (_what, more, code, message) => {
    const { stage, office, aDrill, disable, newest, dueSince } = played;
    const id = await aDrill({ planId: office, ...more });
    await dueSince(id, 1);
    await stage.drillRound();
    expect(await newest(id)).toMatchObject({
      outcome: "SKIPPED",
      code,
      message: expect.stringMatching(message),
      remedy: expect.any(String),
    });
    await disable(id);
  });

  it("met a test that has not been cleaned up, its own plan's or another one's on the pair", async () => {
    const { stage, shop, office, aDrill, disable, newest, dueSince, becomes } = played;
    const [id, same, other] = [
      await aDrill({ autoCleanup: false, promptPolicy: "SKIP" }),
      await aDrill(),
      await aDrill({ planId: office }),
    ];
    await dueSince(id, 1);
    await stage.drillRound();
    expect(await newest(id)).toMatchObject({ outcome: "STARTED" });
    expect(await newest(same)).toMatchObject({
      outcome: "SKIPPED",
      code: "PLAN_BUSY",
      message: expect.stringContaining("the test of the plan Shop is under way"),
    });
    expect(await newest(other)).toMatchObject({ outcome: "SKIPPED", code: "TEST_ON_PAIR" });
    expect(await becomes(id, { outcome: "SUCCEEDED" })).toMatchObject({
      cleanup: { state: "NOT_WANTED", attempts: 0 },
      recovery: { prompts: [{ answer: "SKIP" }] },
    });
    await dueSince(same, 1);
    await stage.drillRound();
    expect(await newest(same)).toMatchObject({
      outcome: "SKIPPED",
      code: "PLAN_NOT_READY",
      remedy: "Clean up the last test first (cleanupTest).",
    });
    for (const drillId of [id, same, other]) await disable(drillId);
    await stage.run("cleanupTest", { planId: shop });
  });

  it("came while somebody changed the schedule", async () => {
    const { stage, office, aDrill, disable, newest, dueSince } = played;
    const id = await aDrill({ planId: office });
    await dueSince(id, 1);
    expect(await stage.mutate("updateDrill", { drillId: id, cron: "0 4 * * *" }, drillFields)).toMatchObject({ drill: { version: 2 } });
    expect(await newest(id)).toMatchObject({
      outcome: "SKIPPED",
      code: "DRILL_CHANGED",
      message: expect.stringContaining("ada has changed"),
    });
    await disable(id);
  });
});

describe("a drill that is under way", () => {
  it("is cancelled when its time is up, and cleaned up", async () => {
    const { stage, aDrill, disable, newest, dueSince, later, becomes } = played;
    const id = await aDrill({ maxDurationSeconds: 60 });
    const hold = await stage.lab.faults.hold({ site: "B", kind: "createSnapshot", when: "BEFORE" });
    await dueSince(id, 1);
    await stage.drillRound();
    await hold.arrived;
    await later(59);
    await stage.drillRound();
    expect(await newest(id)).toMatchObject({ outcome: "STARTED" });
    await later(2);
    await stage.drillRound();
    await hold.release();
    await becomes(id, { outcome: "FAILED", code: "TIMED_OUT", resultState: "CANCELLED", cleanup: { state: "DONE" } });
    await disable(id);
  });

  it("ends by its policy ABORT at the first prompt", async () => {
    const { aDrill, disable, dueSince, becomes } = played;
    const id = await aDrill({ promptPolicy: "ABORT" });
    await dueSince(id, 1);
    await becomes(id, {
      outcome: "FAILED",
      code: "ABORTED_BY_PROMPT",
      message: expect.stringContaining("schedule/"),
      cleanup: { state: "DONE" },
    });
    await disable(id);
  });

  it("can't be deleted, and has its cleanup tried again until it ends well", async () => {
    const { stage, office, aDrill, read, newest, dueSince, later, becomes } = played;
    const id = await aDrill({ planId: office });
    await stage.lab.faults.fail({ site: "B", kind: "powerOff", failure: "PERMANENT", times: 1 });
    await dueSince(id, 1);
    await stage.drillRound();
    expect(await stage.mutate("deleteDrill", { drillId: id }, "deletedDrillId")).toMatchObject({
      code: "CONFLICT",
      message: expect.stringContaining("under way"),
    });
    const failed = await becomes(id, {
      outcome: "SUCCEEDED",
      cleanup: { state: "WAITING", attempts: 1, nextAttemptAt: expect.any(String) },
    });
    expect(failed).toMatchObject({ cleanup: { recovery: { resultState: "FAILED" } } });
    await stage.drillRound();
    expect(await newest(id)).toMatchObject({ cleanup: { attempts: 1 } });
    await later(61);
    await becomes(id, { outcome: "SUCCEEDED", cleanup: { state: "DONE", attempts: 2 } });
    expect(await stage.mutate("deleteDrill", { drillId: id }, "deletedDrillId")).toEqual({ deletedDrillId: id });
    expect(await read(id)).toBeNull();
  });

  it("reports a cleanup that was tried five times in vain", async () => {
    const { stage, office, aDrill, disable, dueSince, later, becomes } = played;
    const id = await aDrill({ planId: office });
    await stage.lab.faults.fail({ site: "B", kind: "powerOff", failure: "PERMANENT", times: Infinity });
    await dueSince(id, 1);
    for (const [attempts, wait] of [
      [1, 61],
      [2, 301],
      [3, 901],
      [4, 3601],
    ] as const) {
      await becomes(id, { cleanup: { state: "WAITING", attempts, nextAttemptAt: expect.any(String) } });
      await later(wait);
    }
    const given = await becomes(id, { outcome: "SUCCEEDED", cleanup: { state: "FAILED", attempts: 5 } });
    expect(given).toMatchObject({ cleanup: { message: expect.stringContaining("Tried 5 times; clean up by hand") } });
    await stage.lab.faults.clear();
    await stage.run("cleanupTest", { planId: office });
    await disable(id);
  });
});

describe("a drill by hand", () => {
  it("is started at once, whatever its schedule says, once for each key, and counts in its history", async () => {
    const { stage, office, aDrill, read, becomes } = played;
    const id = await aDrill({ enabled: false, planId: office });
    const run = (idempotencyKey: string) =>
      stage.mutate("runDrillNow", { drillId: id, idempotencyKey }, "occurrence { id requestedBy outcome } recovery { id initiatedBy }");
    const started = await run("one");
    expect(started).toMatchObject({ occurrence: { requestedBy: "ada", outcome: "STARTED" }, recovery: { initiatedBy: "ada" } });
    expect(await run("one")).toEqual(started);
    await stage.mutate("updateDrill", { drillId: id, name: "Renamed meanwhile" }, "drill { id }");
    expect(await run("one")).toEqual(started);
    expect(await run("two")).toMatchObject({ code: "CONFLICT" });
    await becomes(id, { outcome: "SUCCEEDED", cleanup: { state: "DONE" } });
    expect(at(await read(id), "occurrences.totalCount")).toBe(1);
  });
});

describe("a disaster recovery", () => {
  it("stops a drill of its plan, which says so and leaves the cleanup to people", async () => {
    const { stage, shop, aDrill, disable, newest, dueSince, becomes } = played;
    const id = await aDrill();
    const hold = await stage.lab.faults.hold({ site: "B", kind: "createSnapshot", when: "BEFORE" });
    await dueSince(id, 1);
    await stage.drillRound();
    await hold.arrived;
    const started = await stage.mutate("startRecovery", { planId: shop, recoveryType: "DISASTER" }, "recovery { id }");
    await hold.release();
    expect(await becomes(id, { outcome: "FAILED" })).toMatchObject({
      code: "STOPPED_FOR_DISASTER",
      message: expect.stringContaining("ada"),
      resultState: "CANCELLED",
      cleanup: { state: "LEFT", attempts: 0, message: expect.stringContaining("cleanupTest") },
    });
    await dueSince(id, 1);
    await stage.drillRound();
    expect(await newest(id)).toMatchObject({ outcome: "SKIPPED", code: expect.stringMatching(/^PLAN_/) });
    await disable(id);
    await stage.mutate("cancelRecovery", { recoveryId: text(started, "recovery.id") }, "recovery { id }");
    await stage.end(text(started, "recovery.id"));
  });

  it("ends the cleanup after a drill too, and leaves what is left to people", async () => {
    const { stage, office, aDrill, disable, dueSince, becomes } = played;
    const id = await aDrill({ planId: office });
    const hold = await stage.lab.faults.hold({ site: "B", kind: "powerOff", when: "BEFORE" });
    await dueSince(id, 1);
    await becomes(id, { outcome: "SUCCEEDED", cleanup: { state: "WAITING", attempts: 1 } });
    await hold.arrived;
    await stage.mutate("startRecovery", { planId: office, recoveryType: "DISASTER" }, "recovery { id }");
    await hold.release();
    await becomes(id, { outcome: "SUCCEEDED", cleanup: { state: "LEFT", attempts: 1, message: expect.stringContaining("cleanupTest") } });
    await disable(id);
  });
});
