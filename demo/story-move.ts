/** Real moves: to the other site and, for the failback, home again. */
import { field } from "./api.ts";
import { run, type Story, tellFigures } from "./story.ts";

const directionQuery =
  "query ($planId: ID!) { recoveryPlan(id: $planId) { protectionGroups(first: 1) { nodes { protectedSite { name } recoverySite { name } } } } }";

export async function direction({ api }: Story, planId: string): Promise<{ from: string; to: string }> {
  const group = field(await api.query(directionQuery, { planId }), "recoveryPlan", "protectionGroups", "nodes", 0);
  return { from: String(field(group, "protectedSite", "name")), to: String(field(group, "recoverySite", "name")) };
}

export async function move(story: Story, planId: string, mutation: "startRecovery" | "startPlannedFailover"): Promise<boolean> {
  const { from, to } = await direction(story, planId);
  story.screen.say(`Moving the machines of ${from} to ${to}: shut down, synchronised for the last time, and brought up there in order.`);
  const more = mutation === "startRecovery" ? { recoveryType: "PLANNED" } : {};
  const moved = await run(story, mutation, { planId, notes: "npm run demo", ...more });
  story.screen.say(`Planned recovery: ${moved.resultState}.`);
  return tellFigures(story, moved.recoveryId);
}

/** What was moved is protected in the other direction. */
export async function reprotect(story: Story, planId: string): Promise<boolean> {
  const { resultState } = await run(story, "startReprotect", { planId });
  const { from, to } = await direction(story, planId);
  story.screen.say(`Reprotect: ${resultState}. The machines run at ${from} and are protected to ${to}.`);
  return resultState === "SUCCESS" || resultState === "WARNING";
}

export async function tellPlanned(story: Story, plan: unknown): Promise<boolean> {
  const planId = String(field(plan, "id"));
  return (await move(story, planId, "startRecovery")) && (await reprotect(story, planId));
}

export async function tellFailback(story: Story, plan: unknown): Promise<boolean> {
  const planId = String(field(plan, "id"));
  const there = (await move(story, planId, "startRecovery")) && (await reprotect(story, planId));
  return there && (await move(story, planId, "startPlannedFailover")) && (await reprotect(story, planId));
}
