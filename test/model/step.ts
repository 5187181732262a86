/** One step of a sequence: something is done, everything comes to rest, and the invariants hold. */
import { contentIsKept } from "./invariants/content.ts";
import { endsWell } from "./invariants/ends-well.ts";
import { testsAreGone } from "./invariants/gone.ts";
import { lifecyclesFit } from "./invariants/lifecycle.ts";
import { anyRunsTwice, oneSite } from "./invariants/one-site.ts";
import { protectionIsKept } from "./invariants/protection.ts";
import { lookAt } from "./look.ts";
import type { Model } from "./model.ts";
import { settle } from "./settle.ts";
import type { World } from "./world.ts";

export async function step(model: Model, world: World, what: string, act: () => Promise<void>): Promise<void> {
  model.played.push(what);
  const { look: before } = model;
  await act();
  await settle(world);
  let after = await lookAt(world);
  // A machine that comes up beside its copy is found within one heartbeat.
  if (anyRunsTwice(after)) {
    await world.heartbeat();
    after = await lookAt(world);
  }
  model.look = after;
  oneSite(after);
  lifecyclesFit(before, after);
  await protectionIsKept(world, model, before, after);
  await contentIsKept(world, model, before, after);
  await testsAreGone(world, before, after);
  await endsWell(world, model, before, after);
}
