import { afterAll, beforeAll, expect, it } from "vitest";
import { examples } from "../../src/gateway/examples.ts";
import { post, rawSocket } from "../gateway/support.ts";
import { type DemoGateway, demoGateway } from "./demo-gateway.ts";

/** What the tests look at in an event. */
interface Seen {
  readonly kind: string;
  readonly question?: string;
  readonly prompt?: { readonly id: string };
}

let gateway: DemoGateway;
let url: string;
beforeAll(async () => {
  gateway = await demoGateway();
  url = `${gateway.url}/graphql`;
}, 60_000);
afterAll(() => gateway?.[Symbol.asyncDispose]());

/** The text of the playground's tab. */
const tab = (name: string) => examples().find((one) => one.name.endsWith(name))?.query ?? "";

/** Presses play in tabs, signed in by the first of them. */
async function player() {
  let token = "";
  const run = async (name: string, variables: object) => {
    const query = tab(name).replace('password: ""', `password: "${gateway.password}"`);
    const { data, errors } = await post(url, { query, variables }, token ? { "session-token": token } : {});
    expect(errors).toBeUndefined();
    return JSON.parse(JSON.stringify(data));
  };
  ({ token } = (await run("sign-in", {})).createSession);
  const watch = async (name: string, variables: object) => {
    const socket = await rawSocket(url, { sessionToken: token });
    await socket.next("connection_ack");
    socket.subscribe(name, tab(name), variables);
    const next = async (): Promise<{ readonly events: readonly Seen[] }> => {
      const { data } = JSON.parse(JSON.stringify((await socket.next("next", name)).payload));
      return data.recoveryEvents ?? data.events;
    };
    return { socket, next };
  };
  return { run, watch };
}

it("the tabs are in the order of their numbers", () => {
  expect(examples().map(({ name }) => Number.parseInt(name, 10))).toEqual(examples().map((_, index) => index + 1));
});

it("the tabs for configuration configure, and the tab for live events shows it", async () => {
  const { run, watch } = await player();
  const [plan] = (await run("plan-graph", {})).recoveryPlans.nodes;
  const [group] = plan.priorityGroups[2].protectionGroups.nodes;
  const [vm] = group.vms.nodes;
  const { socket, next } = await watch("live-events", {});
  await next(); // the first delivery: from here on

  const { configureVmRecoverySettings: configured } = await run("configure-a-vm", { vmId: vm.id });
  expect(configured.vm.recoverySettings).toMatchObject({ priority: "HIGH", prioritySource: "VM", startupDelaySeconds: 1 });
  const { createRecoveryPlan: created } = await run("create-a-plan", { groupId: group.id });
  expect(created.recoveryPlan).toMatchObject({ name: "My-Plan", vmCount: group.vms.totalCount });
  const { configurePriorityGroups: steps } = await run("configure-its-steps", { planId: created.recoveryPlan.id });
  expect(steps.recoveryPlan.priorityGroups).toMatchObject([
    { prePowerOnSteps: [{ type: "PROMPT" }], postPowerOnSteps: [{ type: "PAUSE" }] },
  ]);
  const { viewer, limits } = await run("limits", { planId: plan.id });
  expect(viewer.rateLimit.remaining).toBeGreaterThan(0);
  expect(limits).toContainEqual(expect.objectContaining({ name: "PROTECTION_GROUPS_PER_PLAN", value: 50, current: 3 }));

  const kinds = new Set<string>();
  while (!(kinds.has("VM_CHANGED") && kinds.has("PLAN_CHANGED"))) for (const { kind } of (await next()).events) kinds.add(kind);
  socket.socket.close();
});

it("the playground's tabs, one after the other, are a whole test: sign in, look, start, watch, answer, clean up", {
  timeout: 90_000,
}, async () => {
  const { run, watch } = await player();
  const [plan] = (await run("plan-graph", { name: "WebApp" })).recoveryPlans.nodes;
  expect(plan).toMatchObject({ lifecycle: "READY", priorityGroups: [{ priority: 1 }, { priority: 2 }, { priority: 3 }] });
  const { recovery } = (await run("start-a-test", { planId: plan.id })).startRecovery;

  const { socket, next } = await watch("watch", { recoveryId: recovery.id });
  let ended: object | undefined;
  while (!ended) {
    for (const event of (await next()).events) {
      if (event.prompt) {
        expect(event.question).toEqual(expect.any(String));
        const { answerPrompt } = await run("answer-the-prompt", { promptId: event.prompt.id });
        expect(answerPrompt.prompt).toMatchObject({ answer: "CONTINUE", answeredBy: "admin" });
      }
      if (event.kind === "RECOVERY_ENDED") ended = event;
    }
  }
  expect(ended).toMatchObject({ resultState: expect.stringMatching(/SUCCESS|WARNING/), rtoAchievedSeconds: expect.any(Number) });
  await socket.next("complete", "watch");
  socket.socket.close();

  const { cleanupTest } = await run("clean-up", { planId: plan.id });
  expect(cleanupTest.recovery).toMatchObject({ id: expect.any(String) });
});
