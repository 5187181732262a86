/** Every service of every room, opened once for the process. */
import { secretIds } from "../engine/secrets.ts";
import { type Audit, openAudit } from "./access/audit.ts";
import { type OwnPassword, openOwnPassword } from "./access/own-password.ts";
import type { Sessions } from "./access/sessions.ts";
import { openUsers, type Users } from "./access/users.ts";
import { createDrills, type Drills } from "./drills/service.ts";
import { createEvidence, type Evidence } from "./evidence/service.ts";
import { createInventories, type Inventories } from "./inventory/service.ts";
import { createVmConfiguration, type VmConfiguration } from "./inventory/service-vm.ts";
import { createNotifications, type Notifications } from "./notifications/service.ts";
import { createPlans, type Plans } from "./plans/service.ts";
import { createProtection, type Protection } from "./protection/service.ts";
import type { Quotas } from "./quotas.ts";
import { createRecoveries, type Recoveries } from "./recoveries/service.ts";
import { createPreviews, type Previews } from "./recoveries/service-preview.ts";
import { createReports, type Reports } from "./reports/service.ts";
import type { ServiceContext } from "./service-context.ts";
import { createSites, type Sites } from "./sites/service.ts";
import { createTasks, type Tasks } from "./tasks/service.ts";

/** What the rooms do; each adds its own. */
export interface Services {
  readonly sessions: Sessions;
  readonly audit: Audit;
  readonly users: Users;
  readonly ownPassword: OwnPassword;
  readonly protection: Protection;
  readonly plans: Plans;
  readonly recoveries: Recoveries;
  readonly drills: Drills;
  readonly previews: Previews;
  readonly sites: Sites;
  readonly inventory: Inventories;
  /** Ids of the secrets that there are; never a value. */
  readonly secretIds: () => Promise<string[]>;
  readonly tasks: Tasks;
  readonly vms: VmConfiguration;
  readonly notifications: Notifications;
  readonly reports: Reports;
  readonly evidence: Evidence;
  /** How much there may be of something. */
  readonly quotas: Quotas;
}

export function createServices(context: ServiceContext, sessions: Sessions): Services {
  const { database, announce, log } = context;
  const recoveries = createRecoveries(context);
  return {
    sessions,
    audit: openAudit({ pool: database.pool, announce, log }),
    users: openUsers(context, sessions),
    ownPassword: openOwnPassword(context, sessions),
    protection: createProtection(context),
    plans: createPlans(context),
    recoveries,
    drills: createDrills(context, recoveries),
    previews: createPreviews(context),
    sites: createSites(context),
    inventory: createInventories(context),
    secretIds: () => secretIds(context.secretsDir),
    tasks: createTasks(context),
    vms: createVmConfiguration(context),
    notifications: createNotifications(context),
    reports: createReports(context),
    evidence: createEvidence(context),
    quotas: context.quotas,
  };
}
