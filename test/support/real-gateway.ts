/** The whole schema behind a real gateway, on a database of its own. */
import { pino } from "pino";
import { v7 as uuid } from "uuid";
import type { Database } from "../../src/database/database.ts";
import { hashPassword } from "../../src/domain/access/password.ts";
import { openSessions, type Sessions } from "../../src/domain/access/sessions.ts";
import { createContext } from "../../src/domain/context.ts";
import { evidencePack } from "../../src/domain/evidence/download.ts";
import { openLoaders } from "../../src/domain/loaders.ts";
import type { NotificationSettings } from "../../src/domain/notifications/settings.ts";
import { ganttPicture } from "../../src/domain/recoveries/gantt/service-picture.ts";
import { reportDownload } from "../../src/domain/reports/download.ts";
import { reportJobs } from "../../src/domain/reports/job.ts";
import { schema } from "../../src/domain/schema.ts";
import type { Services } from "../../src/domain/services.ts";
import type { Role } from "../../src/domain/viewer.ts";
import { changesPayload } from "../../src/events/changes.ts";
import { createFeeds, type Feeds, type FeedsOptions } from "../../src/events/feed.ts";
import { startWakeUps } from "../../src/events/wake-ups.ts";
import { type Gateway, type GatewayOptions, startGateway } from "../../src/gateway/server.ts";
import { startJobs } from "../../src/jobs/queue.ts";
import type { Providers } from "../../src/providers/contract.ts";
import { post } from "../gateway/support.ts";
import { servicesOf } from "./services.ts";

export interface RealGateway extends AsyncDisposable {
  readonly gateway: Gateway;
  readonly url: string;
  readonly sessions: Sessions;
  readonly services: Services;
  readonly feeds: Feeds;
  /** How many contexts were made: one for each operation, and one for each time that an event was executed. */
  contexts(): number;
  ask(query: string, variables?: object, headers?: Record<string, string>): ReturnType<typeof post>;
  /** The token of a new session. */
  signIn(user: string, password?: string): Promise<string>;
}

export interface RealGatewayOptions extends Partial<GatewayOptions> {
  /** In place of the database's own. */
  readonly sessions?: Sessions;
  /** The sites that services ask; none by default. */
  readonly providers?: Providers;
  /** How notifications leave the gateway; none by default. */
  readonly notifications?: NotificationSettings;
  readonly feeds?: Pick<FeedsOptions, "limits" | "monotonic">;
}

export const testPassword = "correct horse";

export async function realGateway(database: Database, options: RealGatewayOptions = {}): Promise<RealGateway> {
  const log = options.log ?? pino({ level: "silent" });
  const { pool, connectDirect } = database;
  const wakeUps = await startWakeUps({ connectDirect, pool, log });
  const feeds = createFeeds({ pool, wakeUps, generation: () => 1, log, ...options.feeds });
  const sessions = options.sessions ?? openSessions(pool, { sessionHours: 8 });
  const announce = () => wakeUps.hint("dr_events", changesPayload);
  const jobs = startJobs({ pool, log });
  jobs.register(reportJobs({ pool, announce }));
  const services = servicesOf(
    database,
    {
      announce,
      due: jobs.wake,
      ...(options.providers && { providers: options.providers }),
      ...(options.notifications && { notifications: options.notifications }),
    },
    sessions,
  );
  const dependencies = { loaders: openLoaders(database, { slotsPerSite: 20 }), services, feeds, generation: 1 };
  let contexts = 0;
  const gateway = await startGateway({
    host: "127.0.0.1",
    port: 0,
    allowedOrigins: [],
    pingMs: 12_000,
    requestsPerMinute: 10_000,
    maxQueryCost: 250_000,
    streamsPerSession: 100,
    schema,
    contextFactory(caller, signal) {
      contexts++;
      return createContext(dependencies, caller, signal);
    },
    gantt: (caller, id, signal) => ganttPicture(createContext(dependencies, caller, signal), id),
    report: (caller, id, link, signal) => reportDownload(database, createContext(dependencies, caller, signal), id, link),
    evidencePack: (caller, id, link, signal) => evidencePack(database, createContext(dependencies, caller, signal), id, link),
    unready: () => pool.query("SELECT 1").then(() => null),
    ...options,
    sessions,
    log,
  });
  const url = `${gateway.url}/graphql`;
  return {
    gateway,
    url,
    sessions,
    services,
    feeds,
    contexts: () => contexts,
    ask: (query, variables = {}, headers = {}) => post(url, { query, variables }, headers),
    signIn: async (user, password = testPassword) => (await sessions.create({ user, password }, "test")).token,
    async [Symbol.asyncDispose]() {
      await gateway.close({ spreadMs: 0 });
      await jobs.close();
      feeds.close();
      await wakeUps.close();
    },
  };
}

/** Signs in with `testPassword`. */
export async function aUser({ prisma }: Pick<Database, "prisma">, name: string, roles: readonly Role[]): Promise<string> {
  const id = uuid();
  await prisma.user.create({ data: { id, name, roles: [...roles], passwordHash: await hashPassword(testPassword) } });
  return id;
}
