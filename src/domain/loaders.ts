/** Every loader of every room: opened once for the process, handed out anew for each request. */
import type { Database } from "../database/database.ts";
import { openAccessLoaders } from "./access/loaders.ts";
import { createGate } from "./batching.ts";
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

/** Answers what makes one request's loaders. */
export function openLoaders(database: Pick<Database, "prisma" | "pool">, { slotsPerSite }: LoaderOptions) {
  const sites = openSiteLoaders(database);
  const summaries = openSummaryLoaders(database);
  const inventory = openInventoryLoaders(database);
  const mappings = openMappingLoaders(database);
  const vms = openVmLoaders(database);
  const configuration = openConfigurationLoaders(database);
  const protection = openProtectionLoaders(database);
  const groupFacts = openGroupFactsLoaders(database);
  const groupFaults = openGroupFaultsLoaders(database);
  const replication = openReplicationLoaders(database);
  const storage = openStorageLoaders(database);
  const plans = openPlanLoaders(database);
  const recoveries = openRecoveryLoaders(database, slotsPerSite);
  const evidence = openEvidenceLoaders(database);
  const readiness = openReadinessLoaders(database);
  const rpo = openRpoLoaders(database);
  const tasks = openTaskLoaders(database);
  const reports = openReportLoaders(database);
  const limits = openLimitLoaders(database);
  const access = openAccessLoaders(database);
  const drills = openDrillLoaders(database);
  const events = openEventLoaders(database);
  const notifications = openNotificationLoaders(database);
  return () => {
    const gate = createGate();
    return {
      gate,
      ...sites(gate),
      ...summaries(gate),
      ...inventory(gate),
      ...mappings(gate),
      ...vms(gate),
      ...configuration(gate),
      ...protection(gate),
      ...groupFacts(gate),
      ...groupFaults(gate),
      ...replication(gate),
      ...storage(gate),
      ...plans(gate),
      ...recoveries(gate),
      ...readiness(gate),
      ...rpo(gate),
      ...evidence(gate),
      ...tasks(gate),
      ...reports(gate),
      ...limits(gate),
      ...drills(gate),
      ...events(),
      ...notifications(gate),
      ...access(gate),
    };
  };
}

export type Loaders = ReturnType<ReturnType<typeof openLoaders>>;
