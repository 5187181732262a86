/** `npm run docs:examples`: the reports of docs/examples, of what the stories of the demo did, asked for and fetched as any client would. */
import { writeFile } from "node:fs/promises";
import { field } from "./api.ts";
import { onStage, quickHeartbeats } from "./stage.ts";
import { failures, type Story } from "./story.ts";
import { tellDisaster } from "./story-disaster.ts";
import { tellTest } from "./story-test.ts";
import { until } from "./until.ts";

const folder = new URL("../docs/examples/", import.meta.url);

const reports = [
  { type: "RPO_RTO_COMPLIANCE", pageSize: "A4" },
  { type: "TEST_HISTORY", pageSize: "A4" },
  { type: "PROTECTION_STATUS", pageSize: "LETTER" },
  { type: "RECOVERY_READINESS", pageSize: "A4" },
] as const;

const updateMutation = `mutation ($input: UpdateRecoveryPlanInput!) { updateRecoveryPlan(input: $input) { ... on UpdateRecoveryPlanPayload { recoveryPlan { id } } ${failures} } }`;
const notesMutation = `mutation ($input: UpdateTestNotesInput!) { updateTestNotes(input: $input) { ... on UpdateTestNotesPayload { recovery { id } } ${failures} } }`;
const planQuery = "query ($id: ID!) { recoveryPlan(id: $id) { rtoTargetSeconds testHistory(first: 1) { nodes { id } } } }";
const generateMutation = `mutation ($input: GenerateComplianceReportInput!) { generateComplianceReport(input: $input) {
  ... on GenerateComplianceReportPayload { report { id } } ${failures} } }`;
const reportQuery = "query ($id: ID!) { report(id: $id) { state failure downloadUrl } }";

const minute = 60_000;

/** Two tests, one of them with notes; a lost site, the recovery from it, and the way back. */
async function tellAll(story: Story, plan: unknown): Promise<boolean> {
  const { api } = story;
  const planId = String(field(plan, "id"));
  if (!(await tellTest(story, plan))) return false;
  const recoveryId = field(await api.query(planQuery, { id: planId }), "recoveryPlan", "testHistory", "nodes", 0, "id");
  const input = { recoveryId, notes: "Quarterly test, with the auditors looking on" };
  field(await api.query(notesMutation, { input }), "updateTestNotes", "recovery");
  return (await tellTest(story, plan)) && (await tellDisaster(story, plan));
}

async function write(story: Story, planId: string, { type, pageSize }: (typeof reports)[number], from: number): Promise<void> {
  const { api, screen } = story;
  const startDate = new Date(Math.floor(from / minute) * minute).toISOString();
  const endDate = new Date(Math.ceil(Date.now() / minute) * minute).toISOString();
  const input = { type, pageSize, format: "PDF", planIds: [planId], dateRange: { startDate, endDate } };
  const id = field(await api.query(generateMutation, { input }), "generateComplianceReport", "report", "id");
  const made = await until(api, ["REPORT_CHANGED"], async () => {
    const report = field(await api.query(reportQuery, { id }), "report");
    return field(report, "state") === "GENERATING" ? null : report;
  });
  if (field(made, "state") !== "COMPLETED") throw new Error(`${type}: ${String(field(made, "failure"))}`);
  const file = new URL(`${type.toLowerCase().replaceAll("_", "-")}.pdf`, folder);
  const response = await fetch(new URL(String(field(made, "downloadUrl")), api.url));
  if (!response.ok) throw new Error(`${type}: HTTP ${response.status}`);
  await writeFile(file, Buffer.from(await response.arrayBuffer()));
  screen.say(`${file.pathname} is written.`);
}

async function tell(story: Story, plan: unknown): Promise<boolean> {
  const { api } = story;
  const planId = String(field(plan, "id"));
  const from = Date.now();
  const set = (rtoTargetSeconds: unknown) => api.query(updateMutation, { input: { planId, rtoTargetSeconds } });
  const target = field(await api.query(planQuery, { id: planId }), "recoveryPlan", "rtoTargetSeconds");
  // The lab is faster than any site: by the target of the demo's plan nothing could be seen.
  field(await set(25), "updateRecoveryPlan", "recoveryPlan");
  try {
    if (!(await tellAll(story, plan))) return false;
    for (const report of reports) await write(story, planId, report, from);
    return true;
  } finally {
    await set(target);
  }
}

const options = { story: "test", kill: false, ask: false, plan: "WebApp-Recovery-Plan" } as const;
try {
  process.exitCode = (await onStage(options, quickHeartbeats, tell)) ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
