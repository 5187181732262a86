import { createClient } from "graphql-ws";
import { expect } from "vitest";
import { WebSocket } from "ws";
import type { Json } from "./api.ts";
import { nothing, type Rows } from "./row.ts";

export const guardRows: Rows = {
  'audit trail (category "Reports")': {
    good: [
      [
        "every mutation leaves who, what, on what, when, how it ended and its request id, refused ones too",
        async (api) => {
          const planId = nothing("RecoveryPlan");
          const start = "mutation ($input: StartRecoveryInput!) { startRecovery(input: $input) { __typename } }";
          const headers = { "session-token": api.token, "x-request-id": `audit-${Date.now()}` };
          const before = await api.ask("{ eventCursor }");
          await api.send(start, { input: { planId, recoveryType: "TEST" } }, headers);
          const query =
            "query ($filter: AuditFilter) { auditLog(filter: $filter, first: 1) { nodes { userName operation targetId outcome requestId occurredAt } } }";
          const { auditLog } = await api.ask(query, { filter: { operation: "startRecovery", outcome: "NOT_FOUND" } });
          const about = { userName: api.user, operation: "startRecovery", targetId: planId, outcome: "NOT_FOUND" };
          expect(auditLog.nodes[0]).toMatchObject({ ...about, requestId: headers["x-request-id"], occurredAt: expect.any(String) });
          const stream =
            "subscription ($after: String) { auditEvents(after: $after) { events { record { operation outcome requestId } } } }";
          const client = createClient({
            url: api.url.replace("http", "ws"),
            webSocketImpl: WebSocket,
            connectionParams: { sessionToken: api.token },
          });
          for await (const { data, errors } of client.iterate({ query: stream, variables: { after: before.eventCursor } })) {
            expect(errors).toBeUndefined();
            const { auditEvents }: Json = data;
            if (auditEvents.events.some(({ record }: Json) => record?.requestId === headers["x-request-id"])) break;
          }
          await client.dispose();
        },
      ],
      [
        "the audit log is proved to be as it was written",
        async (api) => {
          const { verifyAuditLog } = await api.ask("{ verifyAuditLog { isWhole verifiedCount headHash findings { message } } }");
          expect(verifyAuditLog).toMatchObject({ isWhole: true, findings: [], headHash: expect.stringMatching(/^[0-9a-f]{64}$/) });
          expect(verifyAuditLog.verifiedCount).toBeGreaterThan(0);
        },
      ],
    ],
    bad: [
      [
        "a page that is too large is INVALID_REQUEST with the argument",
        async (api) => {
          const error = await api.failed("{ auditLog(first: 501) { totalCount } }");
          expect(error).toMatchObject({ code: "INVALID_REQUEST", fieldErrors: [{ path: ["first"] }] });
        },
      ],
    ],
  },
  "rate limits and quotas: 6 rows": {
    good: [
      [
        "the six limits are shown with what is used of them, the session's rate by `viewer` and by headers",
        async (api) => {
          const query = "{ viewer { rateLimit { limitPerMinute remaining resetAt } } limits { name value current configurable } }";
          const answer = await api.send(query);
          const { viewer, limits }: Json = answer.data;
          expect(viewer.rateLimit).toMatchObject({ limitPerMinute: 10_000, remaining: expect.any(Number) });
          expect(answer.headers.get("ratelimit-limit") ?? answer.headers.get("ratelimit")).toMatch(/10000/);
          const value = (name: string) => limits.find((limit: Json) => limit.name === name)?.value;
          expect([value("CONCURRENT_RECOVERIES_PER_PLAN"), value("CONCURRENT_TESTS_PER_SITE_PAIR")]).toEqual([1, 1]);
          expect([value("VMS_PER_PROTECTION_GROUP"), value("PROTECTION_GROUPS_PER_PLAN"), value("PLANS_PER_SITE")]).toEqual([500, 50, 250]);
          expect(value("REQUESTS_PER_MINUTE")).toBe(10_000);
        },
      ],
    ],
    bad: [
      [
        "an operation that costs too much is INVALID_REQUEST with the limit and what was measured",
        async (api) => {
          const vms = "vms(first: 500) { nodes { name protectionGroup { vms(first: 500) { nodes { name } } } } }";
          const error = await api.failed(`{ ${vms} }`);
          expect(error).toMatchObject({ code: "INVALID_REQUEST", limit: expect.any(Number), measured: expect.any(Number) });
          expect(error.measured).toBeGreaterThan(error.limit);
        },
      ],
    ],
  },
};
