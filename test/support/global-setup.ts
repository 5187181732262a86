/** One PostgreSQL for the whole suite and one database with all migrations and the lab's schema, which every test file clones. */
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { connect, withDatabase } from "../../src/database/connection.ts";
import { startEmbedded } from "../../src/database/embedded.ts";
import { migrate } from "../../src/database/migrations.ts";
import { openLab } from "../../src/providers/lab/lab.ts";
import { scratchFolder, scratchFolders } from "./scratch.ts";

declare module "vitest" {
  interface ProvidedContext {
    testServer: { readonly url: string; readonly template: string; readonly strategy: Strategy; readonly run: string };
  }
}

/** Of a clone. Files are copied faster than pages; but that begins with a checkpoint, which an outside server pays for with its disk. */
type Strategy = "FILE_COPY" | "WAL_LOG";

/** Of data folders; what begins with it and the run is removed with the run. */
const prefix = "dr-test-data-";

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const outside = process.env.TEST_DATABASE_URL ?? process.env.DATABASE_URL;
  const run = `${process.pid}_${randomBytes(3).toString("hex")}`;
  await sweep();
  // Ctrl-C: embedded servers stand in sessions of their own and would stay.
  const end = () => endAll(run);
  process.once("exit", end);
  const server =
    outside === undefined || outside === ""
      ? { ...(await startServer(run)), strategy: "FILE_COPY" as const }
      : { url: outside, strategy: "WAL_LOG" as const, stop: async () => {} };
  const template = `dr_test_${run}_template`;
  await onServer(server.url, `CREATE DATABASE ${template}`);
  await migrate(withDatabase(server.url, template));
  await (await openLab({ url: withDatabase(server.url, template), guestServices: false })).close();
  project.provide("testServer", { url: server.url, template, strategy: server.strategy, run });
  return async () => {
    if (outside) await dropAll(outside, run);
    await server.stop();
    process.off("exit", end);
  };
}

/** Fast and forgetful: nothing of it outlives the run. */
const settings = [
  "fsync=off",
  "synchronous_commit=off",
  "full_page_writes=off",
  "autovacuum=off",
  // Nobody has analysed these tables, and without figures a prepared statement is planned anew each time.
  "plan_cache_mode=force_generic_plan",
  "max_connections=400",
];

async function startServer(run: string) {
  const dataDir = join(scratchFolder(), prefix + run);
  const server = await startEmbedded({ dataDir, instance: `test-${run}`, settings });
  return {
    url: server.url,
    stop: async () => {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

const isIn = (folder: string, start: string): boolean => scratchFolders.some((above) => folder.startsWith(join(above, start)));

/** Ends at once whatever stands in this run's folders, then removes them. */
function endAll(run: string): void {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      if (isIn(readlinkSync(`/proc/${pid}/cwd`), prefix + run)) process.kill(Number(pid), "SIGKILL");
    } catch {
      // Gone meanwhile, or another user's.
    }
  }
  const remove = (folder: string, start: string) => {
    for (const name of readdirSync(folder).filter((entry) => entry.startsWith(start)))
      rmSync(join(folder, name), { recursive: true, force: true, maxRetries: 5 });
  };
  for (const folder of scratchFolders) if (existsSync(folder)) remove(folder, prefix + run);
  remove(tmpdir(), `dr-gateway-test-${run}`);
}

/** What runs that were killed with -9 left behind. */
async function sweep(): Promise<void> {
  const names = await Promise.all(scratchFolders.map((folder) => readdir(folder).catch(() => [])));
  for (const name of names.flat()) {
    const [, run, pid] = new RegExp(`^${prefix}((\\d+)_[0-9a-f]+)`).exec(name) ?? [];
    if (run !== undefined && !alive(Number(pid))) endAll(run);
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
