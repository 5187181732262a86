/** Every loader of every room: opened once for the process, handed out anew for each request. */
import type { Database } from "../database/database.ts";
import { openAccessLoaders } from "./access/loaders.ts";
import { createGate, type Gate } from "./batching.ts";
import { openDrillLoaders } from "./drills/loaders.ts";
import { openEventLoaders } from "./events/loaders.ts";
import { openEvidenceLoaders } from "./evidence/loaders.ts";
import { openInventoryLoaders } from "./inventory/loaders.ts";
import { openConfigurationLoaders } from "./inventory/loaders-configuration.ts";
import { openMappingLoaders } from "./inventory/loaders-mappings.ts";
import { openVmLoaders } from "./inventory/loaders-vm.ts";
import { openLimitLoaders } from "./limits/loaders.ts";
import { openNotificationLoaders } from "./notifications/loaders.ts";
import { openPlanLoaders } from "./plans/loaders.ts";
import type { StandingReader } from "./plans/service-standing.ts";
import { openProtectionLoaders } from "./protection/loaders.ts";
import { openGroupFactsLoaders } from "./protection/loaders-facts.ts";
import { openGroupFaultsLoaders } from "./protection/loaders-faults.ts";
import { openReplicationLoaders } from "./protection/loaders-replication.ts";
import { openStorageLoaders } from "./protection/loaders-storage.ts";
import { openReadinessLoaders } from "./readiness/loaders.ts";
import { openRecoveryLoaders } from "./recoveries/loaders.ts";
import { openReportLoaders } from "./reports/loaders.ts";
import { openRpoLoaders } from "./rpo/loaders.ts";
import { openSiteLoaders } from "./sites/loaders.ts";
import { openSummaryLoaders } from "./sites/loaders-summary.ts";
import { openTaskLoaders } from "./tasks/loaders.ts";

export interface LoaderOptions {
  /** How many operations a site works on at once, for expected times. */
  readonly slotsPerSite: number;
}

type Room<Open extends (...given: never[]) => (gate: Gate) => object> = ReturnType<ReturnType<Open>>;

/** A request's own: what reads several rooms' loaders at once stands beside them, since a WeakMap would keep all of them until a full collection. */
interface Own {
  readonly gate: Gate;
  standings: StandingReader | null;
}

export type Loaders = Own &
  Room<typeof openSiteLoaders> &
  Room<typeof openSummaryLoaders> &
  Room<typeof openInventoryLoaders> &
  Room<typeof openMappingLoaders> &
  Room<typeof openVmLoaders> &
  Room<typeof openConfigurationLoaders> &
  Room<typeof openProtectionLoaders> &
  Room<typeof openGroupFactsLoaders> &
  Room<typeof openGroupFaultsLoaders> &
  Room<typeof openReplicationLoaders> &
  Room<typeof openStorageLoaders> &
  Room<typeof openPlanLoaders> &
  Room<typeof openRecoveryLoaders> &
  Room<typeof openEvidenceLoaders> &
  Room<typeof openReadinessLoaders> &
  Room<typeof openRpoLoaders> &
  Room<typeof openTaskLoaders> &
  Room<typeof openReportLoaders> &
  Room<typeof openLimitLoaders> &
  Room<typeof openAccessLoaders> &
  Room<typeof openDrillLoaders> &
  Room<typeof openEventLoaders> &
  Room<typeof openNotificationLoaders>;

/** Answers what makes one request's loaders. */
export function openLoaders(database: Pick<Database, "prisma" | "pool">, { slotsPerSite }: LoaderOptions): () => Loaders {
  return byRoom([
    openSiteLoaders(database),
    openSummaryLoaders(database),
    openInventoryLoaders(database),
    openMappingLoaders(database),
    openVmLoaders(database),
    openConfigurationLoaders(database),
    openProtectionLoaders(database),
    openGroupFactsLoaders(database),
    openGroupFaultsLoaders(database),
    openReplicationLoaders(database),
    openStorageLoaders(database),
    openPlanLoaders(database),
    openRecoveryLoaders(database, slotsPerSite),
    openEvidenceLoaders(database),
    openReadinessLoaders(database),
    openRpoLoaders(database),
    openTaskLoaders(database),
    openReportLoaders(database),
    openLimitLoaders(database),
    openAccessLoaders(database),
    openDrillLoaders(database),
    openEventLoaders(database),
    openNotificationLoaders(database),
  ]);
}

/** A room's loaders are made when the first of them is asked for: most requests are about few rooms. */
function byRoom(rooms: readonly ((gate: Gate) => object)[]): () => Loaders {
  const all = {};
  for (const [at, room] of rooms.entries()) {
    for (const name of Object.keys(room(createGate()))) {
      Object.defineProperty(all, name, {
        get(this: { readonly gate: Gate; readonly made: object[] }): unknown {
          const made = this.made[at] ?? room(this.gate);
          this.made[at] = made;
          return Reflect.get(made, name);
        },
      });
    }
  }
  return () => Object.assign(Object.create(all), { gate: createGate(), made: [], standings: null });
}
