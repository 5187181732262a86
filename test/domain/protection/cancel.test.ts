import { v7 as uuid } from "uuid";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inTransaction } from "../../../src/database/transaction.ts";
import { nothingKnown } from "../../../src/domain/ask-site.ts";
import { cancelGroupTask } from "../../../src/domain/protection/service-cancel.ts";
import { insertGroupRun } from "../../../src/domain/protection/service-group-run.ts";
import type { Viewer } from "../../../src/domain/viewer.ts";
import type { GroupSnapshot } from "../../../src/engine/group-snapshot.ts";
import { freshDatabase, type TestDatabase } from "../../support/database.ts";
import { operator } from "../../support/node.ts";
import { aGroup, aPair, type PairRows } from "../../support/rows.ts";
import { servicesOf } from "../../support/services.ts";

describe("cancelling the task of a group", () => {
  let db: TestDatabase;
  let pair: PairRows;
  beforeAll(async () => {
    db = await freshDatabase();
    pair = await aPair(db.database);
  });
  afterAll(() => db.drop());

  async function aRunOf(kind: "GROUP_CREATE" | "GROUP_UPDATE" | "GROUP_DELETE", name: string): Promise<string> {
    const { groupId } = await aGroup(db.database, pair, name, 0);
    const site = { name: "s", provider: "lab", externalId: "s", capabilities: nothingKnown };
    const base = {
      version: 1 as const,
      group: { id: groupId, name, externalId: name },
      protectedSite: { ...site, id: pair.protectedSiteId },
      recoverySite: { ...site, id: pair.recoverySiteId },
      pastSeconds: {},
      warnings: [],
    };
    const snapshots: Record<typeof kind, GroupSnapshot> = {
      GROUP_CREATE: { ...base, kind: "GROUP_CREATE", storageGroups: [], vms: [] },
      GROUP_UPDATE: { ...base, kind: "GROUP_UPDATE", added: [], removed: [] },
      GROUP_DELETE: { ...base, kind: "GROUP_DELETE", force: false, vms: [], rollsBack: null },
    };
    const runId = uuid();
    const taskId = kind === "GROUP_UPDATE" ? null : uuid();
    await inTransaction(db.database.pool, (client) =>
      insertGroupRun(client, { runId, taskId, pairingId: pair.pairingId, viewer: operator, snapshot: snapshots[kind] }),
    );
    return runId;
  }
  const cancel = (runId: string, viewer: Viewer = operator) =>
    inTransaction(db.database.pool, (client) => cancelGroupTask(client, viewer, { runId, reason: "wrong datastore" }));
  const row = (id: string) => db.database.prisma.recovery.findUniqueOrThrow({ where: { id } });

  it("tells the run of a creation, once", async () => {
    const runId = await aRunOf("GROUP_CREATE", "create");
    expect(await cancel(runId)).toBe(true);
    const told = await row(runId);
    expect(told).toMatchObject({ cancelRequestedBy: operator.name, cancelReason: "wrong datastore", wakeAt: told.cancelRequestedAt });
    expect(await cancel(runId)).toBe(false);
    expect(await row(runId)).toEqual(told);
  });

  it("is refused for a deletion, which has begun, and for what has ended", async () => {
    const deletion = await aRunOf("GROUP_DELETE", "delete");
    await expect(cancel(deletion)).rejects.toMatchObject({
      code: "CONFLICT",
      message: "The deletion of the protection group delete has begun and can't be cancelled.",
    });
    const creation = await aRunOf("GROUP_CREATE", "over");
    const ended = { state: "COMPLETED", resultState: "SUCCESS", endedAt: new Date() } as const;
    await db.database.prisma.recovery.update({ where: { id: creation }, data: ended });
    await expect(cancel(creation)).rejects.toMatchObject({ code: "CONFLICT", message: expect.stringContaining("has ended") });
    for (const id of [deletion, creation]) expect(await row(id)).toMatchObject({ cancelRequestedAt: null });
  });

  it("needs the role EDITOR, and a run that is there", async () => {
    const runId = await aRunOf("GROUP_CREATE", "role");
    const other: Viewer = { ...operator, roles: new Set(["OPERATOR", "ADMIN"]) };
    await expect(cancel(runId, other)).rejects.toMatchObject({ code: "FORBIDDEN", requiredRole: "EDITOR" });
    await expect(cancel(uuid())).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(await row(runId)).toMatchObject({ cancelRequestedAt: null });
  });

  it("is the only way: a group's run is not controlled as a recovery is", async () => {
    const runId = await aRunOf("GROUP_DELETE", "control");
    const { recoveries } = servicesOf(db.database);
    for (const control of [recoveries.cancel, recoveries.pause, recoveries.resume])
      await expect(control(operator, { recoveryId: runId })).rejects.toMatchObject({
        code: "CONFLICT",
        message: expect.stringContaining("works on the protection group control"),
      });
    expect(await row(runId)).toMatchObject({ cancelRequestedAt: null, pauseRequestedAt: null });
  });
});
