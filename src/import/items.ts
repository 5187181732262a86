/**
 * What an import is about, in one shape for the file and for the database, so that the two can be compared. References are names,
 * not ids; lists without an order of their own are sorted.
 */
import type {
  DatastoreType,
  NetworkType,
  PlanStepType,
  ProtectionGroupType,
  ReadyCheck,
  ReplicationType,
  SiteType,
  StepPhase,
} from "../database/generated/enums.ts";
import type { PromptAnswer, SiteRole, VmPriority } from "../engine/model.ts";

export interface SiteItem {
  readonly name: string;
  readonly type: SiteType;
  readonly provider: string;
  readonly externalId: string;
  readonly vcenterServer: string | null;
  readonly vcenterVersion: string | null;
  readonly srmServer: string | null;
  readonly srmVersion: string | null;
  readonly datacenter: string | null;
}

export interface PairingItem {
  readonly protectedSite: string;
  readonly recoverySite: string;
  readonly arrayManagers: readonly { readonly name: string; readonly type: ReplicationType; readonly replicatedDevices: number }[];
  readonly replicationServers: readonly { readonly name: string; readonly replicatedVms: number }[];
}

export interface DatastoreItem {
  readonly site: string;
  readonly name: string;
  readonly type: DatastoreType;
  readonly capacityBytes: number;
  readonly arrayManager: string | null;
  readonly replicatedDeviceId: string | null;
}

export interface NetworkItem {
  readonly site: string;
  readonly name: string;
  readonly type: NetworkType;
  readonly vlanId: number | null;
}

export interface ResourcePoolItem {
  readonly site: string;
  readonly name: string;
  readonly cluster: string;
  readonly cpuLimitMhz: number | null;
  readonly cpuReservationMhz: number | null;
  readonly memoryLimitMb: number | null;
  readonly memoryReservationMb: number | null;
}

export interface FolderItem {
  readonly site: string;
  readonly path: string;
  readonly name: string;
}

export interface VmItem {
  readonly site: string;
  readonly name: string;
  readonly externalId: string;
  readonly guestOs: string | null;
  readonly cpuCount: number;
  readonly memoryMb: number;
  readonly diskBytes: number;
  readonly cluster: string | null;
  readonly host: string | null;
  readonly datastore: string | null;
  readonly folder: string | null;
  readonly resourcePool: string | null;
  readonly nics: readonly {
    readonly network: string | null;
    readonly macAddress: string | null;
    readonly ipAddresses: readonly string[];
  }[];
}

export interface MappingItem {
  readonly kind: "network" | "folder" | "resource";
  readonly sourceSite: string;
  readonly targetSite: string;
  readonly source: string;
  readonly target: string;
  /** Of networks only. */
  readonly testNetwork: string | null;
}

export interface GroupItem {
  readonly name: string;
  readonly description: string;
  readonly type: ProtectionGroupType;
  readonly replicationType: ReplicationType;
  readonly protectedSite: string;
  readonly recoverySite: string;
  readonly externalId: string;
  readonly rpoMinutes: number;
  readonly pointInTimeInstances: number;
  readonly consistencyGroups: boolean;
  readonly snapshotIntervalMinutes: number | null;
  readonly snapshotRetention: number | null;
  readonly storageGroups: readonly { readonly sources: readonly string[]; readonly target: string }[];
  readonly virtualMachines: readonly string[];
}

export interface StepItem {
  readonly phase: StepPhase;
  readonly type: PlanStepType;
  readonly name: string;
  readonly command: string | null;
  readonly arguments: readonly string[];
  readonly timeoutSeconds: number | null;
  readonly runOnSite: SiteRole | null;
  readonly continueOnFailure: boolean;
  readonly runInTest: boolean;
  readonly rerunnable: boolean;
  readonly message: string | null;
  readonly defaultAnswer: PromptAnswer | null;
  readonly durationSeconds: number | null;
}

export interface PlanItem {
  readonly name: string;
  readonly description: string;
  readonly protectedSite: string;
  readonly recoverySite: string;
  readonly defaultVmPriority: VmPriority;
  readonly defaultStartupDelaySeconds: number;
  readonly defaultShutdownDelaySeconds: number;
  readonly rtoTargetSeconds: number | null;
  readonly priorityGroups: readonly {
    readonly priority: number;
    readonly name: string;
    readonly protectionGroups: readonly string[];
    readonly steps: readonly StepItem[];
  }[];
}

export interface IpRuleItem {
  readonly nicIndex: number | null;
  readonly sourceIp: string | null;
  readonly targetIp: string | null;
  readonly prefixLength: number | null;
  readonly targetGateway: string | null;
  readonly targetDnsServers: readonly string[];
  readonly targetDnsSuffix: string | null;
}

export interface VmCommandItem {
  readonly phase: StepPhase;
  readonly command: string;
  readonly arguments: readonly string[];
  readonly timeoutSeconds: number;
  readonly rerunnable: boolean;
  readonly runInGuest: boolean;
  readonly guestUsername: string | null;
  readonly passwordSecretId: string | null;
}

export interface SettingsItem {
  readonly site: string;
  readonly virtualMachine: string;
  readonly priority: VmPriority | null;
  readonly startupDelaySeconds: number | null;
  readonly shutdownDelaySeconds: number | null;
  readonly skipGuestShutdown: boolean;
  readonly powerOnAfterRecovery: boolean;
  readonly readyCheck: ReadyCheck;
  readonly readyTimeoutSeconds: number;
  readonly readyPort: number | null;
  readonly readyTarget: string | null;
  readonly ipCustomizationEnabled: boolean;
  readonly ipRules: readonly IpRuleItem[];
  readonly commands: readonly VmCommandItem[];
  readonly dependsOn: readonly string[];
  readonly networkMappings: readonly { readonly source: string; readonly target: string; readonly testNetwork: string | null }[];
}

/** By key, in the order in which they are written: what refers comes behind what it refers to. */
export interface Model {
  readonly sites: Map<string, SiteItem>;
  readonly pairings: Map<string, PairingItem>;
  readonly datastores: Map<string, DatastoreItem>;
  readonly networks: Map<string, NetworkItem>;
  readonly resourcePools: Map<string, ResourcePoolItem>;
  readonly folders: Map<string, FolderItem>;
  readonly vms: Map<string, VmItem>;
  readonly mappings: Map<string, MappingItem>;
  readonly groups: Map<string, GroupItem>;
  readonly plans: Map<string, PlanItem>;
  readonly settings: Map<string, SettingsItem>;
}

export type Kind = keyof Model;
export type ItemOf<K extends Kind> = Model[K] extends Map<string, infer I> ? I : never;

export const kinds = [
  "sites",
  "pairings",
  "datastores",
  "networks",
  "resourcePools",
  "folders",
  "vms",
  "mappings",
  "groups",
  "plans",
  "settings",
] as const satisfies readonly Kind[];

export const emptyModel = (): Model => ({
  sites: new Map(),
  pairings: new Map(),
  datastores: new Map(),
  networks: new Map(),
  resourcePools: new Map(),
  folders: new Map(),
  vms: new Map(),
  mappings: new Map(),
  groups: new Map(),
  plans: new Map(),
  settings: new Map(),
});

/** Names without regard to case; no name holds a line break. */
export const keyOf = (...names: readonly string[]): string => names.map((name) => name.toLowerCase()).join("\n");
/** A pair is one pair, whichever site is named first. */
export const pairKey = (a: string, b: string): string => [keyOf(a), keyOf(b)].sort().join("\n");

export const byName = (a: string, b: string): number => (a.toLowerCase() < b.toLowerCase() ? -1 : 1);

/** The model that stands after the import: what the file names goes before what is there. */
export function merged(current: Model, wanted: Model): Model {
  const both = <I>(a: Map<string, I>, b: Map<string, I>) => new Map([...a, ...b]);
  return {
    sites: both(current.sites, wanted.sites),
    pairings: both(current.pairings, wanted.pairings),
    datastores: both(current.datastores, wanted.datastores),
    networks: both(current.networks, wanted.networks),
    resourcePools: both(current.resourcePools, wanted.resourcePools),
    folders: both(current.folders, wanted.folders),
    vms: both(current.vms, wanted.vms),
    mappings: both(current.mappings, wanted.mappings),
    groups: both(current.groups, wanted.groups),
    plans: both(current.plans, wanted.plans),
    settings: both(current.settings, wanted.settings),
  };
}
