import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { encodeId } from "../../src/domain/ids.ts";
import { runUsers } from "../../src/users/run.ts";
import { startProcess } from "../e2e/gateway-process.ts";
import { rawSocket } from "../gateway/support.ts";
import { type Ended, ended } from "../support/command-line.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { aUser, type RealGateway, realGateway } from "../support/real-gateway.ts";

let db: TestDatabase;
let gateway: RealGateway;
beforeAll(async () => {
  db = await freshDatabase();
  gateway = await realGateway(db.database, { lookMs: 50 });
});
beforeEach(async () => {
  await db.database.pool.query("TRUNCATE user_account, session, audit_record CASCADE");
  await aUser(db.database, "root", ["ADMIN"]);
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await db.drop();
});

const common = { PATH: process.env.PATH, TMPDIR: tmpdir(), NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE };

/** As the script of package.json has it. */
const program = ["--import", "./src/prepare.js", "src/users/main.ts"];

const user = (args: readonly string[], input = "", env: Record<string, string> = { DATABASE_URL: db.url }): Promise<Ended> =>
  ended(runUsers, { argv: args, env, input });

/** In a process of its own, with a pipe as its standard input. */
function userProcess(args: readonly string[], input: string, env: Record<string, string> = { DATABASE_URL: db.url }): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...program, ...args], { env: { ...common, ...env } });
    let [out, err] = ["", ""];
    child.stdout.on("data", (text) => {
      out += text;
    });
    child.stderr.on("data", (text) => {
      err += text;
    });
    child.once("close", (code) => resolve({ code, out: out.trim(), err: err.trim() }));
    child.stdin.end(input);
  });
}

const audited = () => db.database.prisma.auditRecord.findMany({ orderBy: { id: "asc" } });
const localUser = `local/${userInfo().username}`;

describe("npm run user", { timeout: 60_000 }, () => {
  it("add takes the password from standard input, and is audited as the machine's user", async () => {
    expect(await userProcess(["add", "Ada", "--roles", "operator,viewer"], "a long password\n")).toEqual({
      code: 0,
      out: "Ada is added, with the roles VIEWER, OPERATOR.",
      err: "",
    });
    const { viewer } = await gateway.sessions.create({ user: "ada", password: "a long password" }, "here");
    expect(viewer.roles).toEqual(new Set(["VIEWER", "OPERATOR"]));
    expect(await audited()).toMatchObject([
      {
        userId: null,
        userName: localUser,
        operation: "user.add",
        targetType: "User",
        targetId: encodeId("User", viewer.userId),
        outcome: "SUCCEEDED",
        message: "Ada is added, with the roles VIEWER, OPERATOR.",
      },
    ]);
  });

  it("add makes a password and prints it once", async () => {
    const { code, out } = await user(["add", "ada", "--roles", "VIEWER", "--generate"]);
    const password = /\npassword: (\S{24})$/.exec(out)?.[1];
    expect(code).toBe(0);
    await gateway.signIn("ada", password);
    expect(JSON.stringify(await audited())).not.toContain(password);
  });

  it.each([
    ["a short password", "add", "elevenchars", "A password has at least 12 characters, and this has 11.", "INVALID_REQUEST"],
    ["two lines", "add", "a long password\nand another\n", "Standard input holds more than one line; the password is one.", null],
  ])("add refuses %s with exit code 1", async (_what, name, input, message, outcome) => {
    expect(await user([name, "ada", "--roles", "VIEWER"], input)).toEqual({ code: 1, out: "", err: message });
    expect(await db.database.prisma.user.count()).toBe(1);
    expect((await audited()).map((record) => record.outcome)).toEqual(outcome === null ? [] : [outcome]);
  });

  it("add refuses a name that is taken, without asking for a password", async () => {
    const { code, err } = await user(["add", "ROOT", "--roles", "VIEWER"]);
    expect([code, err]).toEqual([1, "There is a user root already; the commands password and roles change it."]);
    expect(await audited()).toMatchObject([{ outcome: "INVALID_REQUEST", targetType: "User" }]);
  });

  it("roles replaces them, password and remove end the sessions while the gateway runs, add gives the name back", async () => {
    await aUser(db.database, "ada", ["VIEWER"]);
    expect(await user(["roles", "ada", "editor,script_editor"])).toMatchObject({
      code: 0,
      out: "ada has the roles EDITOR, SCRIPT_EDITOR now.",
    });
    for (const [args, out] of [
      [["password", "ada"], "ada has a new password; its sessions are over."],
      [["remove", "ada"], "ada is removed; its sessions are over."],
    ] as const) {
      const socket = await rawSocket(gateway.url, {
        sessionToken: await gateway.signIn("ada", args[0] === "remove" ? "another password" : undefined),
      });
      await socket.next("connection_ack");
      expect(await user(args, "another password")).toEqual({ code: 0, out, err: "" });
      expect((await socket.closed).code).toBe(4401);
    }
    expect(await user(["remove", "ada"])).toEqual({ code: 1, out: "", err: "There is no user ada." });
    expect(await user(["add", "ada", "--roles", "VIEWER"], "one more password")).toMatchObject({
      out: "ada is back, with the role VIEWER.",
    });
    await gateway.signIn("ada", "one more password");
    expect((await audited()).map(({ operation, outcome }) => `${operation} ${outcome}`)).toEqual([
      "user.roles SUCCEEDED",
      "user.password SUCCEEDED",
      "user.remove SUCCEEDED",
      "user.remove NOT_FOUND",
      "user.add SUCCEEDED",
    ]);
  });

  it("neither removes the last administrator nor takes the role", async () => {
    for (const args of [
      ["remove", "root"],
      ["roles", "root", "VIEWER"],
    ]) {
      const { code, err } = await user(args);
      expect([code, err]).toEqual([1, "root is the last local user with the role ADMIN. Give the role to another local user first."]);
    }
    await gateway.signIn("root");
  });

  it("list prints a line each for programs, or JSON; without those that were removed", async () => {
    await aUser(db.database, "ada", ["VIEWER", "EDITOR"]);
    await user(["add", "bob", "--roles", "VIEWER", "--generate"]);
    await user(["remove", "bob"]);
    const lines = (await user(["list"])).out.split("\n").map((line) => line.split("\t"));
    expect(lines).toEqual([
      ["ada", "VIEWER,EDITOR", expect.any(String)],
      ["root", "ADMIN", expect.any(String)],
    ]);
    expect(JSON.parse((await user(["list", "--json"])).out)).toMatchObject([
      { name: "ada", roles: ["VIEWER", "EDITOR"] },
      { name: "root" },
    ]);
  });

  it("called in a wrong way says how it is called, with exit code 2; --help is no mistake", async () => {
    expect(await userProcess(["remove"], "")).toMatchObject({ code: 2, out: "", err: expect.stringMatching(/^Usage: npm run user/) });
    expect(await user(["--help"])).toMatchObject({ code: 0, out: expect.stringMatching(/^Usage: npm run user/), err: "" });
  });

  it("works on the embedded database of a data folder, before the gateway has ever run and while it runs", {
    timeout: 60_000,
  }, async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "dr-users-"));
    const env = { DATA_DIR: dataDir };
    expect(await user(["add", "ada", "--roles", "ADMIN"], "a long password", env)).toMatchObject({ code: 0 });
    const process = startProcess(dataDir);
    await process.ready;
    expect((await user(["list"], "", env)).out).toMatch(/^ada\tADMIN\t/);
    process.child.kill("SIGTERM");
    await process.ended;
    expect(await user(["list"], "", env)).toMatchObject({ code: 0, out: expect.stringMatching(/^ada\t/) });
    await rm(dataDir, { recursive: true });
  });
});

/** In a terminal of its own: `typed` answers each prompt when it comes. */
function onTerminal(args: readonly string[], typed: readonly string[]): Promise<{ readonly code: number | null; readonly shown: string }> {
  return new Promise((resolve) => {
    const command = [process.execPath, ...program, ...args].join(" ");
    const child = spawn("script", ["-qec", command, "/dev/null"], { env: { ...common, TERM: "xterm", DATABASE_URL: db.url } });
    const answers = [...typed];
    let shown = "";
    child.stdout.on("data", (text) => {
      shown += text;
      if (/(Password|again): $/.test(shown)) child.stdin.write(answers.shift() ?? "\u0003");
    });
    child.once("close", (code) => resolve({ code, shown }));
  });
}

describe("npm run user on a terminal", { timeout: 30_000 }, () => {
  it("asks twice and shows nothing of it, with mistakes taken back", async () => {
    const { code, shown } = await onTerminal(["add", "ada", "--roles", "VIEWER"], ["a long pasx\u007fsword\r", "a long password\r"]);
    expect([code, shown.replaceAll("\r", "")]).toEqual([0, "Password: \nThe same again: \nada is added, with the role VIEWER.\n"]);
    await gateway.signIn("ada", "a long password");
  });

  it.each([
    ["two different ones", ["a long password\r", "another password\r"], "The two are not the same; nothing was changed."],
    ["Ctrl-C", ["a long\u0003"], "Broken off; nothing was changed."],
    ["Ctrl-D", ["\u0004"], "Broken off; nothing was changed."],
  ])("changes and records nothing after %s", async (_what, typed, message) => {
    const { code, shown } = await onTerminal(["add", "ada", "--roles", "VIEWER"], typed);
    expect([code, shown]).toEqual([1, expect.stringContaining(message)]);
    expect([await db.database.prisma.user.count(), await audited()]).toEqual([1, []]);
  });

  it("lists a table", async () => {
    await aUser(db.database, "Ada of the long name", ["VIEWER"]);
    const { shown } = await onTerminal(["list"], []);
    expect(shown.split("\r\n").slice(0, 3)).toEqual([
      expect.stringMatching(/^NAME {18}ROLES {3}ADDED/),
      expect.stringMatching(/^Ada of the long name {2}VIEWER {2}\d{4}-/),
      expect.stringMatching(/^root {18}ADMIN {3}\d{4}-/),
    ]);
  });
});
