/** One PostgreSQL for the whole suite and one database with all migrations, which every test file clones. */
import { randomBytes } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { connect, withDatabase } from "../../src/database/connection.ts";
import { clearStale } from "../../src/database/embedded/stale.ts";
import { startEmbedded } from "../../src/database/embedded.ts";
import { migrate } from "../../src/database/migrations.ts";

declare module "vitest" {
  interface ProvidedContext {
    testServer: { readonly url: string; readonly template: string; readonly run: string };
  }
}

const prefix = "dr-test-data-";

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const outside = process.env.TEST_DATABASE_URL ?? process.env.DATABASE_URL;
  const run = `${process.pid}_${randomBytes(3).toString("hex")}`;
  const server = outside === undefined || outside === "" ? await startServer(run) : { url: outside, stop: async () => {} };
  const template = `dr_test_${run}_template`;
  await onServer(server.url, `CREATE DATABASE ${template}`);
  await migrate(withDatabase(server.url, template));
  project.provide("testServer", { url: server.url, template, run });
  return async () => {
    if (outside) await dropAll(outside, run);
    await server.stop();
  };
}

/** Fast and forgetful: nothing of it outlives the run. */
const settings = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off", "max_connections=400"];

async function startServer(run: string) {
  await sweep();
  const dataDir = join(tmpdir(), prefix + run);
  const server = await startEmbedded({ dataDir, instance: `test-${run}`, settings });
  // Ctrl-C and a broken-off run: the server stands in a session of its own and would stay.
  const kill = () => {
    try {
      process.kill(server.pid, "SIGQUIT");
    } catch {
      // It has ended.
    }
  };
  process.once("exit", kill);
  return {
    url: server.url,
    stop: async () => {
      await server.stop();
      process.off("exit", kill);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** What runs that were killed left behind. */
async function sweep(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const [, pid] = new RegExp(`^${prefix}(\\d+)_`).exec(name) ?? [];
    if (pid === undefined || alive(Number(pid))) continue;
    const dataDir = join(tmpdir(), name);
    const socketDir = join(tmpdir(), `dr-gateway-test-${name.slice(prefix.length)}`);
    await clearStale(join(dataDir, "postgresql"), socketDir).catch(() => {});
    await Promise.all([dataDir, socketDir].map((folder) => rm(folder, { recursive: true, force: true })));
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function onServer(url: string, sql: string): Promise<void> {
  const client = await connect(url, "dr-gateway tests");
  await client.query(sql).finally(() => client.end());
}

async function dropAll(url: string, run: string): Promise<void> {
  const client = await connect(url, "dr-gateway tests");
  const { rows } = await client.query<{ name: string }>("SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1)", [
    `dr_test_${run}_`,
  ]);
  for (const { name } of rows) await client.query(`DROP DATABASE ${name} WITH (FORCE)`);
  await client.end();
}
