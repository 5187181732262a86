/**
 * Sites that cost nothing: everything is done at once, in memory. Keys, epochs and the ledger are kept as a site has to keep them, so that the
 * engine goes the whole way and what is measured is the engine.
 */
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
  /** By site and key: the request that the key stands for. */
  readonly #requests = new Map<string, string>();
  readonly #epochs = new Map<string, bigint>();
  readonly #on = new Set<string>();

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
    this.#fence(siteId, call);
    const at = `${siteId}/${call.key}`;
    const asked = `${kind} ${JSON.stringify(request)}`;
    const known = this.#requests.get(at);
    if (known !== undefined && known !== asked) {
      throw new ProviderError("PERMANENT", "KEY_REUSED", `The key ${call.key} stands for another request.`);
    }
    if (known === undefined) {
      this.#requests.set(at, asked);
      this.ledger.push({ key: call.key, siteId, kind });
      if (kind === "powerOn" && "vmId" in request) this.#on.add(request.vmId);
    }
    return { state: "SUCCEEDED", result: results[kind](request, call.key) };
  }

  async observe(
    siteId: string,
    keys: readonly string[],
    call: Pick<EffectCall, "runId" | "epoch">,
  ): Promise<ReadonlyMap<string, Operation>> {
    this.#fence(siteId, call);
    void keys;
    return new Map();
  }

  async cancel(siteId: string, _key: string, call: Pick<EffectCall, "runId" | "epoch">): Promise<void> {
    this.#fence(siteId, call);
  }

  async vmStatus(_siteId: string, vmIds: readonly string[]): Promise<ReadonlyMap<string, VmStatus>> {
    const heartbeatAt = now();
    return new Map(
      vmIds.map((vmId) => {
        const isOn = this.#on.has(vmId);
        return [
          vmId,
          { vmId, powerState: isOn ? "POWERED_ON" : "POWERED_OFF", heartbeatAt: isOn ? heartbeatAt : null, ipAddresses: ["10.2.0.1"] },
        ];
      }),
    );
  }

  async artefacts(): Promise<readonly Artefact[]> {
    return [];
  }

  async recoveryPoints(_siteId: string, groupId: string): Promise<readonly Point[]> {
    return [{ pointId: `point-${groupId}`, takenAt: now(), complete: true, sizeBytes: 0 }];
  }

  #fence(siteId: string, { runId, epoch }: Pick<EffectCall, "runId" | "epoch">): void {
    const at = `${siteId}/${runId}`;
    const known = this.#epochs.get(at) ?? 0n;
    if (known > epoch) throw new ProviderError("PERMANENT", "STALE_EPOCH", `Epoch ${epoch} of run ${runId} is over.`);
    this.#epochs.set(at, epoch);
  }
}
