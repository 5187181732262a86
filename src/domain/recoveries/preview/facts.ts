/** What previews know of a plan beside what a start reads: points, room at the recovery site, addresses in use. */
import type { PointConsistency } from "../../../database/generated/enums.ts";

export interface PointFacts {
  readonly groupId: string;
  readonly groupName: string;
  readonly rpoMinutes: number;
  /** The point that would be used without synchronising; null: there is none. */
  readonly id: string | null;
  readonly takenAt: Date | null;
  readonly consistency: PointConsistency | null;
  /** Seconds from it, and from the newest one, to the request or the last good heartbeat. */
  readonly ageSeconds: number | null;
  readonly newestAgeSeconds: number | null;
}

/** What one VM of the plan needs. */
export interface VmNeeds {
  readonly vmId: string;
  readonly cpuCount: number;
  readonly memoryMb: number;
  readonly diskBytes: number;
  readonly datastoreId: string | null;
  readonly missing: boolean;
}

/** A pool that has a limit. */
export interface PoolFacts {
  readonly name: string;
  readonly cpuLimitMhz: number | null;
  readonly memoryLimitMb: number | null;
  /** Of the machines that run in it and are no copies of the plan's. */
  readonly cpusInUse: number;
  readonly memoryMbInUse: number;
}

/** A datastore that the plan's VMs go to. */
export interface DatastoreFacts {
  readonly id: string;
  readonly name: string;
  readonly freeBytes: number;
}

export interface AddressInUse {
  readonly ip: string;
  readonly vmName: string;
}

/** Something of the recovery site that it lists no more. */
export interface GonePlace {
  readonly kind: "network" | "folder" | "resource pool" | "datastore";
  readonly id: string;
  /** Of a folder, its path. */
  readonly name: string;
}

export interface SiteFacts {
  readonly needs: readonly VmNeeds[];
  readonly pools: readonly PoolFacts[];
  readonly datastores: readonly DatastoreFacts[];
  readonly addresses: readonly AddressInUse[];
  readonly gone: readonly GonePlace[];
}
