/**
 * What a preview says of the demo's plan, against what the run right after takes: the plan is run so often for the forecast to learn, then once
 * more to be measured. At the demo's speed, through the public API. `npm run bench:forecast -- TEST|PLANNED|DISASTER [RUNS]`, TEST and 3 when
 * left out; exit code 1 when the forecast is more than a tenth off.
 */
import { setTimeout as delay } from "node:timers/promises";
import { type Api, field, signIn } from "../demo/api.ts";
import { dataFolder, startProcess } from "../test/e2e/gateway-process.ts";
import { numbersIn } from "./support/arguments.ts";

const [kind = "TEST", ...rest] = process.argv.slice(2);
const usage = "npm run bench:forecast -- [TEST|PLANNED|DISASTER] [RUNS]";
const [runs = 3] = numbersIn(["TEST", "PLANNED", "DISASTER"].includes(kind) ? rest : [kind, "which is no kind"], usage);
const failures = "... on Error { message remedy }";
const started = (name: string) =>
  `mutation ($input: ${name.charAt(0).toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { ... on ${name.charAt(0).toUpperCase()}${name.slice(1)}Payload { recovery { id } } ${failures} } }`;
const status = `query ($id: ID!) { recovery(id: $id) { endTime resultState rtoAchievedSeconds requestedAt openPrompts { id } } }`;
const answer = `mutation ($input: AnswerPromptInput!) { answerPrompt(input: $input) { ... on AnswerPromptPayload { prompt { id } } ${failures} } }`;
const preview = `query ($planId: ID!, $recoveryType: RecoveryType!) { previewRecovery(planId: $planId, recoveryType: $recoveryType) {
  expectedRtoSeconds expectedSeconds criticalPath { number name expectedStartSeconds expectedEndSeconds } } }`;
const ready = `query ($id: ID!) { recovery(id: $id) { requestedAt allSteps(first: 500) { nodes { number kind name startTime endTime } } } }`;

/** Runs it to its end; whoever is asked says yes after a moment. */
async function run(api: Api, mutation: string, input: object): Promise<string> {
  const recoveryId = String(field(await api.query(started(mutation), { input }), mutation, "recovery", "id"));
  for (;;) {
    const now = field(await api.query(status, { id: recoveryId }), "recovery");
    const promptId = field(now, "openPrompts", 0, "id");
    if (promptId !== undefined) {
      await delay(1_000);
      await api.query(answer, { input: { promptId, answer: "CONTINUE", idempotencyKey: promptId } });
    }
    if (field(now, "endTime") !== null) {
      process.stdout.write(`${mutation}: ${String(field(now, "resultState"))}\n`);
      return recoveryId;
    }
    await delay(200);
  }
}

const folder = dataFolder();
const gateway = startProcess(folder.path, {
  SEED_FILE: "demo/demo.yaml",
  ADMIN_USER: "admin",
  ADMIN_PASSWORD: "for the bench",
  REQUESTS_PER_MINUTE: "10000",
});
try {
  const api = await signIn(await gateway.ready, "admin", "for the bench");
  const planId = String(field(await api.query("{ recoveryPlans(first: 1) { nodes { id } } }"), "recoveryPlans", "nodes", 0, "id"));
  const once = () => run(api, "startRecovery", { planId, recoveryType: kind });
  const back = () => run(api, kind === "TEST" ? "cleanupTest" : "startReprotect", { planId });
  const forecast = async () => field(await api.query(preview, { planId, recoveryType: kind }), "previewRecovery");
  process.stdout.write(`before any run the forecast RTO is ${String(field(await forecast(), "expectedRtoSeconds"))} s\n`);
  for (let nth = 0; nth < runs; nth++) {
    await once();
    await back();
  }
  const told = await forecast();
  const recoveryId = await once();
  const found = field(await api.query(status, { id: recoveryId }), "recovery");
  const [expected, measured] = [Number(field(told, "expectedRtoSeconds")), Number(field(found, "rtoAchievedSeconds"))];
  const off = Math.abs(expected - measured) / measured;
  process.stdout.write(`forecast RTO ${expected} s, measured ${measured} s: ${(off * 100).toFixed(1)} % off\n`);
  if (process.env.BENCH_PATH) await showPath(api, told, recoveryId);
  process.exitCode = off <= 0.1 ? 0 : 1;
} finally {
  gateway.child.kill("SIGTERM");
  await gateway.ended;
  folder.remove();
}

/** The forecast's longest chain, and when its steps really were. */
async function showPath(api: Api, told: unknown, recoveryId: string): Promise<void> {
  const run = field(await api.query(ready, { id: recoveryId }), "recovery");
  const from = Date.parse(String(field(run, "requestedAt")));
  const steps = field(run, "allSteps", "nodes");
  const path = field(told, "criticalPath");
  const since = (time: unknown) => ((Date.parse(String(time)) - from) / 1000).toFixed(1);
  for (const step of Array.isArray(path) ? path : []) {
    const real = Array.isArray(steps) ? steps.find((one) => field(one, "number") === field(step, "number")) : undefined;
    const [start, end] = [field(step, "expectedStartSeconds"), field(step, "expectedEndSeconds")];
    process.stdout.write(
      `${String(field(step, "number"))} ${String(field(step, "name"))}: ${start}–${end} s, was ${since(field(real, "startTime"))}–${since(field(real, "endTime"))} s\n`,
    );
  }
}
