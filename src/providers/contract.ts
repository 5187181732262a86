/**
 * What a recovery asks of a site. One contract for simulated and real sites; `test/providers/contract.ts` is its
 * test, and every provider passes it.
 *
 * An effect is *ordered* and then *observed*: `order` answers as soon as the site has taken it on, the work itself goes on
 * at the site, whether or not a gateway lives. The key makes it happen once: the same key again is the same operation.
 * A call carries the epoch of the run's owner; a site remembers the highest it has seen for a run, and refuses lower ones.
 * What is already so (a VM that is on is powered on, one that was removed is removed) succeeds and changes nothing more. A call that is
 * refused leaves no operation behind: its key is still free. A caller that gives up (signal) does not know whether its call arrived.
 */

import type { Inventory, InventoryVm } from "./inventory.ts";

/** An address that a virtual network adapter shall have; `ip` null is DHCP. Several of one adapter are its addresses, in that order. */
export interface NicAddress {
  readonly nicIndex: number;
  readonly ip: string | null;
  readonly prefixLength: number | null;
  readonly gateway: string | null;
  readonly dnsServers: readonly string[];
  readonly dnsSuffix: string | null;
}

export interface NicConnection {
  readonly nicIndex: number;
  /** The provider's id of a network at the recovery site; its name, where it was not made by a run. */
  readonly networkId: string;
}

/** Each effect that can be ordered, by kind: what it needs and what it yields. Ids are the provider's own. */
export interface Effects {
  /** Copies what has changed since the last point; yields a new complete recovery point. Ordered at the recovery site. */
  synchronise: { request: { groupId: string }; result: { pointId: string; takenAt: string; sizeBytes: number } };
  /** A writable copy of a group's disks at a recovery point, for a test. */
  createSnapshot: { request: { groupId: string; pointId: string; name: string }; result: { snapshotId: string } };
  discardSnapshot: { request: { snapshotId: string }; result: Record<string, never> };
  /** An isolated network, for a test whose mapping names none. */
  createIsolatedNetwork: { request: { name: string }; result: { networkId: string } };
  removeNetwork: { request: { networkId: string }; result: Record<string, never> };
  /**
   * Registers a VM in its placeholder's place: of a test (permanent false) on the snapshot, else on promoted storage, for good. An existing
   * VM is never overwritten. A permanent one takes its place, and its name, from a test VM that stands there.
   */
  registerVm: {
    request: {
      name: string;
      placeholderId: string;
      /** Of createSnapshot, or of promote. */
      snapshotId: string;
      permanent: boolean;
      sourceVmId: string;
      folderId: string | null;
      resourcePoolId: string | null;
      nics: readonly NicConnection[];
    };
    result: { vmId: string };
  };
  customiseIp: { request: { vmId: string; hostName: string; nics: readonly NicAddress[] }; result: Record<string, never> };
  powerOn: { request: { vmId: string }; result: Record<string, never> };
  /**
   * Asks the guest to shut down, and powers the VM off when the time is over; 0 powers it off at once. Done when it is off. Autostart is off
   * from then on: it comes up again only when it is powered on.
   */
  shutDownVm: { request: { vmId: string; guestTimeoutSeconds: number }; result: { forced: boolean } };
  /**
   * Keeps VMs of a site that is being lost from working on: powers them off at once, and keeps them from starting by themselves. Those that
   * are gone are left out. Their disks stay as they are.
   */
  fenceVms: { request: { vmIds: readonly string[] }; result: { poweredOff: readonly string[] } };
  /** The group's disks at its source site can't be written to, or can again. Read-only is refused while one of the VMs is on. */
  setStorageReadOnly: { request: { groupId: string; sourceVmIds: readonly string[]; readOnly: boolean }; result: Record<string, never> };
  /**
   * The group's replica becomes the recovery site's own storage, with the content of this point; nothing is copied into the group any more.
   * Snapshots of tests stay. The same point again yields the same storage; another one is REFUSED once a VM is registered on it.
   */
  promote: { request: { groupId: string; pointId: string }; result: { snapshotId: string } };
  /** At once, without the guest's help. */
  powerOff: { request: { vmId: string }; result: Record<string, never> };
  /** Removes a VM that a run made, with its disks; refused for a VM that is on. */
  removeVm: { request: { vmId: string }; result: Record<string, never> };
  /** Puts a placeholder back as it was before the test. */
  restorePlaceholder: { request: { placeholderId: string }; result: Record<string, never> };
  /**
   * Configures replication of these VMs to the recovery site, under an id that the gateway chooses and uses for no other group. Copies
   * nothing yet. Refused for a VM that another group replicates, and for an id that stands for other VMs.
   */
  protectGroup: {
    request: {
      groupId: string;
      name: string;
      sourceSiteId: string;
      sourceVmIds: readonly string[];
      /** Names of datastores: sources at the source site, the target at the recovery site. */
      storageGroups: readonly { sources: readonly string[]; target: string }[];
    };
    result: Record<string, never>;
  };
  /** All storage groups of a group that is replicated, in place of those before; its VMs stay as they are. */
  changeStorage: {
    request: {
      groupId: string;
      sourceSiteId: string;
      storageGroups: readonly { sources: readonly string[]; target: string }[];
    };
    result: Record<string, never>;
  };
  /** More VMs for a group that is replicated; their data is copied with the next synchronisation. */
  addToGroup: { request: { groupId: string; sourceSiteId: string; sourceVmIds: readonly string[] }; result: Record<string, never> };
  /** Stops the replication of these VMs; the points that the group has go on holding them. */
  removeFromGroup: { request: { groupId: string; sourceVmIds: readonly string[] }; result: Record<string, never> };
  /** Drops a recovery point; refused while a snapshot of it exists, and for the newest complete one. */
  discardPoint: { request: { groupId: string; pointId: string }; result: Record<string, never> };
  /**
   * Replicates VMs back to the site where they once were, under a new group id. Each one's former VM, which is off, gives its disks as the
   * seed: only what differs travels with the first synchronisation. Refused while a former VM is on. Ordered at the former site.
   */
  reverseGroup: {
    request: {
      groupId: string;
      name: string;
      /** Where the VMs run now. */
      sourceSiteId: string;
      members: readonly { sourceVmId: string; formerVmId: string }[];
      storageGroups: readonly { sources: readonly string[]; target: string }[];
    };
    result: Record<string, never>;
  };
  /** A VM that is off, and was recovered elsewhere, becomes the placeholder of what it was recovered to. Its disks stay with its group. */
  demoteVm: { request: { vmId: string; sourceVmId: string; name: string }; result: { placeholderId: string } };
  /** Stops a group's replication and drops its recovery points; refused while a test's snapshot of it exists. Promoted storage stays. */
  unprotectGroup: { request: { groupId: string }; result: Record<string, never> };
  /**
   * Keeps a VM's place at the recovery site. The placeholder that the VM has already is given this name and place. A VM or another
   * VM's placeholder of this name is never overwritten: REFUSED.
   */
  createPlaceholder: {
    request: { sourceVmId: string; name: string; folderId: string | null; resourcePoolId: string | null };
    result: { placeholderId: string };
  };
  /** Refused while a test VM stands in its place. */
  removePlaceholder: { request: { placeholderId: string }; result: Record<string, never> };
  /** Runs a program in the guest. The password is read when the step runs and never stored by gateway or provider. */
  runInGuest: {
    request: { vmId: string; command: string; arguments: readonly string[]; timeoutSeconds: number; username: string | null };
    result: { exitCode: number; output: string };
  };
}

export type EffectKind = keyof Effects;
export type EffectRequest<K extends EffectKind = EffectKind> = Effects[K]["request"];
export type EffectResult<K extends EffectKind = EffectKind> = Effects[K]["result"];

/** What an effect is ordered with. */
export interface EffectCall {
  /** (run, step, attempt): the same key is the same operation, for ever. */
  readonly key: string;
  /** Everything a run makes carries its id, so that the leak audit finds it. */
  readonly runId: string;
  /** Fencing token of the run's owner. */
  readonly epoch: bigint;
  /** Aborted at the call's deadline, or when the owner loses its lease. */
  readonly signal: AbortSignal;
  /** The guest's password, where the effect needs one; not part of the request, so that nothing keeps it. */
  readonly secret?: string;
}

/** Transient: trying again may help. Permanent: it will not, before somebody changes something. */
export type FailureClass = "TRANSIENT" | "PERMANENT";

/** How far an ordered effect has come. */
export type Operation<K extends EffectKind = EffectKind> =
  | {
      readonly state: "RUNNING";
      readonly progressPercent: number;
      /** In how many milliseconds it is expected to be over, where the site can tell: it is looked at again then. */
      readonly remainingMs?: number;
    }
  | { readonly state: "SUCCEEDED"; readonly result: EffectResult<K> }
  | { readonly state: "FAILED"; readonly failure: FailureClass; readonly code: string; readonly message: string };

export interface VmStatus {
  readonly vmId: string;
  readonly powerState: InventoryVm["powerState"];
  /** When the guest last reported; null when it never has since power-on. ISO time. */
  readonly heartbeatAt: string | null;
  readonly ipAddresses: readonly string[];
}

/** What a site says of itself and of another one. */
export interface Heartbeat {
  /** It reaches the other site. */
  readonly peerReachable: boolean;
  /** What replicates between the two, as this site knows it. */
  readonly components: readonly {
    readonly kind: "ARRAY_MANAGER" | "REPLICATION_SERVER";
    readonly name: string;
    readonly state: "CONNECTED" | "DISCONNECTED" | "ERROR";
  }[];
}

/** PLACEHOLDER: one that the run made; PLACEHOLDER_IN_USE: one in whose place it has put a VM. */
export type ArtefactKind = "VM" | "SNAPSHOT" | "NETWORK" | "PLACEHOLDER" | "PLACEHOLDER_IN_USE";

/** Something that a run made at a site, or took, and that still is. */
export interface Artefact {
  readonly kind: ArtefactKind;
  readonly id: string;
  readonly name: string;
}

export interface Point {
  readonly pointId: string;
  readonly takenAt: string;
  readonly complete: boolean;
  readonly sizeBytes: number;
}

/** What a provider can do; what a plan needs and a provider lacks is a fault before the run. */
export interface Capabilities {
  readonly ipCustomisation: "BEFORE_POWER_ON" | "AFTER_POWER_ON" | "NONE";
  readonly guestCommands: boolean;
  readonly folders: boolean;
  readonly resourcePools: boolean;
  /** So seldom at least a group can be synchronised: a recovery point objective below it can't be kept. */
  readonly minimumRpoMinutes: number;
  /** So many recovery points of a group can be kept at most. */
  readonly maximumPointInTimeInstances: number;
}

/** A call that the site did not answer, or refused before it became an operation. */
export class ProviderError extends Error {
  override readonly name = "ProviderError";
  readonly failure: FailureClass;
  readonly code: ProviderErrorCode;
  constructor(failure: FailureClass, code: ProviderErrorCode, message: string) {
    super(message);
    this.failure = failure;
    this.code = code;
  }
}

/**
 * SITE_UNREACHABLE and TIMED_OUT are transient; STALE_EPOCH means that another owner has spoken for the run, KEY_REUSED that the
 * key stands for another request; NOT_FOUND, REFUSED and UNSUPPORTED that the site will not do it as things are.
 */
export type ProviderErrorCode =
  | "SITE_UNREACHABLE"
  | "TIMED_OUT"
  | "BUSY"
  | "STALE_EPOCH"
  | "KEY_REUSED"
  | "NOT_FOUND"
  | "REFUSED"
  | "UNSUPPORTED";

/** One site as the engine sees it: `siteId` is the provider's own. Every call rejects with ProviderError, or with the signal's reason. */
export interface Provider {
  readonly name: string;
  readonly version: string;
  capabilities(siteId: string, signal: AbortSignal): Promise<Capabilities>;
  /** Answered soon, or not at all. */
  heartbeat(siteId: string, peerSiteId: string, signal: AbortSignal): Promise<Heartbeat>;
  /** All of it, at one moment. */
  inventory(siteId: string, signal: AbortSignal): Promise<Inventory>;
  /** Answers when the site has taken the effect on (or has done it); a second order with the same key answers how far it is. */
  order<K extends EffectKind>(siteId: string, kind: K, request: EffectRequest<K>, call: EffectCall): Promise<Operation<K>>;
  /**
   * How far the effects with these keys are; a key that the site has never taken on is left out. Raises the site's
   * memory of the epoch, so that a call of an older owner that is still under way cannot arrive afterwards.
   */
  observe(
    siteId: string,
    keys: readonly string[],
    call: Pick<EffectCall, "runId" | "epoch" | "signal">,
  ): Promise<ReadonlyMap<string, Operation>>;
  /** Asks that an effect under way stop, where it can; it then ends FAILED with code CANCELLED, or as it would have. */
  cancel(siteId: string, key: string, call: Pick<EffectCall, "runId" | "epoch" | "signal">): Promise<void>;
  /** VMs that are not at the site (any more, or yet) are left out. */
  vmStatus(siteId: string, vmIds: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, VmStatus>>;
  /** What carries this run's id at the site: empty after a complete cleanup. */
  artefacts(siteId: string, runId: string, signal: AbortSignal): Promise<readonly Artefact[]>;
  /** Newest first. */
  recoveryPoints(siteId: string, groupId: string, signal: AbortSignal): Promise<readonly Point[]>;
}

/** Providers by the name that a site's row carries. */
export type Providers = ReadonlyMap<string, Provider>;
