/** `npm run demo`: a recovery as a stranger sees it, through the public API only. */
import { field, signIn } from "./api.ts";
import { firstSignIn, startGateway } from "./gateway-process.ts";
import { readOptions, type StoryName, usage } from "./options.ts";
import { createScreen } from "./screen.ts";
import { failures, type Story } from "./story.ts";
import { reprotect, tellFailback, tellPlanned } from "./story-move.ts";
import { cleanUp, tellTest } from "./story-test.ts";
import { watch } from "./watch.ts";

const cancelMutation = `mutation Cancel($input: CancelRecoveryInput!) { cancelRecovery(input: $input) { ... on CancelRecoveryPayload { recovery { id } } ${failures} } }`;
const planQuery = `query Plan($name: String!) { recoveryPlans(filter: { name: $name }, first: 1) { nodes { id name lifecycle activeRecovery { id kind } vmCount } } }`;

const stories: Record<StoryName, (story: Story, plan: unknown) => Promise<boolean>> = {
  test: tellTest,
  planned: tellPlanned,
  failback: tellFailback,
};

/** What an earlier demo that was broken off has left: its run is ended, and what follows from it is done. */
async function makeReady(story: Story, plan: unknown): Promise<void> {
  const { api, screen, options } = story;
  const active = field(plan, "activeRecovery");
  const planId = String(field(plan, "id"));
  if (active !== null) {
    const recoveryId = String(field(active, "id"));
    screen.say("An earlier run of the plan is still open; it is ended first.");
    if (field(active, "kind") === "TEST")
      field(await api.query(cancelMutation, { input: { recoveryId, reason: "a new demo" } }), "cancelRecovery", "recovery");
    await watch(api, screen, { recoveryId, onPrompt: () => {} });
  }
  const lifecycle = field(await api.query(planQuery, { name: options.plan }), "recoveryPlans", "nodes", 0, "lifecycle");
  if (lifecycle === "TEST_COMPLETE" || lifecycle === "CLEANUP_INCOMPLETE") await cleanUp(story, planId);
  if (lifecycle === "RECOVERY_COMPLETE" || lifecycle === "REPROTECT_INCOMPLETE") await reprotect(story, planId);
}

async function tell(story: Story): Promise<boolean> {
  const { api, options } = story;
  const plan = field(await api.query(planQuery, { name: options.plan }), "recoveryPlans", "nodes", 0);
  if (plan === undefined) throw new Error(`There is no plan ${options.plan} here.`);
  await makeReady(story, plan);
  return stories[options.story](story, plan);
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options === null) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  const screen = createScreen(process.stdout);
  screen.say("Starting a gateway of the demo's own, apart from one that you may have started…");
  const gateway = await startGateway();
  const stop = () => void gateway.stop().then(() => process.exit(130));
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  try {
    const { user, password } = await firstSignIn();
    const api = await signIn(gateway.url, user, password);
    screen.say(`Gateway at ${gateway.url}/graphql (process ${gateway.pid}), signed in as ${user}.`);
    return (await tell({ api, gateway, screen, options })) ? 0 : 1;
  } finally {
    await gateway.stop();
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
