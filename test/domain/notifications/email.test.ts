import { once } from "node:events";
import net, { type Socket } from "node:net";
import { v7 as newId } from "uuid";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { emailChannel } from "../../../src/domain/notifications/email-channel.ts";
import { emailOf } from "../../../src/domain/notifications/email-text.ts";
import { fanOut } from "../../../src/domain/notifications/fan-out.ts";
import type { Outcome } from "../../../src/domain/notifications/outcome.ts";
import { freshDatabase, type TestDatabase } from "../../support/database.ts";
import { aMailServer, type MailServer, trusting } from "./servers.ts";
import { aNode, aPrompt, aReader, aRunThatEnded, deliveries, forget, type Node } from "./stage.ts";

let db: TestDatabase;
let server: MailServer;
let node: Node | null = null;
const pool = () => db.database.pool;

beforeAll(async () => {
  [db, server] = await Promise.all([freshDatabase(), aMailServer()]);
});
beforeEach(() => {
  server.mails.length = 0;
  server.refusing = null;
  server.silent = false;
  server.read = 0;
});
afterEach(async () => {
  await node?.close();
  node = null;
  await db.shiftClock(0);
  await forget(pool());
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await db.drop();
});

const logged = (expected: readonly object[]) =>
  expect.poll(() => deliveries(pool())).toEqual(expected.map((one) => expect.objectContaining(one)));
const start = (url = server.url, answerMs?: number) => {
  node = aNode(pool(), url, answerMs);
};
const failed = (error: string | RegExp, code: number | null = null, permanent = false) =>
  expect.objectContaining({
    delivered: false,
    status: code,
    permanent,
    error: typeof error === "string" ? error : expect.stringMatching(error),
  });

/** One attempt. */
function sendTo(url: string, { exchangeMs = 10_000, signal = new AbortController().signal } = {}): Promise<Outcome> {
  const subject = { type: "Recovery", id: newId(), name: "Payroll" } as const;
  const content = { title: "It failed", message: "It did.", remedy: "Mend it.", subject, plan: null, details: {} };
  const send = emailChannel({ smtp: { url, from: "dr@example.com" }, settings: { publicUrl: null }, exchangeMs });
  return send("olga@example.com", { id: newId(), occurredAt: new Date(), content }, newId(), signal);
}
const headerOf = (raw: string, name: string) =>
  new RegExp(`^${name}: (.*(?:\r\n[ \t].*)*)`, "im").exec(raw)?.[1]?.replace(/\r\n[ \t]/g, " ");

it("a user is told by e-mail what it asked for, as text and as HTML, with what to do and a link", async () => {
  await aReader(pool(), "olga", "olga@example.com", ["PROMPT_WAITING"]);
  await aReader(pool(), "otto", "otto@example.com", ["SITE_LOST"]);
  await aReader(pool(), "gone", "gone@example.com", ["PROMPT_WAITING"]);
  await pool().query("UPDATE user_account SET disabled_at = dr_now() WHERE name = 'gone'");
  await aPrompt(pool(), "Shop", "Is <b>the</b> switch on?");
  start();
  await logged([{ target: "olga", kind: "PROMPT_WAITING", state: "DELIVERED", attempts: 1, status: 250, error: null }]);
  const [mail] = server.mails;
  expect(mail).toMatchObject({ from: "dr@example.com", to: ["olga@example.com"] });
  const raw = mail?.raw ?? "";
  expect(headerOf(raw, "subject")).toBe("[DR] Shop waits for an answer: Check the switch");
  expect(headerOf(raw, "auto-submitted")).toBe("auto-generated");
  expect(headerOf(raw, "message-id")).toMatch(/^<[0-9a-f-]{36}@dr-gateway>$/);
  const plain = raw.replace(/=\r\n/g, "").replace(/=([0-9A-F]{2})/g, (_all, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  expect(plain).toContain("The cleanup of Shop asks: Is <b>the</b> switch on?");
  expect(plain).toContain("<p>The cleanup of Shop asks: Is &lt;b&gt;the&lt;/b&gt; switch on?</p>");
  expect(plain).toContain("What to do: Answer it by answerPrompt.");
  expect(plain).toContain("https://dr.example.com/graphql?query=");
});

it("what comes from a name ends neither a header nor a tag", () => {
  const subject = { type: "Recovery", id: "0", name: "x" } as const;
  const title = 'Plan "A"\r\nBcc: everybody@example.com\u2028<script>';
  const email = emailOf(
    { occurredAt: new Date(0), content: { title, message: "m\nn", remedy: "r", subject, plan: null, details: {} } },
    null,
  );
  expect(email.subject).toBe('[DR] Plan "A" Bcc: everybody@example.com <script>');
  expect(email.html).not.toContain("<script>");
  expect(email.html).toContain("<p>m<br>n</p>");
  const long = emailOf(
    { occurredAt: new Date(0), content: { title: "é".repeat(400), message: "", remedy: "", subject, plan: null, details: {} } },
    null,
  );
  expect([...long.subject]).toHaveLength(155);
});

it("a mail server that can't just now is asked again; one that refuses for good is not", async () => {
  await aReader(pool(), "olga", "olga@example.com", ["RUN_FAILED"]);
  await aRunThatEnded(pool(), "Payroll");
  server.refusing = { code: 451, text: "try again" };
  start();
  await logged([{ state: "PENDING", attempts: 1, status: 451, error: "The mail server answered: 451 try again" }]);
  server.refusing = null;
  await db.shiftClock(6);
  node?.wake();
  await logged([{ state: "DELIVERED", attempts: 2, status: 250 }]);
  server.refusing = { code: 550, text: "no such mailbox" };
  await aRunThatEnded(pool(), "Payroll");
  node?.wake();
  await logged([
    { state: "DELIVERED" },
    { state: "FAILED", attempts: 1, status: 550, error: "The mail server answered: 550 no such mailbox" },
  ]);
});

it("one that says nothing, or is not there, is asked again too", async () => {
  await aReader(pool(), "olga", "olga@example.com", ["RUN_FAILED"]);
  await aRunThatEnded(pool(), "Payroll");
  server.silent = true;
  start(server.url, 80);
  await logged([{ state: "PENDING", attempts: 1, status: null, error: "The connection timed out." }]);
  await node?.close();
  const gone = await aMailServer();
  await gone[Symbol.asyncDispose]();
  await db.shiftClock(6);
  start(gone.url);
  await logged([{ state: "PENDING", attempts: 2, status: null, error: "The connection was refused." }]);
});

describe("encryption", () => {
  const kinds = { "from the start (smtps)": { secure: true }, "by STARTTLS (smtp)": { disabledCommands: [] } };
  it.each(Object.entries(kinds))("%s: the certificate has to be known, and of the host name", async (_what, options) => {
    const server = await aMailServer(options);
    const scheme = "secure" in options ? "smtps" : "smtp";
    const send = (host: string) => sendTo(`${scheme}://${host}:${server.port}`);
    expect(await send("localhost")).toEqual(failed(/^Its certificate is self-signed.*NODE_EXTRA_CA_CERTS/));
    await trusting(async () => {
      expect(await send("127.0.0.1")).toEqual(failed(/^Its certificate is of another host name/));
      expect(server.mails).toEqual([]);
      expect(await send("localhost")).toEqual({ delivered: true, status: 250 });
    });
    expect(server.mails).toMatchObject([{ to: ["olga@example.com"], secure: true }]);
    await server[Symbol.asyncDispose]();
  });

  it("is missing: nothing is sent, unless SMTP_URL says so, and the log tells what to do", async () => {
    expect(await sendTo(server.url.replace("?requireTLS=false", ""))).toEqual(
      failed(/^The mail server does not encrypt \(STARTTLS\): .*smtps:\/\/.*requireTLS=false/, 500),
    );
    expect(await sendTo(server.url.replace("smtp:", "smtps:"))).toEqual(
      failed("The connection can't be encrypted: its port may not speak TLS."),
    );
    expect(server.mails).toEqual([]);
    expect(await sendTo(server.url)).toEqual({ delivered: true, status: 250 });
    expect(server.mails).toMatchObject([{ secure: false }]);
  });
});

describe("what a mail server refuses", () => {
  it("is given up where it concerns this recipient; credentials and sender concern every e-mail, and are tried again", async () => {
    const strict = await aMailServer({
      onAuth: (_auth, _session, done) => done(Object.assign(new Error("bad credentials"), { responseCode: 535 })),
      onMailFrom: (_address, _session, done) => done(Object.assign(new Error("unknown sender"), { responseCode: 550 })),
    });
    const url = new URL(strict.url);
    expect(await sendTo(url.href)).toEqual(failed("The mail server answered: 550 unknown sender", 550));
    [url.username, url.password] = ["dr", "hunter2"];
    const refused = await sendTo(url.href);
    expect(refused).toEqual(failed("The mail server does not take the user and password of SMTP_URL: 535 bad credentials", 535));
    await strict[Symbol.asyncDispose]();
    const picky = await aMailServer({
      onRcptTo: (_address, _session, done) => done(Object.assign(new Error("no such mailbox"), { responseCode: 550 })),
    });
    expect(await sendTo(picky.url)).toEqual(failed("The mail server answered: 550 no such mailbox", 550, true));
    await picky[Symbol.asyncDispose]();
  });

  it.each([
    [
      "an answer without end",
      (socket: Socket) => void socket.write("2".repeat(20_000)),
      "Its answer can't be read: it is too long, or no answer.",
    ],
    [
      "lines without end",
      (socket: Socket) => void socket.write("220-more\r\n".repeat(3_000)),
      "Its answer can't be read: it is too long, or no answer.",
    ],
    [
      "a line now and then",
      (socket: Socket) => {
        const timer = setInterval(() => socket.write("220-wait\r\n"), 10);
        socket.on("close", () => clearInterval(timer));
      },
      "The mail server was not done within 0.15 s.",
    ],
    ["nothing after it closed", (socket: Socket) => void socket.end(), "The connection was closed before there was an answer."],
  ])("is no e-mail that hangs: %s", async (_what, speak, error) => {
    const server = net.createServer((socket) => speak(socket.on("error", () => {})));
    await once(server.listen(0, "127.0.0.1"), "listening");
    expect(await sendTo(`smtp://127.0.0.1:${Object(server.address()).port}`, { exchangeMs: 150 })).toEqual(failed(error));
    await new Promise((done) => server.close(done)); // it has no connection left
  });

  it("is not waited for when the gateway stops", async () => {
    server.silent = true;
    const stop = new AbortController();
    const sending = sendTo(server.url, { signal: stop.signal });
    await expect.poll(() => server.read).toBe(1);
    stop.abort();
    expect(await sending).toEqual(failed("The gateway stopped while it was sent."));
  });
});

it("an e-mail that is written waits for the mail server that was taken away: its log says so, and it goes out when there is one again", async () => {
  await aReader(pool(), "olga", "olga@example.com", ["RUN_FAILED"]);
  await aRunThatEnded(pool(), "Payroll");
  await fanOut(pool(), { email: true });
  node = aNode(pool());
  await logged([{ state: "PENDING", attempts: 1, status: null, error: "This gateway has no mail server: set SMTP_URL and SMTP_FROM." }]);
  await node.close();
  await db.shiftClock(6);
  start();
  await logged([{ state: "DELIVERED", attempts: 2, error: null }]);
});

it("an address that was taken away, or a user who has gone, cancels what was to go there", async () => {
  await aReader(pool(), "olga", "olga@example.com", ["RUN_FAILED"]);
  await aReader(pool(), "otto", "otto@example.com", ["RUN_FAILED"]);
  await aRunThatEnded(pool(), "Payroll");
  await fanOut(pool(), { email: true });
  await pool().query("UPDATE user_account SET email = NULL, email_kinds = '{}' WHERE name = 'olga'");
  await pool().query("UPDATE user_account SET disabled_at = dr_now() WHERE name = 'otto'");
  start();
  const cancelled = { state: "CANCELLED", attempts: 1, error: "Its receiver is gone, or wants nothing any more." };
  await logged([
    { target: "olga", ...cancelled },
    { target: "otto", ...cancelled },
  ]);
  expect(server.mails).toEqual([]);
});

it("without a mail server nothing is written", async () => {
  await aReader(pool(), "olga", "olga@example.com", ["RUN_FAILED"]);
  await aRunThatEnded(pool(), "Payroll");
  node = aNode(pool());
  await expect.poll(async () => (await pool().query("SELECT FROM notification")).rowCount).toBe(1);
  expect(await deliveries(pool())).toEqual([]);
});
