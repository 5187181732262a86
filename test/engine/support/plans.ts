/** Snapshots of tests and cleanups: told in a few words, or any at all. */
import type {
  CleanupSnapshot,
  RecoverySnapshot,
  ReprotectSnapshot,
  SnapshotCommand,
  SnapshotPlanStep,
  SnapshotPriorityGroup,
  SnapshotSite,
  SnapshotVm,
  TestOptions,
  TestSnapshot,
} from "../../../src/engine/run-snapshot.ts";

export const site = (id: string, capabilities: Partial<SnapshotSite["capabilities"]> = {}): SnapshotSite => ({
  id,
  name: id,
  provider: "lab",
  externalId: `${id}-x`,
  capabilities: {
    ipCustomisation: "AFTER_POWER_ON",
    guestCommands: true,
    folders: true,
    resourcePools: true,
    minimumRpoMinutes: 1,
    maximumPointInTimeInstances: 64,
    ...capabilities,
  },
});

export const vm = (name: string, groupId: string, more: Partial<SnapshotVm> = {}): SnapshotVm => ({
  id: `vm-${name}`,
  name,
  externalId: `${name}-x`,
  groupId,
  placeholderId: `${name}-placeholder`,
  folderId: null,
  resourcePoolId: null,
  nics: [{ nicIndex: 0, testNetwork: "net-0" }],
  priority: "NORMAL",
  startupDelaySeconds: 0,
  powerOnAfterRecovery: true,
  readyCheck: { kind: "HEARTBEAT", timeoutSeconds: 300, port: null, target: null },
  addresses: null,
  dependsOn: [],
  preCommands: [],
  postCommands: [],
  ...more,
});

export const command = (id: string, more: Partial<SnapshotCommand> = {}): SnapshotCommand => ({
  id,
  command: `/scripts/${id}.sh`,
  arguments: [],
  timeoutSeconds: 300,
  rerunnable: false,
  runInGuest: false,
  guestUsername: null,
  passwordSecretId: null,
  ...more,
});

type CommandStep = Extract<SnapshotPlanStep, { type: "COMMAND" }>;

export const commandStep = (id: string, more: Partial<Omit<CommandStep, "type" | "id">> = {}): SnapshotPlanStep => ({
  id,
  name: id,
  type: "COMMAND",
  command: `/scripts/${id}.sh`,
  arguments: [],
  timeoutSeconds: 300,
  runOnSite: "RECOVERY",
  continueOnFailure: false,
  runInTest: false,
  rerunnable: false,
  ...more,
});

export const promptStep = (id: string): SnapshotPlanStep => ({
  id,
  name: id,
  type: "PROMPT",
  message: "Go on?",
  timeoutSeconds: null,
  defaultAnswer: null,
});

export const pauseStep = (id: string, durationSeconds: number | null = null): SnapshotPlanStep => ({
  id,
  name: id,
  type: "PAUSE",
  durationSeconds,
});

/** A VM by its name, or with settings; `dependsOn` by names. */
export type VmWords = string | ({ readonly name: string } & Partial<SnapshotVm>);

export interface PlanBuilder {
  /** Another priority group, with one protection group of these VMs. */
  group(...vms: readonly VmWords[]): PlanBuilder;
  /** Steps of the newest priority group. */
  pre(...steps: readonly SnapshotPlanStep[]): PlanBuilder;
  post(...steps: readonly SnapshotPlanStep[]): PlanBuilder;
  options(options: Partial<TestOptions>): PlanBuilder;
  /** What the recovery site can do. */
  able(capabilities: Partial<SnapshotSite["capabilities"]>): PlanBuilder;
  with(more: Partial<TestSnapshot>): PlanBuilder;
  build(): TestSnapshot;
}

export function aPlan(now: TestSnapshot = emptyTest): PlanBuilder {
  const changed = (more: Partial<TestSnapshot>) => aPlan({ ...now, ...more });
  const newest = (change: (group: SnapshotPriorityGroup) => SnapshotPriorityGroup) =>
    changed({
      priorityGroups: now.priorityGroups.map((group, index) => (index === now.priorityGroups.length - 1 ? change(group) : group)),
    });
  return {
    group(...vms) {
      const priority = now.priorityGroups.length + 1;
      const groupId = `group-${priority}`;
      const added = vms.map((words) => {
        const { name, dependsOn = [], ...more } = typeof words === "string" ? { name: words } : words;
        return vm(name, groupId, { ...more, dependsOn: dependsOn.map((other) => `vm-${other}`) });
      });
      return changed({
        groups: [...now.groups, { id: groupId, name: `Group ${priority}`, externalId: `${groupId}-x` }],
        priorityGroups: [...now.priorityGroups, { priority, name: "", groupIds: [groupId], preSteps: [], postSteps: [] }],
        vms: [...now.vms, ...added],
      });
    },
    pre: (...steps) => newest((group) => ({ ...group, preSteps: [...group.preSteps, ...steps] })),
    post: (...steps) => newest((group) => ({ ...group, postSteps: [...group.postSteps, ...steps] })),
    options: (options) => changed({ options: { ...now.options, ...options } }),
    able: (capabilities) => changed({ recoverySite: site("recovery", capabilities) }),
    with: changed,
    build: () => now,
  };
}

export const base = {
  version: 1,
  plan: { id: "plan", name: "Shop" },
  protectedSite: site("protected"),
  recoverySite: site("recovery"),
  pastSeconds: {},
  warnings: [],
} as const;

const emptyTest: TestSnapshot = {
  ...base,
  kind: "TEST",
  options: { powerOnVms: true, runScripts: true, syncData: true },
  groups: [],
  testNetworks: [{ id: "net-0", name: "LAN", testNetworkId: null }],
  priorityGroups: [],
  vms: [],
};

/** The same plan as a recovery: every network is there, and VMs have two minutes to shut down. */
export function aRecovery(
  kind: RecoverySnapshot["kind"],
  test: TestSnapshot,
  { options = {}, points = {}, ...more }: RecoveryWish = {},
): RecoverySnapshot {
  return {
    ...test,
    kind,
    options: {
      ...test.options,
      shutdownSourceVms: true,
      failurePolicy: kind === "PLANNED" ? "PAUSE" : "CONTINUE",
      unfencedAcceptedBy: null,
      protectedSiteBudgetSeconds: 120,
      ...options,
    },
    protectedSiteCondition: "CONNECTED",
    groups: test.groups.map((group) => ({ ...group, pointId: points[group.id] ?? null })),
    testNetworks: test.testNetworks.map((network) => ({ ...network, testNetworkId: network.name })),
    vms: test.vms.map((machine) => ({ ...machine, shutdownDelaySeconds: 120 })),
    rerunOf: null,
    ...more,
  };
}

export type RecoveryWish = Partial<Pick<RecoverySnapshot, "protectedSiteCondition" | "protectedSiteHeardAt" | "rerunOf">> & {
  readonly options?: Partial<RecoverySnapshot["options"]>;
  /** By group. */
  readonly points?: Readonly<Record<string, string>>;
};

/** A reprotect of groups with these VMs. */
export function aReprotect(groups: readonly (readonly string[])[], options: Partial<ReprotectSnapshot["options"]> = {}): ReprotectSnapshot {
  return {
    ...base,
    kind: "REPROTECT",
    protectedSite: site("recovery"),
    recoverySite: site("protected"),
    options: { syncData: true, reverseReplication: true, force: false, ...options },
    groups: groups.map((names, index) => ({
      id: `group-${index + 1}`,
      name: `Group ${index + 1}`,
      externalId: `group-${index + 1}-back`,
      formerExternalId: `group-${index + 1}-x`,
      storageGroups: [{ sources: ["DR-DS"], target: "Prod-DS" }],
      vms: names.map((name) => ({
        id: `vm-${name}`,
        name,
        externalId: `${name}-recovered`,
        formerExternalId: `${name}-x`,
        placeholderName: `${name}-placeholder`,
      })),
    })),
    rerunOf: null,
  };
}

/** A cleanup of a test with these VMs, a snapshot per group and one isolated network. */
export function aCleanup(vms: readonly string[], more: { groups?: number; networks?: number; force?: boolean } = {}): CleanupSnapshot {
  const list = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index));
  return {
    ...base,
    kind: "CLEANUP",
    testRunId: "test-run",
    force: more.force ?? false,
    remains: {
      vms: vms.map((name) => ({ vmId: `vm-${name}`, name, placeholderId: `${name}-placeholder`, recoveryVmId: `${name}-test` })),
      snapshots: list(more.groups ?? 1, (index) => ({
        groupId: `group-${index}`,
        groupName: `Group ${index}`,
        snapshotId: `snapshot-${index}`,
      })),
      networks: list(more.networks ?? 1, (index) => ({ name: `net-${index}`, networkId: `network-${index}` })),
    },
  };
}
