import { afterAll, beforeAll, expect, it } from "vitest";
import { examples } from "../../src/gateway/examples.ts";
import { post, rawSocket } from "../gateway/support.ts";
import { type DemoGateway, demoGateway } from "./demo-gateway.ts";

let gateway: DemoGateway;
let url: string;
beforeAll(async () => {
  gateway = await demoGateway();
  url = `${gateway.url}/graphql`;
}, 60_000);
afterAll(() => gateway?.[Symbol.asyncDispose]());

/** The text of the playground's tab. */
const tab = (name: string) => examples().find((one) => one.name.endsWith(name))?.query ?? "";

it("the playground's tabs, one after the other, are a whole test: sign in, look, start, watch, answer, clean up", {
  timeout: 90_000,
}, async () => {
  let token = "";
  const run = async (name: string, variables: object) => {
    const query = tab(name).replace('password: ""', `password: "${gateway.password}"`);
    const { data, errors } = await post(url, { query, variables }, token ? { "session-token": token } : {});
    expect(errors).toBeUndefined();
    return JSON.parse(JSON.stringify(data));
  };
  ({ token } = (await run("sign-in", {})).createSession);
  const [{ node: plan }] = (await run("plan-graph", { name: "" })).recoveryPlans.edges;
  expect(plan).toMatchObject({ lifecycle: "READY", priorityGroups: [{ priority: 1 }, { priority: 2 }, { priority: 3 }] });
  const { recovery } = (await run("start-a-test", { planId: plan.id })).startRecovery;

  const socket = await rawSocket(url, { sessionToken: token });
  await socket.next("connection_ack");
  socket.subscribe("watch", tab("watch"), { recoveryId: recovery.id });
  let ended: object | undefined;
  while (!ended) {
    const { payload } = await socket.next("next", "watch");
    for (const event of JSON.parse(JSON.stringify(payload)).data.recoveryEvents.events) {
      if (event.kind === "PROMPT_OPENED") {
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
