import { once } from "node:events";
import { existsSync, readdirSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { rawSocket } from "../gateway/support.ts";
import { freshDatabase } from "../support/database.ts";
import { dataFolder, type GatewayProcess, signIn, startProcess } from "./gateway-process.ts";

const running: GatewayProcess[] = [];
const folders: ReturnType<typeof dataFolder>[] = [];
const start = (dataDir: string, env: Record<string, string> = {}) => {
  const started = startProcess(dataDir, env);
  running.push(started);
  return started;
};
const folder = () => {
  const made = dataFolder();
  folders.push(made);
  return made.path;
};
afterEach(async () => {
  for (const { child } of running) child.kill("SIGTERM"); // in order: the embedded server would stay
  await Promise.all(running.splice(0).map(({ ended }) => ended));
  for (const made of folders.splice(0)) made.remove();
});

/** Processes that stand in the folder: the embedded server and its backends. */
function processesIn(dataDir: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`).startsWith(dataDir);
    } catch {
      return false;
    }
  });
}

describe("the gateway with its embedded database", () => {
  it("says where it is, where the first sign-in stands and what to try; stops in order; goes on after kill -9", {
    timeout: 90_000,
  }, async () => {
    const dataDir = folder();
    const first = start(dataDir);
    const url = await first.ready;
    expect(statSync(join(dataDir, "first-sign-in.txt")).mode & 0o777).toBe(0o600);
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    const token = await signIn(url, dataDir);
    const socket = await rawSocket(`${url}/graphql`, { sessionToken: token });
    await socket.next("connection_ack");

    const second = await start(dataDir).ended;
    expect(second).toMatchObject({ code: 1, stdout: "" });
    expect(second.stderr).toMatch(/^dr-gateway: Another gateway \(process \d+ at http:\S+\) works in the data folder .*DATA_DIR.*\.\n$/);

    first.child.kill("SIGTERM");
    expect((await socket.closed).code).toBe(1012);
    const { code, stdout, stderr } = await first.ended;
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout.split("\n").length).toBeLessThan(6);
    for (const part of [`${url}/graphql`, join(dataDir, "first-sign-in.txt"), "npm run demo"]) expect(stdout).toContain(part);
    expect(processesIn(dataDir)).toEqual([]);

    const again = start(dataDir);
    const nextUrl = await again.ready;
    expect(await viewerOf(nextUrl, token)).toBe("admin"); // the session outlives the process
    again.child.kill("SIGKILL");
    await again.ended;
    expect(processesIn(dataDir)).not.toEqual([]); // the server lives on

    const third = start(dataDir);
    expect(await viewerOf(await third.ready, token)).toBe("admin");
    third.child.kill("SIGINT");
    expect((await third.ended).code).toBe(0);
    expect(processesIn(dataDir)).toEqual([]);
  });
});

describe("the gateway with a DATABASE_URL", () => {
  it("takes the administrator from the environment, and needs no server of its own", { timeout: 60_000 }, async () => {
    const db = await freshDatabase({ migrated: false });
    const dataDir = folder();
    const { child, ready, ended } = start(dataDir, { DATABASE_URL: db.url, ADMIN_USER: "ada", ADMIN_PASSWORD: "a good password" });
    const url = await ready;
    expect(existsSync(join(dataDir, "first-sign-in.txt"))).toBe(false);
    expect(existsSync(join(dataDir, "postgresql"))).toBe(false);
    const authorization = `Basic ${Buffer.from("ada:a good password").toString("base64")}`;
    const answer = await fetch(`${url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization },
      body: JSON.stringify({ query: "mutation { createSession { ... on CreateSessionPayload { viewer { name roles } } } }" }),
    });
    const { data } = JSON.parse(await answer.text());
    expect(data.createSession.viewer).toMatchObject({ name: "ada", roles: expect.arrayContaining(["ADMIN", "RECOVERY_ADMIN"]) });
    child.kill("SIGTERM");
    const { code, stdout } = await ended;
    expect(code).toBe(0);
    expect(stdout).toContain("ADMIN_PASSWORD");
    expect(stdout).not.toContain("a good password");
    await db.drop();
  });
});

describe("a start that can't succeed says why in one sentence", () => {
  const outcome = async (env: Record<string, string>, dataDir = folder()) => {
    const { code, stdout, stderr } = await start(dataDir, env).ended;
    return { code, stdout, stderr };
  };

  it("when the port is taken", { timeout: 60_000 }, async () => {
    const db = await freshDatabase();
    const other = createServer();
    await once(other.listen(0, "127.0.0.1"), "listening");
    const address = other.address();
    const port = typeof address === "object" ? String(address?.port) : "";
    const { code, stdout, stderr } = await outcome({ DATABASE_URL: db.url, PORT: port });
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toBe(
      `dr-gateway: Port ${port} of 127.0.0.1 is taken; stop what uses it, or set PORT to another one (0 takes a free one).\n`,
    );
    await new Promise((resolve) => other.close(resolve));
    await db.drop();
  });

  it("when the data folder can't be written", { timeout: 30_000 }, async () => {
    const file = join(folder(), "file");
    writeFileSync(file, "");
    const { code, stderr } = await outcome({}, join(file, "data"));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^dr-gateway: The data folder .* can't be written \(.*\); .* DATA_DIR .*\.\n$/);
  });

  it.each([
    ["nothing listens there", "postgresql://dr@127.0.0.1:1/dr"],
    ["it is no URL", "not a url"],
  ])("when DATABASE_URL is wrong: %s", { timeout: 30_000 }, async (_name, url) => {
    const { code, stderr } = await outcome({ DATABASE_URL: url });
    expect(code).toBe(url.startsWith("postgres") ? 1 : 2); // what is no URL of PostgreSQL's is a wrong setting
    expect(stderr).toMatch(/^dr-gateway: [^\n]*DATABASE_URL[^\n]*\n$/);
  });

  it("when the database is of a newer version", { timeout: 30_000 }, async () => {
    const db = await freshDatabase();
    await db.database.pool.query(
      "INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count) VALUES ('x', 'x', '99990101000000_future', now(), now(), 1)",
    );
    const { code, stderr } = await outcome({ DATABASE_URL: db.url });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^dr-gateway: [^\n]*newer[^\n]*\n$/);
    await db.drop();
  });

  it("when a setting is wrong, with exit code 2", { timeout: 30_000 }, async () => {
    const { code, stderr } = await outcome({ PORT: "many" });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^dr-gateway: PORT can't be used: [^\n]*\n$/);
  });
});

async function viewerOf(url: string, token: string): Promise<string> {
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", "session-token": token },
    body: JSON.stringify({ query: "{ viewer { name } }" }),
  });
  return JSON.parse(await response.text()).data.viewer.name;
}
