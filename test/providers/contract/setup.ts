/** What the provider contract's suite needs from the provider under test, and the words that its tests are written in. */
import { setTimeout as delay } from "node:timers/promises";
import type {
  Artefact,
  EffectKind,
  EffectRequest,
  EffectResult,
  FailureClass,
  Operation,
  Provider,
  VmStatus,
} from "../../../src/providers/contract.ts";

export interface SourceVm {
  readonly name: string;
  readonly sourceVmId: string;
}

export interface ContractVm extends SourceVm {
  readonly placeholderId: string;
}

/** Two sites with a group of at least two VMs. Effects take some time (milliseconds), and guests boot. */
export interface ContractSetup {
  readonly provider: Provider;
  readonly protectedSite: string;
  readonly recoverySite: string;
  readonly groupId: string;
  readonly vms: readonly [ContractVm, ContractVm, ...ContractVm[]];
  /** Source VMs that no group replicates. */
  readonly spare: readonly [SourceVm, SourceVm, ...SourceVm[]];
  /** Names of datastores: one at the source site, one at the recovery site. */
  readonly storage: { readonly source: string; readonly target: string };
  /** A network at the recovery site that no run made. */
  readonly networkId: string;
  readonly folderId: string | null;
  readonly resourcePoolId: string | null;
  /** Another VM at the protected site, which is on and whose guest reports; no group replicates it. */
  makeVm(): Promise<SourceVm>;
  /** The next call of this kind is refused with that class. */
  refuse(kind: EffectKind, failure: FailureClass): Promise<void>;
  /** The next call of this kind gets no answer. */
  hang(kind: EffectKind): Promise<void>;
  /** The next call of this kind reaches the site and stays there, before the site does anything. */
  hold(kind: EffectKind): Promise<{ readonly arrived: Promise<void>; release(): Promise<void> }>;
  /** Ends the provider as a gateway's death does, and opens another on the same sites. */
  reopen(): Promise<Provider>;
  close(): Promise<void>;
}

export const never = (): AbortSignal => new AbortController().signal;

let runs = 0;
let keys = 0;

/** A run's owner: orders with the run's id and epoch, under a new key each time. */
export class Owner {
  readonly runId: string;
  readonly epoch: bigint;
  readonly #setup: ContractSetup;
  readonly #site: string;

  constructor(setup: ContractSetup, site = setup.recoverySite, runId = `run-${Date.now()}-${++runs}`, epoch = 1n) {
    this.#setup = setup;
    this.#site = site;
    this.runId = runId;
    this.epoch = epoch;
  }

  /** The owner that takes the run over. */
  successor(): Owner {
    return new Owner(this.#setup, this.#site, this.runId, this.epoch + 1n);
  }

  /** The same run, at another site. */
  at(site: string): Owner {
    return new Owner(this.#setup, site, this.runId, this.epoch);
  }

  newKey(): string {
    return `${this.runId}/${this.epoch}/${++keys}`;
  }

  order<K extends EffectKind>(kind: K, request: EffectRequest<K>, key = this.newKey(), signal = never()): Promise<Operation<K>> {
    return this.#provider.order(this.#site, kind, request, { key, runId: this.runId, epoch: this.epoch, signal });
  }

  observe(...keys: string[]): Promise<ReadonlyMap<string, Operation>> {
    return this.#provider.observe(this.#site, keys, { runId: this.runId, epoch: this.epoch, signal: never() });
  }

  cancel(key: string): Promise<void> {
    return this.#provider.cancel(this.#site, key, { runId: this.runId, epoch: this.epoch, signal: never() });
  }

  /** Orders, and waits until the effect is complete. */
  async ended<K extends EffectKind>(kind: K, request: EffectRequest<K>, key = this.newKey()): Promise<Operation<K>> {
    let operation = await this.order(kind, request, key);
    while (operation.state === "RUNNING") {
      await delay(5);
      operation = await this.order(kind, request, key);
    }
    return operation;
  }

  async done<K extends EffectKind>(kind: K, request: EffectRequest<K>, key = this.newKey()): Promise<EffectResult<K>> {
    const operation = await this.ended(kind, request, key);
    if (operation.state !== "SUCCEEDED") throw new Error(`${kind} ended ${JSON.stringify(operation)}`);
    return operation.result;
  }

  artefacts(): Promise<readonly Artefact[]> {
    return this.#provider.artefacts(this.#site, this.runId, never());
  }

  async kinds(): Promise<string[]> {
    return (await this.artefacts()).map(({ kind }) => kind).sort();
  }

  /** The VM's status, once it is as wanted. */
  async statusOnce(vmId: string, wanted: (status: VmStatus) => boolean): Promise<VmStatus> {
    for (;;) {
      const status = (await this.#provider.vmStatus(this.#site, [vmId], never())).get(vmId);
      if (status !== undefined && wanted(status)) return status;
      await delay(5);
    }
  }

  /** A snapshot of the newest complete point. */
  async snapshot(): Promise<string> {
    const points = await this.#provider.recoveryPoints(this.#site, this.#setup.groupId, never());
    const pointId = points.find(({ complete }) => complete)?.pointId;
    if (pointId === undefined) throw new Error("The group has no complete point.");
    return (await this.done("createSnapshot", { groupId: this.#setup.groupId, pointId, name: `test ${this.runId}` })).snapshotId;
  }

  registration(vm: ContractVm, snapshotId: string, networkId = this.#setup.networkId): EffectRequest<"registerVm"> {
    const { folderId, resourcePoolId } = this.#setup;
    return { ...vm, snapshotId, permanent: false, folderId, resourcePoolId, nics: [{ nicIndex: 0, networkId }] };
  }

  /** Takes away whatever the run has made. */
  async cleanUp(): Promise<void> {
    const of = async (kind: string) => (await this.artefacts()).filter((artefact) => artefact.kind === kind);
    for (const { id: vmId } of await of("VM")) {
      await this.done("powerOff", { vmId });
      await this.done("removeVm", { vmId });
    }
    for (const { id: placeholderId } of await of("PLACEHOLDER_IN_USE")) await this.done("restorePlaceholder", { placeholderId });
    for (const { id: snapshotId } of await of("SNAPSHOT")) await this.done("discardSnapshot", { snapshotId });
    for (const { id: networkId } of await of("NETWORK")) await this.done("removeNetwork", { networkId });
  }

  get #provider(): Provider {
    return this.#setup.provider;
  }
}
