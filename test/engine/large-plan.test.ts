import { afterAll, beforeAll, expect, it } from "vitest";
import { eventsOf } from "../support/run.ts";
import { aStage, type Stage } from "./scene.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await aStage();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

it("a plan of 500 machines in five groups is tested to its end, with every event once", async () => {
  const scene = await stage.scene({ machines: 500, groups: 5 });
  const recoveryId = await scene.start();
  const run = await scene.end(recoveryId);
  expect(run).toMatchObject({ resultState: "SUCCESS", vmsSucceeded: 500, vmsFailed: 0 });
  const events = await eventsOf(stage.db.database, recoveryId);
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
}, 90_000);
