/** Due times at which something is in the way, and nodes that meet at one. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { inTransaction } from "../../../src/database/transaction.ts";
import { idOf } from "../../../src/domain/ids.ts";
import { openLoaders } from "../../../src/domain/loaders.ts";
import { evaluateNow } from "../../../src/domain/readiness/service.ts";
import { createPreviews } from "../../../src/domain/recoveries/service-preview.ts";
import { untilWaiting } from "../../support/run.ts";
import { serviceContext } from "../../support/services.ts";
import { as, gid } from "../plans/stage.ts";
import { anotherPlan, endRun, operator } from "../recoveries/stage.ts";
import { aDrillStage, type DrillStage } from "./stage.ts";

let stage: DrillStage;
beforeAll(async () => {
  stage = await aDrillStage();
});
afterEach(() => stage.reset());
afterAll(() => stage?.close());

const sql = (text: string, ...values: unknown[]) => stage.db.database.pool.query(text, values);
const start = (planId: string, recoveryType: "TEST" | "PLANNED") => stage.recoveries.start(operator, { planId, recoveryType });

async function evaluate(): Promise<void> {
  const { database } = stage.db;
  const context = serviceContext(database, { providers: new Map([["lab", stage.lab.provider]]) });
  const loaders = openLoaders(database, { slotsPerSite: 20 });
  await evaluateNow({ ...context, loaders, previews: createPreviews(context), testDays: 90 }, stage.planId);
}

describe("a due time that no test comes of", () => {
  it.each<readonly [what: string, scene: () => Promise<unknown>, code: string, message: RegExp]>([
    [
      "met a real recovery on its pair of sites",
      async () => start(await anotherPlan(stage, [stage.groupIds[1] ?? ""]), "PLANNED"),
      "RECOVERY_ON_PAIR",
      /A real recovery of the plan other plan runs on this pair/,
    ],
    [
      "met a group that the test of another plan still has",
      async () => {
        const { recoveryId } = await start(await anotherPlan(stage, [stage.groupIds[0] ?? ""]), "TEST");
        await endRun(stage, recoveryId, "TEST_COMPLETE");
      },
      "GROUP_IN_USE",
      /group-1 is in use by a run of the plan other plan that has not been cleaned up/,
    ],
    [
      "met a recovery site that does not answer",
      () => stage.lab.faults.fail({ site: stage.sites.recoverySite, kind: "capabilities", times: Number.POSITIVE_INFINITY }),
      "SITE_UNAVAILABLE",
      /site-b does not answer/,
    ],
    [
      "met a blocker of the plan's readiness: a program that is not there",
      async () => {
        const command = { command: { name: "Tell", command: "nowhere.sh", timeoutSeconds: 5 } };
        const priorityGroups = [{ priority: 1, prePowerOnSteps: [command] }];
        await stage.send("configurePriorityGroups", "recoveryPlan { id }", { planId: gid("RecoveryPlan", stage.planId), priorityGroups });
        await evaluate();
      },
      "READINESS_BLOCKED",
      /nowhere\.sh/,
    ],
    [
      "met an error of the gateway, which its log tells",
      () =>
        sql(`CREATE OR REPLACE FUNCTION lab.full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no space left'; END $$;
          CREATE TRIGGER full_disk BEFORE INSERT ON recovery_snapshot FOR EACH ROW EXECUTE FUNCTION lab.full()`),
      "START_FAILED",
      /because of an error of the gateway/,
    ],
  ])("%s", async (_what, scene, code, message) => {
    const id = await stage.aDrill();
    await stage.isDue(id);
    await scene();
    await stage.round();
    await sql("DROP TRIGGER IF EXISTS full_disk ON recovery_snapshot");
    expect(await stage.occurrences(id)).toEqual([
      expect.objectContaining({
        outcome: "SKIPPED",
        code,
        message: expect.stringMatching(message),
        remedy: expect.stringMatching(/\.$/),
        recovery: null,
      }),
    ]);
    expect(stage.warnings.map((warning) => /no space left/.test(warning))).toEqual(code === "START_FAILED" ? [true, true] : []);
  });
});

describe("two gateways that look at the same moment", () => {
  it.each([
    ["start it once", {}, "STARTED"],
    ["skip it once", { blackoutWindows: [{ absolute: { from: "2000-01-01T00:00", until: "2100-01-01T00:00" } }] }, "SKIPPED"],
  ])("%s", async (_what, more, outcome) => {
    const id = await stage.aDrill(more);
    await stage.isDue(id);
    const { pool } = stage.db.database;
    const rounds = await inTransaction(pool, async (client) => {
      await client.query("SELECT 1 FROM drill WHERE id = $1 FOR UPDATE", [idOf("Drill", id)]);
      const both = [stage.round(), stage.round()];
      await untilWaiting(stage.db.database, 2);
      return both;
    });
    await Promise.all(rounds);
    expect(await stage.occurrences(id)).toEqual([expect.objectContaining({ outcome })]);
    expect((await sql("SELECT 1 FROM recovery")).rowCount).toBe(outcome === "STARTED" ? 1 : 0);
    expect(stage.warnings).toEqual([]);
  });

  it("leave it to somebody who changes the schedule at the same moment, and tell of it once", async () => {
    const id = await stage.aDrill();
    await stage.isDue(id);
    const changing = await inTransaction(stage.db.database.pool, async (client) => {
      await client.query("SELECT 1 FROM drill WHERE id = $1 FOR UPDATE", [idOf("Drill", id)]);
      const change = stage.send("updateDrill", "drill { version }", { drillId: id, cron: "0 4 * * *" });
      await untilWaiting(stage.db.database, 1);
      const round = stage.round();
      await untilWaiting(stage.db.database, 2);
      return [change, round];
    });
    expect((await Promise.all(changing))[0]).toEqual({ drill: { version: 2 } });
    expect(await stage.occurrences(id)).toEqual([expect.objectContaining({ outcome: "SKIPPED", code: "DRILL_CHANGED" })]);
    expect((await sql("SELECT 1 FROM recovery")).rowCount).toBe(0);
  });
});

describe("what may be done with a drill", () => {
  const said = async (id: string, viewer = operator) => {
    const query = "query ($id: ID!) { drill(id: $id) { allowedOperations { operation allowed code reason remedy } } }";
    return (await stage.ask(query, { id }, viewer)).drill.allowedOperations;
  };
  const mutations = { DELETE_DRILL: "deleteDrill", RUN_DRILL_NOW: "runDrillNow" } as const;

  it.each<readonly [what: string, scene: (id: string) => Promise<unknown>, refused: readonly (keyof typeof mutations)[]]>([
    ["while nothing is in the way", async () => undefined, []],
    [
      "while replicas are too old for it",
      async (id) => stage.send("updateDrill", "drill { id }", { drillId: id, maxLagMinutes: 1 }),
      ["RUN_DRILL_NOW"],
    ],
    [
      "while its test is under way",
      (id) => stage.send("runDrillNow", "recovery { id }", { drillId: id }),
      ["DELETE_DRILL", "RUN_DRILL_NOW"],
    ],
  ])("%s is what its mutations do", async (_what, scene, refused) => {
    const id = await stage.aDrill();
    await scene(id);
    const operations = await said(id);
    expect(operations.flatMap((one: { allowed: boolean; operation: string }) => (one.allowed ? [] : [one.operation]))).toEqual(refused);
    for (const operation of refused) {
      const { code, message: reason, remedy } = await stage.send(mutations[operation], "__typename", { drillId: id });
      expect(operations).toContainEqual({ operation, allowed: false, code, reason, remedy });
    }
  });

  it("is a question of roles first", async () => {
    const codes = (await said(await stage.aDrill(), as("OPERATOR"))).map((one: { operation: string; code: string | null }) => [
      one.operation,
      one.code,
    ]);
    expect(codes).toEqual([
      ["UPDATE_DRILL", "FORBIDDEN"],
      ["DELETE_DRILL", "FORBIDDEN"],
      ["RUN_DRILL_NOW", null],
    ]);
  });
});
