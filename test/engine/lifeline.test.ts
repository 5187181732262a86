import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import pg from "pg";
import { v7 as uuid } from "uuid";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { claim } from "../../src/engine/lease.ts";
import { type Lifeline, type LifelineOptions, type RunningCommand, startLifeline } from "../../src/engine/lifeline.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { living, openWorkshop, stubbornTree, treeOf, type Workshop } from "./support/commands.ts";
import { aRun, endRun, ownershipOf, takeOver } from "./support/runs.ts";

const leaseSeconds = 2;
const soon = { timeout: 30_000, interval: 10 };
let db: TestDatabase;
let pool: pg.Pool;
let nodeId: string;
let workshop: Workshop;
let lifeline: Lifeline;

beforeAll(async () => {
  db = await freshDatabase();
  pool = db.database.pool;
});
afterAll(() => db.drop());
beforeEach(async () => {
  await pool.query("TRUNCATE recovery, gateway_node CASCADE");
  nodeId = uuid();
  workshop = await openWorkshop();
});
afterEach(async () => {
  await lifeline.close();
  await workshop.drop();
});

async function start(options: Partial<LifelineOptions> = {}): Promise<Lifeline> {
  const { spoolDir, scriptsDir } = workshop;
  const log = { info() {}, warn() {}, error() {} };
  lifeline = await startLifeline({ directUrl: db.url, nodeId, leaseSeconds, spoolDir, scriptsDir, log, ...options });
  return lifeline;
}

/** A run that this node owns. */
async function owned(): Promise<string> {
  await aRun(pool);
  const [claimed] = await claim(pool, nodeId, leaseSeconds, 1);
  if (!claimed) throw new Error("There was nothing to claim.");
  lifeline.own(claimed.runId, claimed.epoch, claimed.claimedAtMs);
  return claimed.runId;
}

const leaseEnd = async (runId: string) => (await ownershipOf(pool, runId)).leaseUntil?.getTime() ?? 0;

/** The next renewal of a run, in the database. */
async function renewed(runId: string): Promise<void> {
  const before = await leaseEnd(runId);
  await vi.waitFor(async () => expect(await leaseEnd(runId)).toBeGreaterThan(before), soon);
}

function command(runId: string, program: string, signal?: AbortSignal): RunningCommand {
  const request = { key: uuid(), runId, program, arguments: [], environment: {}, timeoutSeconds: 60, onOutput() {} };
  return lifeline.runCommand(signal ? { ...request, signal } : request);
}

function lost(): string[] {
  const runs: string[] = [];
  lifeline.onLost((runId) => runs.push(runId));
  return runs;
}

/** A node that sweeps while the main thread stands still. */
function startRival(): { counts: Int32Array; stop(): Promise<number> } {
  const counter = new SharedArrayBuffer(8);
  const worker = new Worker(new URL("./fixtures/rival.ts", import.meta.url), {
    workerData: { url: db.url, nodeId: uuid(), counter },
    execArgv: [],
  });
  return { counts: new Int32Array(counter), stop: () => worker.terminate() };
}

describe("a lease", () => {
  it("is renewed until the run is disowned, and is sure for less than its length", async () => {
    await start();
    const runId = await owned();
    await renewed(runId);
    await renewed(runId);
    expect(lifeline.remainingMs(runId)).toBeGreaterThan(0);
    expect(lifeline.remainingMs(runId)).toBeLessThanOrEqual(leaseSeconds * 1000);
    lifeline.disown(runId);
    expect(lifeline.remainingMs(runId)).toBe(0);
    await vi.waitFor(async () => expect(await claim(pool, uuid(), 6, 1)).toHaveLength(1), soon);
  });

  it("holds, and so do commands, while the main thread is blocked for twice its length", async () => {
    await start();
    const runId = await owned();
    const program = await workshop.script("wait.sh", "#!/bin/sh\nuntil [ -e go ]; do sleep 0.05; done\n");
    const { outcome } = command(runId, program);
    const rival = startRival();
    await vi.waitFor(() => expect(Atomics.load(rival.counts, 0)).toBeGreaterThan(0), soon);
    // Blocked on purpose; the rival never claims, so this is 4 s.
    Atomics.wait(rival.counts, 1, 0, 2 * leaseSeconds * 1000);
    expect(lifeline.remainingMs(runId)).toBeGreaterThan(0);
    expect(Atomics.load(rival.counts, 0)).toBeGreaterThan(10);
    expect(Atomics.load(rival.counts, 1)).toBe(0);
    await rival.stop();
    await writeFile(join(workshop.scriptsDir, "go"), "");
    expect(await outcome).toMatchObject({ reason: "EXITED", exitCode: 0 });
  });

  it("lapses, and commands end, when the main thread hangs for longer than the limit", async () => {
    await start({ limits: { stalledMs: 400 } });
    const runId = await owned();
    const gone = lost();
    const { outcome } = command(runId, await workshop.script("tree.sh", stubbornTree));
    const pids = await treeOf(workshop);
    const rival = startRival();
    await vi.waitFor(() => expect(Atomics.load(rival.counts, 0)).toBeGreaterThan(0), soon);
    expect(Atomics.wait(rival.counts, 1, 0, 15_000)).toBe("ok");
    // The command was dead before the rival could have the run.
    expect(await living(pids)).toEqual([]);
    expect(lifeline.remainingMs(runId)).toBe(0);
    await rival.stop();
    expect(await outcome).toMatchObject({ reason: "OWNER_SILENT" });
    await vi.waitFor(() => expect(gone).toEqual([runId]), soon);
  });

  it("that another node has taken is told as lost, and its commands are stopped", async () => {
    await start();
    const runId = await owned();
    const other = await owned();
    const gone = lost();
    const { outcome } = command(runId, await workshop.script("tree.sh", stubbornTree));
    const pids = await treeOf(workshop);
    await takeOver(pool, runId, uuid());
    expect(await outcome).toMatchObject({ reason: "CANCELLED" });
    expect(gone).toEqual([runId]);
    expect(lifeline.remainingMs(runId)).toBe(0);
    expect(lifeline.remainingMs(other)).toBeGreaterThan(0);
    expect(await living(pids)).toEqual([]);
  });

  it("of a run that was deleted is told as lost", async () => {
    await start();
    const runId = await owned();
    const gone = lost();
    await pool.query("DELETE FROM recovery WHERE id = $1", [runId]);
    await vi.waitFor(() => expect(gone).toEqual([runId]), soon);
  });

  it("of a run that has ended is over, not lost", async () => {
    await start();
    const runId = await owned();
    const other = await owned();
    const gone = lost();
    await endRun(pool, runId);
    await vi.waitFor(() => expect(lifeline.remainingMs(runId)).toBe(0), soon);
    await renewed(other);
    expect(gone).toEqual([]);
  });

  it("is not held up by another run whose row somebody keeps locked", async () => {
    await start();
    const locked = await owned();
    const free = await owned();
    // Not one of the pool's: those end a transaction that idles.
    const client = new pg.Client({ connectionString: db.url });
    client.on("error", () => {});
    await client.connect();
    await client.query("BEGIN");
    await client.query("SELECT FROM recovery WHERE id = $1 FOR UPDATE", [locked]);
    try {
      await vi.waitFor(() => expect(lifeline.remainingMs(locked)).toBe(0), soon);
      expect(lifeline.remainingMs(free)).toBeGreaterThan(0);
    } finally {
      await client.end();
    }
    await vi.waitFor(() => expect(lifeline.remainingMs(locked)).toBeGreaterThan(0), soon);
  });

  it("is renewed over a new connection when the old one breaks", async () => {
    await start();
    const runId = await owned();
    await renewed(runId);
    for (const _ of [1, 2]) {
      const { rowCount } = await pool.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'dr-gateway lifeline' AND datname = current_database()",
      );
      expect(rowCount).toBe(1);
      await renewed(runId);
    }
    expect(lifeline.remainingMs(runId)).toBeGreaterThan(0);
  });
});

describe("a node", () => {
  it("is seen while it serves", async () => {
    await start();
    const at = async () =>
      (await pool.query<{ seen_at: Date }>("SELECT seen_at FROM gateway_node WHERE id = $1", [nodeId])).rows[0]?.seen_at;
    const first = await at();
    if (!first) throw new Error("The node is not there.");
    await vi.waitFor(async () => expect((await at())?.getTime()).toBeGreaterThan(first.getTime()), soon);
    expect(lifeline.servingMs()).toBeGreaterThan(0);
  });

  it("that can't reach the database does not serve, and runs commands all the same", async () => {
    await start({ directUrl: "postgresql://nobody@127.0.0.1:1/none" });
    expect(lifeline.servingMs()).toBe(0);
    const { outcome } = command(uuid(), await workshop.script("ok.sh", "#!/bin/sh\necho ok\n"));
    expect(await outcome).toMatchObject({ reason: "EXITED", exitCode: 0, tail: "ok\n" });
  });
});

describe("a command", () => {
  it("ends as CANCELLED when its signal aborts, and is not started when it has", async () => {
    await start();
    const stop = new AbortController();
    const { outcome } = command(uuid(), await workshop.script("tree.sh", stubbornTree), stop.signal);
    const pids = await treeOf(workshop);
    stop.abort();
    expect(await outcome).toMatchObject({ reason: "CANCELLED" });
    expect(await living(pids)).toEqual([]);
    const { outcome: never } = command(uuid(), await workshop.script("mark.sh", "#!/bin/sh\necho x > mark\n"), stop.signal);
    expect(await never).toMatchObject({ reason: "NOT_STARTED" });
    expect(await workshop.lines("mark")).toEqual([]);
  });

  it("is stopped before the lifeline has closed", async () => {
    await start();
    const { outcome } = command(uuid(), await workshop.script("tree.sh", stubbornTree));
    const pids = await treeOf(workshop);
    await lifeline.close();
    expect(await living(pids)).toEqual([]);
    expect(await outcome).toMatchObject({ reason: "OWNER_GONE" });
  });
});
