/** A site is lost: what is known of it, the recovery at the other one, what was lost, and what happens when the site comes back. */
import { field, list } from "./api.ts";
import { run, type Story, tellFigures } from "./story.ts";
import { direction, move, reprotect } from "./story-move.ts";
import { until } from "./until.ts";

const siteQuery = `query ($planId: ID!) { recoveryPlan(id: $planId) { protectionGroups(first: 1) { nodes { protectedSite {
  name state stateSince stateReason suspectSince summary { issues { code message } } } } } } }`;
const previewQuery = `query ($planId: ID!, $options: PreviewRecoveryInput) { previewRecovery(planId: $planId, recoveryType: DISASTER, options: $options) {
  refusals { message } blockers { code message } warnings { code message } expectedRtoSeconds expectedRpoSeconds
  recoveryPoints { groupName takenAt ageSeconds } } recoveryPlan(id: $planId) { latestRecovery { id } } }`;

const lostQuery = "query ($id: ID!) { recovery(id: $id) { rpoAchievedSeconds } }";

/** The protected site, which stays what it is called until the reprotect. */
const siteOf = async ({ api }: Story, planId: string): Promise<unknown> =>
  field(await api.query(siteQuery, { planId }), "recoveryPlan", "protectionGroups", "nodes", 0, "protectedSite");

/** The time of the day, UTC. */
const at = (time: unknown): string => String(time).slice(11, 19);
const text = (data: unknown, name: string): string => String(field(data, name));

/** What the gateway finds out by itself. */
async function tellLoss(story: Story, planId: string, name: string): Promise<void> {
  story.screen.say(`${name} is lost: its machines are off, and nothing there answers any more.`);
  const site = await until(story.api, ["SITE_CHANGED"], async () => {
    const now = await siteOf(story, planId);
    return field(now, "state") === "DISCONNECTED" ? now : null;
  });
  const since = `suspect since ${at(field(site, "suspectSince"))}, ${text(site, "state")} since ${at(field(site, "stateSince"))}`;
  story.screen.say(`${name} is ${since}: ${text(site, "stateReason")}`);
}

/** What a start would do, before anybody decides. */
async function tellVerdict({ api, screen }: Story, planId: string): Promise<void> {
  const asked = async (acceptUnfenced: boolean) => api.query(previewQuery, { planId, options: { acceptUnfenced } });
  for (const refusal of list(await asked(false), "previewRecovery", "refusals"))
    screen.say(`A disaster recovery would be refused now: ${text(refusal, "message")}`);
  const data = await asked(true);
  const shown = field(data, "previewRecovery");
  const guess = field(data, "recoveryPlan", "latestRecovery") === null ? " (by kinds of steps, at real sites: the plan has never run)" : "";
  screen.say("Once somebody accepts that, by name, it may be started:");
  screen.say(`  machines ready after ${text(shown, "expectedRtoSeconds")} s${guess}`);
  screen.say(`  what was written in the last ${text(shown, "expectedRpoSeconds")} s before the loss is lost:`);
  for (const point of list(shown, "recoveryPoints")) {
    const age = `${text(point, "ageSeconds")} s before the site was last heard of`;
    screen.say(`  ${text(point, "groupName")} has a recovery point of ${at(field(point, "takenAt"))}, ${age}`);
  }
  for (const finding of [...list(shown, "blockers"), ...list(shown, "warnings")])
    screen.say(`  ${text(finding, "code")}: ${text(finding, "message")}`);
}

/** The site comes back with machines that start by themselves, until none of them runs beside its copy any more. */
async function bringBack(story: Story, planId: string, back: () => Promise<void>): Promise<void> {
  const { api, screen } = story;
  await back();
  screen.say("The lost site is back, and its machines start by themselves.");
  let told = false;
  const site = await until(api, ["SITE_CHANGED", "VM_CHANGED"], async () => {
    const now = await siteOf(story, planId);
    const both = list(now, "summary", "issues").filter((issue) => field(issue, "code") === "SPLIT_BRAIN");
    if (both.length > 0 && !told)
      screen.say(`Split brain, found within a heartbeat: ${both.length} machines run at both sites. ${text(both[0], "message")}`);
    told ||= both.length > 0;
    return told && both.length === 0 && field(now, "state") === "CONNECTED" ? now : null;
  });
  screen.say(`${text(site, "name")} is ${text(site, "state")} since ${at(field(site, "stateSince"))}.`);
  screen.say("The old machines are powered off, and their disks are as they were: nothing is destroyed.");
}

/** True: every machine is up. */
async function recover(story: Story, planId: string): Promise<boolean> {
  const { api, screen } = story;
  const input = { planId, recoveryType: "DISASTER", acceptUnfenced: true, notes: "npm run demo" };
  const { recoveryId, resultState } = await run(story, "startRecovery", input);
  const { to } = await direction(story, planId);
  screen.say(`Disaster recovery: ${resultState}. The machines run at ${to}.`);
  const recovery = field(await api.query(lostQuery, { id: recoveryId }), "recovery");
  screen.say(`What was lost: ${text(recovery, "rpoAchievedSeconds")} s of writing.`);
  return tellFigures(story, recoveryId);
}

export async function tellDisaster(story: Story, plan: unknown): Promise<boolean> {
  const planId = String(field(plan, "id"));
  const { from } = await direction(story, planId);
  const back = await story.sites.lose(from);
  try {
    await tellLoss(story, planId, from);
    await tellVerdict(story, planId);
    if (!(await recover(story, planId))) return false;
    await bringBack(story, planId, back);
  } finally {
    await back(); // does no harm a second time
  }
  return (await reprotect(story, planId)) && (await move(story, planId, "startPlannedFailover")) && (await reprotect(story, planId));
}
