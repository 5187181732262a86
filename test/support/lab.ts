/** Lab sites for tests: two sites, VMs that are protected in groups, and what a test recovery needs at the recovery site. */
import type pg from "pg";
import type { EffectKind, EffectRequest } from "../../src/providers/contract.ts";
import { type Lab, type LabDefinition, type LabOptions, openLab } from "../../src/providers/lab/lab.ts";
import { testPool } from "./pool.ts";

export interface LabSitesWish {
  /** How many VMs; 3 by default. They are named vm-1, vm-2, … */
  readonly vms?: number;
  /** Spread over so many groups, one after the other; 1 by default. */
  readonly groups?: number;
  /** VMs that nothing protects, after the others; none by default. */
  readonly spare?: number;
  /** Names and ids of everything start with it, for several pairs in one database. */
  readonly prefix?: string;
  /** TCP port that every guest serves; none by default. */
  readonly servicePort?: number;
}

export interface LabSitesVm {
  readonly id: string;
  readonly name: string;
  readonly placeholderId: string;
  readonly groupId: string;
  readonly ip: string;
}

export interface LabSites {
  readonly definition: LabDefinition;
  readonly protectedSite: string;
  readonly recoverySite: string;
  readonly vms: readonly LabSitesVm[];
  readonly spare: readonly { readonly id: string; readonly name: string }[];
  readonly groups: readonly { readonly id: string; readonly name: string; readonly vmIds: readonly string[] }[];
  readonly sourceNetwork: string;
  /** Permanent networks at the recovery site. */
  readonly targetNetwork: string;
  readonly testNetwork: string;
  readonly folder: string;
  readonly resourcePool: string;
  readonly sourceDatastore: string;
  readonly targetDatastore: string;
  /** What replicates between the two. */
  readonly arrayManager: string;
  readonly replicationServer: string;
}

export function labSites({
  vms: count = 3,
  groups: groupCount = 1,
  spare: spares = 0,
  prefix = "",
  servicePort,
}: LabSitesWish = {}): LabSites {
  const id = (name: string) => `${prefix}${name}`;
  const ids = {
    protectedSite: id("site-a"),
    recoverySite: id("site-b"),
    sourceNetwork: id("net-a"),
    targetNetwork: id("net-b"),
    testNetwork: id("net-b-test"),
    folder: id("folder-b"),
    resourcePool: id("pool-b"),
    sourceDatastore: id("ds-a"),
    targetDatastore: id("ds-b"),
    arrayManager: id("array-manager"),
    replicationServer: id("replication-server"),
  };
  const vms = Array.from({ length: count }, (_, index) => ({
    id: id(`vm-a-${index + 1}`),
    name: id(`vm-${index + 1}`),
    placeholderId: id(`placeholder-${index + 1}`),
    groupId: id(`group-${(index % groupCount) + 1}`),
    ip: `10.1.${Math.floor(index / 250)}.${(index % 250) + 1}`,
  }));
  const spare = Array.from({ length: spares }, (_, index) => ({
    id: id(`vm-a-${count + index + 1}`),
    name: id(`vm-${count + index + 1}`),
  }));
  const groups = Array.from({ length: groupCount }, (_, index) => {
    const groupId = id(`group-${index + 1}`);
    return { id: groupId, name: groupId, vmIds: vms.filter((vm) => vm.groupId === groupId).map((vm) => vm.id) };
  });
  const definition: LabDefinition = {
    sites: [
      {
        id: ids.protectedSite,
        name: ids.protectedSite,
        networks: [{ name: ids.sourceNetwork }],
        datastores: [{ name: ids.sourceDatastore }],
        vms: [
          ...vms.map((vm) => ({
            id: vm.id,
            name: vm.name,
            datastore: ids.sourceDatastore,
            nics: [{ nicIndex: 0, networkId: ids.sourceNetwork, ipAddresses: [vm.ip] }],
            ...(servicePort === undefined ? {} : { services: [{ port: servicePort }] }),
          })),
          ...spare.map((vm) => ({ ...vm, datastore: ids.sourceDatastore })),
        ],
      },
      {
        id: ids.recoverySite,
        name: ids.recoverySite,
        networks: [{ name: ids.targetNetwork }, { name: ids.testNetwork }],
        datastores: [{ name: ids.targetDatastore }],
        folders: [{ path: ids.folder, name: "recovered" }],
        resourcePools: [{ name: ids.resourcePool }],
        placeholders: vms.map((vm) => ({ id: vm.placeholderId, name: `${vm.name}-placeholder`, sourceVmId: vm.id })),
      },
    ],
    groups: groups.map((group) => ({
      id: group.id,
      name: group.name,
      recoverySiteId: ids.recoverySite,
      sourceVmIds: group.vmIds,
      storageGroups: [{ sources: [ids.sourceDatastore], target: ids.targetDatastore }],
    })),
    pairs: [
      {
        siteIds: [ids.protectedSite, ids.recoverySite],
        arrayManagers: [ids.arrayManager],
        replicationServers: [ids.replicationServer],
      },
    ],
  };
  return { ...ids, definition, vms, spare, groups };
}

/** What registers this VM's copy on a snapshot, connected to the test network. */
export function registration(sites: LabSites, vm: LabSitesVm, snapshotId: string): EffectRequest<"registerVm"> {
  return {
    name: vm.name,
    placeholderId: vm.placeholderId,
    snapshotId,
    permanent: false,
    sourceVmId: vm.id,
    folderId: sites.folder,
    resourcePoolId: sites.resourcePool,
    nics: [{ nicIndex: 0, networkId: sites.testNetwork }],
  };
}

/** A lab on this database with these sites; without latencies, unless a speed is given. */
export async function aLab(
  url: string,
  sites: LabSites = labSites(),
  options: Partial<LabOptions> = {},
): Promise<Lab & { readonly sites: LabSites }> {
  const lab = await openLab({ url, speed: "instant", guestServices: false, ...options });
  await lab.define(sites.definition);
  return { ...lab, sites };
}

/** The sites' clock, stopped: time passes only when the test says so. Sites of one database share it. */
export class LabClock implements AsyncDisposable {
  readonly #pool: pg.Pool;
  #now = Date.parse("2026-01-01T00:00:00Z");

  private constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  static async stopped(url: string): Promise<LabClock> {
    const clock = new LabClock(testPool(url, { max: 1 }));
    await clock.advance(0);
    return clock;
  }

  get now(): Date {
    return new Date(this.#now);
  }

  async advance(seconds: number): Promise<void> {
    this.#now += seconds * 1000;
    await this.#set(`SELECT timestamptz ''${this.now.toISOString()}''`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#set("SELECT clock_timestamp()");
    await this.#pool.end();
  }

  async #set(body: string): Promise<void> {
    await this.#pool.query(`CREATE OR REPLACE FUNCTION lab.now() RETURNS timestamptz LANGUAGE sql VOLATILE AS '${body}'`);
  }
}

/** Names of effects and what they changed, in order: "powerOn vm-1". */
export async function effects(lab: Lab, runId?: string): Promise<string[]> {
  const entries = await lab.ledger(runId);
  return entries.map(({ kind, target }: { kind: EffectKind; target: string }) => `${kind} ${target}`);
}
