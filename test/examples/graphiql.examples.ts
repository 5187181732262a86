import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { examples } from "../../src/gateway/examples.ts";
import { type DemoGateway, demoGateway } from "../e2e/demo-gateway.ts";
import { post, rawSocket } from "../gateway/support.ts";

/** What the tests look at in an event. */
interface Seen {
  readonly kind: string;
  readonly prompt?: { readonly id: string; readonly message: string };
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
  const run = async (name: string, variables: object, operationName?: string) => {
    const { data, errors } = await post(url, { query: tab(name), variables, operationName }, token ? { "session-token": token } : {});
    expect(errors).toBeUndefined();
    return JSON.parse(JSON.stringify(data));
  };
  ({ token } = (await run("sign-in", { user: gateway.user, password: gateway.password })).createSession);
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

it("what is to be pasted into a tab stands where it belongs, and who forgets it is told so", async () => {
  const pasted = examples().flatMap(({ name, variables }) =>
    Object.entries(JSON.parse(variables)).flatMap(([variable, value]) =>
      /Id$/.test(variable) && value !== null ? [{ name, variable, value }] : [],
    ),
  );
  expect(pasted.length).toBeGreaterThan(5);
  for (const { name, variable, value } of pasted) expect(value, `${name} ${variable}`).toMatch(/^<\w+(\.\w+)*\b.*>$/);
  const { run } = await player();
  const { variables = "" } = examples().find(({ name }) => name.endsWith("start-a-test")) ?? {};
  expect((await run("start-a-test", JSON.parse(variables))).startRecovery).toMatchObject({
    code: "INVALID_REQUEST",
    message: "planId is not an id of this API: give the id of a RecoveryPlan, such as recoveryPlans' nodes.id.",
  });
  expect((await run("start-a-test", { planId: "" })).startRecovery.message).toMatch(
    /^planId is empty: give the id of a RecoveryPlan, such as /,
  );
});

it("who signs in by the first tab is signed in in each, until the page is loaded anew", async () => {
  const html = await (await fetch(url, { headers: { accept: "text/html" } })).text();
  const [script = ""] = /(?<=<div id="root"><\/div><script>).*?(?=<\/script>)/s.exec(html) ?? [];
  expect(html.indexOf(script)).toBeLessThan(html.indexOf("renderYogaGraphiQL"));
  /** A page of a browser, as far as the script looks; and what it has sent. */
  const load = () => {
    const sent: { readonly address: string; readonly token: string | null }[] = [];
    const window = {
      location: { href: url },
      fetch: async (address: string, options: RequestInit = {}) => {
        sent.push({ address, token: new Headers(options.headers).get("session-token") });
        return fetch(address, options);
      },
    };
    runInNewContext(script, { window, URL, Headers, Request });
    const play = async (query: string, variables = {}, headers = {}) => {
      const body = JSON.stringify({ query, variables });
      const answer = await window.fetch(url, { method: "POST", headers: { "content-type": "application/json", ...headers }, body });
      return JSON.parse(await answer.text());
    };
    return { window, sent, play };
  };

  const { window, sent, play } = load();
  const viewer = "{ viewer { name } }";
  const signIn = (password: string) => play(tab("sign-in"), { user: gateway.user, password });
  expect(await signIn("wrong by far")).toMatchObject({ data: { createSession: null }, errors: [{ extensions: { code: "UNAUTHORIZED" } }] });
  expect((await play(viewer)).errors).toMatchObject([{ extensions: { code: "UNAUTHORIZED" } }]);
  const { token } = (await signIn(gateway.password)).data.createSession;
  expect((await play(viewer)).data).toEqual({ viewer: { name: gateway.user } });
  expect((await play(viewer, {}, { "session-token": "another" })).errors).toMatchObject([{ extensions: { code: "UNAUTHORIZED" } }]);
  expect(sent.map((one) => one.token)).toEqual([null, null, null, token, "another"]);

  sent.length = 0;
  await window.fetch(url.replace("/graphql", "/health/live"));
  await window.fetch(url.replace("127.0.0.1", "localhost")).catch(() => {});
  expect(sent.map((one) => one.token)).toEqual([null, null]); // it goes nowhere else

  expect((await load().play(viewer)).errors).toMatchObject([{ extensions: { code: "UNAUTHORIZED" } }]);
});

async function toItsEnd(watch: Awaited<ReturnType<typeof player>>["watch"], recoveryId: string): Promise<void> {
  const { socket } = await watch("watch", { recoveryId });
  await socket.next("complete", "watch");
  socket.socket.close();
}

/** The README's first steps, as they stand there, against the gateway here. */
function firstSteps(): string {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const [, steps = ""] = /## A first query and a first subscription\n\n```sh\n(.*?)```/s.exec(readme) ?? [];
  return steps.replace(/^URL=.*$/m, `URL=${url}`).replace(/^PASSWORD=.*$/m, `PASSWORD='${gateway.password}'`);
}

const noCurl = spawnSync("curl", ["--version"]).status !== 0;

it.skipIf(noCurl)(
  "the README's first steps show the plans, start a test, and follow it over its prompt to its end",
  {
    timeout: 60_000,
  },
  async () => {
    const { run, watch } = await player();
    const [plan] = (await run("plan-graph", { name: "WebApp" })).recoveryPlans.nodes;
    const shell = spawn("sh", ["-e"], { stdio: ["pipe", "pipe", "inherit"] });
    shell.stdin.end(firstSteps());
    let told = "";
    for await (const text of shell.stdout.setEncoding("utf8")) {
      const before = told;
      told += text;
      const [, promptId] = /"PROMPT_OPENED".*?"id":"([^"]+)"/.exec(told) ?? [];
      if (promptId && !/"PROMPT_OPENED".*?"id":"[^"]+"/.test(before)) await run("answer-the-prompt", { promptId });
    }
    expect(told).toContain('"name":"WebApp-Recovery-Plan"');
    expect(told).toMatch(/"RECOVERY_ENDED","resultState":"(SUCCESS|WARNING)"/);

    const { recovery } = (await run("clean-up", { planId: plan.id })).cleanupTest;
    await toItsEnd(watch, recovery.id);
  },
);

it("the tabs for configuration configure, and the tab for live events shows it", async () => {
  const { run, watch } = await player();
  const [plan] = (await run("plan-graph", {})).recoveryPlans.nodes;
  const [group] = plan.priorityGroups[2].protectionGroups.nodes;
  const [vm] = group.vms.nodes;
  const { socket, next } = await watch("live-events", {});
  await next(); // the first delivery: from here on

  const configure = async (operation: string) =>
    (await run("configure-a-vm", { vmId: vm.id }, operation)).configureVmRecoverySettings.vm.recoverySettings;
  const { version: _, ...configured } = await configure("ConfigureVm");
  expect(configured).toMatchObject({ startupDelaySeconds: 5, startupDelaySource: "VM" });
  const { version: __, ...before } = await configure("TakeItBack");
  expect(before).toEqual({ ...configured, startupDelaySeconds: 0, startupDelaySource: "DEFAULT" }); // as the demo has it, with its rules
  const { createRecoveryPlan: created } = await run("create-a-plan", { groupId: group.id }, "CreatePlan");
  expect(created.recoveryPlan).toMatchObject({ name: "My-Plan", vmCount: group.vms.totalCount });
  const { configurePriorityGroups: steps } = await run("configure-its-steps", { planId: created.recoveryPlan.id });
  expect(steps.recoveryPlan.priorityGroups).toMatchObject([
    { prePowerOnSteps: [{ type: "PROMPT" }], postPowerOnSteps: [{ type: "PAUSE" }] },
  ]);
  const { deleteRecoveryPlan: deleted } = await run("create-a-plan", { planId: created.recoveryPlan.id }, "DeletePlan");
  expect(deleted).toEqual({ deletedPlanId: created.recoveryPlan.id });
  // Evaluated seconds after the gateway has started.
  const { recoveryPlan: judged } = await vi.waitFor(
    async () => {
      const answer = await run("readiness-and-rpo", { planId: plan.id }, "Readiness");
      expect(answer.recoveryPlan.readiness).toMatch(/^(READY|AT_RISK|NOT_READY)$/);
      return answer;
    },
    { timeout: 10_000, interval: 200 },
  );
  expect(judged.readinessFindings.totalCount === 0).toBe(judged.readinessScore === 100);
  const { recoveryPlan: measured, rpoViolations } = await run("readiness-and-rpo", { planId: plan.id }, "Rpo");
  expect([measured.lagSeries.stepSeconds, rpoViolations.totalCount]).toEqual([900, 0]);
  const { viewer, limits } = await run("limits", { planId: plan.id });
  expect(viewer.rateLimit.remaining).toBeGreaterThan(0);
  expect(limits).toContainEqual(expect.objectContaining({ name: "PROTECTION_GROUPS_PER_PLAN", value: 50, current: 3 }));

  const { createWebhook: webhook } = await run("notifications", { url: "https://localhost:9/hook" }, "MakeWebhook");
  const webhookId = webhook.webhook.id;
  const { testWebhook: tried } = await run("notifications", { webhookId }, "TryWebhook");
  expect([webhook.secret, tried]).toMatchObject([expect.stringMatching(/^whsec_/), { delivered: false, status: null }]);
  expect((await run("notifications", {}, "WhatWasSent")).notificationDeliveries.totalCount).toBe(0);
  const { updateMyNotifications: mine } = await run("notifications", { email: "olga@example.com" }, "TellMe");
  expect(mine.notifications).toMatchObject({ emailKinds: ["PROMPT_WAITING", "RUN_FAILED"], emailAvailable: false });
  const { testEmail } = await run("notifications", { email: "olga@example.com" }, "TryEmail");
  expect(testEmail).toEqual({ delivered: false, status: null, error: "This gateway has no mail server: set SMTP_URL and SMTP_FROM." });
  expect((await run("notifications", { webhookId }, "DropWebhook")).deleteWebhook).toEqual({ deletedWebhookId: webhookId });

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
  const control = async (operation: string) => run("pause-resume-cancel", { recoveryId: recovery.id }, operation);
  expect((await control("Pause")).pauseRecovery.recovery.pauseRequestedAt).toEqual(expect.any(String));
  expect((await control("Resume")).resumeRecovery.recovery).toBeDefined();
  expect((await control("SwitchToDisaster")).switchToDisaster).toMatchObject({ code: "CONFLICT" }); // a test is no planned recovery

  const { socket, next } = await watch("watch", { recoveryId: recovery.id });
  let ended: object | undefined;
  while (!ended) {
    for (const event of (await next()).events) {
      if (event.prompt) {
        expect(event.prompt.message).toEqual(expect.any(String));
        const { openPrompts } = await run("what-waits", {}, "OpenPrompts");
        expect(openPrompts.nodes).toContainEqual(expect.objectContaining({ id: event.prompt.id }));
        const { allSteps } = (await run("what-waits", { recoveryId: recovery.id, status: ["WAITING"] }, "AllSteps")).recovery;
        expect(allSteps.nodes).toContainEqual(expect.objectContaining({ status: "WAITING" }));
        const { answerPrompt } = await run("answer-the-prompt", { promptId: event.prompt.id });
        expect(answerPrompt.prompt).toMatchObject({ answer: "CONTINUE", answeredBy: "admin" });
      }
      if (event.kind === "RECOVERY_ENDED") ended = event;
    }
  }
  expect(ended).toMatchObject({ resultState: expect.stringMatching(/SUCCESS|WARNING/), rtoAchievedSeconds: expect.any(Number) });
  await socket.next("complete", "watch");
  socket.socket.close();

  expect((await control("Cancel")).cancelRecovery).toMatchObject({ code: "CONFLICT", lifecycle: "TEST_COMPLETE" });
  const { cleanupTest } = await run("clean-up", { planId: plan.id });
  await toItsEnd(watch, cleanupTest.recovery.id);
});

it("the tabs for real recoveries show what would be done, move a plan, protect it in the other direction, and tell where nothing is to decide", {
  timeout: 90_000,
}, async () => {
  const { run, watch } = await player();
  const [whole] = (await run("plan-graph", { name: "WebApp" })).recoveryPlans.nodes;
  const groupId = whole.priorityGroups[2].protectionGroups.nodes[0].id;
  const { id: planId } = (await run("create-a-plan", { groupId }, "CreatePlan")).createRecoveryPlan.recoveryPlan;
  const { previewRecovery } = await run("preview", { planId, recoveryType: "PLANNED" });
  expect(previewRecovery).toMatchObject({ allowed: true, refusals: [], expectedRpoSeconds: 0 });

  const { recovery } = (await run("recover-for-real", { planId }, "Planned")).startRecovery;
  await toItsEnd(watch, recovery.id);
  expect((await run("recover-for-real", { planId }, "Disaster")).startRecovery).toMatchObject({ reason: "NO_RECOVERY_POINT" });
  const { recoveryPlan } = await run("split-brain", { planId }, "RunningTwice");
  expect(recoveryPlan).toMatchObject({ lifecycle: "RECOVERY_COMPLETE", faults: [{ code: "NEEDS_REPROTECT" }] });
  const decision = await run("split-brain", { vmId: recoveryPlan.vms.nodes[0].id, keep: "RECOVERED" }, "Decide");
  expect(decision.resolveSplitBrain).toMatchObject({ code: "CONFLICT" });

  const { startReprotect } = await run("reprotect-and-go-back", { planId }, "Reprotect");
  await toItsEnd(watch, startReprotect.recovery.id);
  const { startPlannedFailover } = await run("reprotect-and-go-back", { planId }, "GoBack");
  expect(startPlannedFailover.recovery).toMatchObject({ id: expect.any(String) });
});
