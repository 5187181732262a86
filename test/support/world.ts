/** A database with something of every kind, and each thing related to something: for tests that walk the whole schema. */
import { v7 as uuid } from "uuid";
import type { Database } from "../../src/database/database.ts";
import { aDrill, toldAbout } from "./proof-rows.ts";
import { aGroup, aPair, aPlan, aRun, type GroupRows, type PairRows } from "./rows.ts";

type Prisma = Pick<Database, "prisma">;

/** So many pairs of sites, each with a group, a plan, a test that has ended and asked, and what belongs to them. */
export async function aWorld(database: Prisma, pairs: number, name = "corner"): Promise<void> {
  const names = Array.from({ length: pairs }, (_, at) => `${name}-${String(at).padStart(2, "0")}`);
  await Promise.all(names.map((name) => aCorner(database, name)));
}

async function aCorner(database: Prisma, name: string): Promise<void> {
  const pair = await aPair(database, name);
  const group = await aGroup(database, pair, name, 2);
  const steps = [
    { type: "COMMAND", name: "wait" },
    { type: "PROMPT", name: "ask" },
    { type: "PAUSE", name: "rest", phase: "POST_POWER_ON" },
  ] as const;
  const planId = await aPlan(database, pair, name, [{ groupIds: [group.groupId], steps }]);
  await settings(database, pair, group);
  await storage(database, pair, group);
  await lag(database, [group.groupId, planId, pair.protectedSiteId]);
  await runs(database, pair, group, planId);
  const user = await database.prisma.user.create({ data: { name, passwordHash: "none", roles: ["VIEWER"] } });
  await toldAbout(database, name, user.id);
  await database.prisma.auditRecord.create({ data: { userName: name, operation: "startRecovery", requestId: name } });
}

async function settings({ prisma }: Prisma, pair: PairRows, { groupId, vmIds: [first = "", second = ""] }: GroupRows): Promise<void> {
  for (const vmId of [first, second]) {
    await prisma.vmRecoverySettings.create({
      data: {
        vmId,
        priority: "HIGH",
        ipCustomizationEnabled: true,
        ipRules: { create: { position: 0, nicIndex: 0, targetIp: "10.0.2.1", prefixLength: 24 } },
        commands: { create: { phase: "PRE_POWER_ON", position: 0, command: "wait-for-db.sh" } },
      },
    });
    const { sourceNetworkId, targetNetworkId, testNetworkId } = pair;
    await prisma.vmNetworkMapping.create({ data: { vmId, sourceNetworkId, targetNetworkId, testNetworkId } });
  }
  await prisma.vmDependency.create({ data: { vmId: second, dependsOnVmId: first } });
  const unmapped = await prisma.folder.create({ data: { siteId: pair.protectedSiteId, name: "Other", path: "/DC/vm/Other" } });
  await prisma.virtualMachine.update({ where: { id: second }, data: { folderId: unmapped.id } });
  const fault = { faultCode: "CONFIGURATION", faultMessage: "not configured" };
  await prisma.protectedVm.update({ where: { vmId: first }, data: { ...fault, protectionState: "ERROR" } });
  await prisma.protectionGroup.update({ where: { id: groupId }, data: { ...fault, lastTestAt: new Date() } });
  await prisma.rpoViolation.create({
    data: {
      ...{ vmId: first, vmName: "vm", groupId, groupName: "group", rpoMinutes: 15, cause: "LAG", openedAt: new Date() },
      ...{ worstLagSeconds: 1000, currentLagSeconds: 1000 },
    },
  });
}

async function storage({ prisma }: Prisma, pair: PairRows, { groupId }: GroupRows): Promise<void> {
  await prisma.storageGroup.create({
    data: { groupId, targetDatastoreId: pair.targetDatastoreId, sources: { create: { datastoreId: pair.sourceDatastoreId } } },
  });
  await prisma.recoveryPoint.create({ data: { groupId, externalId: groupId, takenAt: new Date(), complete: true, sizeBytes: 10n } });
  await places(prisma, pair);
}

/** Of the last minutes: a series is drawn from samples of 300 s by default. */
async function lag({ prisma }: Prisma, subjectIds: readonly string[]): Promise<void> {
  const sample = { stepSeconds: 300, startsAt: new Date(Date.now() - 600_000), minLagSeconds: 1, maxLagSeconds: 2, worstPercent: 1 };
  const data = subjectIds.map((subjectId) => ({ ...sample, subjectId, vmSeconds: 300, lagVmSeconds: 450, lateVmSeconds: 0 }));
  await prisma.lagSample.createMany({ data });
  await prisma.lagSampleOpen.createMany({ data: data.map((one) => ({ ...one, startsAt: new Date() })) });
}

async function places(prisma: Prisma["prisma"], pair: PairRows): Promise<void> {
  const data = { missingSince: new Date() };
  await prisma.datastore.update({ where: { id: pair.targetDatastoreId }, data });
  await prisma.network.update({ where: { id: pair.targetNetworkId }, data });
  await prisma.folder.update({ where: { id: pair.targetFolderId }, data });
  await prisma.resourcePool.update({ where: { id: pair.targetPoolId }, data });
  const can = { ipCustomisation: "NONE", guestCommands: true, folders: true, resourcePools: true };
  const capabilities = { ...can, minimumRpoMinutes: 1, maximumPointInTimeInstances: 64 };
  await prisma.site.update({ where: { id: pair.recoverySiteId }, data: { capabilities } });
}

async function runs(database: Prisma, pair: PairRows, { groupId, vmIds: [vmId = ""] }: GroupRows, planId: string): Promise<void> {
  const { prisma } = database;
  const { recoverySiteId: siteId } = pair;
  const planStep = await prisma.planStep.findFirstOrThrow({ where: { type: "PROMPT", priorityGroup: { planId } } });
  const of = { vmId, siteId };
  const machine = [
    { kind: "REGISTER_VM", name: "register", status: "SUCCEEDED", ...of, result: { vmId: "copy" } },
    { kind: "POWER_ON", name: "on", status: "FAILED", errors: ["no host"], ...of, needs: [4] },
  ] as const;
  const steps = [
    {
      kind: "PRIORITY_GROUP",
      name: "Tier 1",
      key: "PRIORITY_GROUP:1",
      status: "FAILED",
      children: [
        { kind: "PROMPT", name: "ask", status: "SUCCEEDED", planStepId: planStep.id },
        { kind: "VM", name: "vm", status: "FAILED", ...of, children: machine },
        { kind: "COMMAND", name: "wait", status: "SUCCEEDED" },
      ],
    },
  ] as const;
  const { runId } = await aRun(database, pair, planId, steps);
  await prisma.stepOutput.create({ data: { runId, ordinal: 6, tail: "done\n", totalBytes: 5 } });
  await prisma.recoveryGroup.create({ data: { runId, groupId, groupName: "group", pointTakenAt: new Date() } });
  const asked = { runId, name: "ask", message: "Go on?", openedAt: new Date(), attempt: 1 };
  await prisma.recoveryPrompt.create({
    data: { ...asked, id: uuid(), ordinal: 2, answer: "CONTINUE", answeredAt: new Date(), answeredBy: "ada" },
  });
  const accepted = { acceptedAt: new Date(), acceptedBy: "ada", acceptedComment: "as it is" };
  await prisma.recovery.update({ where: { id: runId }, data: { errors: ["no host"], ...accepted } });
  await prisma.recoveryRemark.create({ data: { runId, text: "looked at it", writtenById: uuid(), writtenBy: "ada" } });
  await prisma.leftover.create({ data: { planId, runId, siteId, kind: "VM", externalId: runId, name: "copy" } });
  await readiness(database, planId, runId, vmId);
  const live = await aRun(database, pair, planId, [
    {
      kind: "PRIORITY_GROUP",
      name: "Tier 1",
      key: "PRIORITY_GROUP:1",
      status: "RUNNING",
      children: [
        { kind: "PROMPT", name: "ask", status: "WAITING", planStepId: planStep.id },
        {
          kind: "VM",
          name: "vm",
          ...of,
          status: "RUNNING",
          children: [{ kind: "POWER_ON", name: "on", status: "RUNNING", ...of, needs: [2] }],
        },
      ],
    },
  ]);
  await prisma.recoveryPrompt.create({ data: { ...asked, id: uuid(), runId: live.runId, ordinal: 2 } });
  await prisma.groupUse.create({ data: { groupId, runId: live.runId } });
  await prisma.recoveryStep.updateMany({ where: { vmId }, data: { groupId } });
  await prisma.task.updateMany({ where: { targetId: planId }, data: { warnings: [{ code: "VM_NOT_CONFIGURED", message: "left out" }] } });
  await prisma.site.update({ where: { id: siteId }, data: { state: "PARTIALLY_CONNECTED", stateReason: "a manager is away" } });
  await aDrill(database, planId, runId, await aCleanup(database, pair, planId, runId));
}

async function readiness({ prisma }: Prisma, planId: string, comparedWithId: string, vmId: string): Promise<void> {
  const object = { type: "VirtualMachine", id: vmId, name: "vm" };
  const changes = [{ kind: "VM", change: "ADDED", object, field: null, before: null, after: null }];
  const untestedSteps = [{ kind: "COMMAND", name: "wait", reason: "NEVER_RUN", planStepId: null, vmId }];
  const found = { readiness: "AT_RISK", score: 92, evaluatedAt: new Date(), comparedWithId, forecastRtoSeconds: 60 } as const;
  await prisma.readinessEvaluation.create({ data: { planId, ...found, changes, untestedSteps } });
  const finding = {
    severity: "WARNING",
    code: "VM_NOT_CONFIGURED",
    objectType: "VirtualMachine",
    objectId: vmId,
    objectName: "vm",
  } as const;
  await prisma.readinessFinding.create({
    data: { planId, ...finding, recoveryTypes: ["TEST"], message: "It has no placeholder.", remedy: "Configure it.", openedAt: new Date() },
  });
}

async function aCleanup({ prisma }: Prisma, { pairingId }: PairRows, planId: string, cleansUpId: string): Promise<string> {
  const id = uuid();
  const over = { state: "COMPLETED", resultState: "SUCCESS", endedAt: new Date() } as const;
  await prisma.recovery.create({
    data: {
      id,
      planId,
      planName: "plan",
      pairingId,
      kind: "CLEANUP",
      options: { force: false },
      initiatedBy: "ada",
      cleansUpId,
      ...over,
    },
  });
  return id;
}
