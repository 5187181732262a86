/** Rows as an import and runs would have left them, for tests of reading: no provider stands behind them. */
import { v7 as uuid } from "uuid";
import type { Database } from "../../src/database/database.ts";
import type { PlanStepType, StepStatus } from "../../src/database/generated/enums.ts";

type Prisma = Pick<Database, "prisma">;

export interface PairRows {
  readonly pairingId: string;
  readonly protectedSiteId: string;
  readonly recoverySiteId: string;
  readonly sourceNetworkId: string;
  readonly targetNetworkId: string;
  readonly testNetworkId: string;
  readonly sourceFolderId: string;
  readonly targetFolderId: string;
  readonly sourcePoolId: string;
  readonly targetPoolId: string;
  readonly sourceDatastoreId: string;
  readonly targetDatastoreId: string;
}

/** Two connected sites with an inventory of one each, all of it mapped. */
export async function aPair({ prisma }: Prisma, name = "Pair"): Promise<PairRows> {
  const rows: PairRows = {
    pairingId: uuid(),
    protectedSiteId: uuid(),
    recoverySiteId: uuid(),
    sourceNetworkId: uuid(),
    targetNetworkId: uuid(),
    testNetworkId: uuid(),
    sourceFolderId: uuid(),
    targetFolderId: uuid(),
    sourcePoolId: uuid(),
    targetPoolId: uuid(),
    sourceDatastoreId: uuid(),
    targetDatastoreId: uuid(),
  };
  const { protectedSiteId, recoverySiteId, pairingId } = rows;
  const site = { provider: "lab", datacenter: "DC", vcenterServer: "vc.example.com" };
  await prisma.site.createMany({
    data: [
      { ...site, id: protectedSiteId, name: `${name} Primary`, type: "PROTECTED", externalId: `${name}-primary` },
      { ...site, id: recoverySiteId, name: `${name} Recovery`, type: "RECOVERY", externalId: `${name}-recovery` },
    ],
  });
  await prisma.sitePairing.create({
    data: {
      id: pairingId,
      localSiteId: protectedSiteId,
      remoteSiteId: recoverySiteId,
      replicationHealth: "HEALTHY",
      arrayManagers: { create: { name: "SRA", type: "SAN", replicatedDevices: 10 } },
      replicationServers: { create: { name: "VR", replicatedVms: 25 } },
    },
  });
  const atPrimary = { siteId: protectedSiteId };
  const atRecovery = { siteId: recoverySiteId };
  const network = { type: "STANDARD" as const };
  await prisma.network.createMany({
    data: [
      { ...atPrimary, ...network, id: rows.sourceNetworkId, name: "VM Network", vlanId: 100 },
      { ...atRecovery, ...network, id: rows.targetNetworkId, name: "DR Network" },
      { ...atRecovery, id: rows.testNetworkId, name: "Test Network", type: "ISOLATED" },
    ],
  });
  await prisma.folder.createMany({
    data: [
      { ...atPrimary, id: rows.sourceFolderId, name: "Production", path: "/DC/vm/Production" },
      { ...atRecovery, id: rows.targetFolderId, name: "Recovered", path: "/DR/vm/Recovered" },
    ],
  });
  await prisma.resourcePool.createMany({
    data: [
      { ...atPrimary, id: rows.sourcePoolId, name: "Prod-RP", cluster: "Prod-Cluster" },
      { ...atRecovery, id: rows.targetPoolId, name: "DR-RP", cluster: "DR-Cluster", cpuLimitMhz: 10_000 },
    ],
  });
  const bytes = { capacityBytes: 536_870_912_000n, freeBytes: 268_435_456_000n, type: "VMFS" as const };
  await prisma.datastore.createMany({
    data: [
      { ...atPrimary, ...bytes, id: rows.sourceDatastoreId, name: "Prod-DS", replicationState: "SYNCED" },
      { ...atRecovery, ...bytes, id: rows.targetDatastoreId, name: "DR-DS" },
    ],
  });
  const { sourceNetworkId, targetNetworkId, testNetworkId, sourceFolderId, targetFolderId, sourcePoolId, targetPoolId } = rows;
  await prisma.networkMapping.create({ data: { pairingId, sourceNetworkId, targetNetworkId, testNetworkId } });
  await prisma.folderMapping.create({ data: { pairingId, sourceFolderId, targetFolderId } });
  await prisma.resourceMapping.create({ data: { pairingId, sourceResourcePoolId: sourcePoolId, targetResourcePoolId: targetPoolId } });
  return rows;
}

export interface GroupRows {
  readonly groupId: string;
  readonly vmIds: readonly string[];
}

/** A group with so many configured, replicated VMs, named "<group>-vm-01" and so on. */
export async function aGroup({ prisma }: Prisma, pair: PairRows, name: string, vms: number): Promise<GroupRows> {
  const groupId = uuid();
  const { protectedSiteId, recoverySiteId } = pair;
  const kind = { type: "REPLICATION", replicationType: "SAN", peerState: "READY" } as const;
  await prisma.protectionGroup.create({ data: { id: groupId, name, externalId: name, protectedSiteId, recoverySiteId, ...kind } });
  const members = Array.from({ length: vms }, (_, at) => ({ id: uuid(), name: `${name}-vm-${String(at + 1).padStart(2, "0")}` }));
  const place = {
    siteId: protectedSiteId,
    datastoreId: pair.sourceDatastoreId,
    folderId: pair.sourceFolderId,
    resourcePoolId: pair.sourcePoolId,
  };
  await prisma.virtualMachine.createMany({
    data: members.map((vm) => ({
      ...vm,
      ...place,
      externalId: `${vm.id}`,
      cluster: "Prod-Cluster",
      host: "host-01",
      diskBytes: 40_000_000_000n,
    })),
  });
  await prisma.protectedVm.createMany({
    data: members.map(({ id, name: vmName }) => ({
      vmId: id,
      groupId,
      protectionState: "SHADOWING" as const,
      placeholderName: `${vmName}-placeholder`,
      placeholderExternalId: `ph-${id}`,
      recoveryDatastoreId: pair.targetDatastoreId,
      replicationState: "SYNCED" as const,
      lastSyncAt: new Date(Date.now() - 290_500),
    })),
  });
  await prisma.vmNic.createMany({
    data: members.map(({ id }, at) => ({
      vmId: id,
      nicIndex: 0,
      networkId: pair.sourceNetworkId,
      ipAddresses: [`10.0.1.${(at % 250) + 1}`],
    })),
  });
  return { groupId, vmIds: members.map(({ id }) => id) };
}

export interface PlanStepRows {
  readonly type: PlanStepType;
  readonly name: string;
  readonly phase?: "PRE_POWER_ON" | "POST_POWER_ON";
}

/** A plan with one priority group for each list of groups. */
export async function aPlan(
  { prisma }: Prisma,
  pair: PairRows,
  name: string,
  priorityGroups: readonly { readonly groupIds: readonly string[]; readonly steps?: readonly PlanStepRows[] }[],
): Promise<string> {
  const planId = uuid();
  await prisma.recoveryPlan.create({ data: { id: planId, name, pairingId: pair.pairingId, defaultStartupDelaySeconds: 30 } });
  for (const [at, { groupIds, steps = [] }] of priorityGroups.entries()) {
    const priorityGroupId = uuid();
    await prisma.planPriorityGroup.create({ data: { id: priorityGroupId, planId, priority: at + 1, name: `Tier ${at + 1}` } });
    await prisma.planProtectionGroup.createMany({ data: groupIds.map((groupId) => ({ planId, groupId, priorityGroupId })) });
    await prisma.planStep.createMany({
      data: steps.map(({ type, name: stepName, phase = "PRE_POWER_ON" }, position) => ({
        priorityGroupId,
        phase,
        position,
        type,
        name: stepName,
        command: type === "COMMAND" ? "wait-for-db.sh" : null,
        timeoutSeconds: type === "COMMAND" ? 120 : null,
        message: type === "PROMPT" ? "Go on?" : null,
        durationSeconds: type === "PAUSE" ? 60 : null,
      })),
    });
  }
  return planId;
}

export interface StepRows {
  readonly kind: string;
  readonly name: string;
  readonly status?: StepStatus;
  readonly key?: string;
  readonly vmId?: string;
  readonly siteId?: string;
  readonly planStepId?: string;
  readonly needs?: readonly number[];
  readonly after?: readonly number[];
  readonly expectedSeconds?: number;
  readonly errors?: readonly string[];
  readonly result?: Readonly<Record<string, string>>;
  readonly children?: readonly StepRows[];
}

export interface RunRows {
  readonly runId: string;
  readonly taskId: string;
}

const started = new Date("2026-01-15T14:30:00.000Z");
const ended = new Date("2026-01-15T14:31:30.000Z");
const settled = (status: StepStatus) => status !== "PENDING" && status !== "RUNNING" && status !== "WAITING";

/** A run of a plan with this tree; over when every step at its top is, not compiled when there is none. */
export async function aRun({ prisma }: Prisma, pair: PairRows, planId: string, steps: readonly StepRows[]): Promise<RunRows> {
  const runId = uuid();
  const taskId = uuid();
  const isOver = steps.length > 0 && steps.every(({ status = "PENDING" }) => settled(status));
  const { name } = await prisma.recoveryPlan.findUniqueOrThrow({ where: { id: planId } });
  await prisma.recovery.create({
    data: {
      id: runId,
      planId,
      planName: name,
      pairingId: pair.pairingId,
      kind: "TEST",
      state: isOver ? "COMPLETED" : "RUNNING",
      resultState: isOver ? "WARNING" : null,
      options: { powerOnVms: true, runScripts: true, syncData: false },
      initiatedBy: "admin",
      requestedAt: started,
      startedAt: started,
      endedAt: isOver ? ended : null,
      progressPercent: isOver ? 100 : 40,
      warnings: [{ code: "VM_NOT_CONFIGURED", message: "x is left out" }],
      warningsCount: 1,
    },
  });
  await prisma.task.create({
    data: {
      id: taskId,
      name: `Test Recovery - ${name}`,
      type: "RECOVERY",
      state: isOver ? "COMPLETED" : "RUNNING",
      targetId: planId,
      targetType: "RECOVERY_PLAN",
      recoveryId: runId,
      initiatedBy: "admin",
      endedAt: isOver ? ended : null,
    },
  });
  await prisma.recoveryStep.createMany({ data: rowsOf(runId, steps) });
  return { runId, taskId };
}

function rowsOf(runId: string, steps: readonly StepRows[]) {
  const rows: Parameters<typeof row>[1][] = [];
  const add = (list: readonly StepRows[], parent: number | null, path: string) => {
    for (const [at, step] of list.entries()) {
      const ordinal = rows.length + 1;
      const own = path === "" ? String(at + 1) : `${path}.${at + 1}`;
      rows.push({ ...step, ordinal, parent, path: own });
      add(step.children ?? [], ordinal, own);
    }
  };
  add(steps, null, "");
  return rows.map((step) => row(runId, step));
}

function row(runId: string, step: StepRows & { readonly ordinal: number; readonly parent: number | null; readonly path: string }) {
  const { status = "PENDING", ordinal, parent, path, kind, name, children: _, ...rest } = step;
  return {
    runId,
    ordinal,
    parent,
    path,
    kind,
    name,
    status,
    key: rest.key ?? `${kind}:${ordinal}`,
    spec: {},
    vmId: rest.vmId ?? null,
    siteId: rest.siteId ?? null,
    planStepId: rest.planStepId ?? null,
    needs: [...(rest.needs ?? [])],
    after: [...(rest.after ?? [])],
    expectedSeconds: rest.expectedSeconds ?? 10,
    startedAt: status === "PENDING" ? null : started,
    endedAt: settled(status) ? ended : null,
    progressPercent: settled(status) ? 100 : 0,
    errors: [...(rest.errors ?? [])],
    ...(rest.result ? { result: rest.result } : {}),
  };
}
