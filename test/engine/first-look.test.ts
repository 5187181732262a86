import { expect, it } from "vitest";
import { aStage } from "./scene.ts";

it("a machine that is up when its ready check begins is ready then, not an interval of asking later", async () => {
  const pollMs = 15_000;
  await using stage = await aStage({ pollMs });
  const run = await (await stage.scene()).test();
  const checks = run.steps.filter(({ kind }) => kind === "READY_CHECK");
  expect(checks).toHaveLength(2);
  for (const { status, startedAt, endedAt } of checks) {
    expect(status).toBe("SUCCEEDED");
    expect(Number(endedAt) - Number(startedAt)).toBeLessThan(pollMs);
  }
}, 60_000);
