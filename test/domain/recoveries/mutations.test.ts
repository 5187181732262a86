import { execute, parse, validate } from "graphql";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createContext } from "../../../src/domain/context.ts";
import { decodeId, encodeId } from "../../../src/domain/ids.ts";
import { openLoaders } from "../../../src/domain/loaders.ts";
import { schema } from "../../../src/domain/schema.ts";
import type { Viewer } from "../../../src/domain/viewer.ts";
import { createFeeds } from "../../../src/events/feed.ts";
import { aCaller } from "../../support/caller.ts";
import { servicesOf } from "../../support/services.ts";
import { aPrompt, aStage, aStep, endRun, everything, operator, type Stage } from "./stage.ts";

const failure = `... on Error { __typename code message remedy requestId timestamp }
  ... on InvalidRequestError { fieldErrors { path message } } ... on NotFoundError { resource resourceId } ... on PreconditionFailedError { reason }
  ... on ConflictError { planId planName lifecycle activeRecoveryId activeTaskId limit current answeredBy answeredAt answer }`;

describe("the mutations of recoveries", () => {
  let stage: Stage;
  let feeds: ReturnType<typeof createFeeds>;
  let loaders: ReturnType<typeof openLoaders>;
  beforeAll(async () => {
    stage = await aStage();
    const { database } = stage.db;
    loaders = openLoaders(database, { slotsPerSite: 20 });
    const wakeUps = { on: () => () => {}, hint: () => {}, close: async () => {} };
    feeds = createFeeds({ pool: database.pool, wakeUps, generation: () => 1, log: { warn() {} } });
  });
  afterEach(() => stage.reset());
  afterAll(async () => {
    feeds.close();
    await stage.close();
  });

  async function send(mutation: string, payload: string, input: object, viewer: Viewer | null = operator) {
    const type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}`;
    const document = parse(
      `mutation ($input: ${type}Input!) { ${mutation}(input: $input) { ... on ${type}Payload { ${payload} } ${failure} } }`,
    );
    expect(validate(schema, document)).toEqual([]);
    const services = { ...servicesOf(stage.db.database), recoveries: stage.recoveries };
    const contextValue = createContext(
      { loaders, services, feeds, generation: 1 },
      aCaller(viewer, { requestId: "req-1" }),
      new AbortController().signal,
    );
    const { data, errors } = await execute({ schema, document, variableValues: { input }, contextValue });
    if (errors?.[0]) throw errors[0].originalError ?? errors[0];
    return JSON.parse(JSON.stringify(data))[mutation];
  }

  const planId = () => encodeId("RecoveryPlan", stage.planId);
  const start = (input: object = {}) =>
    send("startRecovery", "recovery { id state notes } task { id name state }", { planId: planId(), recoveryType: "TEST", ...input });
  const databaseId = (globalId: string) => decodeId(globalId).id;

  it("start, pause, resume and cancel a test, and clean it up", async () => {
    const { recovery, task } = await start({ notes: "Quarterly" });
    expect(recovery).toMatchObject({ state: "NOT_STARTED", notes: "Quarterly" });
    expect(task).toMatchObject({ name: "Test Recovery - plan", state: "QUEUED" });
    const input = { recoveryId: recovery.id };
    for (const mutation of ["pauseRecovery", "resumeRecovery", "cancelRecovery"]) {
      expect(await send(mutation, "recovery { id }", input)).toEqual({ recovery: { id: recovery.id } });
    }
    await endRun(stage, databaseId(recovery.id), "TEST_COMPLETE", "CANCELLED");
    const cleanup = await send("cleanupTest", "recovery { id state } task { name }", {
      planId: planId(),
      recoveryId: recovery.id,
      force: true,
    });
    expect(cleanup).toEqual({ recovery: { id: expect.any(String), state: "NOT_STARTED" }, task: { name: "Test Cleanup - plan" } });
  });

  it("answer a prompt, and tell the second who was first", async () => {
    const { recovery } = await start();
    const promptId = encodeId("Prompt", await aPrompt(stage, databaseId(recovery.id)));
    expect(await send("answerPrompt", "prompt { id answer answeredBy } recovery { id }", { promptId, answer: "SKIP" })).toEqual({
      prompt: { id: promptId, answer: "SKIP", answeredBy: "olga" },
      recovery: { id: recovery.id },
    });
    expect(await send("answerPrompt", "recovery { id }", { promptId, answer: "ABORT" })).toMatchObject({
      __typename: "ConflictError",
      code: "CONFLICT",
      requestId: "req-1",
      answeredBy: "olga",
      answer: "SKIP",
      answeredAt: expect.any(String),
      activeRecoveryId: recovery.id,
      planId: planId(),
    });
  });

  it("write remarks on a run under way or over, shown newest first, and told as a change of its task", async () => {
    const { recovery, task } = await start();
    const write = (text: string) =>
      send("addRecoveryRemark", "remark { id text writtenBy recovery { id } } recovery { remarks { text } }", {
        recoveryId: recovery.id,
        text,
      });
    expect(await write("The database team is on the phone.")).toMatchObject({
      remark: { text: "The database team is on the phone.", writtenBy: "olga", recovery: { id: recovery.id } },
    });
    await endRun(stage, databaseId(recovery.id), "TEST_COMPLETE");
    expect((await write("They have\nleft.")).recovery.remarks.map(({ text }: { text: string }) => text)).toEqual([
      "They have\nleft.",
      "The database team is on the phone.",
    ]);
    const { rows } = await stage.db.database.pool.query(
      "SELECT payload FROM event WHERE kind = 'TASK_CHANGED' ORDER BY position DESC LIMIT 1",
    );
    expect(rows[0].payload).toMatchObject({ id: databaseId(task.id), change: "UPDATED" });
    expect(await write("  ")).toMatchObject({ __typename: "InvalidRequestError", fieldErrors: [{ path: ["text"] }] });
    expect(await write("x".repeat(4_097))).toMatchObject({ __typename: "InvalidRequestError", fieldErrors: [{ path: ["text"] }] });
  });

  it("edit the notes of a test, say who did, and refuse a version that is no longer", async () => {
    const { recovery, task } = await start({ notes: "Quarterly test" });
    const recoveryId = recovery.id;
    const edit = (input: object) =>
      send("updateTestNotes", "recovery { notes notesVersion notesEditedBy notesEditedAt }", { recoveryId, ...input });
    const told = async () =>
      (await stage.db.database.pool.query("SELECT payload FROM event WHERE kind = 'TASK_CHANGED' ORDER BY position")).rows;
    const before = (await told()).length;
    expect(await edit({ notes: "Quarterly test" })).toMatchObject({
      recovery: { notesVersion: 1, notesEditedBy: null, notesEditedAt: null },
    });
    expect((await told()).length).toBe(before);
    expect(await edit({ notes: "Quarterly test: the printer was off", expectedVersion: 1 })).toMatchObject({
      recovery: { notes: "Quarterly test: the printer was off", notesVersion: 2, notesEditedBy: "olga", notesEditedAt: expect.any(String) },
    });
    expect((await told()).at(-1)?.payload).toMatchObject({ id: databaseId(task.id), change: "UPDATED" });
    expect(await edit({ notes: "mine", expectedVersion: 1 })).toMatchObject({
      code: "CONFLICT",
      message: expect.stringContaining("the version is 2, not 1"),
    });
    expect(await edit({ notes: "x".repeat(4_097) })).toMatchObject({ code: "INVALID_REQUEST", fieldErrors: [{ path: ["notes"] }] });
    await endRun(stage, databaseId(recoveryId), "TEST_COMPLETE");
    expect(await edit({ notes: "" })).toMatchObject({ recovery: { notes: "", notesVersion: 3 } });
    await stage.db.database.pool.query("UPDATE recovery SET kind = 'PLANNED' WHERE id = $1", [databaseId(recoveryId)]);
    expect(await edit({ notes: "x" })).toMatchObject({ code: "INVALID_REQUEST", fieldErrors: [{ path: ["recoveryId"] }] });
  });

  it("refuse more remarks than a run shows", async () => {
    const { recovery } = await start();
    await stage.db.database.pool.query(
      "INSERT INTO recovery_remark (id, run_id, text, written_by_id, written_by) SELECT gen_random_uuid(), $1, 'x', $2, 'olga' FROM generate_series(1, 500)",
      [databaseId(recovery.id), operator.userId],
    );
    const refused = await send("addRecoveryRemark", "remark { id }", { recoveryId: recovery.id, text: "One more" });
    expect(refused).toMatchObject({ code: "CONFLICT", limit: 500, current: 500 });
  });

  it("take an incomplete recovery as it is, which then says who did, why, and which VMs that excludes", async () => {
    const { recovery } = await start({ recoveryType: "PLANNED" });
    const runId = databaseId(recovery.id);
    await aStep(stage, runId, { ordinal: 1, kind: "PRIORITY_GROUP", status: "FAILED" });
    for (const [index, status] of ["SUCCEEDED", "FAILED", "ALREADY_DONE", "SKIPPED"].entries()) {
      const name = `vm-${index + 1}`;
      await aStep(stage, runId, { ordinal: index + 2, kind: "VM", status, vmId: stage.vmIds.get(name) ?? "" });
    }
    await stage.db.database.pool.query("UPDATE recovery_step SET parent = 1, path = '1.' || ordinal WHERE run_id = $1 AND ordinal > 1", [
      runId,
    ]);
    await endRun(stage, runId, "RECOVERY_INCOMPLETE", "PARTIAL");
    const shown = "recovery { acceptance { acceptedBy acceptedAt comment excludedVms { vm { name } } } }";
    const answer = await send("acceptRecovery", shown, { planId: planId(), comment: "Both are to be replaced." });
    expect(answer.recovery.acceptance).toEqual({
      acceptedBy: "olga",
      acceptedAt: expect.any(String),
      comment: "Both are to be replaced.",
      excludedVms: [{ vm: { name: "vm-2" } }, { vm: { name: "vm-4" } }],
    });
  });

  it("name run, task and plan that stand in the way, by their global ids", async () => {
    const { recovery, task } = await start();
    expect(await start()).toMatchObject({
      code: "CONFLICT",
      planId: planId(),
      planName: "plan",
      lifecycle: "TEST_IN_PROGRESS",
      activeRecoveryId: recovery.id,
      activeTaskId: task.id,
      remedy: expect.stringContaining("cancel"),
    });
  });

  it("give the first answer to the same idempotency key", async () => {
    const first = await start({ idempotencyKey: "k" });
    expect(await start({ idempotencyKey: "k" })).toEqual(first);
  });

  it.each([
    ["startRecovery", { recoveryType: "TEST" }, "planId", "RecoveryPlan"],
    ["cleanupTest", {}, "planId", "RecoveryPlan"],
    ["answerPrompt", { answer: "CONTINUE" }, "promptId", "Prompt"],
    ["cancelRecovery", {}, "recoveryId", "Recovery"],
    ["pauseRecovery", {}, "recoveryId", "Recovery"],
    ["resumeRecovery", {}, "recoveryId", "Recovery"],
    ["addRecoveryRemark", { text: "x" }, "recoveryId", "Recovery"],
    ["updateTestNotes", { notes: "x" }, "recoveryId", "Recovery"],
  ])(
    "%s: an id that is none, of another type, or of nothing is a typed error, and changes nothing",
    async (mutation, rest, field, type) => {
      const before = await everything(stage);
      const fieldError = { __typename: "InvalidRequestError", fieldErrors: [{ path: [field], message: expect.any(String) }] };
      expect(await send(mutation, "recovery { id }", { ...rest, [field]: "nonsense" })).toMatchObject(fieldError);
      expect(await send(mutation, "recovery { id }", { ...rest, [field]: encodeId("Site", stage.protectedSiteId) })).toMatchObject(
        fieldError,
      );
      const unknown = encodeId(type, "01900000-0000-7000-8000-000000000000");
      expect(await send(mutation, "recovery { id }", { ...rest, [field]: unknown })).toMatchObject({
        __typename: "NotFoundError",
        resource: type,
        resourceId: unknown,
      });
      expect(await everything(stage)).toBe(before);
    },
  );

  it("need a session", async () => {
    const before = await everything(stage);
    const input = { planId: planId(), recoveryType: "TEST" };
    await expect(send("startRecovery", "recovery { id }", input, null)).rejects.toMatchObject({ code: "UNAUTHORIZED" });
    expect(await everything(stage)).toBe(before);
  });
});
