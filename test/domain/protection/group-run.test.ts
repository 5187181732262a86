import { v7 as uuid } from "uuid";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inTransaction } from "../../../src/database/transaction.ts";
import { insertGroupRun } from "../../../src/domain/protection/service-group-run.ts";
import type { GroupSnapshot } from "../../../src/engine/group-snapshot.ts";
import type { SnapshotSite } from "../../../src/engine/run-snapshot.ts";
import { readChanges } from "../../../src/events/log.ts";
import { freshDatabase, type TestDatabase } from "../../support/database.ts";
import { operator } from "../../support/node.ts";
import { aGroup, aPair, type GroupRows, type PairRows } from "../../support/rows.ts";
import { eventsOf } from "../../support/run.ts";

describe("a run of a protection group is written with all that belongs to it", () => {
  let db: TestDatabase;
  let pair: PairRows;
  beforeAll(async () => {
    db = await freshDatabase();
    pair = await aPair(db.database);
  });
  afterAll(() => db.drop());

  const site = (id: string): SnapshotSite => ({
    id,
    name: id,
    provider: "lab",
    externalId: id,
    capabilities: {
      ipCustomisation: "NONE",
      guestCommands: false,
      folders: false,
      resourcePools: false,
      minimumRpoMinutes: 1,
      maximumPointInTimeInstances: 64,
    },
  });
  const base = ({ groupId }: GroupRows) => ({
    version: 1 as const,
    group: { id: groupId, name: "Shop", externalId: groupId },
    protectedSite: site(pair.protectedSiteId),
    recoverySite: site(pair.recoverySiteId),
    pastSeconds: {},
    warnings: [],
  });
  const former = ({ vmIds }: GroupRows) => vmIds.map((id) => ({ id, name: id, externalId: id, placeholderId: `ph-${id}` }));

  async function write(snapshot: GroupSnapshot, taskId: string | null = uuid()): Promise<{ runId: string; taskId: string | null }> {
    const run = { runId: uuid(), taskId, pairingId: pair.pairingId, viewer: operator, snapshot };
    await inTransaction(db.database.pool, (client) => insertGroupRun(client, run));
    return run;
  }
  const group = (id: string) => db.database.prisma.protectionGroup.findUniqueOrThrow({ where: { id }, include: { use: true } });

  it("a deletion has a task, holds its group, and says what it was asked to force", async () => {
    const rows = await aGroup(db.database, pair, "a", 2);
    const snapshot = { ...base(rows), kind: "GROUP_DELETE" as const, force: true, vms: former(rows), rollsBack: null };
    const { runId, taskId } = await write(snapshot);
    expect(await group(rows.groupId)).toMatchObject({ state: "DELETING", peerState: "DELETING", use: { runId } });
    expect(await db.database.prisma.task.findUnique({ where: { recoveryId: runId } })).toMatchObject({
      id: taskId,
      name: "Delete Protection Group - Shop",
      type: "PROTECTION_GROUP_DELETE",
      targetType: "PROTECTION_GROUP",
      targetId: rows.groupId,
      state: "QUEUED",
      initiatedBy: operator.name,
    });
    const run = await db.database.prisma.recovery.findUniqueOrThrow({ where: { id: runId }, include: { snapshot: true } });
    expect(run).toMatchObject({
      kind: "GROUP_DELETE",
      planId: null,
      planName: "Shop",
      vmCount: 2,
      options: { force: true },
      engineVersion: 2,
    });
    expect(run.snapshot?.content).toEqual(snapshot);
    expect((await eventsOf(db.database, runId)).map(({ event }) => event.kind)).toEqual(["RECOVERY_STATE_CHANGED"]);
  });

  it("tells of the group, the task and the VMs in one write with its first event", async () => {
    const rows = await aGroup(db.database, pair, "told", 1);
    const { runId, taskId } = await write({ ...base(rows), kind: "GROUP_DELETE", force: true, vms: former(rows), rollsBack: null });
    const [first] = await eventsOf(db.database, runId);
    const position = first?.position ?? 0n;
    const { entries } = await readChanges(db.database.pool, position, 10);
    expect(entries.map(({ change, position: own }) => [own - position, change.kind, change.id, change.change])).toEqual([
      [1n, "PROTECTION_GROUP_CHANGED", rows.groupId, "UPDATED"],
      [2n, "TASK_CHANGED", taskId, "CREATED"],
      [3n, "VM_CHANGED", rows.vmIds[0], "UPDATED"],
    ]);
  });

  it("a change of members has no task, and no other run gets the group meanwhile", async () => {
    const rows = await aGroup(db.database, pair, "b", 3);
    const snapshot = { ...base(rows), kind: "GROUP_UPDATE" as const, added: [], removed: former(rows) };
    const { runId } = await write(snapshot, null);
    expect(await group(rows.groupId)).toMatchObject({ state: "CONFIGURING", use: { runId } });
    expect(await db.database.prisma.task.count({ where: { recoveryId: runId } })).toBe(0);
    await expect(write(snapshot, null)).rejects.toMatchObject({ constraint: "group_use_pkey" });
    expect(await db.database.prisma.recovery.count({ where: { planId: null, kind: "GROUP_UPDATE" } })).toBe(1);
  });

  it("a creation starts without the fault of an earlier try", async () => {
    const rows = await aGroup(db.database, pair, "c", 1);
    const fault = { state: "ERROR", faultCode: "REPLICATION_FAILED", faultMessage: "no", faultSince: new Date() } as const;
    await db.database.prisma.protectionGroup.update({ where: { id: rows.groupId }, data: fault });
    const [vm] = former(rows);
    const vms = vm ? [{ ...vm, placeholderName: "vm-placeholder", folderId: null, resourcePoolId: null }] : [];
    await write({ ...base(rows), kind: "GROUP_CREATE", storageGroups: [], vms });
    expect(await group(rows.groupId)).toMatchObject({ state: "CONFIGURING", faultCode: null, faultMessage: null, faultSince: null });
  });
});
