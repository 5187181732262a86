import { expect } from "vitest";
import type { Json } from "./api.ts";
import { nothing, type Rows } from "./row.ts";
import { cleanedUp, ended, planOf, started, statusQuery, testAndCleanUp, until, withTest } from "./runs.ts";

const details = `query ($id: ID!) { recovery(id: $id) { plan { name } kind state resultState startTime endTime durationSeconds initiatedBy
  vmCount vmsSucceeded vmsFailed warningsCount errors warnings { code message }
  priorityGroups { priority name state resultState startTime endTime
    vmRecoveries { vmName state resultState recoveryVmId powerState ipAddress startTime endTime errors warnings }
    stepResults { name kind state resultState output { tail } durationSeconds } } } }`;

export const runRows: Rows = {
  "start recovery test/planned/disaster; options; recovery point latest/pit/specific": {
    good: [
      [
        "a test starts with its options, and answers with task and run",
        async (api) => {
          const options = { syncData: true, powerOnVms: true, runScripts: false, failurePolicy: "CONTINUE", notes: "coverage" };
          await withTest(api, options, async ({ recovery, task }) => {
            const state = expect.stringMatching(/QUEUED|RUNNING/);
            expect(task).toMatchObject({ state, progressPercent: expect.any(Number), startTime: expect.any(String) });
            const query = "query ($id: ID!) { recovery(id: $id) { kind notes options { syncData powerOnVms runScripts } } }";
            const { recovery: run } = await api.ask(query, { id: recovery.id });
            expect(run).toEqual({ kind: "TEST", notes: "coverage", options: { syncData: true, powerOnVms: true, runScripts: false } });
          });
        },
      ],
      [
        "the same idempotency key gets the same run, and starts nothing more",
        async (api) => {
          const options = { idempotencyKey: `coverage-${Date.now()}` };
          await withTest(api, options, async ({ recovery }, plan) => {
            const again = await started(api, plan.id, options);
            expect(again.recovery.id).toBe(recovery.id);
          });
        },
      ],
    ],
    bad: [
      [
        "a plan that is none is NOT_FOUND, one that is running CONFLICT with the run, an older point for a planned recovery INVALID_REQUEST",
        async (api) => {
          const input = { planId: nothing("RecoveryPlan"), recoveryType: "TEST" };
          expect(await api.refused("startRecovery", input)).toMatchObject({ code: "NOT_FOUND", resource: "RecoveryPlan" });
          const plan = await planOf(api);
          const point = { recoveryPoint: { pointInTime: "2026-01-01T00:00:00.000Z" } };
          const planned = await api.refused("startRecovery", { planId: plan.id, recoveryType: "PLANNED", ...point });
          expect(planned).toMatchObject({ code: "INVALID_REQUEST", fieldErrors: [{ path: ["recoveryPoint"] }] });
          await withTest(api, {}, async ({ recovery, task }) => {
            const again = await api.refused("startRecovery", { planId: plan.id, recoveryType: "TEST" });
            const run = { activeRecoveryId: recovery.id, activeTaskId: task.id };
            expect(again).toMatchObject({ code: "CONFLICT", lifecycle: "TEST_IN_PROGRESS", ...run });
          });
        },
      ],
    ],
  },
  "recovery status, current step, estimated completion": {
    good: [
      [
        "a run that is under way says how far it is, what it does and when it may be over",
        async (api) => {
          await withTest(api, {}, async ({ recovery }, plan) => {
            const seen = await until(api, recovery.id, (run) => run.state === "PROMPTING" && run.currentStep !== null);
            // Nobody knows when somebody will answer.
            const figures = { progressPercent: expect.any(Number), currentStep: expect.any(String), estimatedCompletionTime: null };
            expect(seen).toMatchObject({ ...figures, task: { state: "RUNNING" } });
            const query = "query ($id: ID!) { recoveryPlan(id: $id) { state activeRecovery { id } } }";
            expect(await api.ask(query, { id: plan.id })).toEqual({
              recoveryPlan: { state: "PROMPTING", activeRecovery: { id: recovery.id } },
            });
          });
        },
      ],
    ],
    bad: [
      [
        "a run that is none gives null, an id of a plan INVALID_REQUEST",
        async (api) => {
          expect(await api.ask(statusQuery, { id: nothing("Recovery") })).toEqual({ recovery: null });
          expect(await api.failed(statusQuery, { id: nothing("RecoveryPlan") })).toMatchObject({ code: "INVALID_REQUEST" });
        },
      ],
    ],
  },
  "cancel; answer prompt continue/skip/abort": {
    good: [
      [
        "a prompt is answered CONTINUE, SKIP or ABORT, and a run is paused, resumed and cancelled",
        async (api) => {
          for (const answer of ["CONTINUE", "SKIP", "ABORT"]) {
            await withTest(api, { runScripts: false }, async ({ recovery }) => {
              const asking = await until(api, recovery.id, (run) => run.state === "PROMPTING" && run.openPrompts.length > 0);
              await api.change("pauseRecovery", { recoveryId: recovery.id }, "recovery { id }");
              await api.change("resumeRecovery", { recoveryId: recovery.id }, "recovery { id }");
              const { prompt } = await api.change(
                "answerPrompt",
                { promptId: asking.openPrompts[0].id, answer },
                "prompt { answer answeredBy }",
              );
              expect(prompt).toEqual({ answer, answeredBy: api.user });
              if (answer !== "ABORT") await api.change("cancelRecovery", { recoveryId: recovery.id, reason: "enough" }, "recovery { id }");
              expect(await until(api, recovery.id, ended)).toMatchObject({ resultState: "CANCELLED", task: { state: "CANCELLED" } });
            });
          }
        },
      ],
    ],
    bad: [
      [
        "a second answer is CONFLICT with who was first, a run that has ended can't be cancelled, an unknown prompt is NOT_FOUND",
        async (api) => {
          await withTest(api, { runScripts: false }, async ({ recovery }) => {
            const asking = await until(api, recovery.id, (run) => run.openPrompts.length > 0);
            const promptId = asking.openPrompts[0].id;
            await api.change("answerPrompt", { promptId, answer: "ABORT" }, "prompt { answer }");
            const second = await api.refused("answerPrompt", { promptId, answer: "CONTINUE" });
            expect(second).toMatchObject({ code: "CONFLICT", message: expect.stringContaining(api.user) });
            await until(api, recovery.id, ended);
            expect(await api.refused("pauseRecovery", { recoveryId: recovery.id })).toMatchObject({ code: "CONFLICT" });
          });
          const unknown = { promptId: nothing("Prompt"), answer: "SKIP" };
          expect(await api.refused("answerPrompt", unknown)).toMatchObject({ code: "NOT_FOUND", resource: "Prompt" });
        },
      ],
    ],
  },
  "recovery history, details with groups, VM recoveries, step results, errors, warnings": {
    good: [
      [
        "a finished test shows its groups, VMs and steps, and stands in its plan's history",
        async (api) => {
          const test = await testAndCleanUp(api);
          const { recovery } = await api.ask(details, { id: test.id });
          expect(recovery).toMatchObject({ kind: "TEST", state: "COMPLETED", vmCount: 15, vmsSucceeded: 15, vmsFailed: 0, errors: [] });
          expect(recovery.priorityGroups.map(({ priority }: Json) => priority)).toEqual([1, 2, 3]);
          const machines = recovery.priorityGroups.flatMap(({ vmRecoveries }: Json) => vmRecoveries);
          expect(machines).toHaveLength(15);
          expect(machines[0]).toMatchObject({
            powerState: "POWERED_ON",
            recoveryVmId: expect.any(String),
            ipAddress: expect.any(String),
            errors: [],
          });
          const commands = recovery.priorityGroups
            .flatMap(({ stepResults }: Json) => stepResults)
            .filter(({ kind }: Json) => kind === "COMMAND");
          const written = commands.filter(({ output }: Json) => output !== null);
          expect(written[0]).toMatchObject({ output: { tail: expect.stringMatching(/./) }, durationSeconds: expect.any(Number) });
          const history =
            "query ($id: ID!) { recoveryPlan(id: $id) { recoveryHistory(first: 5) { totalCount nodes { id resultState } } } }";
          const { recoveryPlan } = await api.ask(history, { id: (await planOf(api)).id });
          expect(recoveryPlan.recoveryHistory.nodes[0]).toMatchObject({ id: test.id });
          const compare = `query ($id: ID!) { compareRecoveries(recoveryId: $id, withRecoveryId: $id) { slowerBySeconds
            steps(first: 3) { totalCount nodes { key status withStatus seconds withSeconds slowerBySeconds } } } }`;
          const { compareRecoveries } = await api.ask(compare, { id: test.id });
          expect(compareRecoveries).toMatchObject({ slowerBySeconds: 0, steps: { nodes: [{ slowerBySeconds: 0 }, {}, {}] } });
          expect(compareRecoveries.steps.totalCount).toBeGreaterThan(45);
        },
      ],
    ],
    bad: [
      [
        "a run that is none can't be compared: it is NOT_FOUND",
        async (api) => {
          const compare = "query ($id: ID!) { compareRecoveries(recoveryId: $id, withRecoveryId: $id) { slowerBySeconds } }";
          expect(await api.failed(compare, { id: nothing("Recovery") })).toMatchObject({ code: "NOT_FOUND", resource: "Recovery" });
        },
      ],
      [
        "a page of more than 500, or a cursor of another list, is INVALID_REQUEST with the argument",
        async (api) => {
          const list =
            "query ($first: Int, $after: String) { recoveryPlans { nodes { recoveryHistory(first: $first, after: $after) { totalCount } } } }";
          expect(await api.failed(list, { first: 501 })).toMatchObject({ code: "INVALID_REQUEST", fieldErrors: [{ path: ["first"] }] });
          expect(await api.failed(list, { after: "x" })).toMatchObject({ code: "INVALID_REQUEST", fieldErrors: [{ path: ["after"] }] });
        },
      ],
    ],
  },
  "cleanup test (force)": {
    good: [
      [
        "a test is cleaned up, with force too, and the plan is READY again",
        async (api) => {
          await withTest(api, { runScripts: false }, async ({ recovery }, plan) => {
            await api.change("cancelRecovery", { recoveryId: recovery.id }, "recovery { id }");
            await until(api, recovery.id, ended);
            expect(await cleanedUp(api, plan.id, { recoveryId: recovery.id, force: true })).toMatchObject({ state: "COMPLETED" });
            expect(await planOf(api)).toMatchObject({ lifecycle: "READY" });
          });
        },
      ],
    ],
    bad: [
      [
        "without a test to clean up it is CONFLICT, of a plan that is none NOT_FOUND",
        async (api) => {
          const plan = await planOf(api);
          expect(await api.refused("cleanupTest", { planId: plan.id })).toMatchObject({ code: "CONFLICT", lifecycle: "READY" });
          const input = { planId: nothing("RecoveryPlan") };
          expect(await api.refused("cleanupTest", input)).toMatchObject({ code: "NOT_FOUND", resource: "RecoveryPlan" });
        },
      ],
    ],
  },
  "start dialogs: what would happen": {
    good: [
      [
        "a preview shows the steps that the run then has, how long they may take, the points and what stands in the way",
        async (api) => {
          const plan = await planOf(api);
          const page = "steps(first: 500) { totalCount nodes { number kind name } }";
          const query = `query ($id: ID!) { previewRecovery(planId: $id, recoveryType: TEST) { allowed refusals { code } blockers { code object message remedy }
            warnings { code } expectedSeconds expectedRtoSeconds expectedRpoSeconds recoveryPoints { groupName ageSeconds } criticalPath { number } ${page} } }`;
          const { previewRecovery } = await api.ask(query, { id: plan.id });
          const figures = { expectedSeconds: expect.any(Number), expectedRtoSeconds: expect.any(Number), expectedRpoSeconds: 0 };
          expect(previewRecovery).toMatchObject({ allowed: true, refusals: [], blockers: [], ...figures });
          expect(previewRecovery.criticalPath.length).toBeGreaterThan(1);
          await withTest(api, {}, async ({ recovery }) => {
            await until(api, recovery.id, (run) => run.state !== "NOT_STARTED");
            const all = "query ($id: ID!) { recovery(id: $id) { allSteps(first: 500) { totalCount nodes { number kind name } } } }";
            const { recovery: run } = await api.ask(all, { id: recovery.id });
            expect(previewRecovery.steps).toEqual(run.allSteps);
          });
        },
      ],
    ],
    bad: [
      [
        "of a plan that is none it is NOT_FOUND, with an older point for a planned recovery INVALID_REQUEST",
        async (api) => {
          const query = `query ($id: ID!, $type: RecoveryType!, $options: PreviewRecoveryInput) {
            previewRecovery(planId: $id, recoveryType: $type, options: $options) { allowed } }`;
          expect(await api.failed(query, { id: nothing("RecoveryPlan"), type: "TEST" })).toMatchObject({ code: "NOT_FOUND" });
          const options = { recoveryPoint: { pointInTime: "2026-01-01T00:00:00.000Z" } };
          const older = await api.failed(query, { id: (await planOf(api)).id, type: "PLANNED", options });
          expect(older).toMatchObject({ code: "INVALID_REQUEST", fieldErrors: [{ path: ["recoveryPoint"] }] });
        },
      ],
      [
        "what a start would be refused with is told",
        async (api) => {
          const query =
            "query ($id: ID!) { previewRecovery(planId: $id, recoveryType: TEST) { allowed refusals { code message remedy } } }";
          await withTest(api, {}, async (_started, plan) => {
            const { previewRecovery } = await api.ask(query, { id: plan.id });
            expect(previewRecovery).toMatchObject({ allowed: false, refusals: [{ code: "CONFLICT" }] });
          });
        },
      ],
    ],
  },
};
