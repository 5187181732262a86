import { execFile } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const folder = "scripts";
const run = (script: string, args: readonly string[], env: Record<string, string> = {}) =>
  new Promise<Outcome>((resolve) => {
    execFile(`${folder}/${script}`, args, { env: { PATH: "/usr/local/bin:/usr/bin:/bin", ...env } }, (error, out, err) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, out: out.trim(), err: err.trim() });
    });
  });

const servers: Server[] = [];
const sockets = new Set<Socket>();
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await Promise.all(servers.splice(0).map((server) => server.listening && once(server.close(), "close")));
});

/** A server on loopback that greets and answers as told; port 0 takes a free one. */
async function database({ greeting = "db-server-01 ready\n", status = "accepting connections\n", port = 0 } = {}): Promise<number> {
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.write(greeting);
    socket.on("data", (text) => text.toString() === "status\n" && socket.write(status));
  });
  servers.push(server);
  await once(server.listen(port, "127.0.0.1"), "listening");
  return (server.address() as AddressInfo).port;
}

async function freePort(): Promise<number> {
  const port = await database();
  const server = servers.pop();
  if (server) await once(server.close(), "close");
  return port;
}

describe("wait-for-db.sh", () => {
  const wait = (...args: unknown[]) => run("wait-for-db.sh", args.map(String));

  it("ends at once when the database accepts connections", async () => {
    const port = await database();
    expect(await wait("127.0.0.1", port, 5)).toMatchObject({
      code: 0,
      out: expect.stringContaining(`127.0.0.1:${port} accepts connections after 0 s`),
    });
  });

  it("waits until the database begins to accept connections", async () => {
    const port = await freePort();
    const child = execFile(`${folder}/wait-for-db.sh`, ["127.0.0.1", `${port}`, "30"]);
    const [first] = await once(child.stdout ?? child, "data");
    expect(String(first)).toContain("waiting for");
    const ended = once(child, "exit");
    expect(child.exitCode).toBeNull();
    await database({ port });
    expect(await ended).toEqual([0, null]);
  });

  it("fails when the database does not accept connections in time", async () => {
    const port = await freePort();
    expect(await wait("127.0.0.1", port, 1)).toMatchObject({ code: 1, err: `127.0.0.1:${port} did not accept a connection within 1 s` });
  });

  it.each([[[]], [["127.0.0.1"]], [["127.0.0.1", "http"]], [["127.0.0.1", "1", "soon"]], [["127.0.0.1", "1", "2", "3"]]])(
    "says how it is called, when called with %j",
    async (args) => {
      expect(await wait(...args)).toMatchObject({ code: 2, err: "usage: wait-for-db.sh HOST PORT [TIMEOUT_SECONDS]" });
    },
  );
});

describe("verify-db.sh", () => {
  const verify = (...args: unknown[]) => run("verify-db.sh", args.map(String));

  it("passes for a database that greets under its name and accepts connections", async () => {
    const port = await database();
    expect(await verify("127.0.0.1", port, "db-server-01")).toEqual({
      code: 0,
      out: "Database health check passed: db-server-01 ready, accepting connections",
      err: "",
    });
    expect(await verify("127.0.0.1", port)).toMatchObject({ code: 0 });
  });

  it("fails for another database at that address", async () => {
    const port = await database({ greeting: "db-server-02 ready\n" });
    expect(await verify("127.0.0.1", port, "db-server-01")).toMatchObject({
      code: 1,
      err: `127.0.0.1:${port} is not healthy: it greets with 'db-server-02 ready', not as db-server-01`,
    });
  });

  it("fails for a database that does not accept connections yet", async () => {
    const port = await database({ status: "starting up\n" });
    expect(await verify("127.0.0.1", port, "db-server-01")).toMatchObject({
      code: 1,
      err: expect.stringContaining("its status is 'starting up'"),
    });
  });

  it("fails when nobody listens, after a moment", async () => {
    const port = await freePort();
    expect(await verify("127.0.0.1", port)).toMatchObject({
      code: 1,
      err: `127.0.0.1:${port} is not healthy: it does not accept connections`,
    });
  });

  it("fails when the server never greets", async () => {
    const port = await database({ greeting: "" });
    expect(await verify("127.0.0.1", port)).toMatchObject({ code: 1, err: expect.stringContaining("does not greet") });
  });

  it("takes nothing it is given as a command", async () => {
    const port = await database({ greeting: "$(touch /tmp/never) `id` ready\n", status: "; exit 0\n" });
    expect(await verify("127.0.0.1", port)).toMatchObject({ code: 1, err: expect.stringContaining("its status is '; exit 0'") });
    expect(await verify("127.0.0.1; echo pwned", port)).toMatchObject({ code: 1, out: "" });
  });

  it("says how it is called", async () => {
    expect(await verify("127.0.0.1")).toMatchObject({ code: 2, err: "usage: verify-db.sh HOST PORT [NAME]" });
  });
});

describe("announce.sh", () => {
  it("says which plan and which kind of run it announces", async () => {
    const env = { DR_PLAN_NAME: "WebApp", DR_RECOVERY_TYPE: "PLANNED" };
    expect(await run("announce.sh", ["it moves"], env)).toMatchObject({ code: 0, out: "WebApp (PLANNED): it moves" });
    expect(await run("announce.sh", [])).toMatchObject({ code: 2 });
  });
});
