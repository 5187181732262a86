import { v7 as uuid } from "uuid";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeId } from "../../../src/domain/ids.ts";
import { decodeRecoveryCursor } from "../../../src/events/cursor.ts";
import { aGroup, aPair, aPlan, aRun, type PairRows, type StepRows } from "../../support/rows.ts";
import { type Asker, anAsker, at, generation, list, text } from "./support.ts";

let asker: Asker;
let pair: PairRows;
let planId: string;
let vmIds: readonly string[];

beforeAll(async () => {
  asker = await anAsker();
  pair = await aPair(asker.database);
  const group = await aGroup(asker.database, pair, "db", 3);
  vmIds = group.vmIds;
  planId = await aPlan(asker.database, pair, "Plan", [{ groupIds: [group.groupId] }]);
});
afterAll(() => asker.drop());

const vm = (at: number, status: StepRows["status"], more: Partial<StepRows> = {}): StepRows => ({
  kind: "VM",
  name: `db-vm-0${at}`,
  vmId: vmIds[at - 1] ?? "",
  ...(status ? { status } : {}),
  ...more,
});

describe("a run that is over", () => {
  let id: string;
  let runId: string;
  beforeAll(async () => {
    const leaf = (kind: string, result?: Record<string, string>): StepRows => ({
      kind,
      name: kind,
      status: "SUCCEEDED",
      ...(result ? { result } : {}),
    });
    const rows = await aRun(asker.database, pair, planId, [
      { kind: "CREATE_SNAPSHOTS", name: "Snapshots", status: "SUCCEEDED", children: [leaf("CREATE_SNAPSHOT")] },
      {
        kind: "PRIORITY_GROUP",
        name: "Priority group 1: Tier 1",
        key: "PRIORITY_GROUP:1",
        status: "FAILED",
        children: [
          { kind: "COMMAND", name: "Verify", status: "SUCCEEDED", planStepId: uuid() },
          vm(1, "SUCCEEDED", {
            children: [
              leaf("REGISTER_VM", { vmId: "rec-1" }),
              leaf("READY_CHECK", { vmId: "rec-1", powerState: "POWERED_ON", ipAddress: "10.0.2.1" }),
            ],
          }),
          vm(2, "FAILED", {
            children: [{ kind: "POWER_ON", name: "Power on", status: "FAILED", errors: ["no host"], siteId: pair.recoverySiteId }],
          }),
          vm(3, "SKIPPED"),
        ],
      },
    ]);
    runId = rows.runId;
    id = encodeId("Recovery", runId);
    await asker.database.prisma.stepOutput.create({ data: { runId, ordinal: 4, tail: "all well", totalBytes: 70_000 } });
    await asker.database.prisma.recovery.update({ where: { id: runId }, data: { lastEvent: 42 } });
  });

  it("shows itself as the reference does", async () => {
    const answer = await asker.ask(
      `query ($id: ID!) { recovery(id: $id) { id planName kind state resultState durationSeconds elapsedSeconds initiatedBy progressPercent
        options { powerOnVms syncData force } warnings { code message } plan { name } task { type state steps { stepNumber name state durationSeconds } recovery { id } target { ... on RecoveryPlan { name } } }
        priorityGroups { priority name state resultState stepResults { name kind output { tail totalBytes } }
          vmRecoveries { vmName vm { name } state resultState recoveryVmId powerState ipAddress errors } } } }`,
      { id },
    );
    expect(answer).toMatchObject({
      recovery: {
        id,
        planName: "Plan",
        kind: "TEST",
        state: "COMPLETED",
        resultState: "WARNING",
        durationSeconds: 90,
        elapsedSeconds: 90,
        options: { powerOnVms: true, syncData: false, force: null },
        warnings: [{ code: "VM_NOT_CONFIGURED", message: "x is left out" }],
        task: {
          steps: [
            { stepNumber: 1, name: "Snapshots", state: "COMPLETED", durationSeconds: 90 },
            { stepNumber: 2, name: "Priority group 1: Tier 1", state: "FAILED", durationSeconds: 90 },
          ],
          recovery: { id },
          target: { name: "Plan" },
        },
        priorityGroups: [
          {
            priority: 1,
            name: "Tier 1",
            state: "FAILED",
            resultState: "FAILED",
            stepResults: [{ name: "Verify", kind: "COMMAND", output: { tail: "all well", totalBytes: 70_000 } }],
            vmRecoveries: [
              {
                vmName: "db-vm-01",
                vm: { name: "db-vm-01" },
                recoveryVmId: "rec-1",
                powerState: "POWERED_ON",
                ipAddress: "10.0.2.1",
                resultState: "SUCCESS",
              },
              { vmName: "db-vm-02", state: "FAILED", resultState: "FAILED", recoveryVmId: null, errors: ["no host"] },
              { vmName: "db-vm-03", state: "COMPLETED", resultState: "SKIPPED" },
            ],
          },
        ],
      },
    });
  });

  it("says what to do about a warning, unless a newer release wrote it", async () => {
    const warnings = [
      { code: "VM_NOT_CONFIGURED", message: "x is left out" },
      { code: "OF_TOMORROW", message: "y is odd" },
    ];
    await asker.database.prisma.recovery.update({ where: { id: runId }, data: { warnings } });
    expect(await asker.ask("query ($id: ID!) { recovery(id: $id) { warnings { code message remedy } } }", { id })).toEqual({
      recovery: {
        warnings: [
          { code: "VM_NOT_CONFIGURED", message: "x is left out", remedy: "Configure the VM's protection." },
          { code: "OTHER", message: "y is odd", remedy: null },
        ],
      },
    });
  });

  it("has steps with roll-ups, children by page and status, first failures", async () => {
    const query = `query ($id: ID!, $after: String) { recovery(id: $id) { steps { number name status progressPercent firstFailure { number errors site { name } vm { name } }
      childCounts { total succeeded failed skipped pending } children(first: 3, after: $after) { totalCount edges { cursor node { number name } } pageInfo { hasNextPage } }
      failed: children(status: [FAILED, SKIPPED]) { nodes { number } } } step(number: "2.3.1") { id kind parent { number } } none: step(number: "9.9") { id } } }`;
    const answer = await asker.ask(query, { id });
    expect(answer).toMatchObject({
      recovery: {
        steps: [
          { number: "1", childCounts: { total: 1, succeeded: 1 }, firstFailure: null, progressPercent: 100 },
          {
            number: "2",
            firstFailure: { number: "2.3.1", errors: ["no host"], site: { name: "Pair Recovery" } },
            childCounts: { total: 4, succeeded: 2, failed: 1, skipped: 1, pending: 0 },
            children: {
              totalCount: 4,
              edges: [{ node: { number: "2.1" } }, { node: { number: "2.2" } }, { node: { number: "2.3" } }],
              pageInfo: { hasNextPage: true },
            },
            failed: { nodes: [{ number: "2.3" }, { number: "2.4" }] },
          },
        ],
        step: { id: encodeId("RecoveryStep", `${runId}/9`), kind: "POWER_ON", parent: { number: "2.3" } },
        none: null,
      },
    });
    const after = text(list(answer, "recovery.steps")[1], "children.edges.2.cursor");
    const next = await asker.ask(query, { id, after });
    expect(at(list(next, "recovery.steps")[1], "children")).toMatchObject({
      edges: [{ node: { number: "2.4" } }],
      pageInfo: { hasNextPage: false },
    });
  });

  it("has all steps in one list, in the order of the tree, by page, status and kind; depth and parent tell the tree", async () => {
    const query = `query ($id: ID!, $after: String) { recovery(id: $id) { allSteps(first: 6, after: $after) { totalCount
        nodes { ordinal number depth parent { number } } pageInfo { hasNextPage endCursor } }
      failed: allSteps(status: [FAILED]) { totalCount nodes { number attempt } } machines: allSteps(kind: [VM], status: [SKIPPED, SUCCEEDED]) { nodes { number } }
      none: allSteps(status: []) { totalCount } } }`;
    const answer = await asker.ask(query, { id });
    expect(answer).toMatchObject({
      recovery: {
        allSteps: { totalCount: 10, pageInfo: { hasNextPage: true } },
        failed: { totalCount: 3, nodes: [{ number: "2" }, { number: "2.3" }, { number: "2.3.1" }] },
        machines: { nodes: [{ number: "2.2" }, { number: "2.4" }] },
        none: { totalCount: 0 },
      },
    });
    const next = await asker.ask(query, { id, after: text(answer, "recovery.allSteps.pageInfo.endCursor") });
    expect(next).toMatchObject({ recovery: { allSteps: { totalCount: 10, pageInfo: { hasNextPage: false } } } });
    const steps = [...list(answer, "recovery.allSteps.nodes"), ...list(next, "recovery.allSteps.nodes")];
    expect(steps.map((step) => at(step, "ordinal"))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    for (const step of steps) {
      const parts = text(step, "number").split(".");
      const parent = parts.length === 1 ? null : { number: parts.slice(0, -1).join(".") };
      expect(step).toMatchObject({ depth: parts.length, parent });
    }
  });

  it("has the same steps by page alone as in its tree, behind the same cursors", async () => {
    const plain = "id ordinal number depth kind name status state resultState startTime endTime durationSeconds message";
    const page = (more: string) => `query ($id: ID!, $after: String) { recovery(id: $id) { allSteps(first: 4, after: $after) {
      totalCount pageInfo { hasNextPage endCursor } edges { cursor node { ${plain} ${more} } } } } }`;
    let after: string | null = null;
    for (const _page of [1, 2, 3]) {
      const alone: unknown = await asker.ask(page(""), { id, after });
      const inTree = await asker.ask(page("progressPercent"), { id, after });
      expect(alone).toEqual(JSON.parse(JSON.stringify(inTree, (key, value) => (key === "progressPercent" ? undefined : value))));
      after = text(alone, "recovery.allSteps.pageInfo.endCursor");
    }
  });

  it("has a cursor behind its newest event", async () => {
    const cursor = text(await asker.ask(`query ($id: ID!) { recovery(id: $id) { eventCursor } }`, { id }), "recovery.eventCursor");
    expect(decodeRecoveryCursor(cursor, { recoveryId: runId, generation })).toBe(42);
  });
});

describe("a run under way", () => {
  it("says what its steps wait for, when they are expected, and what blocks it", async () => {
    const { runId } = await aRun(asker.database, pair, planId, [
      { kind: "PROMPT", name: "Confirm", status: "WAITING" },
      { kind: "COMMAND", name: "Work", status: "RUNNING", expectedSeconds: 60 },
      { kind: "COMMAND", name: "Behind the work", needs: [2], expectedSeconds: 30 },
      { kind: "COMMAND", name: "Behind the prompt", after: [1] },
      { kind: "VM", name: "db", after: [2], children: [{ kind: "POWER_ON", name: "Power on", siteId: pair.recoverySiteId }] },
    ]);
    await asker.database.prisma.recoveryStep.update({ where: { runId_ordinal: { runId, ordinal: 2 } }, data: { startedAt: new Date() } });
    const promptId = uuid();
    await asker.database.prisma.recoveryPrompt.create({
      data: { id: promptId, runId, ordinal: 1, attempt: 1, name: "Confirm", message: "Go on?", openedAt: new Date() },
    });
    const answer = await asker.ask(
      `query ($id: ID!) { recovery(id: $id) { estimatedCompletionTime blockedBy { number prompt { id open message } } openPrompts { id message step { number } }
        steps { number state resultState waitingFor { kind steps { number } } expectedStartTime expectedEndTime children(first: 1) { nodes { waitingFor { kind } } } } } }`,
      { id: encodeId("Recovery", runId) },
    );
    expect(answer).toMatchObject({
      recovery: {
        estimatedCompletionTime: null,
        blockedBy: [{ number: "1", prompt: { id: encodeId("Prompt", promptId), open: true, message: "Go on?" } }],
        openPrompts: [{ step: { number: "1" } }],
        steps: [
          { state: "RUNNING", resultState: null, waitingFor: { kind: "PROMPT", steps: [{ number: "1" }] }, expectedEndTime: null },
          { waitingFor: null },
          { state: "QUEUED", waitingFor: { kind: "DEPENDENCY", steps: [{ number: "2" }] } },
          { waitingFor: { kind: "PROMPT", steps: [{ number: "1" }] }, expectedStartTime: null },
          { waitingFor: { kind: "BARRIER" }, children: { nodes: [{ waitingFor: { kind: "BARRIER" } }] } },
        ],
      },
    });
    const work = list(answer, "recovery.steps")[1];
    const behind = list(answer, "recovery.steps")[2];
    expect(Date.parse(text(behind, "expectedStartTime"))).toBeGreaterThanOrEqual(Date.parse(text(work, "expectedEndTime")));
    expect(Date.parse(text(behind, "expectedEndTime")) - Date.parse(text(behind, "expectedStartTime"))).toBe(30_000);
    await asker.database.prisma.recovery.delete({ where: { id: runId } });
  });

  it("says which VM it is at work on, and none once it is over", async () => {
    const { runId } = await aRun(asker.database, pair, planId, [
      { kind: "DEMOTE_VM", name: "first", status: "SUCCEEDED", vmId: vmIds[0] ?? "" },
      { kind: "DEMOTE_VM", name: "second", status: "RUNNING", vmId: vmIds[1] ?? "" },
    ]);
    const query = "query ($id: ID!) { recovery(id: $id) { currentVm { id } } }";
    const current = async () => asker.ask(query, { id: encodeId("Recovery", runId) });
    expect(await current()).toEqual({ recovery: { currentVm: { id: encodeId("VirtualMachine", vmIds[1] ?? "") } } });
    const over = { endedAt: new Date(), state: "COMPLETED", resultState: "SUCCESS" } as const;
    await asker.database.prisma.recovery.update({ where: { id: runId }, data: over });
    expect(await current()).toEqual({ recovery: { currentVm: null } });
    await asker.database.prisma.recovery.delete({ where: { id: runId } });
  });

  it("says who cancelled it and why, and that nobody has to answer its prompt any more", async () => {
    const { recovery, recoveryPrompt } = asker.database.prisma;
    const { runId } = await aRun(asker.database, pair, planId, [{ kind: "PROMPT", name: "Confirm", status: "WAITING" }]);
    const asked = { id: uuid(), runId, ordinal: 1, attempt: 1, name: "Confirm", message: "Go on?", openedAt: new Date() };
    await recoveryPrompt.create({ data: asked });
    const query = `query ($id: ID!) { recovery(id: $id) { cancelledBy cancelReason openPrompts { id } prompts { open } } }`;
    const ask = async () => at(await asker.ask(query, { id: encodeId("Recovery", runId) }), "recovery");
    expect(await ask()).toMatchObject({ cancelledBy: null, cancelReason: null, openPrompts: [{}], prompts: [{ open: true }] });
    const cancelled = { cancelRequestedAt: new Date(), cancelRequestedBy: "olga", cancelReason: "wrong plan" };
    await recovery.update({ where: { id: runId }, data: cancelled });
    expect(await ask()).toEqual({ cancelledBy: "olga", cancelReason: "wrong plan", openPrompts: [], prompts: [{ open: false }] });
    await recovery.update({ where: { id: runId }, data: { cancelRequestedAt: null, cancelRequestedBy: null, cancelReason: null } });
    await recoveryPrompt.update({ where: { id: asked.id }, data: { answer: "ABORT", answeredBy: "piet", answeredAt: new Date() } });
    expect(await ask()).toMatchObject({ cancelledBy: "piet", cancelReason: null });
    await recovery.delete({ where: { id: runId } });
  });

  it("has no steps before they are made", async () => {
    const { runId } = await aRun(asker.database, pair, planId, []);
    const query = `query ($id: ID!) { recovery(id: $id) { steps { number } priorityGroups { name } blockedBy { number } currentPriorityGroup { name } } }`;
    expect(await asker.ask(query, { id: encodeId("Recovery", runId) })).toEqual({
      recovery: { steps: [], priorityGroups: [], blockedBy: [], currentPriorityGroup: null },
    });
    await asker.database.prisma.recovery.delete({ where: { id: runId } });
  });
});

it("tasks are listed newest first and filtered", async () => {
  const query = `query ($after: DateTime) { tasks(filter: { type: RECOVERY, state: COMPLETED, startTimeAfter: $after }) { totalCount nodes { name startTime } } }`;
  expect(await asker.ask(query, { after: "2020-01-01T00:00:00Z" })).toMatchObject({
    tasks: { totalCount: 1, nodes: [{ name: "Test Recovery - Plan" }] },
  });
  expect(await asker.ask(query, { after: "2120-01-01T00:00:00Z" })).toMatchObject({ tasks: { totalCount: 0, nodes: [] } });
});
