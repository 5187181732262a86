/** Starts a gateway as `npm start` does, in a folder of the demo's own, and ends it the hard way or the soft one. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { startArguments } from "./start-arguments.ts";

export interface GatewayProcess {
  readonly url: string;
  readonly pid: number;
  /** Kill -9: no chance to tidy up. */
  kill(): Promise<void>;
  /** The same port and folder again. */
  restart(): Promise<void>;
  /** SIGTERM, and wait for the end. */
  stop(): Promise<void>;
}

/** Two demos at once need a DATA_DIR each. */
export const dataDir = join(resolve(process.env.DATA_DIR || ".dr-gateway"), "demo");

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === "string") throw new Error("No port is free");
  return address.port;
}

/** `settings` hold where the environment says nothing else. */
export async function startGateway(settings: Readonly<Record<string, string>>): Promise<GatewayProcess> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let child = await start(port, url, settings);
  const ended = () =>
    child.exitCode !== null || child.signalCode !== null
      ? Promise.resolve()
      : new Promise<void>((done) => child.once("exit", () => done()));
  return {
    url,
    get pid() {
      return child.pid ?? 0;
    },
    async kill() {
      child.kill("SIGKILL");
      await ended();
    },
    async restart() {
      child = await start(port, url, settings);
    },
    async stop() {
      child.kill("SIGTERM");
      await ended();
    },
  };
}

/** Resolves when it is ready; rejects with what it said when it ends before. */
async function start(port: number, url: string, settings: Readonly<Record<string, string>>): Promise<ChildProcess> {
  const child = spawn(process.execPath, startArguments, {
    env: { LOG_LEVEL: "warn", ...settings, ...process.env, DATA_DIR: dataDir, PORT: String(port), HOST: "127.0.0.1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said = `${said}${chunk}`.slice(-4000);
  });
  child.stdout.resume();
  const exit = new Promise<never>((_, reject) =>
    child.once("exit", (code) => reject(new Error(said.trim() || `The gateway ended with ${code}`))),
  );
  exit.catch(() => {});
  await Promise.race([ready(url, child), exit]);
  return child;
}

async function ready(url: string, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const answer = await fetch(`${url}/health/ready`).catch(() => null);
    await answer?.body?.cancel();
    if (answer?.ok) return;
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** The first administrator: from the environment, or from the one-time file that the first start left. */
export async function firstSignIn(): Promise<{ user: string; password: string }> {
  const password = process.env.ADMIN_PASSWORD;
  if (password) return { user: process.env.ADMIN_USER ?? "admin", password };
  for (const folder of [dataDir, resolve(process.env.DATA_DIR ?? ".dr-gateway")]) {
    const text = await readFile(join(folder, "first-sign-in.txt"), "utf8").catch(() => "");
    const field = (name: string) => new RegExp(`^${name}: (.+)$`, "m").exec(text)?.[1];
    const [user, found] = [field("user"), field("password")];
    if (user && found) return { user, password: found };
  }
  throw new Error("Nobody can sign in: set ADMIN_USER and ADMIN_PASSWORD to an administrator of this database.");
}
