/**
 * fast-check: plans as they stand in the database, with how they are to be started. One number per VM and step tells its settings, so that
 * they shrink to the plainest. Dependencies lead to VMs that come up no later, so that most have a tree.
 */
import fc from "fast-check";
import type { PlanRows, PlanStepRow, VmRow } from "../../../src/domain/recoveries/snapshot/rows.ts";
import type { StepStatus, VmPriority } from "../../../src/engine/model.ts";
import type { SiteCondition, SnapshotSite } from "../../../src/engine/run-snapshot.ts";

export interface AnyStart {
  readonly kind: "TEST" | "PLANNED" | "DISASTER";
  readonly rows: PlanRows;
  readonly recoverySite: SnapshotSite;
  readonly options: {
    readonly powerOnVms: boolean;
    readonly runScripts: boolean;
    readonly syncData: boolean;
    readonly shutdownSourceVms: boolean;
    readonly failurePolicy: "PAUSE" | "CONTINUE";
  };
  readonly condition: SiteCondition;
  /** Of the first group; the others take the latest. */
  readonly point: string | null;
  /** A number that decides what earlier runs of the plan took, and how the steps ended of one that this goes on with; null: there is none. */
  readonly past: number | null;
  readonly rerun: number | null;
}

const code = () => fc.nat(2 ** 30 - 1);

/** Takes decisions out of a number, one after the other; 0 always decides for the first, which is the plainest. */
export function decisions(from: number) {
  let left = from;
  return <T>(...choices: readonly [T, ...T[]]): T => {
    const choice = choices[left % choices.length] ?? choices[0];
    left = Math.floor(left / choices.length);
    return choice;
  };
}

export const anyStart = (): fc.Arbitrary<AnyStart> =>
  fc
    .record({
      vms: fc.array(code(), { minLength: 1, maxLength: 12, size: "max" }),
      steps: fc.array(code(), { maxLength: 8 }),
      shape: code(),
      past: fc.option(code()),
      rerun: fc.option(code(), { freq: 3 }),
    })
    .map(startOf);

interface Codes {
  readonly vms: readonly number[];
  readonly steps: readonly number[];
  readonly shape: number;
  readonly past: number | null;
  readonly rerun: number | null;
}

function startOf({ vms, steps, shape, past, rerun }: Codes): AnyStart {
  const decide = decisions(shape);
  const kind = decide("TEST", "PLANNED", "DISASTER");
  const priorityGroups = decide(1, 2, 3, 4);
  const groups = priorityGroups + decide(0, 1, 2);
  const capabilities = {
    ipCustomisation: decide("BEFORE_POWER_ON", "AFTER_POWER_ON"),
    guestCommands: true,
    folders: decide(true, false),
    resourcePools: true,
    minimumRpoMinutes: 1,
    maximumPointInTimeInstances: 64,
  } as const;
  const isFailback = decide(false, false, true);
  const options = {
    powerOnVms: decide(true, true, true, false),
    runScripts: decide(true, true, false),
    syncData: decide(true, true, false),
    shutdownSourceVms: kind === "TEST" || decide(true, true, true, false),
    failurePolicy: decide("PAUSE", "CONTINUE"),
  } as const;
  return {
    kind,
    rows: rowsOf({ vms, steps, priorityGroups, groups, isFailback }),
    recoverySite: { id: "recovery", name: "Recovery", provider: "lab", externalId: "recovery-x", capabilities },
    options,
    condition: kind === "DISASTER" ? decide("CONNECTED", "SUSPECT", "DISCONNECTED") : "CONNECTED",
    point: kind !== "PLANNED" && decide(false, true) ? "a point" : null,
    past,
    rerun: kind === "TEST" ? null : rerun,
  };
}

interface Shape {
  readonly vms: readonly number[];
  readonly steps: readonly number[];
  readonly priorityGroups: number;
  readonly groups: number;
  readonly isFailback: boolean;
}

const list = <T>(length: number, of: (index: number) => T): T[] => Array.from({ length }, (_, index) => of(index));

function rowsOf({ vms: codes, steps, priorityGroups, groups, isFailback }: Shape): PlanRows {
  const machines = codes.map((given, index) => machineOf(given, index, groups));
  return {
    plan: { id: "plan", name: "Shop", defaultVmPriority: "NORMAL", defaultStartupDelaySeconds: 0, defaultShutdownDelaySeconds: 120 },
    priorityGroups: list(priorityGroups, (index) => ({
      id: `priority-${index}`,
      priority: index * 2 + 1,
      name: index === 1 ? "" : `Tier ${index}`,
    })),
    planSteps: steps.map((given, index) => stepOf(given, index, priorityGroups)),
    groups: list(groups, (index) => ({
      id: `group-${index}`,
      name: `Group ${index}`,
      externalId: `group-${index}-x`,
      priorityGroupId: `priority-${index % priorityGroups}`,
      protectedSiteId: "protected",
      recoverySiteId: "recovery",
      state: "READY",
      turned: isFailback,
      hasCompletePoint: true,
    })),
    vms: machines.map(({ vm }) => vm),
    nics: machines.flatMap(({ vm: { id }, adapters }, index) =>
      list(adapters, (nicIndex) => ({
        vmId: id,
        nicIndex,
        networkId: `net-${nicIndex}`,
        networkName: `net-${nicIndex}`,
        ipAddresses: [`10.${nicIndex}.0.${index + 1}`],
      })),
    ),
    networkMappings: list(3, (index) => ({
      vmId: null,
      sourceNetworkId: `net-${index}`,
      targetNetworkId: `target-${index}`,
      targetName: `DR ${index}`,
      testName: index === 0 ? "Bubble" : null,
    })),
    placeMappings: [{ kind: "FOLDER", sourceId: "folder", targetName: "/DR" }],
    ipRules: machines.flatMap(({ vm: { id, ipCustomizationEnabled } }, index) => (ipCustomizationEnabled ? [ruleOf(id, index)] : [])),
    vmCommands: machines.flatMap(({ vm: { id }, commands }) => list(commands, (index) => commandOf(id, index))),
    dependencies: dependenciesOf(machines, priorityGroups),
    probes: machines.flatMap(({ vm: { id }, probes }) =>
      list(probes, (index) => ({
        vmId: id,
        id: `${id}-probe-${index}`,
        check: "TCP" as const,
        timeoutSeconds: 60,
        port: 80 + index,
        target: null,
      })),
    ),
    vmPlaces: isFailback ? machines.filter((_, index) => index % 3 !== 2).map(({ vm: { id } }) => placeOf(id)) : [],
  };
}

interface Machine {
  readonly vm: VmRow;
  readonly group: number;
  readonly adapters: number;
  readonly commands: number;
  readonly probes: number;
  readonly wants: number;
}

const priorities = ["NORMAL", "HIGHEST", "HIGH", "LOW", "LOWEST"] as const;

function machineOf(given: number, index: number, groups: number): Machine {
  const decide = decisions(given);
  const group = decide(0, ...list(groups - 1, (at) => at + 1));
  const name = `vm-${index}`;
  const settings = decide(false, true);
  const own = <T>(...choices: readonly [T, ...T[]]): T | null => (settings ? decide(...choices) : null);
  const priority = own<VmPriority>(...priorities);
  const vm: VmRow = {
    id: name,
    name,
    externalId: `${name}-x`,
    groupId: `group-${group}`,
    placeholderExternalId: index > 0 && index % 7 === 6 ? null : `${name}-placeholder`,
    folderId: "folder",
    folderName: "/Shop",
    resourcePoolId: null,
    resourcePoolName: null,
    priority,
    startupDelaySeconds: own(0, 15),
    shutdownDelaySeconds: own(60, 0),
    skipGuestShutdown: own(false, true),
    powerOnAfterRecovery: own(true, true, false),
    readyCheck: own("HEARTBEAT", "TCP", "POWERED_ON"),
    readyTimeoutSeconds: own(300, 20),
    readyPort: 443,
    readyTarget: null,
    ipCustomizationEnabled: own(false, true),
  };
  return { vm, group, adapters: decide(1, 0, 2, 3), commands: decide(0, 0, 1, 3), probes: decide(0, 0, 2), wants: decide(0, 1, 2, 3) };
}

/** Earlier VMs of the same place in the order, or of one before it. */
function dependenciesOf(machines: readonly Machine[], priorityGroups: number): PlanRows["dependencies"] {
  const tiers: readonly (VmPriority | null)[] = ["HIGHEST", "HIGH", "NORMAL", "LOW", "LOWEST"];
  const place = ({ vm, group }: Machine) => (group % priorityGroups) * 10 + tiers.indexOf(vm.priority ?? "NORMAL");
  return machines.flatMap((machine, index) =>
    machines
      .slice(0, index)
      .filter((other) => place(other) <= place(machine))
      .slice(-machine.wants)
      .slice(0, machine.wants)
      .map(({ vm }) => ({ vmId: machine.vm.id, dependsOnVmId: vm.id, dependsOnName: vm.name })),
  );
}

const ruleOf = (vmId: string, index: number) => ({
  vmId,
  nicIndex: 0,
  sourceIp: null,
  targetIp: `10.9.0.${index + 1}`,
  prefixLength: 24,
  targetGateway: null,
  targetDnsServers: [],
  targetDnsSuffix: null,
});

const commandOf = (vmId: string, index: number) => ({
  id: `${vmId}-command-${index}`,
  vmId,
  phase: index === 0 ? ("PRE_POWER_ON" as const) : ("POST_POWER_ON" as const),
  command: index === 2 ? "/bin/true" : "/scripts/note.sh",
  arguments: [vmId],
  timeoutSeconds: 30,
  rerunnable: index === 1,
  runInGuest: index === 2,
  guestUsername: null,
  passwordSecretId: null,
});

const placeOf = (vmId: string) => ({
  vmId,
  folder: "/Before",
  resourcePool: null,
  nics: list(3, (nicIndex) => ({ nicIndex, network: nicIndex === 2 ? null : `Before ${nicIndex}`, ipAddresses: [] })),
});

function stepOf(given: number, index: number, priorityGroups: number): PlanStepRow {
  const decide = decisions(given);
  const type = decide("COMMAND", "PROMPT", "PAUSE");
  const isCommand = type === "COMMAND";
  return {
    id: `step-${index}`,
    priorityGroupId: `priority-${decide(0, ...list(priorityGroups - 1, (at) => at + 1))}`,
    phase: decide("PRE_POWER_ON", "POST_POWER_ON"),
    type,
    name: `Step ${index}`,
    command: isCommand ? "/scripts/note.sh" : null,
    arguments: isCommand ? [`${index}`] : [],
    timeoutSeconds: decide(30, null),
    runOnSite: isCommand ? decide("RECOVERY", "PROTECTED") : null,
    continueOnFailure: decide(false, true),
    runInTest: decide(false, true),
    rerunnable: decide(false, true),
    message: type === "PROMPT" ? "Go on?" : null,
    defaultAnswer: null,
    needsTwoPeople: decide(false, true),
    durationSeconds: type === "PAUSE" ? decide(10, null) : null,
  };
}

/** How a step of an earlier run ended. */
export const anyEnd = (of: number, ordinal: number): StepStatus =>
  decisions((of * 31 + ordinal * 17) % 1_009)<StepStatus>(
    "SUCCEEDED",
    "ALREADY_DONE",
    "SUCCEEDED",
    "WARNING",
    "FAILED",
    "SKIPPED",
    "CANCELLED",
  );
