/** What every story of the demo is told with: a run is started, drawn, answered and watched to its end. */
import { createInterface } from "node:readline/promises";
import { type Api, field } from "./api.ts";
import type { GatewayProcess } from "./gateway-process.ts";
import type { DemoOptions } from "./options.ts";
import type { Screen } from "./screen.ts";
import type { Sites } from "./sites.ts";
import { type StreamEvent, type Watched, watch } from "./watch.ts";

export const failures = "... on Error { code message remedy }";
const answerMutation = `mutation Answer($input: AnswerPromptInput!) { answerPrompt(input: $input) { ... on AnswerPromptPayload { prompt { answer } } ${failures} } }`;
const figuresQuery = `query Figures($id: ID!) { recovery(id: $id) { resultState durationSeconds rtoAchievedSeconds rpoAchievedSeconds vmsSucceeded vmsFailed } }`;

export interface Story {
  readonly api: Api;
  readonly gateway: GatewayProcess;
  readonly sites: Sites;
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

/** A mutation that starts a run, by its name and the type of its input. */
export function startOf(mutation: string): string {
  const name = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}`;
  return `mutation ($input: ${name}Input!) { ${mutation}(input: $input) { ... on ${name}Payload { recovery { id } } ${failures} } }`;
}

export interface Told extends Watched {
  readonly recoveryId: string;
}

/** Starts a run and follows it to its end. */
export async function run(story: Story, mutation: string, input: object): Promise<Told> {
  const started = await story.api.query(startOf(mutation), { input });
  return followRun(story, String(field(started, mutation, "recovery", "id")), (event) => {
    if (event.pausedReason === "STEP_FAILED")
      throw new Error(
        "A step has failed, and the run waits for somebody to decide (retryStep, skipStep, cancelRecovery); the next demo cancels it.",
      );
  });
}

/** Draws a run, and answers its prompts. */
export async function followRun(story: Story, recoveryId: string, look: (event: StreamEvent) => void = () => {}): Promise<Told> {
  const { api, screen, options } = story;
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
      look(event);
      const midway = event.__typename === "StepChangedEvent" && event.status === "RUNNING" && /^Power on/.test(event.name ?? "");
      if (options.kill && midway && killed === null) killed = killAndRestart(story);
    },
  });
  await killed;
  await answering;
  return { ...watched, recoveryId };
}

/** What a run has achieved; true: every machine is up. */
export async function tellFigures({ api, screen }: Story, recoveryId: string): Promise<boolean> {
  const figures = field(await api.query(figuresQuery, { id: recoveryId }), "recovery");
  const seconds = (name: string) => (field(figures, name) === null ? "not reached" : `${String(field(figures, name))} s`);
  screen.say(
    `RTO achieved ${seconds("rtoAchievedSeconds")} (request to last machine ready), RPO achieved ${seconds("rpoAchievedSeconds")} (age of the oldest recovery point used).`,
  );
  screen.say(`${String(field(figures, "vmsSucceeded"))} machines recovered, ${String(field(figures, "vmsFailed"))} failed.`);
  return field(figures, "vmsFailed") === 0;
}
