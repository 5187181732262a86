import { createClient } from "graphql-ws";
import { expect } from "vitest";
import { WebSocket } from "ws";
import type { Api, Json } from "./api.ts";
import { nothing, type Rows } from "./row.ts";
import { planOf, until, withTest } from "./runs.ts";

/** Everything that a subscription delivers until `enough`. */
async function watch(api: Api, query: string, variables: Record<string, unknown>, enough: (batch: Json) => boolean): Promise<Json[]> {
  const client = createClient({
    url: api.url.replace("http", "ws"),
    webSocketImpl: WebSocket,
    connectionParams: { sessionToken: api.token },
    retryAttempts: 0,
  });
  const batches: Json[] = [];
  try {
    for await (const { data, errors } of client.iterate({ query, variables })) {
      expect(errors).toBeUndefined();
      const [batch]: Json[] = Object.values(data ?? {});
      batches.push(batch);
      if (enough(batch)) break;
    }
  } finally {
    await client.dispose();
  }
  return batches;
}

const recoveryEvents = `subscription ($id: ID!, $after: String) { recoveryEvents(recoveryId: $id, after: $after) {
  cursor serverTime events { cursor sequence occurredAt kind } } }`;
const last = (batch: Json) => batch.events.some(({ kind }: Json) => kind === "RECOVERY_ENDED");

const liveView = `query ($id: ID!) { recovery(id: $id) { eventCursor steps { number status progressPercent childCounts { pending failed } firstFailure { number }
  onCriticalPath expectedStartTime expectedEndTime waitingFor { kind } output { tail totalBytes }
  children(first: 5) { totalCount nodes { number kind status waitingFor { kind } } } } blockedBy { number waitingFor { kind } } } }`;

export const watchingRows: Rows = {
  '"monitor progress" by polling every 30–60 s': {
    good: [
      [
        "a run is watched to its end without polling, and again from any cursor, with nothing missed or seen twice",
        async (api) => {
          await withTest(api, { runScripts: false }, async ({ recovery }) => {
            await until(api, recovery.id, (run) => run.state === "PROMPTING");
            await api.change("cancelRecovery", { recoveryId: recovery.id }, "recovery { id }");
            const all = (await watch(api, recoveryEvents, { id: recovery.id }, last)).flatMap(({ events }) => events);
            expect(all.map(({ sequence }: Json) => sequence)).toEqual(all.map((_: Json, at: number) => at + 1));
            const middle = all[Math.floor(all.length / 2)];
            const rest = (await watch(api, recoveryEvents, { id: recovery.id, after: middle.cursor }, last)).flatMap(
              ({ events }) => events,
            );
            expect(rest).toEqual(all.slice(middle.sequence));
          });
        },
      ],
      [
        "prompts of all plans come by a stream of their own, from the cursor beside a query",
        async (api) => {
          const { eventCursor } = await api.ask("{ eventCursor }");
          await withTest(api, { runScripts: false }, async ({ recovery }) => {
            const query = "subscription ($after: String) { promptEvents(after: $after) { events { kind recovery { id } } } }";
            const batches = await watch(api, query, { after: eventCursor }, ({ events }) => events.length > 0);
            expect(batches.at(-1).events[0]).toEqual({ kind: "PROMPT_OPENED", recovery: { id: recovery.id } });
          });
        },
      ],
      [
        "what changes in the configuration comes by `events`, with the thing as it is now",
        async (api) => {
          const { eventCursor } = await api.ask("{ eventCursor }");
          const plan = await planOf(api);
          await api.change("updateRecoveryPlan", { planId: plan.id, description: `watched at ${Date.now()}` }, "recoveryPlan { id }");
          const query = `subscription ($after: String) { events(after: $after) { cursor events { cursor occurredAt kind
            ... on PlanChangedEvent { change plan { id name } } } } }`;
          const batches = await watch(api, query, { after: eventCursor }, ({ events }) =>
            events.some(({ kind }: Json) => kind === "PLAN_CHANGED"),
          );
          expect(batches.at(-1).events).toContainEqual(
            expect.objectContaining({ change: "UPDATED", plan: { id: plan.id, name: plan.name } }),
          );
        },
      ],
    ],
    bad: [
      [
        "a cursor that is none, or of another stream, is INVALID_REQUEST; a run that is none NOT_FOUND",
        async (api) => {
          const { eventCursor } = await api.ask("{ eventCursor }");
          const client = createClient({
            url: api.url.replace("http", "ws"),
            webSocketImpl: WebSocket,
            connectionParams: { sessionToken: api.token },
          });
          const first = async (query: string, variables: Record<string, unknown>): Promise<Json> => {
            for await (const answer of client.iterate({ query, variables })) return answer.errors?.[0]?.extensions;
            return undefined;
          };
          expect(await first(recoveryEvents, { id: nothing("Recovery") })).toMatchObject({ code: "NOT_FOUND" });
          const prompts = "subscription ($after: String) { promptEvents(after: $after) { cursor } }";
          expect(await first(prompts, { after: "x" })).toMatchObject({ code: "INVALID_REQUEST", fieldErrors: [{ path: ["after"] }] });
          const { recoveryPlans } = await api.ask('{ recoveryPlans(filter: { name: "WebApp" }) { nodes { latestRecovery { id } } } }');
          const [{ latestRecovery }] = recoveryPlans.nodes;
          expect(await first(recoveryEvents, { id: latestRecovery.id, after: eventCursor })).toMatchObject({ code: "INVALID_REQUEST" });
          await client.dispose();
        },
      ],
    ],
  },
  "what a live view asks that polling can't answer": {
    good: [
      [
        "a step says what it waits for, when it is expected, how its children stand and what may be done",
        async (api) => {
          await withTest(api, { runScripts: false }, async ({ recovery }) => {
            await until(api, recovery.id, (run) => run.state === "PROMPTING");
            const { recovery: seen } = await api.ask(liveView, { id: recovery.id });
            expect(seen.blockedBy[0]).toMatchObject({ waitingFor: { kind: "PROMPT" } });
            const [first] = seen.steps;
            expect(first).toMatchObject({ number: "1", childCounts: { failed: 0 }, children: { totalCount: expect.any(Number) } });
            expect(seen.steps.some(({ onCriticalPath }: Json) => onCriticalPath)).toBe(true);
            const query = `query ($id: ID!) { recovery(id: $id) { allowedOperations { operation allowed reason remedy }
              blockedBy { allowedOperations { operation allowed } } } }`;
            const { recovery: run } = await api.ask(query, { id: recovery.id });
            const may = Object.fromEntries(run.allowedOperations.map(({ operation, allowed }: Json) => [operation, allowed]));
            expect(may).toEqual({ CANCEL_RECOVERY: true, PAUSE_RECOVERY: true, RESUME_RECOVERY: false, SWITCH_TO_DISASTER: false });
            expect(run.blockedBy[0].allowedOperations).toEqual([{ operation: "ANSWER_PROMPT", allowed: true }]);
          });
        },
      ],
    ],
    bad: [
      [
        "a page of children that is too large is INVALID_REQUEST with the argument",
        async (api) => {
          const { recoveryPlans } = await api.ask('{ recoveryPlans(filter: { name: "WebApp" }) { nodes { latestRecovery { id } } } }');
          const query = "query ($id: ID!) { recovery(id: $id) { steps { children(first: 501) { totalCount } } } }";
          const error = await api.failed(query, { id: recoveryPlans.nodes[0].latestRecovery.id });
          expect(error).toMatchObject({ code: "INVALID_REQUEST" });
        },
      ],
    ],
  },
};
