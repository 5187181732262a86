/**
 * What a year of drills is played on: PostgreSQL, three plans on one pair of lab sites (two of them share a group), drills in several time
 * zones, and a clock that stands still until the test moves it.
 */
import { v7 as uuid } from "uuid";
import type { CreateInput } from "../../src/domain/drills/edit.ts";
import type { Provider } from "../../src/providers/contract.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { aLab, labSites } from "../support/lab.ts";
import { operator } from "../support/node.ts";
import { aPlan, insertPlan } from "../support/plan.ts";
import { servicesOf } from "../support/services.ts";
import type { Drill } from "./drill.ts";

export interface World extends AsyncDisposable {
  readonly db: TestDatabase;
  readonly planIds: readonly string[];
  readonly drills: readonly Drill[];
  /** What nodes ask of the sites. */
  readonly provider: Provider;
  /** What people do, at a gateway that never dies. */
  readonly people: ReturnType<typeof servicesOf>["recoveries"];
  setClock(at: number): Promise<void>;
  /** The age of every replica. */
  setLag(minutes: number): Promise<void>;
  /** The recovery site does not answer. */
  setSiteAway(away: boolean): Promise<void>;
}

/** The zones' clocks change at 02:00, by half an hour, and at midnight. */
const wishes = [
  { name: "nightly", plan: 0, cron: "30 2 * * *", timeZone: "Europe/Berlin", maxLagMinutes: 30 },
  { name: "weekends", plan: 1, cron: "15 2,14 * * *", timeZone: "America/New_York", blackout: ["MONDAY", "SATURDAY"] },
  { name: "half an hour", plan: 2, cron: "15,45 1,2 * * SUN", timeZone: "Australia/Lord_Howe", maxLagMinutes: 30 },
  { name: "hourly", plan: 2, cron: "0 * 20-31 3,10 *", timeZone: "Europe/Berlin", blackout: ["MONDAY", "SUNDAY"] },
  { name: "midnight", plan: 0, cron: "0 0 * * SAT,SUN", timeZone: "America/Santiago" },
  { name: "leap day", plan: 1, cron: "0 3 29 2 *", timeZone: "Asia/Kathmandu" },
] as const;

const weekdays = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"];
const minuteOfWeek = (day: string) => weekdays.indexOf(day) * 1440;

export async function aWorld(from: number): Promise<World> {
  await using closing = new AsyncDisposableStack();
  const db = await freshDatabase();
  closing.defer(() => db.drop());
  const { pool } = db.database;
  const sites = labSites({ vms: 2, groups: 2 });
  const lab = await aLab(db.url, sites);
  closing.defer(() => lab.close());
  const { planId, pairingId, groupIds } = await aPlan(db.database, sites, { name: "Shop", priorityGroups: [{ groups: [0] }] });
  const others = [
    await insertPlan(db.database, pairingId, groupIds, { name: "Office", priorityGroups: [{ groups: [1] }] }),
    await insertPlan(db.database, pairingId, groupIds, { name: "Both", priorityGroups: [{ groups: [0, 1] }] }),
  ];
  const setClock = await aClock(db);
  await setClock(from);
  const services = servicesOf(db.database, { providers: new Map([["lab", lab.provider]]) });
  const planIds = [planId, ...others];
  const drills: Drill[] = [];
  for (const { plan, name, ...wish } of wishes) {
    const [fromDay, untilDay] = "blackout" in wish ? wish.blackout : [null, null];
    const { cron, timeZone } = wish;
    const times = { fromTime: "00:00", untilTime: "12:00" } as const;
    const input: CreateInput = {
      planId: planIds[plan] ?? "",
      name,
      cron,
      timeZone,
      maxDurationSeconds: 3_600,
      maxLagMinutes: "maxLagMinutes" in wish ? wish.maxLagMinutes : null,
      blackoutWindows: fromDay === null ? [] : [{ kind: "WEEKLY", fromDay, untilDay, ...times, reason: null }],
    };
    const { drillId = "" } = await services.drills.create(operator, { ...input, idempotencyKey: uuid() });
    const blackout = fromDay === null ? null : { from: minuteOfWeek(fromDay), until: minuteOfWeek(untilDay) + 720 };
    drills.push({ id: drillId, planId: input.planId, cron, timeZone, maxLagMinutes: input.maxLagMinutes ?? null, blackout });
  }
  const rest = closing.move();
  return {
    db,
    planIds,
    drills,
    provider: lab.provider,
    people: services.recoveries,
    setClock,
    setLag: async (minutes) =>
      void (await pool.query("UPDATE protected_vm SET last_sync_at = dr_now() - make_interval(mins => $1)", [minutes])),
    async setSiteAway(away) {
      await lab.faults.clear();
      if (away) await lab.faults.fail({ site: sites.recoverySite, code: "SITE_UNREACHABLE", times: Number.POSITIVE_INFINITY });
    },
    [Symbol.asyncDispose]: () => rest.disposeAsync(),
  };
}

/** It stands still, so that a year has the same seconds each time; the time stands in a table, since a new function would have every statement planned anew. */
async function aClock({ database: { pool } }: TestDatabase): Promise<(at: number) => Promise<void>> {
  const now = "SELECT at FROM simulated.clock";
  await pool.query(`CREATE SCHEMA simulated; CREATE TABLE simulated.clock AS SELECT clock_timestamp() AS at;
    CREATE OR REPLACE FUNCTION dr_now() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE AS '${now}';
    CREATE OR REPLACE FUNCTION lab.now() RETURNS timestamptz LANGUAGE sql VOLATILE AS '${now}'`);
  return async (at) => void (await pool.query("UPDATE simulated.clock SET at = $1", [new Date(at)]));
}
