/** Drills that a whole gateway plays by the public API, on lab sites. The database's clock is moved from due time to due time. */
import { expect } from "vitest";
import { aPublicStage, type PublicStage } from "../../support/public-stage.ts";
import { until } from "../../support/run.ts";
import { at, text } from "../read/support.ts";
import { drillWorld } from "./world.ts";

export const drillFields = `drill { id name enabled version nextRun { dueAt localTime } lastRun { outcome } }`;
const history = `query ($id: ID!) { drill(id: $id) { name nextRun { dueAt } occurrences { totalCount nodes { dueAt outcome code message remedy requestedBy resultState
  rtoAchievedSeconds rpoAchievedSeconds promptPolicy endedAt
  cleanup { state attempts message nextAttemptAt recovery { kind initiatedBy resultState } }
  recovery { kind initiatedBy resultState notes prompts { answer answeredBy comment } drillOccurrence { dueAt } } } } } }`;

export interface PlayedDrills {
  readonly stage: PublicStage;
  /** Plans: one that asks people, and one that asks nobody. */
  readonly shop: string;
  readonly office: string;
  /** A drill of the shop, every night at three. */
  aDrill(more?: object): Promise<string>;
  disable(drillId: string): Promise<unknown>;
  read(drillId: string): Promise<unknown>;
  /** What became of its newest due time. */
  newest(drillId: string): Promise<unknown>;
  /** The database's time is so many seconds after the drill's next due time, which it answers. */
  dueSince(drillId: string, seconds: number): Promise<string>;
  later(seconds: number): Promise<void>;
  /** Rounds until its newest due time has come so far. */
  becomes(drillId: string, wanted: object): Promise<unknown>;
}

/** The shop's plan needs two people beside its own prompt. */
async function openPlans(stage: PublicStage): Promise<Pick<PlayedDrills, "shop" | "office">> {
  await stage.db.database.pool.query("UPDATE session SET expires_at = '2100-01-01'"); // the clock goes past its end
  const plans = await stage.ask("{ recoveryPlans(orderBy: { field: NAME, direction: DESC }) { nodes { id } } }");
  const [shop, office] = [text(plans, "recoveryPlans.nodes.0.id"), text(plans, "recoveryPlans.nodes.1.id")];
  const prePowerOnSteps = [{ prompt: { name: "Ask two", message: "Go on?", needsTwoPeople: true } }];
  await stage.mutate(
    "configurePriorityGroups",
    { planId: shop, priorityGroups: [{ priority: 1, prePowerOnSteps }] },
    "recoveryPlan { id }",
  );
  return { shop, office };
}

export async function playedDrills(): Promise<PlayedDrills> {
  const stage = await aPublicStage(drillWorld);
  const plans = await openPlans(stage);
  const read = async (id: string) => at(await stage.ask(history, { id }), "drill");
  const newest = async (id: string) => at(await read(id), "occurrences.nodes.0");
  let drills = 0;
  let shifted = 0;
  const shiftTo = (seconds: number) => {
    shifted = seconds;
    return stage.db.shiftClock(shifted);
  };
  return {
    stage,
    ...plans,
    async aDrill(more = {}) {
      const name = `drill ${++drills}`;
      const input = { planId: plans.shop, name, cron: "0 3 * * *", timeZone: "Europe/Berlin", ...more };
      const made = await stage.mutate("createDrill", input, drillFields);
      if (at(made, "drill") === undefined) throw new Error(JSON.stringify(made));
      return text(made, "drill.id");
    },
    disable: (drillId) => stage.mutate("updateDrill", { drillId, enabled: false }, drillFields),
    read,
    newest,
    async dueSince(id, seconds) {
      const dueAt = text(await read(id), "nextRun.dueAt");
      await shiftTo((Date.parse(dueAt) - Date.now()) / 1000 + seconds);
      return dueAt;
    },
    later: (seconds) => shiftTo(shifted + seconds),
    becomes: (id, wanted) =>
      until(
        async () => {
          await stage.drillRound();
          const found = await newest(id);
          try {
            expect(found).toMatchObject(wanted);
            return found;
          } catch {
            return null;
          }
        },
        JSON.stringify(wanted),
        6,
      ).catch(async (error: unknown) => {
        throw new Error(`${error}: ${JSON.stringify(await read(id))}`);
      }),
  };
}
