/** A node without its wire: recoveries service and engine on a database, with the lab as its sites. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Logger, pino } from "pino";
import { v7 as uuid } from "uuid";
import type { Database } from "../../src/database/database.ts";
import { createRecoveries, type Recoveries } from "../../src/domain/recoveries/service.ts";
import { roles, type Viewer } from "../../src/domain/viewer.ts";
import { type Engine, startEngine } from "../../src/engine/engine.ts";
import type { EngineSettings } from "../../src/engine/settings.ts";
import { changesPayload } from "../../src/events/changes.ts";
import { startWakeUps } from "../../src/events/wake-ups.ts";
import type { Provider, Providers } from "../../src/providers/contract.ts";

export const operator: Viewer = {
  userId: uuid(),
  name: "olga",
  roles: new Set(roles),
  sessionId: uuid(),
  expiresAt: new Date("2100-01-01"),
};

export const testSettings = {
  leaseSeconds: 6,
  scriptsDir: resolve("test/engine/scripts"),
  secretsDir: resolve("test/engine/secrets"),
  pollMs: 10,
  tickMs: 100,
  idleMs: 60_000,
  retry: { tries: 4, baseMs: 5, maxMs: 40, random: () => 0.5 },
} as const satisfies Partial<EngineSettings>;

export interface TestNode extends AsyncDisposable {
  readonly engine: Engine;
  readonly recoveries: Recoveries;
  /** After a commit: something of this run is new. */
  hint(runId: string): void;
  close(): Promise<void>;
}

/** The service alone: others drive what it starts. */
export function recoveriesOf(database: Database, provider: Provider): Recoveries {
  return createRecoveries({
    database,
    providers: new Map([["lab", provider]]),
    hint: () => {},
    announce: () => {},
    log: pino({ level: "silent" }),
  });
}

export async function aNode(
  database: Database,
  provider: Provider,
  settings: Partial<EngineSettings> = {},
  spool?: string,
  log: Logger = pino({ level: process.env.TEST_LOG ?? "silent" }),
): Promise<TestNode> {
  const providers: Providers = new Map([["lab", provider]]);
  const wakeUps = await startWakeUps({ connectDirect: database.connectDirect, pool: database.pool, log });
  const spoolDir = spool ?? (await mkdtemp(join(tmpdir(), "dr-spool-")));
  const engine = await startEngine({ database, providers, wakeUps, spoolDir, settings: { ...testSettings, ...settings }, log });
  const hint = (runId: string) => {
    wakeUps.hint("dr_work", runId);
    wakeUps.hint("dr_events", runId);
  };
  const announce = () => wakeUps.hint("dr_events", changesPayload);
  const recoveries = createRecoveries({ database, providers, hint, announce, log });
  let closing: Promise<void> | undefined;
  const end = async () => {
    await engine.close();
    await wakeUps.close();
    if (spool === undefined) await rm(spoolDir, { recursive: true, force: true });
  };
  const close = () => {
    closing ??= end();
    return closing;
  };
  return { engine, recoveries, hint, close, [Symbol.asyncDispose]: close };
}
