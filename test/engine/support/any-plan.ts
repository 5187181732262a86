/**
 * fast-check: plans without cycles, of up to 200 VMs. One number per VM and step tells its settings, so that they shrink quickly to
 * the plainest.
 */
import fc from "fast-check";
import { vmTiers } from "../../../src/engine/cycles.ts";
import type {
  CleanupSnapshot,
  RecoverySnapshot,
  RisingSnapshot,
  SnapshotPlanStep,
  SnapshotVm,
  TestSnapshot,
} from "../../../src/engine/run-snapshot.ts";
import { aCleanup, aPlan, aRecovery, command, commandStep, pauseStep, promptStep, vm } from "./plans.ts";

const code = () => fc.nat(2 ** 30 - 1);

/** Takes decisions out of a number, one after the other; 0 always decides for the first, which is the plainest. */
function decisions(from: number) {
  let left = from;
  return (choices: number): number => {
    const choice = left % choices;
    left = Math.floor(left / choices);
    return choice;
  };
}

export function anyPlan(): fc.Arbitrary<TestSnapshot> {
  const vms = fc.oneof(
    { weight: 3, arbitrary: fc.array(code(), { maxLength: 20, size: "max" }) },
    { weight: 1, arbitrary: fc.array(code(), { maxLength: 200, size: "max" }) },
  );
  return fc.record({ vms, steps: fc.array(code(), { maxLength: 12 }), shape: code() }).map(planOf);
}

/** Any plan as a test or as a recovery, the protected site in any condition. */
export const anyRising = (): fc.Arbitrary<RisingSnapshot> => fc.oneof(anyPlan(), anyRecovery());

export function anyRecovery(): fc.Arbitrary<RecoverySnapshot> {
  return fc.tuple(anyPlan(), code()).map(([test, shape]) => {
    const decide = decisions(shape);
    const kind = decide(2) === 0 ? "PLANNED" : "DISASTER";
    const protectedSiteCondition =
      kind === "PLANNED" ? "CONNECTED" : ((["CONNECTED", "DISCONNECTED", "SUSPECT"] as const)[decide(3)] ?? "CONNECTED");
    const points = kind === "DISASTER" && decide(3) === 1 ? { "group-0": "point" } : {};
    return aRecovery(kind, test, { protectedSiteCondition, points, options: { shutdownSourceVms: decide(5) !== 1 } });
  });
}

function planOf({ vms, steps, shape }: { vms: readonly number[]; steps: readonly number[]; shape: number }): TestSnapshot {
  const decide = decisions(shape);
  const priorityGroups = 1 + decide(5);
  const groups = priorityGroups + decide(4);
  const options = { syncData: decide(4) !== 1, runScripts: decide(5) !== 1, powerOnVms: decide(6) !== 1 };
  const ipCustomisation = (["AFTER_POWER_ON", "BEFORE_POWER_ON", "NONE"] as const)[decide(3)] ?? "NONE";
  const machines = withDependencies(vms, groups, priorityGroups);
  const phases = Array.from({ length: priorityGroups }, () => ({
    preSteps: [] as SnapshotPlanStep[],
    postSteps: [] as SnapshotPlanStep[],
  }));
  steps.forEach((step, index) => {
    const pick = decisions(step);
    const phase = phases[pick(priorityGroups)];
    const list = pick(2) === 0 ? phase?.preSteps : phase?.postSteps;
    list?.push(stepOf(`step-${index}`, pick(8)));
  });
  const ids = Array.from({ length: groups }, (_, index) => `group-${index}`);
  return aPlan()
    .options(options)
    .able({ ipCustomisation, guestCommands: decide(4) !== 1 })
    .with({
      groups: ids.map((id) => ({ id, name: id, externalId: `${id}-x` })),
      testNetworks: [
        { id: "net-0", name: "net-0", testNetworkId: "bubble" },
        { id: "net-1", name: "net-1", testNetworkId: null },
        { id: "net-2", name: "net-2", testNetworkId: null },
      ],
      priorityGroups: phases.map((phase, index) => ({
        priority: (index + 1) * 3,
        name: `tier ${index}`,
        groupIds: ids.filter((_, group) => group % priorityGroups === index),
        ...phase,
      })),
      vms: machines,
    })
    .build();
}

function stepOf(id: string, kind: number): SnapshotPlanStep {
  if (kind === 1) return promptStep(id);
  if (kind === 2) return pauseStep(id, 30);
  if (kind === 3) return pauseStep(id);
  if (kind === 4) return commandStep(id, { runOnSite: "PROTECTED" });
  if (kind === 5) return commandStep(id, { runOnSite: "PROTECTED", runInTest: true });
  return commandStep(id, { continueOnFailure: kind === 6 });
}

/** A VM depends on up to three of an earlier or the same place in the order, so that there is no cycle. */
function withDependencies(codes: readonly number[], groups: number, priorityGroups: number): SnapshotVm[] {
  const machines: SnapshotVm[] = [];
  const place = (machine: SnapshotVm) => (Number(machine.groupId.slice(6)) % priorityGroups) * 10 + vmTiers.indexOf(machine.priority);
  codes.forEach((given, index) => {
    const decide = decisions(given);
    const made = vmOf(`m${index}`, `group-${decide(groups)}`, decide);
    const earlier = decide(3) === 0 ? [] : machines.filter((other) => place(other) <= place(made));
    const wanted = earlier.length === 0 ? 0 : decide(4);
    const dependsOn = Array.from({ length: wanted }, (_, n) => earlier[(given + n * 7) % earlier.length]?.id ?? "");
    machines.push({ ...made, dependsOn: [...new Set(dependsOn)] });
  });
  return machines;
}

function vmOf(name: string, groupId: string, decide: (choices: number) => number): SnapshotVm {
  const plain = decide(2) === 0;
  const settings = plain ? 0 : decide(64);
  return vm(name, groupId, {
    priority: vmTiers[(decide(5) + 2) % 5] ?? "NORMAL",
    startupDelaySeconds: settings & 1 ? 30 : 0,
    preCommands: settings & 2 ? [command(`${name}-pre`)] : [],
    postCommands: settings & 4 ? [command(`${name}-post`), command(`${name}-guest`, { runInGuest: true })] : [],
    powerOnAfterRecovery: (settings & 24) !== 24,
    addresses: settings & 32 ? [{ nicIndex: 0, ip: "10.0.0.1", prefixLength: 24, gateway: null, dnsServers: [], dnsSuffix: null }] : null,
    nics: [{ nicIndex: 0, testNetwork: `net-${decide(3)}` }],
    probes: settings & 1 ? ["one", "two"].map((id) => ({ id, check: "TCP", timeoutSeconds: 60, port: 80, target: null })) : [],
  });
}

export function anyCleanup(): fc.Arbitrary<CleanupSnapshot> {
  const counts = fc.record({ vms: fc.nat(60), groups: fc.nat(6), networks: fc.nat(4), force: fc.boolean() });
  return counts.map(({ vms, ...more }) =>
    aCleanup(
      Array.from({ length: vms }, (_, index) => `m${index}`),
      more,
    ),
  );
}
