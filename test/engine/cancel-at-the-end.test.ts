/** A run that is cancelled once all its steps have ended, at the moment at which its end is written. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { beforeStatement } from "../support/before-statement.ts";
import { operator } from "../support/node.ts";
import { eventsOf } from "../support/run.ts";
import { aStage, type Stage } from "./scene.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await aStage();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

const row = async (recoveryId: string) => {
  const text = `SELECT r.cancel_reason AS reason, t.state AS task, p.lifecycle FROM recovery r JOIN task t ON t.recovery_id = r.id
    JOIN recovery_plan p ON p.id = r.plan_id WHERE r.id = $1`;
  return (await stage.db.database.pool.query(text, [recoveryId])).rows[0];
};
const statesOf = async (recoveryId: string) => {
  const told = (await eventsOf(stage.db.database, recoveryId)).map(({ event }) => event);
  return told.flatMap((event) =>
    event.kind === "RECOVERY_STATE_CHANGED" ? [event.state] : event.kind === "RECOVERY_ENDED" ? [event.resultState] : [],
  );
};

describe("a cancel that is taken on", () => {
  it("before the end of a test is written counts: the run is CANCELLING, and ends CANCELLED", async () => {
    const scene = await stage.scene({ machines: 1 });
    const { recoveries } = stage.node;
    let recoveryId = "";
    beforeStatement("engine-finish-plan", () => recoveries.cancel(operator, { recoveryId, reason: "the wrong plan" }));
    recoveryId = await scene.start();
    const run = await scene.end(recoveryId);
    expect(run).toMatchObject({ state: "FAILED", resultState: "CANCELLED", vmsSucceeded: 1 });
    expect(await row(recoveryId)).toEqual({ reason: "the wrong plan", task: "CANCELLED", lifecycle: "TEST_COMPLETE" });
    expect((await statesOf(recoveryId)).slice(-2)).toEqual(["CANCELLING", "CANCELLED"]);
    expect((await scene.cleanup()).resultState).toBe("SUCCESS");
  });

  it("is no more than that: what was switched to a disaster recovery at that moment ends well, and is not followed", async () => {
    const scene = await stage.scene({ machines: 1 });
    const { recoveries } = stage.node;
    let recoveryId = "";
    let followerId = "";
    beforeStatement("engine-finish-recovery", async () => {
      ({ followerId } = await recoveries.switchToDisaster(operator, { recoveryId }));
    });
    ({ recoveryId } = await recoveries.start(operator, { planId: scene.planId, recoveryType: "PLANNED" }));
    expect(await scene.end(recoveryId)).toMatchObject({ resultState: "SUCCESS" });
    expect(await row(recoveryId)).toMatchObject({ task: "COMPLETED", lifecycle: "RECOVERY_COMPLETE" });
    expect([followerId, await row(followerId)]).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/), undefined]);
  });
});
