/** The gateway as its own process, as `npm start` runs it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { startArguments } from "../../demo/start-arguments.ts";
import { scratchFolder } from "../support/scratch.ts";

export interface GatewayProcess {
  readonly child: ChildProcess;
  readonly dataDir: string;
  /** Resolves with its URL; rejects when it ends before it is ready. */
  readonly ready: Promise<string>;
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
}

const root = resolve(import.meta.dirname, "../..");

export function dataFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(scratchFolder(), "dr-e2e-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** With a free port, an empty database and few logs, unless the environment says otherwise. */
export function startProcess(dataDir: string, env: Record<string, string> = {}): GatewayProcess {
  const child = spawn(process.execPath, startArguments, {
    cwd: root,
    env: { PATH: process.env.PATH, TMPDIR: tmpdir(), DATA_DIR: dataDir, PORT: "0", SEED_FILE: "none", LOG_LEVEL: "error", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = once(child, "close").then(([code]: unknown[]) => ({ code: typeof code === "number" ? code : null, stdout, stderr }));
  const ready = new Promise<string>((ok, fail) => {
    child.stdout.on("data", () => {
      const url = /ready at (http:\S+)/.exec(stdout)?.[1];
      if (url) ok(url);
    });
    void ended.then(() => fail(new Error(`The gateway ended before it was ready: ${stderr}`)));
  });
  ready.catch(() => {}); // who waits for `ended` alone does not mind
  return { child, dataDir, ready, ended };
}

/** By the user and the password that stand in the folder. */
export async function signIn(url: string, dataDir: string): Promise<string> {
  const text = await readFile(join(dataDir, "first-sign-in.txt"), "utf8");
  const [, user, password] = /^user: (.*)\npassword: (.*)\n$/.exec(text) ?? [];
  const query = "mutation ($input: CreateSessionInput!) { createSession(input: $input) { ... on CreateSessionPayload { token } } }";
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query, variables: { input: { user, password } } }),
  });
  const { data } = JSON.parse(await response.text());
  return data.createSession.token;
}
