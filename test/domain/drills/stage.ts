/** Drills through the schema and by a gateway's rounds, on lab sites, without an engine. */
import { idOf } from "../../../src/domain/ids.ts";
import { labSites } from "../../support/lab.ts";
import { servicesOf } from "../../support/services.ts";
import { type Answer, aPlanStage, gid, type PlanStage } from "../plans/stage.ts";

export interface DrillStage extends PlanStage {
  /** What a gateway could not do. */
  readonly warnings: readonly string[];
  /** A drill of the plan, every night at three. */
  aDrill(more?: object): Promise<string>;
  /** The database's time is a second after the drill's next due time. */
  isDue(drillId: string): Promise<void>;
  /** What a gateway's timer does; any number at once. */
  round(): Promise<void>;
  /** The newest first. */
  occurrences(drillId: string): Promise<Answer[]>;
}

export async function aDrillStage(): Promise<DrillStage> {
  const stage = await aPlanStage({ name: "Shop", priorityGroups: [{ groups: [0] }] }, labSites({ vms: 3, groups: 3 }));
  const { database } = stage.db;
  const warnings: string[] = [];
  const warn = (details: object, message: string) => warnings.push(`${message}: ${Reflect.get(details, "err")}`);
  const services = servicesOf(database, { providers: new Map([["lab", stage.lab.provider]]), log: { info: () => {}, warn } });
  let made = 0;
  return {
    ...stage,
    warnings,
    async reset() {
      warnings.length = 0;
      await stage.reset();
    },
    async aDrill(more = {}) {
      const input = {
        planId: gid("RecoveryPlan", stage.planId),
        name: `drill ${++made}`,
        cron: "0 3 * * *",
        timeZone: "Europe/Berlin",
        ...more,
      };
      return (await stage.send("createDrill", "drill { id }", input)).drill.id;
    },
    async isDue(drillId) {
      const text = "SELECT extract(epoch FROM next_run_at - clock_timestamp())::float8 AS seconds FROM drill WHERE id = $1";
      const { rows } = await database.pool.query<{ seconds: number }>(text, [idOf("Drill", drillId)]);
      await stage.db.shiftClock((rows[0]?.seconds ?? 0) + 1);
    },
    round: () => services.drills.round(),
    async occurrences(drillId) {
      const query = "query ($id: ID!) { drill(id: $id) { occurrences { nodes { dueAt outcome code message remedy recovery { id } } } } }";
      return (await stage.ask(query, { id: drillId })).drill.occurrences.nodes;
    },
  };
}
