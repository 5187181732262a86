/** When plans are evaluated, and who hears of it: told of a stage on which nothing has been evaluated yet. */
import pg from "pg";
import { expect, it, vi } from "vitest";
import { decodeId } from "../../../src/domain/ids.ts";
import { claimPlan, claimTouched, claimUntouched, markTouched } from "../../../src/domain/readiness/due.ts";
import { evaluateAgain, evaluateNow, evaluateTouched, startReadiness } from "../../../src/domain/readiness/service.ts";
import { withoutRest } from "../../../src/jobs/pace.ts";
import { at, list } from "../read/support.ts";
import type { ReadinessStage } from "./stage.ts";

export function evaluations(stageOf: () => ReadinessStage): void {
  const plans = async () => {
    const fields = "name readiness readinessScore readinessEvaluatedAt";
    const found = list(await stageOf().ask(`{ recoveryPlans { nodes { ${fields} } } }`), "recoveryPlans.nodes");
    return new Map(found.map((plan) => [String(at(plan, "name")), plan]));
  };
  /** Which plans were evaluated by this. */
  const evaluated = async (work: () => Promise<unknown>) => {
    const before = await plans();
    await work();
    const after = await plans();
    return [...after]
      .filter(([name, plan]) => at(plan, "readinessEvaluatedAt") !== at(before.get(name), "readinessEvaluatedAt"))
      .map(([name]) => name);
  };
  const touched = () => evaluateTouched(stageOf().context);
  const again = () => evaluateAgain(stageOf().context);
  const due = async () => {
    await touched();
    await again();
  };
  const describe = (description: string) =>
    stageOf().change("updateRecoveryPlan", { planId: stageOf().id("RecoveryPlan", "shop"), description });

  it("a plan is UNKNOWN until it is evaluated, and then tells how it is; plans are listed by that", async () => {
    const stage = stageOf();
    expect((await plans()).get("shop")).toMatchObject({ readiness: "UNKNOWN", readinessScore: null, readinessEvaluatedAt: null });
    expect(await evaluated(due)).toEqual(["shop", "spare", "stored", "web"]);
    expect((await plans()).get("shop")).toMatchObject({ readiness: "AT_RISK", readinessScore: 92 });
    const named = async (readiness: string) => {
      const query = "query ($readiness: PlanReadiness) { recoveryPlans(filter: { readiness: $readiness }) { totalCount } }";
      return at(await stage.ask(query, { readiness }), "recoveryPlans.totalCount");
    };
    expect([await named("AT_RISK"), await named("UNKNOWN"), await named("NOT_READY")]).toEqual([4, 0, 0]);
  });

  it("the log tells of it, with how it was and what was found", async () => {
    const { pool } = stageOf().db.database;
    const { rows } = await pool.query("SELECT payload FROM event WHERE kind = 'READINESS_CHANGED' AND payload ->> 'name' = 'shop'");
    expect(rows).toMatchObject([{ payload: { change: "UPDATED", details: { after: "AT_RISK", opened: ["NEVER_TESTED"], resolved: [] } } }]);
    expect(rows[0]?.payload.details.before).toBeUndefined();
  });

  it("without a change nothing is evaluated before four and a half minutes are over, and then everything; nobody is told of what has not changed", async () => {
    const { db } = stageOf();
    const events = async () => (await db.database.pool.query("SELECT FROM event WHERE kind = 'READINESS_CHANGED'")).rowCount;
    const before = await events();
    await db.shiftClock(240); // the time that the test takes itself is added to it
    expect(await evaluated(due)).toEqual([]);
    await db.shiftClock(272);
    expect(await evaluated(due)).toEqual(["shop", "spare", "stored", "web"]);
    expect(await events()).toBe(before);
  });

  it("a change is evaluated although nobody looked when it came, a burst of changes once, and no plan that they do not touch", async () => {
    const { db } = stageOf();
    for (const text of ["one", "two", "three"]) await describe(text);
    expect(await evaluated(due), "too soon after the last time").toEqual([]);
    await db.shiftClock(313);
    expect(await evaluated(due)).toEqual(["shop"]);
    expect(await evaluated(due)).toEqual([]);
  });

  it("a change of something that several plans use is a change of each", async () => {
    const { db, sql } = stageOf();
    await db.shiftClock(330);
    await stageOf().change("configureVmRecoverySettings", { vmId: stageOf().id("VirtualMachine", "vm-3"), priority: "HIGH" });
    expect(await evaluated(due)).toEqual(["shop", "web"]);
    // A database that has come back older: what the cursor says is of another log.
    await sql("UPDATE readiness_cursor SET position = 1000000");
    await db.shiftClock(345);
    expect(await evaluated(due)).toEqual(["shop", "spare", "stored", "web"]);
  });

  it("plans that something has touched wait for none of those that only want to be looked at again, and keep none of these waiting", async () => {
    const { db, context } = stageOf();
    await db.shiftClock(700);
    await describe("first");
    expect(await evaluated(touched)).toEqual(["shop"]);
    await db.shiftClock(711);
    await describe("again");
    const rests: unknown[] = [];
    const pace = { ...withoutRest, rest: async (_stop: unknown, times?: number) => void rests.push(times) };
    expect(await evaluated(() => evaluateAgain(context, undefined, pace)), "shop is not one of them").toEqual(["spare", "stored", "web"]);
    expect(rests, "they were late").toEqual([1]);
    expect(await evaluated(touched)).toEqual(["shop"]);
    await db.shiftClock(711 + 275);
    await evaluateAgain(context, undefined, pace);
    expect(rests, "they are in time").toEqual([1, 4]);
    await db.shiftClock(345);
  });

  it("many plans that something has touched take half of a gateway's time, which the others rest for", async () => {
    const { sql, context } = stageOf();
    const rested = Promise.withResolvers<unknown>();
    const asked: number[] = [];
    const touchedPace = { ...withoutRest, rest: async (_stop: unknown, times?: number) => rested.resolve(times) };
    const beside = (times: number) => {
      asked.push(times);
      return touchedPace;
    };
    await sql("UPDATE readiness_evaluation SET evaluated_at = dr_now() - interval '1 minute', due_at = dr_now()");
    const readiness = startReadiness(context, { ...withoutRest, beside });
    expect(await rested.promise, "by its own measure").toBeUndefined();
    await readiness.close();
    expect(asked).toEqual([1]);
  });

  it("looks that found nothing count for no rest: those of a quiet night would hold up the first change of the morning", async () => {
    const { context } = stageOf();
    const rests: unknown[] = [];
    await evaluateTouched(context, undefined, { ...withoutRest, rest: async (_stop: unknown, times?: number) => void rests.push(times) });
    expect(rests.at(-1)).toBe(0);
  });

  it("an evaluation whose plan another node has claimed meanwhile writes nothing, and a plan whose node died is evaluated by another", async () => {
    const { db, context, change, id, findings } = stageOf();
    const target = (rtoTargetSeconds: number) => change("updateRecoveryPlan", { planId: id("RecoveryPlan", "stored"), rtoTargetSeconds });
    const late = () => findings({ open: true, code: "RTO_OVER_TARGET" }, "stored");
    await target(1);
    const planId = decodeId(id("RecoveryPlan", "stored")).id;
    const lookAhead = context.previews.lookAhead.bind(context.previews);
    const slowly = vi.spyOn(context.previews, "lookAhead").mockImplementationOnce(async (...asked) => {
      expect(await claimPlan(db.database.pool, planId)).toHaveLength(1);
      return lookAhead(...asked);
    });
    expect(await evaluateNow(context, planId)).toBeNull();
    slowly.mockRestore();
    expect(await late()).toEqual([]);
    await db.shiftClock(345 + 61); // nobody has heard of the other node since
    expect(await evaluated(due)).toEqual(["stored"]);
    expect(await late()).toHaveLength(1);
    await target(86_400);
    await db.shiftClock(0);
  });

  it("a plan that is touched while it is evaluated stays with who evaluates it, and is evaluated once more ten seconds later", async () => {
    const { db, context } = stageOf();
    await db.shiftClock(1_000);
    await due();
    await db.shiftClock(1_020);
    await describe("before");
    const lookAhead = context.previews.lookAhead.bind(context.previews);
    const slowly = vi.spyOn(context.previews, "lookAhead").mockImplementationOnce(async (...asked) => {
      await describe("meanwhile");
      await describe("and again");
      await markTouched(db.database.pool);
      expect(await claimTouched(db.database.pool, { plans: 5, vms: 1_000 })).toEqual([]);
      return lookAhead(...asked);
    });
    expect(await evaluated(touched)).toEqual(["shop"]);
    slowly.mockRestore();
    await db.shiftClock(1_028);
    expect(await evaluated(touched)).toEqual([]);
    await db.shiftClock(1_032);
    expect(await evaluated(touched)).toEqual(["shop"]);
    await db.shiftClock(0);
  });

  it("takes as many statements for a plan with one VM as for one with three in two groups", async () => {
    const stage = stageOf();
    const query = vi.spyOn(pg.Client.prototype, "query");
    const statements = async (plan: string) => {
      const before = query.mock.calls.filter(isOurs).length;
      await stage.evaluate(plan);
      return query.mock.calls.filter(isOurs).length - before;
    };
    for (const plan of ["spare", "shop"]) await statements(plan);
    const [one, three] = [await statements("spare"), await statements("shop")];
    query.mockRestore();
    expect(three).toBe(one);
    expect(one).toBeLessThan(70);
  });

  /** So many plans want to be looked at again, stored first, which asks for everything; the others do not. */
  const wanted = (most: number) =>
    stageOf().sql(
      `UPDATE readiness_evaluation r SET evaluated_at = dr_now() - interval '5 minutes', due_at = dr_now() + CASE WHEN p.nth > $1 THEN interval '1 hour' ELSE '0' END
        FROM (SELECT id, row_number() OVER (ORDER BY name = 'stored' DESC, name) AS nth FROM recovery_plan) p WHERE p.id = r.plan_id`,
      most,
    );

  it("takes as many statements for four plans as for one", async () => {
    const { context } = stageOf();
    const query = vi.spyOn(pg.Client.prototype, "query");
    const statements = async (plans: number) => {
      await wanted(plans);
      const before = query.mock.calls.filter(isOurs).length;
      expect(await evaluated(() => evaluateAgain(context))).toHaveLength(plans);
      return query.mock.calls.filter(isOurs).length - before;
    };
    await statements(4);
    const [one, four] = [await statements(1), await statements(4)];
    query.mockRestore();
    expect(four).toBe(one);
  });

  it("claims plans together as long as they have few VMs, and a large one alone", async () => {
    const { pool } = stageOf().db.database;
    const names = async (vms: number) => {
      await wanted(4);
      const claims = await claimUntouched(pool, { plans: 3, vms });
      const { rows } = await pool.query("SELECT name FROM recovery_plan WHERE id = ANY ($1) ORDER BY name", [
        claims.map(({ planId }) => planId),
      ]);
      return rows.map(({ name }) => name);
    };
    expect(await names(1_000)).toHaveLength(3);
    const some = await names(2);
    expect(some.length).toBeGreaterThan(0);
    expect(some.length).toBeLessThan(3);
    expect(await names(0)).toHaveLength(1);
  });

  it("a plan that can't be evaluated keeps no other from it", async () => {
    const { context, id } = stageOf();
    const lookAhead = context.previews.lookAhead.bind(context.previews);
    const shop = decodeId(id("RecoveryPlan", "shop")).id;
    const failing = vi.spyOn(context.previews, "lookAhead").mockImplementation(async (planIds, inputs) => {
      const looks = await lookAhead(planIds, inputs);
      return looks.map((look, at) => (planIds[at] === shop ? new Error("it can't be looked at") : look));
    });
    await wanted(4);
    expect(await evaluated(() => evaluateAgain(context))).toEqual(["spare", "stored", "web"]);
    failing.mockImplementation(async (planIds, inputs) => {
      if (planIds.includes(shop)) throw new Error("nothing can be looked at");
      return lookAhead(planIds, inputs);
    });
    await wanted(4);
    expect(await evaluated(() => evaluateAgain(context))).toEqual(["spare", "stored", "web"]);
    failing.mockRestore();
    await wanted(4);
    expect(await evaluated(() => evaluateAgain(context))).toHaveLength(4);
  });
}

/** The engine looks for work all the time. */
const isOurs = ([statement]: readonly unknown[]): boolean => {
  const name = typeof statement === "object" && statement !== null ? Reflect.get(statement, "name") : "";
  return /^(readiness|plan|snapshot|preview|sites-of-plan)/.test(String(name));
};
