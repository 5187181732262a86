import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { decodeId } from "../../../src/domain/ids.ts";
import { operator } from "../../support/node.ts";
import { untilWaiting } from "../../support/run.ts";
import { holding } from "../../support/session.ts";
import { aMaker, payload } from "./making.ts";
import { aStage, endRun, everything, type Stage } from "./stage.ts";

describe("making a protection group", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await aStage({ quotas: { vmsPerGroup: 3 } });
  });
  afterEach(() => stage.reset());
  afterAll(() => stage.close());

  const create = (specification: object, more: object = {}) => aMaker(stage).create(specification, more);
  const continuous = (...names: Parameters<Stage["vm"]>) => aMaker(stage).continuous(...names);
  const from = () => aMaker(stage).from();

  it("wants both sites at hand", async () => {
    const before = await everything(stage);
    await stage.lab.faults.partition("south");
    expect(await create(continuous("web-1"))).toMatchObject({ code: "SERVICE_UNAVAILABLE", message: expect.stringContaining("south") });
    await stage.lab.faults.clear();
    for (const [site, role] of [
      ["south", "recovery"],
      ["north", "protected"],
    ] as const) {
      const state = { where: { id: stage.siteId(site) }, data: { state: "DISCONNECTED" as const } };
      await stage.db.database.prisma.site.update(state);
      expect(await create(continuous("web-1"))).toMatchObject({
        code: "PRECONDITION_FAILED",
        reason: "SITE_DISCONNECTED",
        message: `The ${role} site ${site} is disconnected.`,
      });
      await stage.db.database.prisma.site.update({ ...state, data: { state: "CONNECTED" } });
    }
    expect(await everything(stage)).toBe(before);
  });

  it("wants the sites paired still when they have answered", async () => {
    const { database } = stage.db;
    await using holder = await holding(database, "DELETE FROM site_pairing WHERE id = $1", [stage.pairingId]);
    const answer = create(continuous("web-1"));
    await untilWaiting(database);
    await holder.query("COMMIT");
    expect(await answer).toMatchObject({
      fieldErrors: [{ path: ["recoverySiteId"], message: "The sites north and south are not paired." }],
    });
    expect(await stage.db.database.prisma.protectionGroup.count()).toBe(0);
  });

  it("needs the role EDITOR", async () => {
    const before = await everything(stage);
    const input = { name: "Shop", ...from(), specification: continuous("web-1") };
    const viewer = { ...operator, roles: new Set(["OPERATOR", "ADMIN"] as const) };
    expect(await stage.send("createProtectionGroup", payload, input, viewer)).toMatchObject({ code: "FORBIDDEN", requiredRole: "EDITOR" });
    expect(await everything(stage)).toBe(before);
  });

  it("gives the first answer to the same key, also when a site is away by then", async () => {
    const first = await create(continuous("web-1"), { idempotencyKey: "k" });
    await endRun(stage, decodeId(first.protectionGroup.id).id);
    await stage.lab.faults.partition("south");
    const again = await create(continuous("web-1"), { idempotencyKey: "k" });
    expect([again.protectionGroup.id, again.task.id]).toEqual([first.protectionGroup.id, first.task.id]);
    expect(await create(continuous("web-2"), { idempotencyKey: "k" })).toMatchObject({ code: "CONFLICT" });
  });

  it("by two at once, of the same VM: one is made, the other is told", async () => {
    const answers = await Promise.all([create(continuous("web-1"), { name: "One" }), create(continuous("web-1"), { name: "Two" })]);
    expect(answers.filter(({ protectionGroup }) => protectionGroup)).toHaveLength(1);
    expect(answers.find(({ code }) => code)).toMatchObject({
      code: "INVALID_REQUEST",
      message: expect.stringContaining("web-1 is in the protection group"),
    });
    expect(await stage.db.database.prisma.protectionGroup.count()).toBe(1);
  });
});
