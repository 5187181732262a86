/** Ways on that random sequences have found closed (test/model): each is told here as plainly as it can be. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { operator } from "../support/node.ts";
import { aStage, type Scene, type Stage } from "./scene.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await aStage();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

const planned = async ({ planId, end }: Scene) =>
  end((await stage.node.recoveries.start(operator, { planId, recoveryType: "PLANNED" })).recoveryId);
const reprotected = async ({ planId, end }: Scene) => end((await stage.node.recoveries.startReprotect(operator, { planId })).recoveryId);

async function lifecycleOf({ planId }: Scene): Promise<string> {
  return (await stage.db.database.prisma.recoveryPlan.findUniqueOrThrow({ where: { id: planId } })).lifecycle;
}

describe("a reprotect", () => {
  it("is gone on with where the first of its groups has turned and the second has not", async () => {
    const scene = await stage.scene({ machines: 2, groups: 2 });
    expect(await planned(scene)).toMatchObject({ resultState: "SUCCESS" });
    await stage.lab.faults.fail({ kind: "reverseGroup", target: scene.sites.groups[1]?.name ?? "", failure: "PERMANENT" });
    expect(await reprotected(scene)).toMatchObject({ resultState: "PARTIAL" });
    expect(await lifecycleOf(scene)).toBe("REPROTECT_INCOMPLETE");
    expect(await reprotected(scene)).toMatchObject({ resultState: "SUCCESS" });
    expect(await lifecycleOf(scene)).toBe("READY");
  });
});
