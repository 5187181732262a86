import { expect } from "vitest";
import type { Json } from "./api.ts";
import { notAnId, nothing, type Rows } from "./row.ts";
import { planOf, started, withTest } from "./runs.ts";

const shape = { message: expect.any(String), remedy: expect.any(String), requestId: expect.any(String), timestamp: expect.any(String) };

export const ruleRows: Rows = {
  "errors: 8 types, details, field errors, timestamp, request id": {
    good: [
      [
        "a client's request id comes back in header and error",
        async (api) => {
          const { headers, errors } = await api.send("{ nope }", {}, { "session-token": api.token, "x-request-id": "req-abc123" });
          expect(headers.get("x-request-id")).toBe("req-abc123");
          expect(errors?.[0]?.extensions).toMatchObject({ ...shape, requestId: "req-abc123", code: "INVALID_REQUEST" });
        },
      ],
    ],
    bad: [
      [
        "INVALID_REQUEST names each field with its path",
        async (api) => {
          const error = await api.refused("startRecovery", { planId: notAnId, recoveryType: "TEST" });
          expect(error).toMatchObject({
            code: "INVALID_REQUEST",
            fieldErrors: [{ path: ["planId"], message: expect.any(String) }],
            ...shape,
          });
        },
      ],
      [
        "UNAUTHORIZED is status 401, for what needs a session",
        async (api) => {
          expect(await api.failed("{ viewer { name } }", {}, {})).toMatchObject({ status: 401, code: "UNAUTHORIZED", ...shape });
        },
      ],
      [
        "FORBIDDEN names the role that is missing",
        async (api) => {
          const name = `viewer-${Date.now()}`;
          const password = "may only look at things";
          await api.change("createUser", { name, password, roles: ["VIEWER"] }, "user { name roles }");
          const create = "mutation ($input: CreateSessionInput) { createSession(input: $input) { ... on CreateSessionPayload { token } } }";
          const { data } = await api.send(create, { input: { user: name, password } }, {});
          const session: Json = data?.createSession ?? {};
          const plan = await planOf(api);
          const start = `mutation ($input: StartRecoveryInput!) { startRecovery(input: $input) { ... on Error { code message remedy requestId timestamp } ... on ForbiddenError { requiredRole } } }`;
          const answer = await api.send(start, { input: { planId: plan.id, recoveryType: "TEST" } }, { "session-token": session.token });
          expect(answer.data?.startRecovery).toMatchObject({ code: "FORBIDDEN", requiredRole: "OPERATOR", ...shape });
        },
      ],
      [
        "NOT_FOUND names the type and the id",
        async (api) => {
          const planId = nothing("RecoveryPlan");
          const error = await api.refused("startRecovery", { planId, recoveryType: "TEST" });
          expect(error).toMatchObject({ code: "NOT_FOUND", resource: "RecoveryPlan", resourceId: planId, ...shape });
        },
      ],
      [
        "CONFLICT says what stands in the way, PRECONDITION_FAILED what has to be put right first",
        async (api) => {
          await withTest(api, {}, async ({ recovery, task }, plan) => {
            const error = await api.refused("startRecovery", { planId: plan.id, recoveryType: "TEST" });
            const run = { activeRecoveryId: recovery.id, activeTaskId: task.id, planName: plan.name };
            expect(error).toMatchObject({ code: "CONFLICT", lifecycle: "TEST_IN_PROGRESS", ...run, ...shape });
          });
          const recoveryPoint = { pointInTime: "2000-01-01T00:00:00.000Z" };
          const old = await api.refused("startRecovery", { planId: (await planOf(api)).id, recoveryType: "TEST", recoveryPoint });
          expect(old).toMatchObject({ code: "PRECONDITION_FAILED", reason: "NO_RECOVERY_POINT", ...shape });
        },
      ],
      [
        "SERVICE_UNAVAILABLE says when to come back: too many wrong passwords are status 429",
        async (api) => {
          const create = "mutation ($input: CreateSessionInput) { createSession(input: $input) { __typename } }";
          const attempt = () => api.failed(create, { input: { user: "guessed", password: "wrong" } }, {});
          for (let at = 0; at < 5; at++) expect(await attempt()).toMatchObject({ code: "UNAUTHORIZED" });
          expect(await attempt()).toMatchObject({
            status: 429,
            code: "SERVICE_UNAVAILABLE",
            retryAfterSeconds: expect.any(Number),
            ...shape,
          });
        },
      ],
    ],
  },
  "best practices: idempotent re-runs, state validation, scheduled testing": {
    good: [
      [
        "a drill tests a plan on a schedule, in its time zone",
        async (api) => {
          const plan = await planOf(api);
          const input = { planId: plan.id, name: `weekly-${Date.now()}`, cron: "0 3 * * SUN", timeZone: "Europe/Berlin" };
          const made = await api.change("createDrill", input, "drill { id enabled nextRuns(count: 2) { localTime blackedOut } }");
          const due = { localTime: expect.stringMatching(/T03:00:00\+0[12]:00$/), blackedOut: false };
          expect(made.drill).toMatchObject({ enabled: true, nextRuns: [due, due] });
          await api.change("deleteDrill", { drillId: made.drill.id }, "deletedDrillId");
        },
      ],
      [
        "a repeated request with its key gets the first answer; a plan says beforehand what may be done with it",
        async (api) => {
          const query = "query ($id: ID!) { recoveryPlan(id: $id) { allowedOperations { operation allowed code reason remedy } } }";
          const allowed = async (id: string): Promise<Json> => {
            const { recoveryPlan } = await api.ask(query, { id });
            return Object.fromEntries(recoveryPlan.allowedOperations.map((one: Json) => [one.operation, one]));
          };
          const options = { idempotencyKey: `again-${Date.now()}`, runScripts: false };
          const { id } = await planOf(api);
          expect((await allowed(id)).START_TEST).toMatchObject({ allowed: true, reason: null });
          await withTest(api, options, async ({ recovery }, plan) => {
            expect((await started(api, plan.id, options)).recovery.id).toBe(recovery.id);
            const { START_TEST } = await allowed(plan.id);
            const error = await api.refused("startRecovery", { planId: plan.id, recoveryType: "TEST" });
            expect(START_TEST).toMatchObject({ allowed: false, code: error.code, reason: error.message, remedy: error.remedy });
          });
        },
      ],
    ],
    bad: [
      [
        "the same key with another input is CONFLICT, an empty one INVALID_REQUEST",
        async (api) => {
          const options = { idempotencyKey: `other-${Date.now()}`, runScripts: false };
          await withTest(api, options, async (_test, plan) => {
            const input = { planId: plan.id, recoveryType: "TEST", ...options };
            expect(await api.refused("startRecovery", { ...input, runScripts: true })).toMatchObject({ code: "CONFLICT" });
            const empty = await api.refused("startRecovery", { ...input, idempotencyKey: "" });
            expect(empty).toMatchObject({ code: "INVALID_REQUEST", fieldErrors: [{ path: ["idempotencyKey"] }] });
          });
        },
      ],
    ],
  },
};
