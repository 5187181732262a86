import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Viewer } from "../../../src/domain/viewer.ts";
import { aPrompt, aStage, endRun, everything, operator, row, type Stage } from "./stage.ts";

describe("answering a prompt", () => {
  let stage: Stage;
  let recoveryId: string;
  let promptId: string;
  const another: Viewer = { ...operator, userId: "01900000-0000-7000-8000-000000000001", name: "piet" };
  beforeAll(async () => {
    stage = await aStage();
  });
  beforeEach(async () => {
    ({ recoveryId } = await stage.recoveries.start(operator, { planId: stage.planId, recoveryType: "TEST" }));
    promptId = await aPrompt(stage, recoveryId);
    stage.hints.length = 0;
  });
  afterEach(() => stage.reset());
  afterAll(() => stage.close());

  const answer = (more: object = {}, viewer = operator) => stage.recoveries.answerPrompt(viewer, { promptId, answer: "CONTINUE", ...more });
  const test = (sql: string, ...values: unknown[]) => stage.db.database.pool.query(sql, values);

  async function refused(work: () => Promise<unknown>, error: object): Promise<void> {
    const before = await everything(stage);
    await expect(work()).rejects.toMatchObject(error);
    expect(await everything(stage)).toBe(before);
    expect(stage.hints).toEqual([]);
  }

  it("records the answer with who, when and why, and wakes the owner", async () => {
    expect(await answer({ answer: "SKIP", comment: "checked by hand" })).toEqual({ promptId, recoveryId });
    const prompt = await row(stage, "SELECT * FROM recovery_prompt WHERE id = $1", promptId);
    expect(prompt).toMatchObject({ answer: "SKIP", answered_by: "olga", answered_by_id: operator.userId, comment: "checked by hand" });
    expect(prompt.answered_at).toBeInstanceOf(Date);
    expect(await row(stage, "SELECT wake_at <= dr_now() AS woken FROM recovery")).toEqual({ woken: true });
    expect(stage.hints).toEqual([recoveryId]);
  });

  it("counts the first answer and tells the second one who gave it, when and how", async () => {
    await answer({ answer: "ABORT" });
    stage.hints.length = 0;
    await refused(() => answer({}, another), {
      code: "CONFLICT",
      details: { answeredBy: "olga", answeredAt: expect.any(Date), answer: "ABORT", activeRecoveryId: recoveryId, planName: "plan" },
    });
  });

  it("lets one of many that come at once win", async () => {
    const results = await Promise.allSettled(
      ["CONTINUE", "SKIP", "ABORT", "SKIP"].map((given, index) => answer({ answer: given }, index % 2 ? another : operator)),
    );
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const stored = await row(stage, "SELECT answer FROM recovery_prompt WHERE id = $1", promptId);
    for (const result of results)
      if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "CONFLICT", details: stored });
  });

  it("gives the first result to the same answer with the same key, and a conflict to another user's or another answer", async () => {
    const first = await answer({ idempotencyKey: "k" });
    stage.hints.length = 0;
    expect(await answer({ idempotencyKey: "k" })).toEqual(first);
    await refused(() => answer({ idempotencyKey: "k", answer: "ABORT" }), {
      code: "CONFLICT",
      message: expect.stringContaining("idempotency key"),
    });
    await refused(() => answer({ idempotencyKey: "k" }, another), { code: "CONFLICT", details: { answeredBy: "olga" } });
  });

  describe("that needs two people", () => {
    const withdraw = (viewer = operator) => stage.recoveries.withdrawAnswer(viewer, { promptId });
    const prompt = () =>
      row(stage, "SELECT answer, answered_by, first_answer, first_answered_by FROM recovery_prompt WHERE id = $1", promptId);
    beforeEach(() => test("UPDATE recovery_prompt SET needs_two_people = true"));

    it("counts once a second person gives the same answer, and both are recorded", async () => {
      await answer({ comment: "looks well" });
      expect(await prompt()).toEqual({ answer: null, answered_by: null, first_answer: "CONTINUE", first_answered_by: "olga" });
      await answer({}, another);
      expect(await prompt()).toEqual({ answer: "CONTINUE", answered_by: "piet", first_answer: "CONTINUE", first_answered_by: "olga" });
      expect(stage.hints).toEqual([recoveryId, recoveryId]);
    });

    it("does not count when the same person answers twice, who may change the answer and take it back", async () => {
      await answer();
      await answer({ answer: "ABORT" });
      expect(await prompt()).toMatchObject({ answer: null, first_answer: "ABORT", first_answered_by: "olga" });
      await withdraw();
      expect(await prompt()).toMatchObject({ answer: null, first_answer: null, first_answered_by: null });
    });

    it("is a conflict that says who answered what when the second answer is another one", async () => {
      await answer({ answer: "SKIP" });
      stage.hints.length = 0;
      await refused(() => answer({ answer: "CONTINUE" }, another), {
        code: "CONFLICT",
        message: "olga has answered SKIP, and you CONTINUE: this prompt needs the same answer of two people.",
        details: { answer: "SKIP", answeredBy: "olga", answeredAt: expect.any(Date), activeRecoveryId: recoveryId },
      });
    });

    it("lets nobody take back what another person answered, nor what nobody did", async () => {
      await refused(() => withdraw(), { code: "CONFLICT", message: expect.stringContaining("Nobody has answered") });
      await answer();
      stage.hints.length = 0;
      await refused(() => withdraw(another), { code: "CONFLICT", details: { answeredBy: "olga", answer: "CONTINUE" } });
    });
  });

  it("is refused for a prompt that its time-out has answered", async () => {
    await test("UPDATE recovery_prompt SET answer = 'CONTINUE', answered_at = dr_now()");
    await refused(answer, { code: "CONFLICT", details: { answeredBy: "its time-out", answer: "CONTINUE" } });
  });

  it("is refused once the prompt is withdrawn, the run is being cancelled, or has ended", async () => {
    await test("UPDATE recovery_prompt SET withdrawn_at = dr_now()");
    await refused(answer, { code: "CONFLICT", message: expect.stringContaining("no longer open") });
    await test("UPDATE recovery_prompt SET withdrawn_at = NULL");
    await stage.recoveries.cancel(operator, { recoveryId });
    stage.hints.length = 0;
    await refused(answer, { code: "CONFLICT", message: expect.stringContaining("cancelled") });
    await test("UPDATE recovery SET cancel_requested_at = NULL");
    await endRun(stage, recoveryId, "TEST_COMPLETE");
    await refused(answer, { code: "CONFLICT", message: expect.stringContaining("has ended") });
  });

  it("is refused for a prompt that does not exist", () =>
    refused(() => answer({ promptId: "01900000-0000-7000-8000-000000000000" }), { code: "NOT_FOUND", resource: "Prompt" }));

  it("is refused with a comment that is too long, by field", () =>
    refused(() => answer({ comment: "x".repeat(4097) }), { code: "INVALID_REQUEST", fieldErrors: [{ path: ["comment"] }] }));
});
