/**
 * Sites that cost nothing: everything is done at once, in memory. Keys, epochs and the ledger are kept as a site has to keep them, so that the
 * engine goes the whole way and what is measured is the engine.
 */
import { isDeepStrictEqual } from "node:util";
import {
  type Artefact,
  type Capabilities,
  type EffectCall,
  type EffectKind,
  type EffectRequest,
  type EffectResult,
  type Heartbeat,
  type Operation,
  type Point,
  type Provider,
  ProviderError,
  type VmStatus,
} from "../../src/providers/contract.ts";
import type { Inventory } from "../../src/providers/inventory.ts";

const capabilities: Capabilities = {
  ipCustomisation: "BEFORE_POWER_ON",
  guestCommands: true,
  folders: true,
  resourcePools: true,
  minimumRpoMinutes: 1,
  maximumPointInTimeInstances: 64,
};

export interface LedgerEntry {
  readonly key: string;
  readonly siteId: string;
  readonly kind: EffectKind;
}

/** One of the sites. */
interface FreeSite {
  /** By key: what it stands for. */
  readonly requests: Map<string, { readonly kind: EffectKind; readonly request: object }>;
  readonly epochs: Map<string, bigint>;
  /** VMs that have been powered on. */
  readonly on: Set<string>;
}

const ipAddresses = ["10.2.0.1"];
const nothing = () => ({});
const now = () => new Date().toISOString();

/** What each effect yields; the same key always the same. */
const results: { readonly [K in EffectKind]: (request: EffectRequest<K>, key: string) => EffectResult<K> } = {
  synchronise: (_, key) => ({ pointId: `point-${key}`, takenAt: now(), sizeBytes: 0 }),
  createSnapshot: (_, key) => ({ snapshotId: `snapshot-${key}` }),
  discardSnapshot: nothing,
  createIsolatedNetwork: (_, key) => ({ networkId: `network-${key}` }),
  removeNetwork: nothing,
  registerVm: (_, key) => ({ vmId: `vm-${key}` }),
  customiseIp: nothing,
  powerOn: nothing,
  shutDownVm: () => ({ forced: false }),
  fenceVms: ({ vmIds }) => ({ poweredOff: vmIds }),
  setStorageReadOnly: nothing,
  promote: (_, key) => ({ snapshotId: `storage-${key}` }),
  powerOff: nothing,
  removeVm: nothing,
  restorePlaceholder: nothing,
  protectGroup: nothing,
  changeStorage: nothing,
  addToGroup: nothing,
  removeFromGroup: nothing,
  discardPoint: nothing,
  reverseGroup: nothing,
  demoteVm: (_, key) => ({ placeholderId: `placeholder-${key}` }),
  unprotectGroup: nothing,
  createPlaceholder: (_, key) => ({ placeholderId: `placeholder-${key}` }),
  removePlaceholder: nothing,
  runInGuest: () => ({ exitCode: 0, output: "" }),
};

export class FreeSites implements Provider {
  readonly name = "lab";
  readonly version = "free";
  readonly ledger: LedgerEntry[] = [];
  readonly #sites = new Map<string, FreeSite>();

  async capabilities(): Promise<Capabilities> {
    return capabilities;
  }

  async heartbeat(): Promise<Heartbeat> {
    return { peerReachable: true, components: [] };
  }

  async inventory(): Promise<Inventory> {
    return { datastores: [], networks: [], resourcePools: [], folders: [], virtualMachines: [] };
  }

  async order<K extends EffectKind>(siteId: string, kind: K, request: EffectRequest<K>, call: EffectCall): Promise<Operation<K>> {
    const { requests, on } = this.#fenced(siteId, call);
    const known = requests.get(call.key);
    if (known === undefined) {
      requests.set(call.key, { kind, request });
      this.ledger.push({ key: call.key, siteId, kind });
      if (kind === "powerOn" && "vmId" in request) on.add(request.vmId);
    } else if (!isDeepStrictEqual(known, { kind, request })) {
      throw new ProviderError("PERMANENT", "KEY_REUSED", `The key ${call.key} stands for another request.`);
    }
    return { state: "SUCCEEDED", result: results[kind](request, call.key) };
  }

  async observe(
    siteId: string,
    keys: readonly string[],
    call: Pick<EffectCall, "runId" | "epoch">,
  ): Promise<ReadonlyMap<string, Operation>> {
    this.#fenced(siteId, call);
    void keys;
    return new Map();
  }

  async cancel(siteId: string, _key: string, call: Pick<EffectCall, "runId" | "epoch">): Promise<void> {
    this.#fenced(siteId, call);
  }

  async vmStatus(siteId: string, vmIds: readonly string[]): Promise<ReadonlyMap<string, VmStatus>> {
    const { on } = this.#site(siteId);
    const heartbeatAt = now();
    const statuses = new Map<string, VmStatus>();
    for (const vmId of vmIds) {
      const known = on.has(vmId);
      statuses.set(vmId, { vmId, powerState: known ? "POWERED_ON" : "POWERED_OFF", heartbeatAt: known ? heartbeatAt : null, ipAddresses });
    }
    return statuses;
  }

  async artefacts(): Promise<readonly Artefact[]> {
    return [];
  }

  async recoveryPoints(_siteId: string, groupId: string): Promise<readonly Point[]> {
    return [{ pointId: `point-${groupId}`, takenAt: now(), complete: true, sizeBytes: 0 }];
  }

  #site(siteId: string): FreeSite {
    const known = this.#sites.get(siteId);
    if (known !== undefined) return known;
    const made: FreeSite = { requests: new Map(), epochs: new Map(), on: new Set() };
    this.#sites.set(siteId, made);
    return made;
  }

  #fenced(siteId: string, { runId, epoch }: Pick<EffectCall, "runId" | "epoch">): FreeSite {
    const site = this.#site(siteId);
    const known = site.epochs.get(runId) ?? 0n;
    if (known > epoch) throw new ProviderError("PERMANENT", "STALE_EPOCH", `Epoch ${epoch} of run ${runId} is over.`);
    if (known < epoch) site.epochs.set(runId, epoch);
    return site;
  }
}
