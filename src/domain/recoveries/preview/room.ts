/** Whether the recovery site has room for what a run brings up there, its addresses are free, and the VMs are there still. Pure. */
import type { SnapshotVm } from "../../../engine/run-snapshot.ts";
import type { PoolFacts, SiteFacts, VmNeeds } from "./facts.ts";
import { type Finding, finding } from "./findings.ts";

export interface RoomInput {
  readonly vms: readonly SnapshotVm[];
  readonly facts: SiteFacts;
  readonly isTest: boolean;
  readonly powerOnVms: boolean;
  /** The protected VMs are shut down, and the run stops where that fails. */
  readonly needsSource: boolean;
}

export interface RoomFindings {
  readonly blockers: readonly Finding[];
  readonly warnings: readonly Finding[];
}

/** What a virtual processor is taken to use; it may use more, and seldom does for long. */
const mhzPerCpu = 1_000;
/** How much of its disks a VM is taken to write anew while it is tested. */
const writtenInTest = 0.1;
const mib = 1_048_576;

export function roomFindings(input: RoomInput): RoomFindings {
  const { vms, facts, isTest, powerOnVms, needsSource } = input;
  const needs = new Map(facts.needs.map((need) => [need.vmId, need]));
  const machines = vms.flatMap((vm) => {
    const need = needs.get(vm.id);
    return need === undefined ? [] : [{ vm, need, on: powerOnVms && vm.powerOnAfterRecovery }];
  });
  const running = machines.filter(({ on }) => on);
  const pools = facts.pools.map((pool) => ({ pool, own: running.filter(({ vm }) => vm.resourcePoolId === pool.name) }));
  const inUse = addressesInUse(vms, facts);
  const gone = machines.filter(({ need }) => need.missing).map(({ vm: { name } }) => missing(name, needsSource));
  return {
    // A test's networks are its own; whether they lead out of the bubble is for the mapping to say.
    blockers: [
      ...pools.flatMap(memoryShort),
      ...datastoresShort(machines, facts, isTest),
      ...(isTest ? [] : inUse),
      ...(needsSource ? gone : []),
    ],
    warnings: [...pools.flatMap(cpuShort), ...(isTest ? inUse : []), ...(needsSource ? [] : gone)],
  };
}

interface Machine {
  readonly vm: SnapshotVm;
  readonly need: VmNeeds;
  readonly on: boolean;
}

interface PoolUse {
  readonly pool: PoolFacts;
  readonly own: readonly Machine[];
}

function memoryShort({ pool, own }: PoolUse): Finding[] {
  const wanted = sum(own, ({ need }) => need.memoryMb);
  const { memoryLimitMb: limit, memoryMbInUse: used, name } = pool;
  if (limit === null || wanted === 0 || used + wanted <= limit) return [];
  const message = `The resource pool ${name} may use ${limit} MiB of memory: ${used} MiB are in use, and the plan's VMs need ${wanted} MiB.`;
  return [finding("MEMORY_SHORT", name, message)];
}

function cpuShort({ pool, own }: PoolUse): Finding[] {
  const wanted = sum(own, ({ need }) => need.cpuCount);
  const { cpuLimitMhz: limit, cpusInUse: used, name } = pool;
  if (limit === null || wanted === 0 || (used + wanted) * mhzPerCpu <= limit) return [];
  const message = `The resource pool ${name} may use ${limit} MHz: with the plan's VMs it has ${used + wanted} virtual processors, of ${mhzPerCpu} MHz each.`;
  return [finding("CPU_SHORT", name, message)];
}

/** Replicas are there already. What comes on top: a swap file of each VM that runs, and what a test writes into its copies. */
function datastoresShort(machines: readonly Machine[], { datastores }: SiteFacts, isTest: boolean): Finding[] {
  const byDatastore = Map.groupBy(machines, ({ need }) => need.datastoreId);
  return datastores.flatMap(({ id, name, freeBytes }) => {
    const own = byDatastore.get(id) ?? [];
    const wanted = sum(own, ({ need, on }) => (on ? need.memoryMb * mib : 0) + (isTest ? need.diskBytes * writtenInTest : 0));
    if (wanted <= freeBytes) return [];
    const message = `The datastore ${name} has ${inGib(freeBytes)} GiB free, and the run needs about ${inGib(wanted)} GiB there.`;
    return [finding("DATASTORE_SHORT", name, message)];
  });
}

function addressesInUse(vms: readonly SnapshotVm[], { addresses }: SiteFacts): Finding[] {
  const owners = new Map(addresses.map(({ ip, vmName }) => [ip, vmName]));
  return vms.flatMap(({ name, addresses: wanted }) =>
    (wanted ?? []).flatMap(({ ip }) => {
      const owner = ip === null ? undefined : owners.get(ip);
      return owner === undefined
        ? []
        : [finding("ADDRESS_IN_USE", name, `${name} is to get the address ${ip}, which ${owner} has at the recovery site.`)];
    }),
  );
}

function missing(name: string, needsSource: boolean): Finding {
  const then = needsSource ? "a planned recovery stops where it is to be shut down" : "it is recovered from its replica";
  return finding("MISSING_AT_SOURCE", name, `${name} no longer exists at the protected site; ${then}.`);
}

const inGib = (bytes: number): string => (bytes / 1_024 ** 3).toFixed(1);

const sum = <T>(list: readonly T[], of: (one: T) => number): number => list.reduce((all, one) => all + of(one), 0);
