import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { eventually, serverProcesses } from "../../src/database/embedded/processes.ts";
import { startEmbedded } from "../../src/database/embedded.ts";
import { scratchFolder } from "../support/scratch.ts";

const program = join(import.meta.dirname, "support/embedded-gateway.ts");

const { run } = inject("testServer");

let dataDir: string;
let instance: string;
let serverDir: string;
const gateways: ChildProcess[] = [];
const processes = () => serverProcesses(serverDir, `dr-gateway-${instance}`);

/** A data folder as a first start leaves it: copying it is quicker than making it. */
let made: string;
beforeAll(async () => {
  made = await mkdtemp(join(scratchFolder(), `dr-test-data-${run}-`));
  await (await startEmbedded({ dataDir: made, instance: `test-${run}-${randomBytes(4).toString("hex")}` })).stop();
});
afterAll(() => rm(made, { recursive: true }));

/** The folder has a database already. */
const notTheFirst = () => cp(made, dataDir, { recursive: true, preserveTimestamps: true });

beforeEach(async () => {
  dataDir = await mkdtemp(join(scratchFolder(), `dr-test-data-${run}-`));
  await chmod(dataDir, 0o711);
  instance = `test-${run}-${randomBytes(4).toString("hex")}`;
  serverDir = join(dataDir, "postgresql");
});
afterEach(async () => {
  for (const gateway of gateways.splice(0)) gateway.kill("SIGKILL");
  for (const pid of await processes()) process.kill(pid, "SIGKILL");
  await eventually(async () => (await processes()).length === 0, 5_000);
  await rm(dataDir, { recursive: true, force: true });
  await rm(join(tmpdir(), `dr-gateway-${instance}`), { recursive: true, force: true });
});

function launch(): ChildProcess {
  const gateway = spawn(process.execPath, [program, dataDir, instance], { stdio: ["pipe", "pipe", "pipe"] });
  gateways.push(gateway);
  return gateway;
}

/** A gateway as a process of its own, whose server is ready. */
async function gatewayWithServer(): Promise<{ gateway: ChildProcess; url: string; pid: number }> {
  const gateway = launch();
  if (gateway.stdout === null) throw new Error("no output");
  const [line] = await once(createInterface(gateway.stdout), "line");
  return { gateway, ...JSON.parse(String(line)) };
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  const { rows } = await client.query(sql);
  await client.end();
  return rows;
}

/** Root may write anywhere. */
async function asNobody(act: () => Promise<void>): Promise<void> {
  if (process.geteuid?.() !== 0) return act();
  process.seteuid?.(65_534);
  await act().finally(() => process.seteuid?.(0));
}

async function killed(process: ChildProcess): Promise<void> {
  const exit = once(process, "exit");
  process.kill("SIGKILL");
  await exit;
}

/** The same data in the folder's next server, which is stopped again. */
async function nextStartHolds(rows: unknown[]): Promise<void> {
  await using server = await startEmbedded({ dataDir, instance });
  expect(await query(server.url, "SELECT * FROM kept")).toEqual(rows);
}

describe("the embedded server", () => {
  it("starts, keeps its data over an orderly stop, and leaves no process, socket or lock behind", async () => {
    const server = await startEmbedded({ dataDir, instance });
    await query(server.url, "CREATE TABLE kept AS SELECT 1 AS id");
    const open = new pg.Client({ connectionString: server.url });
    open.on("error", () => {});
    await open.connect();
    await Promise.all([server.stop(), server.stop(), server.ended]);
    expect(await processes()).toEqual([]);
    expect(existsSync(join(serverDir, "postmaster.pid"))).toBe(false);
    expect(existsSync(join(tmpdir(), `dr-gateway-${instance}`))).toBe(false);
    await nextStartHolds([{ id: 1 }]);
  });

  it("is reached by its socket only", async () => {
    await notTheFirst();
    await using server = await startEmbedded({ dataDir, instance });
    expect(await query(server.url, "SELECT current_setting('listen_addresses') AS addresses")).toEqual([{ addresses: "" }]);
  });

  it("is stopped and started anew when its gateway was killed and it survived", async () => {
    await notTheFirst();
    const { gateway, url, pid } = await gatewayWithServer();
    await query(url, "CREATE TABLE kept AS SELECT 2 AS id");
    await killed(gateway);
    expect(await processes()).toContain(pid);
    await nextStartHolds([{ id: 2 }]);
  });

  it("comes back when it was killed together with its gateway", async () => {
    await notTheFirst();
    const { gateway, url, pid } = await gatewayWithServer();
    await query(url, "CREATE TABLE kept AS SELECT 3 AS id");
    process.kill(pid, "SIGKILL");
    await killed(gateway);
    await nextStartHolds([{ id: 3 }]);
  });

  it("comes back although the pid in its lock files is another program's now", async () => {
    await notTheFirst();
    const theirs = `${process.pid}\n${serverDir}\n1\n5432\n\n\n\nready\n`;
    await writeFile(join(serverDir, "postmaster.pid"), theirs);
    await using server = await startEmbedded({ dataDir, instance });
    expect(await query(server.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  it("does not take a first start that was broken off for a whole one", async () => {
    await mkdir(`${serverDir}.new`);
    await writeFile(join(`${serverDir}.new`, "PG_VERSION"), "18");
    await using server = await startEmbedded({ dataDir, instance });
    expect(await query(server.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  it("refuses a second gateway in the folder in one sentence that says who is there", async () => {
    await notTheFirst();
    const { gateway } = await gatewayWithServer();
    const second = launch();
    if (second.stderr === null) throw new Error("no output");
    const [said, [code]] = await Promise.all([text(second.stderr), once(second, "exit")]);
    expect(code).toBe(1);
    expect(said).toBe(
      `Another gateway (process ${gateway.pid} at http://here) works in the data folder ${dataDir}; stop it, or set DATA_DIR (and PORT) to others.\n`,
    );
    gateway.stdin?.end();
    expect(await once(gateway, "exit")).toEqual([0, null]);
  });

  it("lets one of two first starts win", async () => {
    const both = [launch(), launch()];
    const first = await Promise.race(both.map(async (gateway) => ((await once(gateway, "exit"))[0] === 1 ? gateway : null)));
    expect(first).not.toBeNull();
    const winner = both.find((gateway) => gateway !== first);
    if (winner?.stdout == null) throw new Error("no winner");
    await once(createInterface(winner.stdout), "line");
    winner.stdin?.end();
    expect(await once(winner, "exit")).toEqual([0, null]);
  });

  it("says which folder can't be written, and the way out", async () => {
    const file = join(dataDir, "file");
    await writeFile(file, "");
    await expect(startEmbedded({ dataDir: join(file, "data"), instance })).rejects.toThrow(
      `The data folder ${join(file, "data")} can't be written (a file is in its way); make it writable, or set DATA_DIR to a folder that is.`,
    );
    const locked = join(dataDir, "locked");
    await mkdir(locked, { mode: 0o555 });
    await asNobody(() =>
      expect(startEmbedded({ dataDir: join(locked, "data"), instance })).rejects.toThrow(
        `The data folder ${join(locked, "data")} can't be written (permission denied); make it writable, or set DATA_DIR to a folder that is.`,
      ),
    );
  });

  it("leaves nothing running when PostgreSQL does not start, so that the gateway can end at once", async () => {
    await notTheFirst();
    await writeFile(join(serverDir, "PG_VERSION"), "12\n");
    const gateway = launch();
    if (gateway.stderr === null) throw new Error("no output");
    const [said, [code]] = await Promise.all([text(gateway.stderr), once(gateway, "exit")]);
    expect({ said, code }).toMatchObject({ said: expect.stringContaining("PostgreSQL ended while it started"), code: 1 });
  });

  it("says why PostgreSQL did not start", async () => {
    await notTheFirst();
    await writeFile(join(serverDir, "PG_VERSION"), "12\n");
    await expect(startEmbedded({ dataDir, instance })).rejects.toThrow(
      /PostgreSQL ended while it started: .*incompatible.*postgresql\.log/,
    );
    expect(await readFile(join(dataDir, "postgresql.log"), "utf8")).toContain("initialized by PostgreSQL version 12");
  });
});
