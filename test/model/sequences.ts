/** Random sequences against the model: one share of them, in a process of its own. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, it } from "vitest";
import { sequenceOf } from "./commands/index.ts";
import { goHome } from "./home.ts";
import { lookAt } from "./look.ts";
import { aModel, type Model } from "./model.ts";
import { settings } from "./settings.ts";
import { settle } from "./settle.ts";
import { Tally } from "./tally.ts";
import { aWorld, type World } from "./world.ts";

/** `share` from 1: the seeds follow each other, and so the shares differ. */
export function sequences(share: number, of: number): void {
  const seed = settings.seed + share - 1;
  const only = settings.path !== null;
  const runs = Math.ceil(settings.runs / of);
  let world: World | null = null;
  const tally = new Tally();

  beforeAll(async () => {
    world = await aWorld();
  });
  afterAll(async () => {
    console.log(`${share} of ${of}, seed ${seed}: ${tally.told()}`);
    await world?.close();
  });

  async function play(commands: Iterable<fc.AsyncCommand<Model, World>>): Promise<void> {
    world ??= await aWorld();
    const real = world;
    await real.reset();
    await settle(real);
    const model = aModel(await lookAt(real));
    try {
      await fc.asyncModelRun(async () => ({ model, real }), commands);
      await goHome(model, real);
      tally.add(model);
      if (tally.sequences % 100 === 0) console.log(`${share} of ${of}, seed ${seed}, so far: ${tally.told()}`);
    } catch (error) {
      // Who knows what is still under way.
      world = null;
      await real.close();
      const told = error instanceof Error ? error.message : String(error);
      throw new Error(`${told}\n\nPlayed:\n${model.played.join("\n")}`, { cause: error });
    }
  }

  describe(`sequences with seed ${seed}`, () => {
    // With a path, one share is enough.
    it.skipIf(only && share > 1)("keep every invariant, and every plan gets back to READY", { timeout: 24 * 3_600_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(sequenceOf(settings.commands, settings.replay), (commands) => play(commands)),
        {
          seed,
          numRuns: runs,
          ...(settings.path === null ? {} : { path: settings.path }),
          ...(settings.shrinkSeconds === 0
            ? { endOnFailure: true }
            : { plugins: [fc.interruptAfterTimeLimit(settings.shrinkSeconds * 1000, { failOnInterrupt: true })] }),
        },
      );
    });
  });
}
