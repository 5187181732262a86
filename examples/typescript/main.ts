/**
 * Lists the plans, tests one, watches the run, answers its prompts, cleans up, and reads what the run was.
 * `DR_PASSWORD=… npm run example -- --plan WebApp-Recovery-Plan`
 */
import { parseArgs } from "node:util";
import { Gateway, isError, payload } from "./gateway.ts";
import type { PromptAnswer, WatchRecoverySubscription } from "./generated/graphql.ts";
import { answerPrompt, cleanUp, listPlans, readRun, signIn, signOut, startTest, watchRecovery } from "./operations.ts";

const say = (text: string) => console.log(text);

/** All plans, page by page. */
async function* plans(gateway: Gateway) {
  let after: string | null = null;
  do {
    const { nodes, pageInfo } = await pageOfPlans(gateway, after);
    yield* nodes;
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
  } while (after !== null);
}

async function pageOfPlans(gateway: Gateway, after: string | null) {
  const { recoveryPlans: page } = await gateway.execute(listPlans, { after });
  if (page === null) throw new Error("There is no list of plans.");
  return page;
}

/** The new run, or the one that is under way already. */
async function start(gateway: Gateway, planId: string): Promise<string> {
  // The key makes it safe to send the request again: the second time is answered as the first, and starts nothing.
  const { startRecovery: answer } = await gateway.execute(startTest, {
    input: { planId, recoveryType: "TEST", notes: "examples/typescript", idempotencyKey: crypto.randomUUID() },
  });
  if (answer !== null && isError(answer) && "activeRecoveryId" in answer && answer.activeRecoveryId !== null) {
    say(`${answer.message} Watching that run.`);
    return answer.activeRecoveryId;
  }
  return payload(answer).recovery.id;
}

type WatchedEvent = NonNullable<WatchRecoverySubscription["recoveryEvents"]>["events"][number];

/** Until the run is over. Kinds of events that are not shown here, or that are added later, pass by. */
async function watch(gateway: Gateway, recoveryId: string, answer: PromptAnswer): Promise<void> {
  const unanswered = Promise.withResolvers<never>();
  const hear = (event: WatchedEvent): void => {
    if (event.__typename === "ProgressEvent") say(`${event.progressPercent} %  ${event.currentStep ?? ""}`);
    if (event.__typename === "StepChangedEvent" && event.status === "FAILED") say(`${event.number} ${event.name}: ${event.message ?? ""}`);
    if (event.__typename === "PromptOpenedEvent" && event.prompt?.open)
      reply(gateway, event.prompt.id, event.question ?? "", answer).catch(unanswered.reject);
    if (event.__typename === "RecoveryEndedEvent") say(`The run is over: ${event.resultState}`);
  };
  await Promise.race([gateway.follow(watchRecovery, { recoveryId }, ({ events }) => events.forEach(hear)), unanswered.promise]);
}

async function reply(gateway: Gateway, promptId: string, question: string, answer: PromptAnswer): Promise<void> {
  const { answerPrompt: given } = await gateway.execute(answerPrompt, { input: { promptId, answer, idempotencyKey: promptId } });
  const byOther = given !== null && isError(given) && "answeredBy" in given && given.answeredBy !== null;
  say(byOther ? `${question}: ${given.answeredBy} has answered ${given.answer}` : `${question}: ${payload(given).prompt.answer}`);
}

async function report(gateway: Gateway, id: string): Promise<void> {
  const { recovery: run } = await gateway.execute(readRun, { id });
  if (run === null) throw new Error(`There is no run ${id}.`);
  say(`${run.planName}: ${run.resultState}, ${run.durationSeconds} s, RTO ${run.rtoAchievedSeconds} s, RPO ${run.rpoAchievedSeconds} s`);
  for (const { priority, name, vmRecoveries, stepResults } of run.priorityGroups) {
    say(`  ${priority} ${name}`);
    for (const step of stepResults) say(`    ${step.name}: ${step.resultState}`);
    for (const vm of vmRecoveries) say(`    ${vm.vmName}: ${vm.resultState} ${vm.ipAddress ?? ""} ${vm.errors.join(" ")}`.trimEnd());
  }
  for (const { code, message } of run.warnings) say(`  ${code}: ${message}`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      url: { type: "string", default: "http://127.0.0.1:4000" },
      user: { type: "string", default: "admin" },
      plan: { type: "string", default: "WebApp-Recovery-Plan" },
    },
  });
  const gateway = new Gateway(values.url);
  const credentials = { user: values.user, password: process.env.DR_PASSWORD ?? "" };
  gateway.token = payload((await gateway.execute(signIn, { input: credentials })).createSession).token;
  let planId: string | undefined;
  for await (const plan of plans(gateway)) {
    say(`${plan.name}: ${plan.state}`);
    for (const { priority, name, vmCount } of plan.priorityGroups) say(`  ${priority} ${name}: ${vmCount} VMs`);
    for (const fault of plan.faults) say(`  ${fault.message} ${fault.remedy}`);
    if (plan.name === values.plan) planId = plan.id;
  }
  if (planId === undefined) throw new Error(`There is no plan ${values.plan}.`);
  const recoveryId = await start(gateway, planId);
  await watch(gateway, recoveryId, "CONTINUE");
  const cleanup = payload((await gateway.execute(cleanUp, { input: { planId } })).cleanupTest).recovery;
  await watch(gateway, cleanup.id, "CONTINUE");
  await report(gateway, recoveryId);
  await gateway.execute(signOut);
}

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
