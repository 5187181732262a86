/** What the demo's programs begin with: a gateway of their own, somebody signed in, and a plan that nothing is left to do for. */
import { field, list, signIn } from "./api.ts";
import { firstSignIn, startGateway } from "./gateway-process.ts";
import type { DemoOptions } from "./options.ts";
import { createScreen } from "./screen.ts";
import { sitesOfDemo } from "./sites.ts";
import { failures, followRun, type Story } from "./story.ts";
import { reprotect } from "./story-move.ts";
import { cleanUp } from "./story-test.ts";
import { until } from "./until.ts";

const cancelMutation = `mutation Cancel($input: CancelRecoveryInput!) { cancelRecovery(input: $input) { ... on CancelRecoveryPayload { recovery { id } } ${failures} } }`;
const acceptMutation = `mutation Accept($input: AcceptRecoveryInput!) { acceptRecovery(input: $input) { ... on AcceptRecoveryPayload { recovery { id } } ${failures} } }`;
const planQuery = `query Plan($name: String!) { recoveryPlans(filter: { name: $name }, first: 1) { nodes { id name lifecycle activeRecovery { id kind state } vmCount } } }`;

const sitesQuery = "{ sites(first: 100) { nodes { state } } }";

/** What an earlier demo that was broken off has left: sites come back, its run is ended, and what follows from it is done. */
async function makeReady(story: Story, plan: unknown): Promise<void> {
  const { api, screen, options, sites } = story;
  await sites.heal();
  await until(api, ["SITE_CHANGED"], async () => {
    const states = list(await api.query(sitesQuery), "sites", "nodes").map((site) => field(site, "state"));
    return states.every((state) => state === "CONNECTED") ? states : null;
  });
  const active = field(plan, "activeRecovery");
  const planId = String(field(plan, "id"));
  if (active !== null) {
    const recoveryId = String(field(active, "id"));
    screen.say("An earlier run of the plan is still open; it is ended first.");
    if (field(active, "kind") === "TEST" || field(active, "state") === "PAUSED")
      field(await api.query(cancelMutation, { input: { recoveryId, reason: "a new demo" } }), "cancelRecovery", "recovery");
    await followRun(story, recoveryId);
  }
  const lifecycle = field(await api.query(planQuery, { name: options.plan }), "recoveryPlans", "nodes", 0, "lifecycle");
  if (lifecycle === "TEST_COMPLETE" || lifecycle === "CLEANUP_INCOMPLETE") await cleanUp(story, planId);
  if (lifecycle === "RECOVERY_INCOMPLETE") {
    const input = { planId, comment: "an earlier demo has left it so" };
    field(await api.query(acceptMutation, { input }), "acceptRecovery", "recovery");
  }
  if (["RECOVERY_COMPLETE", "RECOVERY_INCOMPLETE", "REPROTECT_INCOMPLETE"].includes(String(lifecycle))) await reprotect(story, planId);
}

/** Half a minute of silence is a long time for who watches. */
export const quickHeartbeats = { HEARTBEAT_SECONDS: "1", SUSPECT_AFTER_SECONDS: "3", DISCONNECTED_AFTER_SECONDS: "6" };

/** `settings` are the gateway's, which is stopped in the end. */
export async function onStage<T>(
  options: DemoOptions,
  settings: Readonly<Record<string, string>>,
  tell: (story: Story, plan: unknown) => Promise<T>,
): Promise<T> {
  const screen = createScreen(process.stdout);
  screen.say("Starting a gateway of the demo's own, apart from one that you may have started…");
  const gateway = await startGateway(settings);
  const stop = () => void gateway.stop().then(() => process.exit(130));
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  try {
    const { user, password } = await firstSignIn();
    const api = await signIn(gateway.url, user, password);
    screen.say(`Gateway at ${gateway.url}/graphql (process ${gateway.pid}), signed in as ${user}.`);
    await using closing = new AsyncDisposableStack();
    const sites = closing.use(await sitesOfDemo(closing));
    const story: Story = { api, gateway, sites, screen, options };
    const plan = field(await api.query(planQuery, { name: options.plan }), "recoveryPlans", "nodes", 0);
    if (plan === undefined) throw new Error(`There is no plan ${options.plan} here.`);
    await makeReady(story, plan);
    return await tell(story, plan);
  } finally {
    await gateway.stop();
  }
}
