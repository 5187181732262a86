import { describe, expect, it } from "vitest";
import { aStage } from "./stage.ts";

describe("a group that its sites can't keep up with", () => {
  it("is refused with what they can do", async () => {
    const stage = await aStage({ capabilities: { minimumRpoMinutes: 30, maximumPointInTimeInstances: 2 } });
    const input = { name: "Shop", protectedSiteId: stage.site("north"), recoverySiteId: stage.site("south") };
    const vmIds = stage.vm("web-1");
    const answer = await stage.send("createProtectionGroup", "task { id }", {
      ...input,
      pointInTimeInstances: 3,
      specification: { continuous: { vmIds } },
    });
    expect(answer.fieldErrors).toEqual(
      ["north", "south"].flatMap((site) => [
        { path: ["rpoMinutes"], message: `The site ${site} keeps an RPO of 30 minutes at best; this asks for 15.` },
        { path: ["pointInTimeInstances"], message: `The site ${site} keeps 2 points of a group at most; this asks for 3.` },
      ]),
    );
    const snapshot = { vmIds, intervalMinutes: 30, retention: 3 };
    const snapshots = await stage.send("createProtectionGroup", "task { id }", { ...input, rpoMinutes: 30, specification: { snapshot } });
    expect(snapshots.fieldErrors[0].path).toEqual(["specification", "snapshot", "retention"]);
    expect(await stage.db.database.prisma.protectionGroup.count()).toBe(0);
    await stage.close();
  });
});
