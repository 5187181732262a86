/** What a start takes along of past runs: how long steps took, and people to answer. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { aStage, endRun, operator, row, type Stage } from "./stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await aStage();
});
afterEach(() => stage.reset());
afterAll(() => stage?.close());

type Type = "TEST" | "DISASTER";

/** A run of the plan that is over: its VM took so long to power on, and somebody half a minute to answer. */
async function aPastRun(recoveryType: Type, seconds: number, towards = stage.recoverySiteId): Promise<void> {
  const { recoveryId } = await stage.recoveries.start(operator, { planId: stage.planId, recoveryType });
  await stage.db.database.pool.query(
    `INSERT INTO recovery_step (run_id, ordinal, path, key, kind, name, spec, expected_seconds, status, started_at, ended_at, site_id)
      SELECT $1, ordinal, ordinal::text, kind || ':x', kind, kind, '{}', 1, status::"StepStatus", dr_now() - seconds * interval '1 s', dr_now(), $3
      FROM (VALUES (1, 'REGISTER_VM', 'FAILED', 1), (2, 'POWER_ON', 'SUCCEEDED', $2::float8), (3, 'PROMPT', 'SUCCEEDED', 30)) AS
        step (ordinal, kind, status, seconds)`,
    [recoveryId, seconds, towards],
  );
  await endRun(stage, recoveryId, "READY");
}

async function expectedBy(recoveryType: Type): Promise<Record<string, number>> {
  const { recoveryId } = await stage.recoveries.start(operator, { planId: stage.planId, recoveryType });
  const { content } = await row(stage, "SELECT content FROM recovery_snapshot WHERE run_id = $1", recoveryId);
  await endRun(stage, recoveryId, "READY");
  return content.pastSeconds;
}

describe("a run is expected to take", () => {
  it("what its steps took in the plan's last three runs, in the middle, and its people to answer", async () => {
    for (const seconds of [900, 7.5, 8, 6]) await aPastRun("TEST", seconds);
    expect(await expectedBy("TEST")).toEqual({ "POWER_ON:x": expect.closeTo(7.5, 2), "PROMPT:x": expect.closeTo(30, 1) });
  });

  it("as a disaster recovery what a test took, rather one in its own direction, and rather a disaster recovery", async () => {
    const powerOn = async () => (await expectedBy("DISASTER"))["POWER_ON:x"];
    await aPastRun("TEST", 5, stage.protectedSiteId);
    expect(await powerOn()).toBeCloseTo(5, 2);
    await aPastRun("TEST", 6);
    expect(await powerOn()).toBeCloseTo(6, 2);
    await aPastRun("DISASTER", 7, stage.protectedSiteId);
    expect(await powerOn()).toBeCloseTo(6, 2);
    await aPastRun("DISASTER", 8);
    expect(await powerOn()).toBeCloseTo(8, 2);
  });
});
