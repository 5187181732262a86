/** One VM as the run will treat it: its own settings, else the plan's defaults; mappings, addresses and commands resolved. */

import type { RunWarning, SnapshotCommand, SnapshotSite, SnapshotVm, TestOptions } from "../../engine/run-snapshot.ts";
import type { NicAddress } from "../../providers/contract.ts";
import { type Fault, unmapped } from "./service-faults.ts";
import type { Networks, Places } from "./snapshot-mappings.ts";
import type { DependencyRow, IpRuleRow, NicRow, PlanRow, PlanRows, VmCommandRow, VmRow } from "./snapshot-rows.ts";

/** The rows that belong to one VM. */
export interface RelatedRows {
  readonly nics: readonly NicRow[];
  readonly ipRules: readonly IpRuleRow[];
  readonly vmCommands: readonly VmCommandRow[];
  readonly dependencies: readonly DependencyRow[];
}

export interface VmContext {
  readonly plan: PlanRow;
  readonly related: RelatedRows;
  readonly networks: Networks;
  readonly places: Places;
  readonly recoverySite: SnapshotSite;
  readonly options: TestOptions;
  /** Ids of the VMs of this run. */
  readonly inRun: ReadonlySet<string>;
}

export interface ResolvedVm {
  readonly vm: SnapshotVm;
  readonly faults: readonly Fault[];
  readonly warnings: readonly RunWarning[];
}

export function rowsByVm(rows: PlanRows): (vmId: string) => RelatedRows {
  const group = <R extends { readonly vmId: string }>(list: readonly R[]) => Map.groupBy(list, ({ vmId }) => vmId);
  const nics = group(rows.nics);
  const ipRules = group(rows.ipRules);
  const vmCommands = group(rows.vmCommands);
  const dependencies = group(rows.dependencies);
  return (vmId) => ({
    nics: nics.get(vmId) ?? [],
    ipRules: ipRules.get(vmId) ?? [],
    vmCommands: vmCommands.get(vmId) ?? [],
    dependencies: dependencies.get(vmId) ?? [],
  });
}

export function resolveVm(vm: VmRow, context: VmContext): ResolvedVm {
  const faults: Fault[] = [];
  const warnings: RunWarning[] = [];
  const { plan, related, options, recoverySite } = context;
  const addresses = addressesOf(vm, related, warnings);
  if (addresses !== null && recoverySite.capabilities.ipCustomisation === "NONE") faults.push(lacks(vm, recoverySite, "change addresses"));
  if (options.runScripts && related.vmCommands.some(({ runInGuest }) => runInGuest) && !recoverySite.capabilities.guestCommands) {
    faults.push(lacks(vm, recoverySite, "run commands in a guest"));
  }
  const resolved: SnapshotVm = {
    id: vm.id,
    name: vm.name,
    externalId: vm.externalId,
    groupId: vm.groupId,
    placeholderId: vm.placeholderExternalId ?? "",
    folderId: placeOf(vm, "folder", context, faults),
    resourcePoolId: placeOf(vm, "resource pool", context, faults),
    nics: nicsOf(vm, context, faults),
    priority: vm.priority ?? plan.defaultVmPriority,
    startupDelaySeconds: vm.startupDelaySeconds ?? plan.defaultStartupDelaySeconds,
    powerOnAfterRecovery: vm.powerOnAfterRecovery ?? true,
    readyCheck: {
      kind: vm.readyCheck ?? "HEARTBEAT",
      timeoutSeconds: vm.readyTimeoutSeconds ?? 300,
      port: vm.readyPort,
      target: vm.readyTarget,
    },
    addresses,
    dependsOn: dependsOn(vm, context, warnings),
    preCommands: related.vmCommands.filter(({ phase }) => phase === "PRE_POWER_ON").map(commandOf),
    postCommands: related.vmCommands.filter(({ phase }) => phase === "POST_POWER_ON").map(commandOf),
  };
  return { vm: resolved, faults, warnings };
}

function nicsOf(vm: VmRow, { related, networks }: VmContext, faults: Fault[]): SnapshotVm["nics"] {
  return related.nics.flatMap(({ nicIndex, networkId, networkName }) => {
    if (networkId === null) return []; // connected to nothing at home, so to nothing in the test
    const testNetwork = networks.idFor(vm.id, networkId);
    if (testNetwork !== null) return [{ nicIndex, testNetwork }];
    faults.push(unmapped(vm.name, "network", networkName ?? networkId));
    return [];
  });
}

/** Its folder or pool at the recovery site: where the provider has such things, one that is used has to be mapped. */
function placeOf(vm: VmRow, kind: "folder" | "resource pool", { places, recoverySite }: VmContext, faults: Fault[]): string | null {
  const { folders, resourcePools } = recoverySite.capabilities;
  const [known, sourceId, sourceName, targets] =
    kind === "folder"
      ? [folders, vm.folderId, vm.folderName, places.folders]
      : [resourcePools, vm.resourcePoolId, vm.resourcePoolName, places.resourcePools];
  if (!known || sourceId === null) return null;
  const target = targets.get(sourceId);
  if (target === undefined) faults.push(unmapped(vm.name, kind, sourceName ?? sourceId));
  return target ?? null;
}

/** Rules match an adapter by its index, else by an address that it has. Null: the addresses stay as they are. */
function addressesOf(vm: VmRow, { nics, ipRules }: RelatedRows, warnings: RunWarning[]): NicAddress[] | null {
  if (vm.ipCustomizationEnabled !== true) return null;
  const addresses = ipRules.flatMap((rule) => {
    const nic = nics.find(({ nicIndex, ipAddresses }) =>
      rule.nicIndex === null ? rule.sourceIp !== null && ipAddresses.includes(rule.sourceIp) : nicIndex === rule.nicIndex,
    );
    if (nic === undefined) {
      const wanted = rule.nicIndex === null ? `the address ${rule.sourceIp}` : `index ${rule.nicIndex}`;
      warnings.push({ code: "IP_RULE_UNMATCHED", message: `${vm.name} has no adapter with ${wanted}; that IP rule has no effect.` });
      return [];
    }
    return [
      {
        nicIndex: nic.nicIndex,
        ip: rule.targetIp,
        prefixLength: rule.prefixLength,
        gateway: rule.targetGateway,
        dnsServers: rule.targetDnsServers,
        dnsSuffix: rule.targetDnsSuffix,
      },
    ];
  });
  return addresses.length > 0 ? addresses : null;
}

function dependsOn(vm: VmRow, { related, inRun }: VmContext, warnings: RunWarning[]): string[] {
  return related.dependencies.flatMap(({ dependsOnVmId, dependsOnName }) => {
    if (inRun.has(dependsOnVmId)) return [dependsOnVmId];
    const message = `${vm.name} depends on ${dependsOnName}, which is not part of this run; it does not wait for it.`;
    warnings.push({ code: "DEPENDENCY_OUTSIDE_RUN", message });
    return [];
  });
}

const commandOf = ({ vmId: _, phase: __, ...command }: VmCommandRow): SnapshotCommand => command;

const lacks = (vm: VmRow, site: SnapshotSite, what: string): Fault => ({
  code: "CAPABILITY_MISSING",
  message: `${vm.name} needs it, but ${site.name} can't ${what}: its provider ${site.provider} has no such thing.`,
  remedy: "Change the VM's recovery settings, or recover to a site whose provider can.",
});
