/** One test recovery, its cleanup and the leak audit. */
import { field } from "./api.ts";
import { run, type Story, tellFigures } from "./story.ts";
import { direction } from "./story-move.ts";

const leftoversQuery = "query ($planId: ID!) { recoveryPlan(id: $planId) { leftovers { kind name } } }";

export async function cleanUp(story: Story, planId: string): Promise<void> {
  const { resultState } = await run(story, "cleanupTest", { planId });
  story.screen.say(`Cleanup: ${resultState}.`);
}

/** True: all machines came up, and nothing is left. */
export async function tellTest(story: Story, plan: unknown): Promise<boolean> {
  const { api, screen, options } = story;
  const planId = String(field(plan, "id"));
  const { from, to } = await direction(story, planId);
  screen.say(
    `Testing ${String(field(plan, "name"))}: ${String(field(plan, "vmCount"))} machines of ${from} come up at ${to}, in an isolated network.`,
  );
  const test = await run(story, "startRecovery", { planId, recoveryType: "TEST", notes: "npm run demo" });
  screen.say(
    `Test: ${test.resultState}. ${test.events} events, each once and in order; ${test.steps} steps, each ended once${options.kill ? `; ${test.reconnects} tries to reconnect` : ""}.`,
  );
  await cleanUp(story, planId);
  const leftovers = field(await api.query(leftoversQuery, { planId }), "recoveryPlan", "leftovers");
  const left = Array.isArray(leftovers) ? leftovers.length : 0;
  screen.say(`Leak audit: ${left === 0 ? "nothing of the test is left at either site" : `${left} things are left`}.`);
  return (await tellFigures(story, test.recoveryId)) && left === 0;
}
