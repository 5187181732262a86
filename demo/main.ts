/** `npm run demo`: one test recovery as a stranger sees it, through the public API only. */
import { createInterface } from "node:readline/promises";
import { type Api, field, signIn } from "./api.ts";
import { firstSignIn, type GatewayProcess, startGateway } from "./gateway-process.ts";
import { type DemoOptions, readOptions, usage } from "./options.ts";
import { createScreen, type Screen } from "./screen.ts";
import { watch } from "./watch.ts";

const failures = "... on Error { code message remedy }";
const startMutation = `mutation Start($input: StartRecoveryInput!) { startRecovery(input: $input) { ... on StartRecoveryPayload { recovery { id } } ${failures} } }`;
const answerMutation = `mutation Answer($input: AnswerPromptInput!) { answerPrompt(input: $input) { ... on AnswerPromptPayload { prompt { answer } } ${failures} } }`;
const cleanupMutation = `mutation Cleanup($input: CleanupTestInput!) { cleanupTest(input: $input) { ... on CleanupTestPayload { recovery { id } } ${failures} } }`;
const cancelMutation = `mutation Cancel($input: CancelRecoveryInput!) { cancelRecovery(input: $input) { ... on CancelRecoveryPayload { recovery { id } } ${failures} } }`;
const planQuery = `query Plan($name: String!) { recoveryPlans(filter: { name: $name }, first: 1) { nodes { id name lifecycle activeRecovery { id kind } vmCount rtoTargetSeconds protectionGroups { nodes { rpoMinutes } } } } }`;
const figuresQuery = `query Figures($id: ID!) { recovery(id: $id) { resultState durationSeconds rtoAchievedSeconds rpoAchievedSeconds vmsSucceeded vmsFailed } }`;
const auditQuery = `query Audit($id: ID!) { recovery(id: $id) { resultState steps { kind message } } recoveryPlan(id: $planId) { leftovers { kind name } } }`;

interface Story {
  readonly api: Api;
  readonly gateway: GatewayProcess;
  readonly screen: Screen;
  readonly options: DemoOptions;
}

async function answerFor({ options, screen }: Story, message: string): Promise<string> {
  screen.say(`  prompt: ${message}`);
  if (!options.ask) return "CONTINUE";
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    for (;;) {
      const answer = (await terminal.question("  CONTINUE, SKIP or ABORT? ")).trim().toUpperCase();
      if (["CONTINUE", "SKIP", "ABORT"].includes(answer)) return answer;
    }
  } finally {
    terminal.close();
  }
}

/** Kills the gateway in the middle of the second half of the machines, and starts it again. */
async function killAndRestart({ gateway, screen }: Story): Promise<void> {
  screen.say(`  kill -9 of the gateway (process ${gateway.pid})`);
  await gateway.kill();
  const from = performance.now();
  await gateway.restart();
  screen.say(
    `  the gateway is back after ${((performance.now() - from) / 1000).toFixed(1)} s (process ${gateway.pid}); the same run goes on`,
  );
}

async function recover(story: Story, planId: string): Promise<string> {
  const { api, screen, options } = story;
  const started = await api.query(startMutation, { input: { planId, recoveryType: "TEST", notes: "npm run demo" } });
  const recoveryId = String(field(started, "startRecovery", "recovery", "id"));
  let killed: Promise<void> | null = null;
  let answering: Promise<unknown> = Promise.resolve();
  const watched = await watch(api, screen, {
    recoveryId,
    onPrompt(promptId, message) {
      answering = answerFor(story, message).then((answer) =>
        api.query(answerMutation, { input: { promptId, answer, idempotencyKey: promptId } }),
      );
    },
    onEvent(event) {
      const midway = event.__typename === "StepChangedEvent" && event.status === "RUNNING" && /^Power on/.test(event.name ?? "");
      if (options.kill && midway && killed === null) killed = killAndRestart(story);
    },
  });
  await killed;
  await answering;
  screen.say(
    `Test: ${watched.resultState}. ${watched.events} events, each once and in order; ${watched.steps} steps, each ended once${options.kill ? `; ${watched.reconnects} tries to reconnect` : ""}.`,
  );
  return recoveryId;
}

async function cleanUp({ api, screen }: Story, planId: string): Promise<void> {
  const cleanup = await api.query(cleanupMutation, { input: { planId } });
  const recoveryId = String(field(cleanup, "cleanupTest", "recovery", "id"));
  const { resultState } = await watch(api, screen, { recoveryId, onPrompt: () => {} });
  screen.say(`Cleanup: ${resultState}.`);
}

/** What an earlier demo that was broken off has left: its run is ended, and cleaned up after. */
async function makeReady(story: Story, plan: unknown): Promise<void> {
  const { api, screen } = story;
  const active = field(plan, "activeRecovery");
  if (active !== null) {
    const recoveryId = String(field(active, "id"));
    screen.say("An earlier run of the plan is still open; it is ended first.");
    if (field(active, "kind") === "TEST")
      field(await api.query(cancelMutation, { input: { recoveryId, reason: "a new demo" } }), "cancelRecovery", "recovery");
    await watch(api, screen, { recoveryId, onPrompt: () => {} });
    if (field(active, "kind") === "CLEANUP") return;
  }
  if (active !== null || field(plan, "lifecycle") !== "READY") await cleanUp(story, String(field(plan, "id")));
}

async function tell(story: Story): Promise<boolean> {
  const { api, screen, options } = story;
  const plan = field(await api.query(planQuery, { name: options.plan }), "recoveryPlans", "nodes", 0);
  if (plan === undefined) throw new Error(`There is no plan ${options.plan} here.`);
  const planId = String(field(plan, "id"));
  await makeReady(story, plan);
  screen.say(
    `Testing ${String(field(plan, "name"))}: ${String(field(plan, "vmCount"))} machines of Primary-Site come up at Recovery-Site, in an isolated network.`,
  );
  const recoveryId = await recover(story, planId);
  await cleanUp(story, planId);
  return summarise(story, planId, recoveryId);
}

async function summarise({ api, screen }: Story, planId: string, recoveryId: string): Promise<boolean> {
  const figures = field(await api.query(figuresQuery, { id: recoveryId }), "recovery");
  const audit = await api.query(auditQuery.replace("query Audit($id: ID!)", "query Audit($id: ID!, $planId: ID!)"), {
    id: recoveryId,
    planId,
  });
  const leftovers = field(audit, "recoveryPlan", "leftovers");
  const left = Array.isArray(leftovers) ? leftovers.length : 0;
  screen.say(`Leak audit: ${left === 0 ? "nothing of the test is left at either site" : `${left} things are left`}.`);
  const seconds = (name: string) => (field(figures, name) === null ? "not reached" : `${String(field(figures, name))} s`);
  screen.say(
    `RTO achieved ${seconds("rtoAchievedSeconds")} (request to last machine ready), RPO achieved ${seconds("rpoAchievedSeconds")} (age of the oldest recovery point used).`,
  );
  screen.say(`${String(field(figures, "vmsSucceeded"))} machines recovered, ${String(field(figures, "vmsFailed"))} failed.`);
  return left === 0 && field(figures, "vmsFailed") === 0;
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
