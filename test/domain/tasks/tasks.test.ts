import { v7 as uuid } from "uuid";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { RunKind, TaskState, TaskType } from "../../../src/database/generated/enums.ts";
import { encodeId } from "../../../src/domain/ids.ts";
import { createTasks } from "../../../src/domain/tasks/service.ts";
import { type Role, roles, type Viewer } from "../../../src/domain/viewer.ts";
import { operator } from "../../support/node.ts";
import { aGroup, aPair, aPlan, type PairRows } from "../../support/rows.ts";
import { serviceContext } from "../../support/services.ts";
import { type Asker, anAsker, at, list } from "../read/support.ts";

let asker: Asker;
let pair: PairRows;
let [planId, groupId] = ["", ""];
const hints: string[] = [];
beforeAll(async () => {
  asker = await anAsker();
  pair = await aPair(asker.database);
  groupId = (await aGroup(asker.database, pair, "web", 1)).groupId;
  planId = await aPlan(asker.database, pair, "Payroll", [{ groupIds: [groupId] }]);
});
afterAll(() => asker.drop());
beforeEach(async () => {
  hints.length = 0;
  await asker.database.pool.query("DELETE FROM recovery");
});

const kinds: Readonly<Record<TaskType, RunKind>> = {
  RECOVERY: "TEST",
  CLEANUP: "CLEANUP",
  REPROTECT: "REPROTECT",
  PLANNED_FAILOVER: "PLANNED",
  PROTECTION_GROUP_CREATE: "GROUP_CREATE",
  PROTECTION_GROUP_DELETE: "GROUP_DELETE",
};
const states: readonly TaskState[] = ["QUEUED", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"];
const isOver = (state: TaskState) => state !== "QUEUED" && state !== "RUNNING";

/** A task in this state with the run that it stands for, as the engine leaves them. */
async function aTask(type: TaskType, state: TaskState, { cancelled = state === "CANCELLED", kind = kinds[type] } = {}) {
  const [taskId, runId] = [uuid(), uuid()];
  const ofGroup = kind.startsWith("GROUP_");
  const endedAt = isOver(state) ? new Date("2026-01-15T15:00:00Z") : null;
  await asker.database.prisma.recovery.create({
    data: {
      id: runId,
      planId: ofGroup ? null : planId,
      planName: ofGroup ? "web" : "Payroll",
      pairingId: pair.pairingId,
      kind,
      state: state === "QUEUED" ? "NOT_STARTED" : state === "RUNNING" ? "RUNNING" : state === "COMPLETED" ? "COMPLETED" : "FAILED",
      resultState: state === "COMPLETED" ? "SUCCESS" : state === "QUEUED" || state === "RUNNING" ? null : state,
      options: {},
      initiatedBy: "olga",
      endedAt,
      cancelRequestedAt: cancelled ? new Date() : null,
    },
  });
  await asker.database.prisma.task.create({
    data: {
      id: taskId,
      name: `${type} ${state}`,
      type,
      state,
      targetId: ofGroup ? groupId : planId,
      targetType: ofGroup ? "PROTECTION_GROUP" : "RECOVERY_PLAN",
      recoveryId: runId,
      initiatedBy: "olga",
      endedAt,
      progressPercent: isOver(state) ? 100 : 0,
      errors: state === "FAILED" ? ["Power on web-1: no room"] : [],
      warnings: state === "COMPLETED" ? [{ code: "SYNC_IGNORED", message: "Nothing was synchronised." }] : [],
    },
  });
  await asker.database.prisma.recoveryStep.create({
    data: {
      runId,
      ordinal: 1,
      path: "1",
      key: "x",
      kind: "PROMPT",
      name: "Prepare",
      spec: {},
      after: [],
      needs: [],
      afterGates: [],
      expectedSeconds: 1,
    },
  });
  return { taskId, runId };
}

const tasks = () => createTasks(serviceContext(asker.database, { hint: (runId) => void hints.push(runId) }));
const with_ = (...given: Role[]): Viewer => ({ ...operator, roles: new Set(given) });
const cancelled = async (runId: string) => {
  const run = await asker.database.prisma.recovery.findUniqueOrThrow({ where: { id: runId } });
  return { at: run.cancelRequestedAt !== null, by: run.cancelRequestedBy, reason: run.cancelReason };
};

/** What cancelling answers: nothing in the way, or the code of the error. */
const outcomes: Readonly<Record<TaskType, Readonly<Record<TaskState, string>>>> = {
  RECOVERY: { QUEUED: "OK", RUNNING: "OK", COMPLETED: "CONFLICT", FAILED: "CONFLICT", CANCELLED: "CONFLICT" },
  CLEANUP: { QUEUED: "CONFLICT", RUNNING: "CONFLICT", COMPLETED: "CONFLICT", FAILED: "CONFLICT", CANCELLED: "CONFLICT" },
  REPROTECT: { QUEUED: "OK", RUNNING: "OK", COMPLETED: "CONFLICT", FAILED: "CONFLICT", CANCELLED: "CONFLICT" },
  PLANNED_FAILOVER: { QUEUED: "OK", RUNNING: "OK", COMPLETED: "CONFLICT", FAILED: "CONFLICT", CANCELLED: "CONFLICT" },
  PROTECTION_GROUP_CREATE: { QUEUED: "OK", RUNNING: "OK", COMPLETED: "CONFLICT", FAILED: "CONFLICT", CANCELLED: "OK" },
  PROTECTION_GROUP_DELETE: { QUEUED: "CONFLICT", RUNNING: "CONFLICT", COMPLETED: "CONFLICT", FAILED: "CONFLICT", CANCELLED: "OK" },
};
const types: readonly TaskType[] = [
  "RECOVERY",
  "CLEANUP",
  "REPROTECT",
  "PLANNED_FAILOVER",
  "PROTECTION_GROUP_CREATE",
  "PROTECTION_GROUP_DELETE",
];
const table = types.flatMap((type) => states.map((state) => [type, state, outcomes[type][state]] as const));

describe("a task of each type in each state", () => {
  it.each(table)("%s, %s: cancelling it is %s, as it says itself, and it is shown and found as it is", async (type, state, outcome) => {
    const { taskId, runId } = await aTask(type, state);
    const id = encodeId("Task", taskId);
    const query = `query ($id: ID!, $state: TaskState!, $type: TaskType!) {
      task(id: $id) { type state progressPercent endTime errors warnings { code } steps { stepNumber name } target { __typename }
        allowedOperations { operation mutation allowed code reason remedy } }
      tasks(filter: { state: $state, type: $type }) { nodes { id } } }`;
    const answer = await asker.ask(query, { id, state, type });
    expect(answer).toMatchObject({
      task: {
        type,
        state,
        progressPercent: isOver(state) ? 100 : 0,
        endTime: isOver(state) ? "2026-01-15T15:00:00.000Z" : null,
        errors: state === "FAILED" ? ["Power on web-1: no room"] : [],
        warnings: state === "COMPLETED" ? [{ code: "SYNC_IGNORED" }] : [],
        steps: [{ stepNumber: 1, name: "Prepare" }],
        target: { __typename: type.startsWith("PROTECTION") ? "ProtectionGroup" : "RecoveryPlan" },
        allowedOperations: [{ operation: "CANCEL_TASK", mutation: "cancelTask" }],
      },
      tasks: { nodes: [{ id }] },
    });
    const everything = with_(...roles);
    const context = { ...asker.context(), viewer: everything };
    const { data } = await asker.answer(
      "query ($id: ID!) { task(id: $id) { allowedOperations { allowed code reason remedy } } }",
      { id },
      context,
    );
    const told = list(data, "task.allowedOperations")[0];
    if (outcome === "OK") {
      expect(told).toEqual({ allowed: true, code: null, reason: null, remedy: null });
      expect(await tasks().cancel(everything, { taskId, reason: "enough" })).toEqual({ taskId });
      expect((await cancelled(runId)).at).toBe(true);
      expect(hints).toEqual(state === "CANCELLED" ? [] : [runId]);
      expect(await tasks().cancel(everything, { taskId })).toEqual({ taskId });
      return;
    }
    const refused = { code: at(told, "code"), message: at(told, "reason"), remedy: at(told, "remedy") };
    expect(refused.code).toBe(outcome);
    await expect(tasks().cancel(everything, { taskId })).rejects.toMatchObject(refused);
    expect([(await cancelled(runId)).at, hints]).toEqual([state === "CANCELLED", []]);
  });
});

describe("cancelTask", () => {
  it.each([
    ["a test", "RECOVERY", "TEST", ["OPERATOR", "RECOVERY_ADMIN"]],
    ["a disaster recovery", "RECOVERY", "DISASTER", ["RECOVERY_ADMIN"]],
    ["a planned recovery", "PLANNED_FAILOVER", "PLANNED", ["RECOVERY_ADMIN"]],
    ["a reprotect", "REPROTECT", "REPROTECT", ["RECOVERY_ADMIN"]],
    ["the creation of a group", "PROTECTION_GROUP_CREATE", "GROUP_CREATE", ["EDITOR"]],
  ] as const)("of %s asks for the role that this needs, and says so before", async (_what, type, kind, needed) => {
    const may = new Set<Role>(needed);
    for (const role of roles) {
      await asker.database.pool.query("DELETE FROM recovery");
      const { taskId, runId } = await aTask(type, "RUNNING", { kind });
      const viewer = with_(role);
      const context = { ...asker.context(), viewer };
      const { data } = await asker.answer(
        "query ($id: ID!) { task(id: $id) { allowedOperations { allowed code } } }",
        { id: encodeId("Task", taskId) },
        context,
      );
      const expected = may.has(role) ? { allowed: true, code: null } : { allowed: false, code: "FORBIDDEN" };
      expect([role, list(data, "task.allowedOperations")]).toEqual([role, [expected]]);
      const done = tasks().cancel(viewer, { taskId });
      if (may.has(role)) await done;
      else await expect(done).rejects.toMatchObject({ code: "FORBIDDEN" });
      expect([role, (await cancelled(runId)).at]).toEqual([role, may.has(role)]);
    }
  });

  it("records who cancelled and why, once: the first of two counts", async () => {
    const { taskId, runId } = await aTask("RECOVERY", "RUNNING");
    await tasks().cancel(operator, { taskId, reason: "wrong plan" });
    await tasks().cancel({ ...operator, name: "otto" }, { taskId, reason: "late" });
    expect(await cancelled(runId)).toEqual({ at: true, by: "olga", reason: "wrong plan" });
    expect(hints).toEqual([runId]);
  });

  it("gives the first answer to the same key, and CONFLICT to other input with it", async () => {
    const [first, other] = [await aTask("RECOVERY", "RUNNING"), await aTask("PROTECTION_GROUP_CREATE", "RUNNING")];
    const key = { idempotencyKey: uuid() };
    await tasks().cancel(operator, { taskId: first.taskId, ...key });
    expect(await tasks().cancel(operator, { taskId: first.taskId, ...key })).toEqual({ taskId: first.taskId });
    await expect(tasks().cancel(operator, { taskId: other.taskId, ...key })).rejects.toMatchObject({ code: "CONFLICT" });
    expect(await cancelled(other.runId)).toMatchObject({ at: false });
  });

  it("of a run that was aborted by its prompt is CONFLICT: nobody cancelled it", async () => {
    const { taskId } = await aTask("RECOVERY", "CANCELLED", { cancelled: false });
    await expect(tasks().cancel(operator, { taskId })).rejects.toMatchObject({ code: "CONFLICT" });
  });

  it("answers through the API with the task, or with what is wrong", async () => {
    const { taskId } = await aTask("RECOVERY", "RUNNING");
    const mutation = `mutation ($id: ID!, $reason: String) { cancelTask(input: { taskId: $id, reason: $reason }) { __typename
      ... on CancelTaskPayload { task { name allowedOperations { allowed } } } ... on InvalidRequestError { fieldErrors { path } }
      ... on NotFoundError { resource } } }`;
    const context = { ...asker.context(), viewer: operator };
    const ask = async (variables: Record<string, unknown>) => at((await asker.answer(mutation, variables, context)).data, "cancelTask");
    expect(await ask({ id: encodeId("Task", taskId) })).toEqual({
      __typename: "CancelTaskPayload",
      task: { name: "RECOVERY RUNNING", allowedOperations: [{ allowed: true }] },
    });
    expect(await ask({ id: encodeId("Task", uuid()) })).toEqual({ __typename: "NotFoundError", resource: "Task" });
    expect(await ask({ id: encodeId("Site", uuid()) })).toMatchObject({ fieldErrors: [{ path: ["taskId"] }] });
    expect(await ask({ id: encodeId("Task", taskId), reason: "x".repeat(1_025) })).toMatchObject({ fieldErrors: [{ path: ["reason"] }] });
  });
});

describe("tasks are found", () => {
  it("by what they work on", async () => {
    await aTask("RECOVERY", "COMPLETED");
    await aTask("PROTECTION_GROUP_CREATE", "COMPLETED");
    const query = "query ($id: ID) { tasks(filter: { targetId: $id }) { totalCount nodes { name } } }";
    const found = async (id: string | null) => list(await asker.ask(query, { id }), "tasks.nodes").map((node) => at(node, "name"));
    expect(await found(encodeId("RecoveryPlan", planId))).toEqual(["RECOVERY COMPLETED"]);
    expect(await found(encodeId("ProtectionGroup", groupId))).toEqual(["PROTECTION_GROUP_CREATE COMPLETED"]);
    expect(await found(encodeId("RecoveryPlan", uuid()))).toEqual([]);
    expect(await found(null)).toHaveLength(2);
    await expect(found(encodeId("VirtualMachine", uuid()))).rejects.toMatchObject({ fieldErrors: [{ path: ["filter", "targetId"] }] });
  });
});
