/** One VM as the run will treat it: its own settings, else the plan's defaults; mappings, addresses and commands resolved. */

import type {
  RunWarning,
  SnapshotCommand,
  SnapshotRecoveryVm,
  SnapshotSite,
  SnapshotVm,
  TestOptions,
} from "../../../engine/run-snapshot.ts";
import type { NicAddress } from "../../../providers/contract.ts";
import { type Fault, unmapped } from "../service/faults.ts";
import type { Networks, Places } from "./mappings.ts";
import type { DependencyRow, IpRuleRow, NicRow, PlanRow, PlanRows, ProbeRow, VmCommandRow, VmPlaceRow, VmRow } from "./rows.ts";

/** The rows that belong to one VM. */
export interface RelatedRows {
  readonly nics: readonly NicRow[];
  readonly ipRules: readonly IpRuleRow[];
  readonly vmCommands: readonly VmCommandRow[];
  readonly dependencies: readonly DependencyRow[];
  readonly probes: readonly ProbeRow[];
  /** Where it was at the recovery site, if it has been there. */
  readonly place: VmPlaceRow | null;
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
  /** Back to where it comes from: where it was there counts before any mapping, and before IP rules. */
  readonly isFailback: boolean;
}

export interface ResolvedVm {
  readonly vm: SnapshotRecoveryVm;
  readonly faults: readonly Fault[];
  readonly warnings: readonly RunWarning[];
}

export function rowsByVm(rows: PlanRows): (vmId: string) => RelatedRows {
  const group = <R extends { readonly vmId: string }>(list: readonly R[]) => Map.groupBy(list, ({ vmId }) => vmId);
  const nics = group(rows.nics);
  const ipRules = group(rows.ipRules);
  const vmCommands = group(rows.vmCommands);
  const dependencies = group(rows.dependencies);
  const probes = group(rows.probes);
  const places = new Map(rows.vmPlaces.map((place) => [place.vmId, place]));
  return (vmId) => ({
    nics: nics.get(vmId) ?? [],
    ipRules: ipRules.get(vmId) ?? [],
    vmCommands: vmCommands.get(vmId) ?? [],
    dependencies: dependencies.get(vmId) ?? [],
    probes: probes.get(vmId) ?? [],
    place: places.get(vmId) ?? null,
  });
}

export function resolveVm(vm: VmRow, context: VmContext): ResolvedVm {
  const faults: Fault[] = [];
  const warnings: RunWarning[] = [];
  const { plan, related, options, recoverySite } = context;
  const addresses = addressesOf(vm, context, warnings);
  if (addresses !== null && recoverySite.capabilities.ipCustomisation === "NONE") faults.push(lacks(vm, recoverySite, "change addresses"));
  if (options.runScripts && related.vmCommands.some(({ runInGuest }) => runInGuest) && !recoverySite.capabilities.guestCommands) {
    faults.push(lacks(vm, recoverySite, "run commands in a guest"));
  }
  const resolved: SnapshotRecoveryVm = {
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
    shutdownDelaySeconds: vm.skipGuestShutdown === true ? 0 : (vm.shutdownDelaySeconds ?? plan.defaultShutdownDelaySeconds),
    readyCheck: {
      kind: vm.readyCheck ?? "HEARTBEAT",
      timeoutSeconds: vm.readyTimeoutSeconds ?? 300,
      port: vm.readyPort,
      target: vm.readyTarget,
    },
    addresses,
    ...(related.probes.length > 0 ? { probes: related.probes.map(({ vmId: _, ...probe }) => probe) } : {}),
    dependsOn: dependsOn(vm, context, warnings),
    preCommands: related.vmCommands.filter(({ phase }) => phase === "PRE_POWER_ON").map(commandOf),
    postCommands: related.vmCommands.filter(({ phase }) => phase === "POST_POWER_ON").map(commandOf),
  };
  return { vm: resolved, faults, warnings };
}

function nicsOf(vm: VmRow, { related, networks, isFailback }: VmContext, faults: Fault[]): SnapshotVm["nics"] {
  return related.nics.flatMap(({ nicIndex, networkId, networkName }) => {
    if (networkId === null) return []; // connected to nothing at home, so to nothing where it is recovered
    const before = isFailback ? (related.place?.nics.find((nic) => nic.nicIndex === nicIndex)?.network ?? null) : null;
    const network = before === null ? networks.idFor(vm.id, networkId) : networks.byName(before);
    if (network !== null) return [{ nicIndex, testNetwork: network }];
    faults.push(unmapped(vm.name, "network", networkName ?? networkId));
    return [];
  });
}

/** Its folder or pool at the recovery site: where the provider has such things, one that is used has to be mapped. */
function placeOf(vm: VmRow, kind: "folder" | "resource pool", context: VmContext, faults: Fault[]): string | null {
  const { places, recoverySite, isFailback, related } = context;
  const { folders, resourcePools } = recoverySite.capabilities;
  const [known, sourceId, sourceName, targets, before] =
    kind === "folder"
      ? [folders, vm.folderId, vm.folderName, places.folders, related.place?.folder]
      : [resourcePools, vm.resourcePoolId, vm.resourcePoolName, places.resourcePools, related.place?.resourcePool];
  if (known && isFailback && before) return before;
  if (!known || sourceId === null) return null;
  const target = targets.get(sourceId);
  if (target === undefined) faults.push(unmapped(vm.name, kind, sourceName ?? sourceId));
  return target ?? null;
}

/** Rules match an adapter by its index, else by an address that it has. Null: the addresses stay as they are. */
function addressesOf(vm: VmRow, { related, isFailback }: VmContext, warnings: RunWarning[]): NicAddress[] | null {
  if (vm.ipCustomizationEnabled !== true) return null;
  if (isFailback && related.place !== null) return addressesBefore(related.place);
  const { nics, ipRules } = related;
  const addresses = ipRules.flatMap((rule) => {
    const nic = nics.find(({ nicIndex, ipAddresses }) =>
      rule.nicIndex === null ? rule.sourceIp !== null && ipAddresses.includes(rule.sourceIp) : nicIndex === rule.nicIndex,
    );
    if (nic === undefined) {
      const wanted = rule.nicIndex === null ? `the address ${rule.sourceIp}` : `index ${rule.nicIndex}`;
      warnings.push({
        code: "IP_RULE_UNMATCHED",
        object: vm.name,
        message: `${vm.name} has no adapter with ${wanted}; that IP rule has no effect.`,
      });
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

/** Rules belong to the way there; on the way back each adapter gets the addresses that it had. */
function addressesBefore({ nics }: VmPlaceRow): NicAddress[] | null {
  const addresses = nics.flatMap(({ nicIndex, ipAddresses }) =>
    ipAddresses.map((ip) => ({ nicIndex, ip, prefixLength: null, gateway: null, dnsServers: [], dnsSuffix: null })),
  );
  return addresses.length > 0 ? addresses : null;
}

function dependsOn(vm: VmRow, { related, inRun }: VmContext, warnings: RunWarning[]): string[] {
  return related.dependencies.flatMap(({ dependsOnVmId, dependsOnName }) => {
    if (inRun.has(dependsOnVmId)) return [dependsOnVmId];
    const message = `${vm.name} depends on ${dependsOnName}, which is not part of this run; it does not wait for it.`;
    warnings.push({ code: "DEPENDENCY_OUTSIDE_RUN", object: vm.name, message });
    return [];
  });
}

const commandOf = ({ vmId: _, phase: __, ...command }: VmCommandRow): SnapshotCommand => command;

const lacks = (vm: VmRow, site: SnapshotSite, what: string): Fault => ({
  code: "CAPABILITY_MISSING",
  object: vm.name,
  message: `${vm.name} needs it, but ${site.name} can't ${what}: its provider ${site.provider} has no such thing.`,
  remedy: "Change the VM's recovery settings, or recover to a site whose provider can.",
});
