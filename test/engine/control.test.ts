import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { operator } from "../support/node.ts";
import { eventsOf, openPrompt, readRun, until } from "../support/run.ts";
import { aStage, type Stage } from "./scene.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await aStage({ idleMs: 300 });
});
afterAll(() => stage?.[Symbol.asyncDispose]());

const stateOf = (recoveryId: string, state: string) =>
  until(async () => (await readRun(stage.db.database, recoveryId)).state === state, state);
const reasonOf = async (recoveryId: string): Promise<string | null> =>
  (await stage.db.database.pool.query("SELECT paused_reason AS reason FROM recovery WHERE id = $1", [recoveryId])).rows[0].reason;
const ownerOf = async (recoveryId: string): Promise<string | null> =>
  (await stage.db.database.pool.query("SELECT owner FROM recovery WHERE id = $1", [recoveryId])).rows[0].owner;
const statusOf = async (recoveryId: string, kind: string) =>
  (await readRun(stage.db.database, recoveryId)).steps.find((step) => step.kind === kind)?.status;
const prompt = { name: "Go on?", type: "PROMPT" } as const;

describe("a prompt", () => {
  it("holds what comes after it, and CONTINUE goes on; who answered is an event", async () => {
    const scene = await stage.scene({ machines: 1, priorityGroups: [{ groups: [0], pre: [prompt] }] });
    const recoveryId = await scene.start();
    const promptId = await openPrompt(stage.db.database, recoveryId);
    await stateOf(recoveryId, "PROMPTING");
    expect((await readRun(stage.db.database, recoveryId)).steps.find(({ kind }) => kind === "REGISTER_VM")?.status).toBe("PENDING");
    await stage.node.recoveries.answerPrompt(operator, { promptId, answer: "CONTINUE" });
    const run = await scene.end(recoveryId);
    expect(run.resultState).toBe("SUCCESS");
    const events = (await eventsOf(stage.db.database, recoveryId)).map(({ event }) => event);
    expect(events.filter(({ kind }) => kind === "PROMPT_ANSWERED")).toMatchObject([{ answer: "CONTINUE", by: "olga", automatic: false }]);
  });

  it("answered SKIP leaves out the rest of its phase in its priority group", async () => {
    const skipped = { name: "skipped", type: "COMMAND", command: "fail.sh" } as const;
    const kept = { name: "kept", type: "COMMAND", command: "note.sh", arguments: ["/dev/null"] } as const;
    const scene = await stage.scene({ machines: 1, priorityGroups: [{ groups: [0], pre: [prompt, skipped], post: [kept] }] });
    const recoveryId = await scene.start();
    await stage.node.recoveries.answerPrompt(operator, { promptId: await openPrompt(stage.db.database, recoveryId), answer: "SKIP" });
    const run = await scene.end(recoveryId);
    expect(run.step("COMMAND", "skipped").status).toBe("SKIPPED");
    expect(run.step("COMMAND", "kept").status).toBe("SUCCEEDED");
    expect(run.resultState).toBe("SUCCESS");
  });

  it("answered ABORT cancels the run, with that reason", async () => {
    const scene = await stage.scene({ machines: 1, priorityGroups: [{ groups: [0], pre: [prompt] }] });
    const recoveryId = await scene.start();
    await stage.node.recoveries.answerPrompt(operator, { promptId: await openPrompt(stage.db.database, recoveryId), answer: "ABORT" });
    const run = await scene.end(recoveryId);
    expect(run).toMatchObject({ state: "FAILED", resultState: "CANCELLED" });
    const cancelling = { kind: "RECOVERY_STATE_CHANGED", state: "CANCELLING", by: "olga", reason: "ABORTED_BY_PROMPT" };
    expect((await eventsOf(stage.db.database, recoveryId)).map(({ event }) => event)).toContainEqual({ ...cancelling, pausedReason: null });
    expect((await scene.cleanup()).resultState).toBe("SUCCESS");
  });

  it("for two people goes on only when two have given the same answer; who did is in the events", async () => {
    const another = { ...operator, userId: "01900000-0000-7000-8000-000000000001", name: "piet" };
    const forTwo = { ...prompt, needsTwoPeople: true };
    const scene = await stage.scene({ machines: 1, priorityGroups: [{ groups: [0], pre: [forTwo] }] });
    const recoveryId = await scene.start();
    const promptId = await openPrompt(stage.db.database, recoveryId);
    await stateOf(recoveryId, "PROMPTING");
    const { recoveries } = stage.node;
    const said = (message: string) =>
      until(async () => {
        const { steps } = await readRun(stage.db.database, recoveryId);
        return steps.some((step) => step.kind === "PROMPT" && step.status === "WAITING" && step.message === message);
      }, message);
    await recoveries.answerPrompt(operator, { promptId, answer: "CONTINUE" });
    await said("olga answered CONTINUE; a second person has to give the same answer");
    await expect(recoveries.answerPrompt(another, { promptId, answer: "ABORT" })).rejects.toMatchObject({ code: "CONFLICT" });
    await recoveries.answerPrompt(another, { promptId, answer: "CONTINUE" });
    const run = await scene.end(recoveryId);
    expect(run.resultState).toBe("SUCCESS");
    expect(run.step("PROMPT").message).toBe("Answered CONTINUE by olga and piet");
    const events = (await eventsOf(stage.db.database, recoveryId)).map(({ event }) => event);
    expect(events.filter(({ kind }) => kind === "PROMPT_ANSWERED")).toMatchObject([{ answer: "CONTINUE", by: "piet", automatic: false }]);
    expect(events).toContainEqual(
      expect.objectContaining({ kind: "STEP_CHANGED", message: expect.stringContaining("olga answered CONTINUE") }),
    );
  });

  it("is answered by its default at its time-out, which is the database's time", async () => {
    const timed = { ...prompt, timeoutSeconds: 3600, defaultAnswer: "CONTINUE" } as const;
    const scene = await stage.scene({ machines: 1, priorityGroups: [{ groups: [0], pre: [timed] }] });
    const recoveryId = await scene.start();
    await openPrompt(stage.db.database, recoveryId);
    await stage.db.shiftClock(3601);
    const run = await scene.end(recoveryId);
    await stage.db.shiftClock(0);
    expect(run.step("PROMPT").message).toBe("Answered CONTINUE by its time-out");
  });

  it("that waits long gives the run back, and the answer brings it on again", async () => {
    const scene = await stage.scene({ machines: 1, priorityGroups: [{ groups: [0], pre: [prompt] }] });
    const recoveryId = await scene.start();
    const promptId = await openPrompt(stage.db.database, recoveryId);
    await until(async () => (await ownerOf(recoveryId)) === null, "the release of the lease");
    await stage.node.recoveries.answerPrompt(operator, { promptId, answer: "CONTINUE" });
    expect((await scene.end(recoveryId)).resultState).toBe("SUCCESS");
  });
});

const statesOf = async (recoveryId: string) =>
  (await eventsOf(stage.db.database, recoveryId)).flatMap(({ event }) =>
    event.kind === "RECOVERY_STATE_CHANGED" ? [`${event.pausedReason ?? event.state} ${event.by}`] : [],
  );

describe("pause, resume and cancel", () => {
  it("pause lets what runs run out and starts nothing new, until resume; its reason is OPERATOR", async () => {
    const scene = await stage.scene({ machines: 1 });
    const held = await stage.lab.faults.hold({ kind: "registerVm", target: scene.vm(1), when: "AFTER" });
    const recoveryId = await scene.start();
    await held.arrived;
    await stage.node.recoveries.pause(operator, { recoveryId });
    await stateOf(recoveryId, "PAUSED");
    expect(await reasonOf(recoveryId)).toBe("OPERATOR");
    await held.release();
    await until(async () => (await statusOf(recoveryId, "REGISTER_VM")) === "SUCCEEDED");
    expect(await statusOf(recoveryId, "POWER_ON")).toBe("PENDING");
    await stage.node.recoveries.resume({ ...operator, name: "piet" }, { recoveryId });
    expect((await scene.end(recoveryId)).resultState).toBe("SUCCESS");
    expect(await statesOf(recoveryId)).toEqual(["NOT_STARTED olga", "RUNNING null", "OPERATOR olga", "RUNNING piet"]);
  });

  it("a pause step without duration lasts until somebody resumes; its reason is PAUSE_STEP", async () => {
    const scene = await stage.scene({ machines: 1, priorityGroups: [{ groups: [0], pre: [{ name: "Look", type: "PAUSE" }] }] });
    const recoveryId = await scene.start();
    await stateOf(recoveryId, "PAUSED");
    expect(await reasonOf(recoveryId)).toBe("PAUSE_STEP");
    await stage.node.recoveries.resume({ ...operator, name: "piet" }, { recoveryId });
    expect((await scene.end(recoveryId)).resultState).toBe("SUCCESS");
    expect((await statesOf(recoveryId)).slice(-2)).toEqual(["PAUSE_STEP null", "RUNNING piet"]);
  });

  it("a pause step with a duration ends by itself, by the database's time", async () => {
    const look = { name: "Look", type: "PAUSE", durationSeconds: 86_400 } as const;
    const scene = await stage.scene({ machines: 1, priorityGroups: [{ groups: [0], pre: [look] }] });
    const recoveryId = await scene.start();
    await stateOf(recoveryId, "PAUSED");
    await stage.db.shiftClock(86_401);
    const run = await scene.end(recoveryId);
    await stage.db.shiftClock(0);
    expect(run).toMatchObject({ resultState: "SUCCESS", vmsSucceeded: 1 });
  });

  it("a test leaves its plan TEST_COMPLETE whatever its result, also after a cancel", async () => {
    const lifecycle = async (planId: string) =>
      (await stage.db.database.pool.query("SELECT lifecycle, last_test_result AS result FROM recovery_plan WHERE id = $1", [planId]))
        .rows[0];
    const failing = await stage.scene({ machines: 1, vms: { "vm-1": { pre: [{ command: "fail.sh" }] } } });
    await failing.test();
    expect(await lifecycle(failing.planId)).toEqual({ lifecycle: "TEST_COMPLETE", result: "FAILED" });
    const asking = await stage.scene({ machines: 1, priorityGroups: [{ groups: [0], pre: [prompt] }] });
    const recoveryId = await asking.start();
    await openPrompt(stage.db.database, recoveryId);
    await stage.node.recoveries.cancel(operator, { recoveryId });
    await asking.end(recoveryId);
    expect(await lifecycle(asking.planId)).toEqual({ lifecycle: "TEST_COMPLETE", result: "CANCELLED" });
    expect((await asking.cleanup()).resultState).toBe("SUCCESS");
    expect(await lifecycle(asking.planId)).toEqual({ lifecycle: "READY", result: "CANCELLED" });
  });

  it("cancel lets effects run out, stops commands, starts nothing new; what was made is cleaned up", async () => {
    const scene = await stage.scene({ machines: 2 });
    const held = await stage.lab.faults.hold({ kind: "powerOn", target: scene.vm(1), when: "AFTER" });
    const recoveryId = await scene.start();
    await held.arrived;
    await stage.node.recoveries.cancel(operator, { recoveryId });
    await stateOf(recoveryId, "CANCELLING");
    await held.release();
    const run = await scene.end(recoveryId);
    expect(run).toMatchObject({ state: "FAILED", resultState: "CANCELLED" });
    const text = "SELECT payload ->> 'by' AS by FROM event WHERE recovery_id = $1 AND payload ->> 'state' = 'CANCELLING'";
    expect((await stage.db.database.pool.query(text, [recoveryId])).rows).toEqual([{ by: operator.name }]);
    expect(run.step("POWER_ON", scene.vm(1)).status).toBe("SUCCEEDED");
    expect(run.step("READY_CHECK", scene.vm(1)).status).toBe("CANCELLED");
    expect((await scene.cleanup()).resultState).toBe("SUCCESS");
    expect(await stage.lab.provider.artefacts(scene.sites.recoverySite, recoveryId, AbortSignal.timeout(60_000))).toEqual([]);
  });

  it("cancel is told first, then the withdrawal of the open prompt, then what becomes of the steps; also when all is over with that", async () => {
    const scene = await stage.scene({ machines: 1, priorityGroups: [{ groups: [0], pre: [prompt] }] });
    const recoveryId = await scene.start();
    const promptId = await openPrompt(stage.db.database, recoveryId);
    await stateOf(recoveryId, "PROMPTING");
    const { lastEvent } = await readRun(stage.db.database, recoveryId);
    await stage.node.recoveries.cancel(operator, { recoveryId, reason: "wrong plan" });
    await scene.end(recoveryId);
    const [first, second, ...others] = (await eventsOf(stage.db.database, recoveryId))
      .filter(({ sequence }) => sequence > lastEvent)
      .map(({ event }) => event)
      .filter(({ kind }) => kind !== "PROGRESS");
    expect(first).toMatchObject({ kind: "RECOVERY_STATE_CHANGED", state: "CANCELLING", by: "olga", reason: "wrong plan" });
    expect(second).toMatchObject({ kind: "PROMPT_ANSWERED", promptId, answer: null });
    expect(new Set(others.slice(0, -1).map(({ kind }) => kind))).toEqual(new Set(["STEP_CHANGED"]));
    expect(others.at(-1)).toMatchObject({ kind: "RECOVERY_ENDED", resultState: "CANCELLED" });
    const [row] = (await stage.db.database.pool.query("SELECT answer, withdrawn_at FROM recovery_prompt WHERE run_id = $1", [recoveryId]))
      .rows;
    expect(row).toMatchObject({ answer: null, withdrawn_at: expect.any(Date) });
  });

  it("cancel ends a run that was paused, or waits at a pause step, and was given back meanwhile", async () => {
    const look = { name: "Look", type: "PAUSE" } as const;
    for (const pausedBy of ["operator", "step"]) {
      const scene = await stage.scene({ machines: 1, priorityGroups: [{ groups: [0], pre: [look] }] });
      const recoveryId = await scene.start();
      if (pausedBy === "operator") await stage.node.recoveries.pause(operator, { recoveryId });
      await stateOf(recoveryId, "PAUSED");
      await until(async () => (await ownerOf(recoveryId)) === null, "the release of the lease");
      await stage.node.recoveries.cancel(operator, { recoveryId });
      expect(await scene.end(recoveryId)).toMatchObject({ state: "FAILED", resultState: "CANCELLED" });
    }
  });

  it("cancel stops a ready check at once", async () => {
    const scene = await stage.scene({ machines: 1 });
    await stage.lab.faults.loseHeartbeat(scene.vm(1));
    const recoveryId = await scene.start();
    await until(async () => (await statusOf(recoveryId, "READY_CHECK")) === "RUNNING", "the ready check");
    await stage.node.recoveries.cancel(operator, { recoveryId });
    const run = await scene.end(recoveryId);
    expect(run.step("READY_CHECK").status).toBe("CANCELLED");
  });

  it("cancel asks a long operation at the site to stop, and tries a failed one no more", async () => {
    const scene = await stage.scene({ machines: 1 });
    const usual = await stage.lab.faults.latency(3_600_000, { kind: "synchronise", site: scene.sites.recoverySite });
    const recoveryId = await scene.start();
    await until(async () => (await statusOf(recoveryId, "SYNCHRONISE")) === "RUNNING", "the synchronisation");
    await stage.node.recoveries.cancel(operator, { recoveryId });
    const run = await scene.end(recoveryId);
    await usual();
    expect(run).toMatchObject({ resultState: "CANCELLED" });
    expect(run.step("SYNCHRONISE").status).toBe("CANCELLED");
  });
});
