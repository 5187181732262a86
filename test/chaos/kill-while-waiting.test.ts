import { expect, it } from "vitest";
import { until } from "../support/run.ts";
import { expectNothingLostOrDoubled } from "./expectations.ts";
import { type Scene, tell } from "./story.ts";

/** Kills while a step of this kind is under way, and starts again. */
async function killAt({ db, victim }: Scene, kind: string, name = "%"): Promise<void> {
  await until(
    async () => {
      const { rowCount } = await db.database.pool.query(
        "SELECT 1 FROM recovery_step WHERE kind = $1 AND name LIKE $2 AND status IN ('RUNNING', 'WAITING')",
        [kind, name],
      );
      return rowCount === 1;
    },
    `a running ${kind}`,
    60,
  );
  await victim.kill();
  await victim.start();
}

it("goes on with delays, prompts and pauses, runs a rerunnable command again, and leaves another one's outcome unknown", async () => {
  const undisturbed = await tell(async () => {});
  const killed = await tell(async (scene) => {
    await killAt(scene, "PROMPT");
    await killAt(scene, "STARTUP_DELAY");
    await until(() => scene.runsOf(1), "the rerunnable command");
    await killAt(scene, "COMMAND");
    await scene.open(1);
    await killAt(scene, "PAUSE");
    await until(() => scene.runsOf(0), "the other command", 300);
    await killAt(scene, "COMMAND");
  }, true);
  expect(killed.messages.filter((message) => message.includes("OUTCOME_UNKNOWN"))).toHaveLength(1);
  expect(killed.notes).toEqual([1, 2]);
  expect(killed.results).toEqual(["WARNING", "SUCCESS"]);
  expect(killed.effects).toEqual(undisturbed.effects);
  expectNothingLostOrDoubled(killed);
}, 600_000);
