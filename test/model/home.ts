/** The way to READY, from wherever a sequence has ended: what a person would do, and only what the product says is allowed. */
import { Broken } from "./broken.ts";
import { noteRequest } from "./commands/begin.ts";
import { passTime } from "./commands/surroundings.ts";
import { openRunOf, type PlanLook, type RunLook } from "./look.ts";
import type { Model } from "./model.ts";
import { step } from "./step.ts";
import type { World } from "./world.ts";

/** More than any way needs. */
const mostActs = 40;

export async function goHome(model: Model, world: World): Promise<void> {
  await step(model, world, "home: all troubles are healed", async () => {
    for (const heal of model.trouble.heals.values()) await heal();
    model.trouble.heals.clear();
    world.nodes.setTrap(null);
    await world.lab.faults.clear();
  });
  await step(model, world, "home: heartbeats come again", () => passTime(world, 40));
  const tried = new Map<string, number>();
  for (let acts = 0; acts < mostActs; acts++) {
    const next = nextAct(model, world, tried);
    if (next === null) return;
    await step(model, world, `home: ${next.name}`, next.act);
  }
  throw new Broken("The way to READY has no end", { plans: model.look.plans, played: model.played });
}

interface Act {
  readonly name: string;
  readonly act: () => Promise<void>;
}

/** Null: every plan is READY. */
function nextAct(model: Model, world: World, tried: Map<string, number>): Act | null {
  const { look } = model;
  const both = look.vms.find(({ recovered }) => recovered?.bothOnSince != null);
  if (both !== undefined) return resolve(world, both.id, both.name);
  const away = look.plans.filter((plan) => plan.lifecycle !== "READY");
  for (const plan of away) {
    const run = openRunOf(look, plan.id);
    const act = run === null ? wayOn(model, world, plan, tried) : goOn(world, run, tried);
    if (act !== null) return act;
  }
  if (away.length === 0) return null;
  throw new Broken("A plan is not READY, and nothing that leads there is allowed", { away, look });
}

const resolve = ({ client, gid, heartbeat }: World, vmId: string, name: string): Act => ({
  name: `keep the recovered ${name}`,
  async act() {
    await client.send("resolveSplitBrain", "__typename", { vmId: gid("VirtualMachine", vmId), keep: "RECOVERED", comment: "It is newer." });
    await heartbeat();
  },
});

/** How often this has been asked for, this time included. */
function count(tried: Map<string, number>, what: string): number {
  const times = (tried.get(what) ?? 0) + 1;
  tried.set(what, times);
  return times;
}

function goOn(world: World, run: RunLook, tried: Map<string, number>): Act {
  const { client, gid } = world;
  const id = gid("Recovery", run.id);
  const [promptId] = run.openPrompts;
  const [ordinal] = run.failed;
  if (run.pausedReason === "STEP_FAILED" && ordinal !== undefined) {
    const stepId = gid("RecoveryStep", `${run.id}/${ordinal}`);
    if (count(tried, stepId) > 1) return send(client, "skipStep", { stepId, comment: "It fails again and again." });
    return send(client, "retryStep", { stepId });
  }
  if (run.state === "PROMPTING" && promptId !== undefined)
    return send(client, "answerPrompt", { promptId: gid("Prompt", promptId), answer: "CONTINUE" });
  if (run.state === "RUNNING") return { name: "what waits for a machine has waited for long enough", act: () => passTime(world, 600) };
  return send(client, "resumeRecovery", { recoveryId: id });
}

const send = ({ send: sendTo }: World["client"], mutation: string, input: object): Act => ({
  name: `${mutation} ${JSON.stringify(input)}`,
  async act() {
    const sent = await sendTo(mutation, "__typename", input);
    if (!sent.ok) throw new Broken("What is allowed was refused", { mutation, input, sent });
  },
});

/** The first of these that is allowed, and has not failed too often. */
function wayOn(model: Model, world: World, plan: PlanLook, tried: Map<string, number>): Act | null {
  const { client, gid } = world;
  const planId = gid("RecoveryPlan", plan.id);
  const begin = (operation: string, mutation: string, input: object, most = 2): Act | null => {
    const refusal = plan.operations.get(operation);
    if (refusal !== null || (tried.get(`${plan.name} ${operation} ${plan.lifecycle}`) ?? 0) >= most) return null;
    const { name, act } = send(client, mutation, { planId, ...input });
    return {
      name: `${plan.name}: ${name}`,
      async act() {
        count(tried, `${plan.name} ${operation} ${plan.lifecycle}`);
        await act();
        if (mutation === "startRecovery") await noteRequest(model, world, plan.id);
      },
    };
  };
  switch (plan.lifecycle) {
    case "TEST_COMPLETE":
    case "CLEANUP_INCOMPLETE":
      return begin("CLEANUP_TEST", "cleanupTest", {}, 4);
    case "RECOVERY_INCOMPLETE":
      return (
        begin("START_PLANNED_RECOVERY", "startRecovery", { recoveryType: "PLANNED" }) ??
        begin("START_DISASTER_RECOVERY", "startRecovery", { recoveryType: "DISASTER" }) ??
        begin("ACCEPT_RECOVERY", "acceptRecovery", { comment: "It does not get better." })
      );
    case "RECOVERY_COMPLETE":
      return begin("START_REPROTECT", "startReprotect", {}, 4);
    case "REPROTECT_INCOMPLETE":
      return begin("START_REPROTECT", "startReprotect", {}) ?? begin("START_REPROTECT", "startReprotect", { force: true }, 4);
    default:
      return null;
  }
}
