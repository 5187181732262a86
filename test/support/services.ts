/** Every service on a test's database, with the sites that it is given. */
import { resolve } from "node:path";
import type { Database } from "../../src/database/database.ts";
import { openSessions, type Sessions } from "../../src/domain/access/sessions.ts";
import { noNotifications } from "../../src/domain/notifications/settings.ts";
import { defaultQuotas } from "../../src/domain/quotas.ts";
import type { ServiceContext } from "../../src/domain/service-context.ts";
import { createServices, type Services } from "../../src/domain/services.ts";

export function serviceContext(
  database: Pick<Database, "pool" | "prisma">,
  given: Partial<Omit<ServiceContext, "database">> = {},
): ServiceContext {
  return {
    database,
    providers: new Map(),
    quotas: defaultQuotas,
    secretsDir: resolve("test/engine/secrets"),
    scriptsDir: resolve("test/engine/scripts"),
    slotsPerSite: 20,
    notifications: noNotifications,
    hint: () => {},
    announce: () => {},
    due: () => {},
    log: { info: () => {}, warn: () => {} },
    ...given,
  };
}

export function servicesOf(
  database: Pick<Database, "pool" | "prisma">,
  given: Partial<Omit<ServiceContext, "database">> = {},
  sessions: Sessions = openSessions(database.pool, { sessionHours: 8 }),
): Services {
  return createServices(serviceContext(database, given), sessions);
}
