/** Runs of the demo's plan, as a client of the API drives them. */
import type { Api, Json } from "./api.ts";

/** The demo's plan; a run of its own for each case that needs one. */
export async function planOf(api: Api): Promise<Json> {
  const { recoveryPlans } = await api.ask('{ recoveryPlans(filter: { name: "WebApp" }) { nodes { id name lifecycle } } }');
  return recoveryPlans.nodes[0];
}

export const statusQuery = `query ($id: ID!) { recovery(id: $id) { id state resultState progressPercent currentStep startTime endTime estimatedCompletionTime
  rtoAchievedSeconds rpoAchievedSeconds openPrompts { id } task { id state } cancelReason } }`;

export const started = (api: Api, planId: string, options: object = {}): Promise<Json> =>
  api.change(
    "startRecovery",
    { planId, recoveryType: "TEST", ...options },
    "recovery { id state } task { id state progressPercent startTime }",
  );

/** Polls as the reference's client does, until the condition holds. */
export async function until(api: Api, recoveryId: string, holds: (run: Json) => boolean): Promise<Json> {
  for (;;) {
    const { recovery } = await api.ask(statusQuery, { id: recoveryId });
    if (holds(recovery)) return recovery;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
export const ended = (run: Json) => run.endTime !== null;

/** A test, its prompt answered, and its cleanup. */
export async function testAndCleanUp(api: Api, options: object = {}): Promise<Json> {
  const plan = await planOf(api);
  const { recovery } = await started(api, plan.id, options);
  const asking = await until(api, recovery.id, (run) => run.openPrompts.length > 0 || ended(run));
  for (const { id } of asking.openPrompts) await api.change("answerPrompt", { promptId: id, answer: "CONTINUE" }, "prompt { answer }");
  const test = await until(api, recovery.id, ended);
  await cleanedUp(api, plan.id);
  return test;
}

export async function cleanedUp(api: Api, planId: string, input: object = {}): Promise<Json> {
  const { recovery } = await api.change("cleanupTest", { planId, ...input }, "recovery { id kind }");
  return until(api, recovery.id, ended);
}

/** A test under way; whatever becomes of `work`, it is cancelled and cleaned up in the end. */
export async function withTest(api: Api, options: object, work: (test: Json, plan: Json) => Promise<void>): Promise<void> {
  const plan = await planOf(api);
  const test = await started(api, plan.id, options);
  const { id } = test.recovery;
  try {
    await work(test, plan);
  } finally {
    await api.send("mutation ($input: CancelRecoveryInput!) { cancelRecovery(input: $input) { __typename } }", {
      input: { recoveryId: id },
    });
    await until(api, id, ended);
    if ((await planOf(api)).lifecycle !== "READY") await cleanedUp(api, plan.id);
  }
}
