/** The order of starting; stopping is the reverse, also when a later line throws. */
import { join } from "node:path";
import { type Config, readConfig } from "./config.ts";
import { openDatabase, openPool } from "./database/database.ts";
import { makeDataDir } from "./database/embedded/folders.ts";
import { startEmbedded } from "./database/embedded.ts";
import { readGeneration } from "./database/generation.ts";
import { lockInstance } from "./database/instance-lock.ts";
import { migrate } from "./database/migrations.ts";
import { ensureFirstAdministrator } from "./domain/access/first-administrator.ts";
import { openSessions, type Sessions } from "./domain/access/sessions.ts";
import { createContext } from "./domain/context.ts";
import { startDrills } from "./domain/drills/timer.ts";
import { evidencePack } from "./domain/evidence/download.ts";
import { startHousekeeping } from "./domain/housekeeping.ts";
import { startRefresher } from "./domain/inventory/service-refresher.ts";
import { openLoaders } from "./domain/loaders.ts";
import { openNotifier } from "./domain/notifications/open-notifier.ts";
import { startReadiness } from "./domain/readiness/service.ts";
import { ganttPicture } from "./domain/recoveries/gantt/service-picture.ts";
import { reportDownload } from "./domain/reports/download.ts";
import { startReportExpiry } from "./domain/reports/expiry.ts";
import { reportJobs } from "./domain/reports/job.ts";
import { schema } from "./domain/schema.ts";
import { createServices } from "./domain/services.ts";
import { startHeartbeats } from "./engine/heartbeat/heartbeats.ts";
import { startMeasuring } from "./engine/lag/measuring.ts";
import { changesPayload } from "./events/changes.ts";
import { createFeeds } from "./events/feed.ts";
import { startWakeUps } from "./events/wake-ups.ts";
import { createLog, type Logger } from "./gateway/log.ts";
import { startGateway } from "./gateway/server.ts";
import { startJobs } from "./jobs/queue.ts";
import { endWith, listenForStop, sayReady } from "./process.ts";
import { openLab } from "./providers/lab/lab.ts";
import { startEngineThread } from "./threads/engine-thread.ts";

/** What goes on by itself waits for connections of its own, however much of it there is, and nobody who asks waits behind it. */
const connections = { asked: 14, ownWork: 8 } as const;

async function run(config: Config): Promise<void> {
  const stop = listenForStop();
  const log = createLog(config.logLevel);
  await using closing = new AsyncDisposableStack();

  const lock = closing.use(await lockInstance(config));
  await makeDataDir(config.dataDir);
  const embedded = config.databaseUrl === null ? closing.use(await startEmbedded(config)) : null;
  const url = config.databaseUrl ?? embedded?.url ?? "";
  const directUrl = config.databaseDirectUrl ?? url;
  await migrate(directUrl, config.databaseDirectUrl === null ? {} : { variable: "DATABASE_DIRECT_URL" });
  const onConnectionLost = ({ message }: Error) => log.warn({ reason: message }, "a database connection was lost");
  const options = { url, directUrl: config.databaseDirectUrl, poolSize: connections.asked, onConnectionLost };
  const database = closing.use(await openDatabase(options));
  const { pool, connectDirect } = database;
  const ownWork = { ...database, pool: closing.use(openPool({ ...options, poolSize: connections.ownWork })).pool };
  const generation = await readGeneration(pool);

  const labUrl = config.labDatabaseUrl ?? url;
  const lab = closing.use(await openLab({ url: labUrl, speed: config.labSpeed, guestServices: config.labGuestServices }));
  const providers = new Map([["lab", lab.provider]]);
  const administrator = await ensureFirstAdministrator(pool, config);
  if (config.seedFile !== null && (await database.prisma.site.count()) === 0) {
    const { importFile } = await import("./import/import-file.ts"); // later starts don't need it
    await importFile({ database, lab, quotas: config.quotas, path: config.seedFile });
  }

  const wakeUps = await startWakeUps({ connectDirect, pool, log });
  closing.defer(() => wakeUps.close());
  const feeds = createFeeds({ pool, wakeUps, generation: () => generation, log });
  closing.defer(() => feeds.close());
  const { leaseSeconds, scriptsDir, secretsDir, maxOperationsPerSite: operationsPerSite, replicationMinimumSeconds, logLevel } = config;
  const settings = { leaseSeconds, scriptsDir, secretsDir, operationsPerSite, replicationMinimumSeconds };
  const spoolDir = join(config.dataDir, "spool");
  const engine = await startEngineThread({ url, directUrl, labUrl, spoolDir, settings, logLevel, wakeUps, log });
  closing.defer(() => engine.close());

  const jobs = startJobs({ pool, log });
  closing.defer(() => jobs.close());
  const housekeeping = startHousekeeping({ pool: ownWork.pool, eventRetentionDays: config.eventRetentionDays, log });
  closing.defer(() => housekeeping.close());

  const sessions = await openDoor(openSessions(pool, config), config, log);
  const hint = (recoveryId: string) => {
    wakeUps.hint("dr_work", recoveryId);
    wakeUps.hint("dr_events", recoveryId);
  };
  const announce = () => wakeUps.hint("dr_events", changesPayload);
  const { quotas, notifications } = config;
  const refresher = startRefresher({ database: ownWork, providers, quotas, announce, log });
  closing.defer(() => refresher.close());
  const heartbeats = startHeartbeats({ pool: ownWork.pool, providers, settings: config.heartbeat, announce, log });
  closing.defer(() => heartbeats.close());
  const measuring = startMeasuring({ pool: ownWork.pool, announce, log });
  closing.defer(() => measuring.close());
  const notifier = await openNotifier(notifications, { pool, wakeUps, log });
  closing.defer(() => notifier.close());
  jobs.register(reportJobs({ pool, announce }));
  const expiry = startReportExpiry({ pool, announce, log });
  closing.defer(() => expiry.close());
  const dependencies = {
    loaders: openLoaders(database, { slotsPerSite: operationsPerSite }),
    services: createServices(
      {
        database,
        providers,
        quotas,
        secretsDir,
        scriptsDir,
        slotsPerSite: operationsPerSite,
        notifications,
        hint,
        announce,
        due: jobs.wake,
        log,
      },
      sessions,
    ),
    feeds,
    generation,
  };
  const { loaders, services } = dependencies;
  const readiness = startReadiness({
    database: ownWork,
    previews: services.previews,
    loaders,
    testDays: config.readinessTestDays,
    announce,
    log,
  });
  closing.defer(() => readiness.close());
  const drills = startDrills({ pool, drills: services.drills, log });
  closing.defer(() => drills.close());
  const gateway = await startGateway({
    host: config.host,
    port: config.port,
    allowedOrigins: config.allowedOrigins,
    pingMs: config.subscriptionPingSeconds * 1000,
    requestsPerMinute: config.requestsPerMinute,
    maxQueryCost: config.maxQueryCost,
    streamsPerSession: config.streamsPerSession,
    schema,
    contextFactory: (caller, signal) => createContext(dependencies, caller, signal),
    gantt: (caller, id, signal) => ganttPicture(createContext(dependencies, caller, signal), id),
    report: (caller, id, link, signal) => reportDownload(database, createContext(dependencies, caller, signal), id, link),
    evidencePack: (caller, id, link, signal) => evidencePack(database, createContext(dependencies, caller, signal), id, link),
    sessions,
    unready: () => pool.query("SELECT 1").then(() => engine.unready()),
    log,
  });
  closing.defer(() => gateway.close());

  lock.announce(gateway.url);
  sayReady(gateway.url, config, administrator);
  await stop.wait(embedded?.ended);
  gateway.refuse();
}

/** Sessions alone, or the tokens of an identity provider beside them. */
async function openDoor(sessions: Sessions, { oidc }: Config, log: Logger): Promise<Sessions> {
  if (oidc === null) return sessions;
  const { withIssuer } = await import("./domain/access/oidc.ts"); // most starts don't need it
  return withIssuer(sessions, oidc, { log });
}

await endWith(() => run(readConfig()));
