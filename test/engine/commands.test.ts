import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PermanentCommandError } from "../../src/engine/commands/command.ts";
import { resolveProgram, scriptEnvironment } from "../../src/engine/commands/program.ts";
import { forget, readSpool } from "../../src/engine/commands/spool.ts";
import { readJson, startedPath } from "../../src/engine/commands/spool-files.ts";
import { living, openWorkshop, stubbornTree, treeOf, type Workshop } from "./support/commands.ts";

let workshop: Workshop;
beforeEach(async () => {
  workshop = await openWorkshop();
});
afterEach(() => workshop.drop());

const soon = { timeout: 30_000, interval: 10 };

const supervisorOf = async (key: string): Promise<number> =>
  vi.waitFor(() => {
    const started = readJson(startedPath(workshop.spoolDir, key));
    expect(started).toMatchObject({ supervisor: { pid: expect.any(Number) } });
    return JSON.parse(JSON.stringify(started)).supervisor.pid;
  }, soon);

describe("a program", () => {
  it("is found in the scripts folder, by its name or with a leading /scripts/", async () => {
    const path = await workshop.script("check.sh", "#!/bin/sh\n");
    expect(await resolveProgram(workshop.scriptsDir, "check.sh")).toBe(path);
    expect(await resolveProgram(workshop.scriptsDir, "/scripts/check.sh")).toBe(path);
    expect(await resolveProgram(workshop.scriptsDir, "./check.sh")).toBe(path);
  });

  it("may be a link to another one in the folder", async () => {
    const path = await workshop.script("check.sh", "#!/bin/sh\n");
    await symlink("check.sh", join(workshop.scriptsDir, "alias"));
    expect(await resolveProgram(workshop.scriptsDir, "alias")).toBe(path);
  });

  it.each([
    ["missing.sh", "no program"],
    ["", "names a program"],
    ["/scripts/", "names a program"],
    ["a\0b", "names a program"],
    ["/bin/sh", "outside the scripts folder"],
    ["/scripts//bin/sh", "outside the scripts folder"],
    ["../outside.sh", "leads out"],
    ["outside-link", "leads out"],
    ["plain.sh", "not executable"],
    ["folder", "not a file"],
    ["no-interpreter", "#!/bin/sh"],
    ["x".repeat(4097), "4096 characters"],
    ["x".repeat(4000), "no program"],
  ])("%.20s is refused: %s", async (command, sentence) => {
    await workshop.script("plain.sh", "#!/bin/sh\n", 0o644);
    await workshop.script("no-interpreter", "echo hello\n");
    await mkdir(join(workshop.scriptsDir, "folder"));
    await workshop.script("../outside.sh", "#!/bin/sh\n");
    await symlink("/bin/sh", join(workshop.scriptsDir, "outside-link"));
    const refused = expect(resolveProgram(workshop.scriptsDir, command)).rejects;
    await refused.toThrow(PermanentCommandError);
    await refused.toThrow(sentence);
  });

  it("sees its DR_ variables, a fixed PATH, LANG and HOME, its mark, and nothing of the gateway's environment", async () => {
    vi.stubEnv("DATABASE_URL", "postgresql://secret");
    const environment = scriptEnvironment(workshop.scriptsDir, { DR_SITE: "Cologne", LD_PRELOAD: "evil.so", PATH: "/evil" });
    const program = await workshop.script("env.sh", "#!/bin/sh\nexec cat /proc/self/environ\n");
    const { tail } = await workshop.run(program, { environment, key: "k1" }).outcome;
    // NUL can't be stored, and is shown as U+FFFD.
    const names = tail.split("\uFFFD").filter((line) => !/^(PWD|OLDPWD|SHLVL|_)?(=|$)/.test(line));
    expect(names.sort()).toEqual([
      "DR_COMMAND_KEY=k1",
      "DR_SITE=Cologne",
      `HOME=${workshop.scriptsDir}`,
      "LANG=C.UTF-8",
      "PATH=/usr/local/bin:/usr/bin:/bin",
    ]);
  });

  it("gets its arguments as they are, without a shell, and the scripts folder as its working directory", async () => {
    const program = await workshop.script("args.sh", '#!/bin/sh\nprintf "%s|" "$@"; pwd\n');
    const { tail } = await workshop.run(program, { arguments: ["$(id)", "a b", "", "*"] }).outcome;
    expect(tail).toBe(`$(id)|a b||*|${workshop.scriptsDir}\n`);
  });
});

describe("an outcome", () => {
  it("has the exit code", async () => {
    const program = await workshop.script("three.sh", "#!/bin/sh\necho out; echo err >&2; exit 3\n");
    const outcome = await workshop.run(program).outcome;
    expect(outcome).toMatchObject({
      reason: "EXITED",
      exitCode: 3,
      signal: null,
      totalBytes: 8,
      message: "The command ended with exit code 3.",
    });
    expect(outcome.tail.split("\n").sort()).toEqual(["", "err", "out"]);
  });

  it("has the signal of a program that was killed from outside", async () => {
    const program = await workshop.script("suicide.sh", "#!/bin/sh\nkill -9 $$\n");
    expect(await workshop.run(program).outcome).toMatchObject({ reason: "EXITED", exitCode: null, signal: "SIGKILL" });
  });

  it("says NOT_STARTED when the system can't start it", async () => {
    const program = await workshop.script("broken.sh", "#!/no/such/interpreter\n");
    expect(await workshop.run(program).outcome).toMatchObject({
      reason: "NOT_STARTED",
      message: expect.stringContaining("could not be started"),
    });
  });

  it("says NOT_STARTED, and starts nothing, when the spool can't be written", async () => {
    const program = await workshop.script("touch.sh", "#!/bin/sh\necho ran > ran\n");
    const outcome = await workshop.run(program, { spoolDir: join(workshop.spoolDir, "missing") }).outcome;
    expect(outcome.reason).toBe("NOT_STARTED");
    expect(await workshop.lines("ran")).toEqual([]);
  });

  it("is CANCELLED when the run is stopped", async () => {
    const run = workshop.run(await workshop.script("tree.sh", stubbornTree));
    const pids = await treeOf(workshop);
    run.supervised.cancel();
    expect(await run.outcome).toMatchObject({ reason: "CANCELLED", signal: "SIGKILL" });
    expect(await living(pids)).toEqual([]);
  });
});

describe("output", () => {
  it("comes in whole characters, though the program writes them in halves", async () => {
    const program = await workshop.script(
      "halves.sh",
      "#!/bin/sh\nprintf 'a\\303'; until [ -e go ]; do sleep 0.02; done; printf '\\274 \\377'\n",
    );
    const run = workshop.run(program);
    await vi.waitFor(() => expect(run.pieces).toEqual([{ text: "a", totalBytes: 1 }]), soon);
    await writeFile(join(workshop.scriptsDir, "go"), "");
    expect((await run.outcome).tail).toBe("aü \uFFFD");
    expect(run.pieces).toEqual([
      { text: "a", totalBytes: 1 },
      { text: "ü \uFFFD", totalBytes: 7 },
    ]);
  });

  it("is told while the program runs", async () => {
    const program = await workshop.script("ask.sh", "#!/bin/sh\necho question; until [ -e answer ]; do sleep 0.02; done\n");
    const run = workshop.run(program);
    await vi.waitFor(() => expect(run.pieces).toEqual([{ text: "question\n", totalBytes: 9 }]), soon);
    await writeFile(join(workshop.scriptsDir, "answer"), "");
    expect(await run.outcome).toMatchObject({ exitCode: 0 });
  });

  it("of 1 MB is counted, and kept as its last 64 KiB; pieces have at most 16 KiB", async () => {
    const program = await workshop.script(
      "flood.sh",
      "#!/bin/sh\ni=0; while [ $i -lt 100 ]; do printf '%010000d' $i | sed s/0/ü/g; i=$((i+1)); done; printf END\n",
    );
    const run = workshop.run(program);
    const outcome = await run.outcome;
    expect(outcome.totalBytes).toBeGreaterThan(1_000_000);
    expect(Buffer.byteLength(outcome.tail)).toBeLessThanOrEqual(65_536);
    expect(Buffer.byteLength(outcome.tail)).toBeGreaterThan(65_530);
    expect(outcome.tail).toMatch(/END$/);
    expect(outcome.tail.includes("\uFFFD")).toBe(false);
    expect(Math.max(...run.pieces.map((piece) => Buffer.byteLength(piece.text)))).toBeLessThanOrEqual(16_384);
    expect(run.pieces.at(-1)?.totalBytes).toBe(outcome.totalBytes);
  });

  it("shows no secret, in no place, though it comes in two parts", async () => {
    const program = await workshop.script("leak.sh", "#!/bin/sh\nprintf 'a hunt'; until [ -e go ]; do sleep 0.02; done; printf 'er2 b'\n");
    const run = workshop.run(program, { secrets: ["hunter2"] });
    await vi.waitFor(() => expect(run.pieces).toEqual([{ text: "a ", totalBytes: 2 }]), soon);
    await writeFile(join(workshop.scriptsDir, "go"), "");
    expect((await run.outcome).tail).toBe("a [redacted] b");
    expect(run.pieces.map((piece) => piece.text).join("")).toBe("a [redacted] b");
  });
});

describe("a supervisor", () => {
  it("kills the whole tree at the time-out, children in sessions of their own and without TERM too", async () => {
    const run = workshop.run(await workshop.script("tree.sh", stubbornTree), { timeoutMs: 4_000 });
    const pids = await treeOf(workshop);
    expect(await run.outcome).toMatchObject({ reason: "TIMED_OUT", exitCode: null, signal: "SIGKILL", tail: "ready\n" });
    expect(await living(pids)).toEqual([]);
  });

  it("gives a program time to end by itself after TERM", async () => {
    const program = await workshop.script("orderly.sh", "#!/bin/sh\ntrap 'echo bye; exit 7' TERM\necho up\nwhile :; do sleep 0.05; done\n");
    const run = workshop.run(program, { graceMs: 10_000 });
    await vi.waitFor(() => expect(run.pieces).toHaveLength(1), soon);
    run.supervised.cancel();
    expect(await run.outcome).toMatchObject({ reason: "CANCELLED", exitCode: 7, tail: expect.stringContaining("bye") });
  });

  it("ends what a program leaves behind", async () => {
    const program = await workshop.script(
      "daemon.sh",
      "#!/bin/sh\nsetsid sh -c 'echo $$ >> pids; exec sleep 1000' &\nuntil [ -s pids ]; do sleep 0.02; done\n",
    );
    expect(await workshop.run(program).outcome).toMatchObject({ reason: "EXITED", exitCode: 0 });
    const pids = (await workshop.lines("pids")).map(Number);
    expect(pids).toHaveLength(1);
    expect(await living(pids)).toEqual([]);
  });

  it("stops the command when its gateway falls silent", async () => {
    const run = workshop.run(await workshop.script("tree.sh", stubbornTree), { silenceMs: 3_000 });
    const pids = await treeOf(workshop);
    run.fallSilent();
    expect(await run.outcome).toMatchObject({ reason: "OWNER_SILENT" });
    expect(await living(pids)).toEqual([]);
  });

  it("that is killed leaves nothing running: the gateway ends the command, and takes no older result for its", async () => {
    await workshop.run(await workshop.script("fine.sh", "#!/bin/sh\n"), { key: "lost" }).outcome;
    const run = workshop.run(await workshop.script("tree.sh", stubbornTree), { key: "lost" });
    const pids = await treeOf(workshop);
    process.kill(await supervisorOf("lost"), "SIGKILL");
    expect(await run.outcome).toMatchObject({ reason: "OWNER_GONE", message: expect.stringContaining("supervisor died") });
    expect(await living(pids)).toEqual([]);
  });
});

describe("when the gateway", () => {
  const gatewayPath = fileURLToPath(new URL("./fixtures/gateway.ts", import.meta.url));

  async function startGateway() {
    const program = await workshop.script("tree.sh", stubbornTree);
    const { spoolDir, scriptsDir } = workshop;
    const order = JSON.stringify({ program, spoolDir, scriptsDir, key: "run:1:1", leaseSeconds: 4 });
    const gateway = spawn(process.execPath, [gatewayPath, order], { stdio: ["ignore", "pipe", "inherit"] });
    return { gateway, pids: await treeOf(workshop) };
  }

  it("is killed, the command dies with all its children, and the next start finds OWNER_GONE until it forgets it", async () => {
    const { gateway, pids } = await startGateway();
    gateway.kill("SIGKILL");
    await once(gateway, "exit");
    // At once, as a restart would: the supervisor is still ending the command.
    const found = await readSpool(workshop.spoolDir);
    // A shell may live just long enough to say that its child was killed.
    const tail = expect.stringMatching(/^ready\n(Killed\n)?$/);
    expect(found.get("run:1:1")).toMatchObject({ reason: "OWNER_GONE", signal: "SIGKILL", tail });
    expect(await living(pids)).toEqual([]);
    expect((await readSpool(workshop.spoolDir)).size).toBe(1);
    await forget(workshop.spoolDir, "run:1:1");
    expect(await readdir(workshop.spoolDir)).toEqual([]);
  });

  it("is stopped, the command dies within silence and grace, and ends as OWNER_SILENT", async () => {
    const { gateway, pids } = await startGateway();
    gateway.kill("SIGSTOP");
    await vi.waitFor(async () => expect(await living(pids)).toEqual([]), { timeout: 30_000, interval: 50 });
    const [line] = await Promise.all([lastLine(gateway.stdout), gateway.kill("SIGCONT")]);
    expect(JSON.parse(line)).toMatchObject({ reason: "OWNER_SILENT" });
    gateway.kill("SIGKILL");
    expect((await readSpool(workshop.spoolDir)).get("run:1:1")).toMatchObject({ reason: "OWNER_SILENT" });
  });

  it("and the supervisor are killed, the next start ends what is left of the command", async () => {
    const { gateway, pids } = await startGateway();
    const supervisor = await supervisorOf("run:1:1");
    process.kill(supervisor, "SIGSTOP");
    gateway.kill("SIGKILL");
    process.kill(supervisor, "SIGKILL");
    await once(gateway, "exit");
    expect(await living(pids)).toEqual(pids);
    const found = await readSpool(workshop.spoolDir);
    expect(found.get("run:1:1")).toMatchObject({ reason: "OWNER_GONE", message: expect.stringContaining("supervisor died") });
    expect(await living(pids)).toEqual([]);
  });

  it("dies after a command has ended, the next start finds how", async () => {
    const program = await workshop.script("fine.sh", "#!/bin/sh\necho done\n");
    await workshop.run(program, { key: "fine" }).outcome;
    expect((await readSpool(workshop.spoolDir)).get("fine")).toMatchObject({ reason: "EXITED", exitCode: 0, tail: "done\n" });
  });

  it("starts for the first time, it makes an empty spool", async () => {
    const spoolDir = join(workshop.spoolDir, "new", "spool");
    expect(await readSpool(spoolDir)).toEqual(new Map());
    expect(await readdir(spoolDir)).toEqual([]);
  });
});

/** The JSON line with which the gateway's process tells the outcome. */
function lastLine(stream: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  return new Promise((resolve) => {
    stream.on("data", (bytes: Buffer) => {
      text += bytes.toString();
      const [line] = /\{.*\}/.exec(text) ?? [];
      if (line !== undefined) resolve(line);
    });
  });
}
